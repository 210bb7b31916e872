"""Health checks and reflection, by the very packages that tools use."""

import grpc
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from calls import TIMEOUT, refusal
from contract import hello, helloworld, routeguide

pytestmark = pytest.mark.beyond

SERVING = health_pb2.HealthCheckResponse.SERVING
GREETER_SERVICES = ["helloworld.Greeter", "hello.HelloService"]
GUIDE_SERVICES = ["routeguide.RouteGuide"]

# A channel, and the services of its server.
Server = tuple[grpc.Channel, list[str]]


@pytest.fixture(params=["route-guide-server", "greeter-server"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the two servers, with the services of its own that it must name."""
    if request.param == "route-guide-server":
        return request.getfixturevalue("channel"), GUIDE_SERVICES
    return request.getfixturevalue("greeter_channel"), GREETER_SERVICES


def test_health_check_says_serving(server: Server) -> None:
    channel, services = server
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", *services):
        request = health_pb2.HealthCheckRequest(service=service)
        assert health.Check(request, timeout=TIMEOUT).status == SERVING, service


def test_health_check_of_an_unknown_service_is_not_found(server: Server) -> None:
    health = health_pb2_grpc.HealthStub(server[0])
    request = health_pb2.HealthCheckRequest(service="no.such.Service")
    assert refusal(lambda: health.Check(request, timeout=TIMEOUT)).code() is grpc.StatusCode.NOT_FOUND


def test_health_watch_says_the_state_at_once_and_stays_open(server: Server) -> None:
    channel, services = server
    health = health_pb2_grpc.HealthStub(channel)
    watch = health.Watch(health_pb2.HealthCheckRequest(service=services[0]), timeout=TIMEOUT)
    assert next(watch).status == SERVING
    assert watch.is_active()
    watch.cancel()


def test_reflection_v1alpha_names_the_services(server: Server) -> None:
    channel, services = server
    named = ProtoReflectionDescriptorDatabase(channel).get_services()
    assert set(services) <= set(named)


def test_reflection_v1alpha_gives_the_published_descriptors(server: Server) -> None:
    channel, services = server
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    ours = {
        descriptor.full_name: descriptor
        for module in (routeguide, helloworld, hello)
        for descriptor in module.DESCRIPTOR.services_by_name.values()
    }
    for service in services:
        assert methods(pool.FindServiceByName(service)) == methods(ours[service])


def methods(service: ServiceDescriptor) -> list[tuple[str, str, str, bool, bool]]:
    """A service's methods, as far as a caller can tell them apart."""
    return [
        (m.name, m.input_type.full_name, m.output_type.full_name, m.client_streaming, m.server_streaming)
        for m in service.methods
    ]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_both_versions_of_reflection_list_services_and_files(server: Server, version: str) -> None:
    channel, services = server
    # The messages of v1 are those of v1alpha under another package name, which is not on the wire.
    info = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )

    def ask(**question: str) -> reflection_pb2.ServerReflectionResponse:
        (answer,) = info(iter([reflection_pb2.ServerReflectionRequest(**question)]), timeout=TIMEOUT)
        return answer

    listed = [service.name for service in ask(list_services="").list_services_response.service]
    assert set(services) <= set(listed)
    for service in services:
        (file,) = ask(file_containing_symbol=service).file_descriptor_response.file_descriptor_proto
        descriptor = descriptor_pb2.FileDescriptorProto.FromString(file)
        assert service in [f"{descriptor.package}.{each.name}" for each in descriptor.service]


def test_reflection_of_an_unknown_symbol_is_not_found(server: Server) -> None:
    reflection = ProtoReflectionDescriptorDatabase(server[0])
    # A KeyError is how grpcio hands on the error message of the protocol; a stream that ends would be an RpcError.
    with pytest.raises(KeyError):
        reflection.FindFileContainingSymbol("no.such.Symbol")
