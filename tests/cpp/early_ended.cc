// Routes that the server refuses at their first point, and a chat on the same connection.
//
// Usage: early_ended TARGET COUNT. Exits with 0 if every route was refused for its point and the chat went on.

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "route_guide.grpc.pb.h"

namespace {

routeguide::RouteNote note(const std::string& message) {
    routeguide::RouteNote note;
    note.mutable_location()->set_latitude(123456789);
    note.set_message(message);
    return note;
}

bool refused(routeguide::RouteGuide::Stub& stub) {
    grpc::ClientContext context;
    routeguide::RouteSummary summary;
    auto route = stub.RecordRoute(&context, &summary);
    routeguide::Point outside;
    outside.set_latitude(910000000);
    // Most of these are on their way when the refusal arrives.
    for (int point = 0; point < 20 && route->Write(outside); ++point) {
    }
    route->WritesDone();
    const grpc::Status status = route->Finish();
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
        return true;
    }
    std::cerr << "a route ended with " << status.error_code() << ": " << status.error_message() << "\n";
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
    auto stub = routeguide::RouteGuide::NewStub(channel);
    grpc::ClientContext context;
    auto chat = stub->RouteChat(&context);
    if (!chat->Write(note("before"))) {
        std::cerr << "the chat does not begin\n";
        return 1;
    }
    for (int route = 0; route < std::atoi(argv[2]); ++route) {
        if (!refused(*stub)) {
            std::cerr << "after " << route << " routes\n";
            return 1;
        }
    }
    routeguide::RouteNote earlier;
    if (!chat->Write(note("after")) || !chat->Read(&earlier) || earlier.message() != "before") {
        const grpc::Status status = chat->Finish();
        std::cerr << "the chat ended with " << status.error_code() << ": " << status.error_message() << "\n";
        return 1;
    }
    chat->WritesDone();
    while (chat->Read(&earlier)) {
    }
    return chat->Finish().ok() ? 0 : 1;
}
