"""A RouteGuide and Greeter server on grpcio that behaves as the tutorial describes.

The clients of the project are run against it, and `python tests/interop/reference_server.py` starts
it by hand. It keeps to the tutorial where the project's server goes further: chats are not shared,
coordinates are not checked, and ten threads serve.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc

from contract import hello, hello_grpc, helloworld, helloworld_grpc, routeguide, routeguide_grpc
from places import PLACES, meters

INT32_MAX = 2**31 - 1


# The two names of gRPC's own interoperability tests ("custom metadata"); our servers echo them too.
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context: grpc.ServicerContext) -> None:
    """Sends two metadata entries back, one in front of the answer and one behind it.

    So a client that shows both shows that it sent them and that it received them.
    """
    metadata = dict(context.invocation_metadata())
    context.send_initial_metadata([(ECHO_INITIAL, metadata[ECHO_INITIAL])] if ECHO_INITIAL in metadata else [])
    context.set_trailing_metadata([(ECHO_TRAILING, metadata[ECHO_TRAILING])] if ECHO_TRAILING in metadata else [])


def within(place: routeguide.Point, area: routeguide.Rectangle) -> bool:
    """Whether a point lies in the box of any two opposite corners, edges included."""
    south, north = sorted((area.lo.latitude, area.hi.latitude))
    west, east = sorted((area.lo.longitude, area.hi.longitude))
    return south <= place.latitude <= north and west <= place.longitude <= east


class RouteGuide(routeguide_grpc.RouteGuideServicer):
    """The tutorial's four methods over the published places."""

    def __init__(self) -> None:
        self._by_location = {(f.location.latitude, f.location.longitude): f for f in PLACES}

    def _at(self, place: routeguide.Point) -> routeguide.Feature | None:
        return self._by_location.get((place.latitude, place.longitude))

    def GetFeature(self, request: routeguide.Point, context: grpc.ServicerContext) -> routeguide.Feature:
        """The feature at a point, or a nameless one."""
        echo_metadata(context)
        return self._at(request) or routeguide.Feature(location=request)

    def ListFeatures(
        self, request: routeguide.Rectangle, context: grpc.ServicerContext
    ) -> Iterator[routeguide.Feature]:
        """The features in a rectangle, in the data's order."""
        echo_metadata(context)
        return (feature for feature in PLACES if within(feature.location, request))

    def RecordRoute(
        self, request_iterator: Iterator[routeguide.Point], context: grpc.ServicerContext
    ) -> routeguide.RouteSummary:
        """The summary of a route, once it has ended."""
        echo_metadata(context)
        start = time.monotonic()
        route = list(request_iterator)
        return routeguide.RouteSummary(
            point_count=len(route),
            feature_count=sum(1 for place in route if self._at(place)),
            distance=min(int(meters(route)), INT32_MAX),
            elapsed_time=int(time.monotonic() - start),
        )

    def RouteChat(
        self, request_iterator: Iterator[routeguide.RouteNote], context: grpc.ServicerContext
    ) -> Iterator[routeguide.RouteNote]:
        """For each note, the earlier ones of the same call at the same place."""
        echo_metadata(context)
        earlier: list[routeguide.RouteNote] = []
        for note in request_iterator:
            yield from [old for old in earlier if old.location == note.location]
            earlier.append(note)


class Greeter(helloworld_grpc.GreeterServicer):
    """The quick start's greetings, with the method of its last step; no streaming ones."""

    def SayHello(self, request: helloworld.HelloRequest, context: grpc.ServicerContext) -> helloworld.HelloReply:
        """The first greeting."""
        echo_metadata(context)
        return helloworld.HelloReply(message=f"Hello, {request.name}!")

    def SayHelloAgain(self, request: helloworld.HelloRequest, context: grpc.ServicerContext) -> helloworld.HelloReply:
        """The second."""
        echo_metadata(context)
        return helloworld.HelloReply(message=f"Hello again, {request.name}!")


class HelloService(hello_grpc.HelloServiceServicer):
    """The introduction's four shapes, in the fewest words: a reply is its greeting, reversed.

    As grpcio does by itself, headers go out with the first reply, so a client that waits for them
    before it says anything waits for ever.
    """

    def SayHello(self, request: hello.HelloRequest, context: grpc.ServicerContext) -> hello.HelloResponse:
        """One for one."""
        return reply(request)

    def LotsOfReplies(
        self, request: hello.HelloRequest, context: grpc.ServicerContext
    ) -> Iterator[hello.HelloResponse]:
        """Three for one."""
        return (reply(request) for _ in range(3))

    def LotsOfGreetings(
        self, request_iterator: Iterator[hello.HelloRequest], context: grpc.ServicerContext
    ) -> hello.HelloResponse:
        """One for all."""
        return hello.HelloResponse(reply=" ".join(request.greeting for request in request_iterator)[::-1])

    def BidiHello(
        self, request_iterator: Iterator[hello.HelloRequest], context: grpc.ServicerContext
    ) -> Iterator[hello.HelloResponse]:
        """One for each, as it comes or, if so asked, when all have come."""
        if ("hello-mode", "collect") in list(context.invocation_metadata()):
            request_iterator = iter(list(request_iterator))
        return map(reply, request_iterator)


def reply(request: hello.HelloRequest) -> hello.HelloResponse:
    """A reply that shows which greeting it belongs to."""
    return hello.HelloResponse(reply=request.greeting[::-1])


@contextmanager
def serving(guide: routeguide_grpc.RouteGuideServicer | None = None, address: str = "127.0.0.1:0") -> Iterator[str]:
    """Serves until the block ends, and gives the address with the port that was taken."""
    threads = futures.ThreadPoolExecutor(max_workers=10)
    server = grpc.server(threads)
    routeguide_grpc.add_RouteGuideServicer_to_server(guide or RouteGuide(), server)
    helloworld_grpc.add_GreeterServicer_to_server(Greeter(), server)
    hello_grpc.add_HelloServiceServicer_to_server(HelloService(), server)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"{address.rpartition(':')[0]}:{port}"
    finally:
        server.stop(grace=None).wait()
        threads.shutdown()


def main() -> None:
    """Serves at the given address until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="localhost:50051", metavar="HOST:PORT")
    with serving(address=parser.parse_args().listen) as address:
        print(f"Starting server on {address}", flush=True)
        try:
            # Nothing to do here: grpcio's threads serve.
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
