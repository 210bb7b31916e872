"""What holds for every call: metadata, compression, cancellation, unknown methods, many at once."""

import grpc
import pytest

from calls import TIMEOUT, Chat, Outgoing, raw_unary, refusal
from contract import helloworld, helloworld_grpc, routeguide, routeguide_grpc
from places import PLACES, fresh_place, point

Guide = routeguide_grpc.RouteGuideStub


def test_text_and_binary_metadata_go_both_ways(guide: Guide) -> None:
    blob = bytes(range(256))
    metadata = (
        ("x-trip", "42"),
        ("x-trip", "43"),
        ("x-grpc-test-echo-initial", "there and back"),
        ("x-grpc-test-echo-trailing-bin", blob),
    )
    feature, call = guide.GetFeature.with_call(PLACES[0].location, metadata=metadata, timeout=TIMEOUT)
    assert feature == PLACES[0]
    check_echo(call, blob)

    listing = guide.ListFeatures(routeguide.Rectangle(), metadata=metadata, timeout=TIMEOUT)
    assert list(listing) == []
    check_echo(listing, blob)

    with Chat(guide, metadata=metadata) as chat:
        assert chat.finish() == []
        check_echo(chat.call, blob)


def check_echo(call: grpc.Call, blob: bytes) -> None:
    """The names are those of gRPC's interoperability tests, and so is what a server does with them."""
    assert ("x-grpc-test-echo-initial", "there and back") in list(call.initial_metadata())
    assert ("x-grpc-test-echo-trailing-bin", blob) in list(call.trailing_metadata())


def test_gzip_requests_are_understood(target: str, greeter_target: str) -> None:
    with grpc.insecure_channel(target, compression=grpc.Compression.Gzip) as channel:
        guide = routeguide_grpc.RouteGuideStub(channel)
        assert guide.GetFeature(PLACES[0].location, timeout=TIMEOUT) == PLACES[0]
        assert guide.RecordRoute(iter([PLACES[0].location] * 1000), timeout=TIMEOUT).feature_count == 1000
        place = fresh_place()
        with Chat(guide) as chat:
            # Long and repetitive, so that grpcio really does compress it.
            chat.send(place, "note " * 2000)
            chat.send(place, "note " * 2000)
            assert chat.finish() == ["note " * 2000]
    with grpc.insecure_channel(greeter_target, compression=grpc.Compression.Gzip) as channel:
        greeter = helloworld_grpc.GreeterStub(channel)
        name = "long name " * 10_000
        assert greeter.SayHello(helloworld.HelloRequest(name=name), timeout=TIMEOUT).message == f"Hello, {name}!"


def test_a_cancelled_route_says_cancelled_and_the_server_goes_on(guide: Guide) -> None:
    routes = [Outgoing() for _ in range(20)]
    calls = [guide.RecordRoute.future(iter(route), timeout=TIMEOUT) for route in routes]
    for route, call in zip(routes, calls, strict=True):
        route.send(point(0, 0))
        call.cancel()
        route.half_close()
    assert {call.code() for call in calls} == {grpc.StatusCode.CANCELLED}
    assert guide.GetFeature(PLACES[0].location, timeout=TIMEOUT) == PLACES[0]


def test_a_cancelled_chat_says_cancelled(guide: Guide) -> None:
    with Chat(guide) as chat:
        chat.settle()
        chat.call.cancel()
        with pytest.raises(grpc.RpcError) as cancelled:
            next(chat.call)
        assert cancelled.value.code() is grpc.StatusCode.CANCELLED


def test_clients_that_vanish_leave_a_server_that_answers(target: str, guide: Guide) -> None:
    for _ in range(20):
        channel = grpc.insecure_channel(target)
        leaving = routeguide_grpc.RouteGuideStub(channel)
        chat, route = Chat(leaving), Outgoing()
        chat.settle()
        leaving.RecordRoute.future(iter(route), timeout=TIMEOUT)
        route.send(point(0, 0))
        channel.close()
        chat.outgoing.half_close()
        route.half_close()
    assert guide.GetFeature(PLACES[0].location, timeout=TIMEOUT) == PLACES[0]


@pytest.mark.parametrize("method", ["/routeguide.RouteGuide/NoSuchMethod", "/no.such.Service/GetFeature", "/x"])
def test_unknown_methods_are_unimplemented(channel: grpc.Channel, method: str) -> None:
    error = refusal(lambda: raw_unary(channel, method)(b"", timeout=TIMEOUT))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_thousand_calls_at_once_over_one_channel(guide: Guide) -> None:
    asked = [PLACES[index % 100] for index in range(1000)]
    calls = [guide.GetFeature.future(place.location, timeout=TIMEOUT) for place in asked]
    assert [call.result() for call in calls] == asked


def test_many_channels_at_once(target: str) -> None:
    # Without a pool of its own each channel would share one connection with the others.
    options = (("grpc.use_local_subchannel_pool", 1),)
    channels = [grpc.insecure_channel(target, options=options) for _ in range(20)]
    calls = [
        routeguide_grpc.RouteGuideStub(channel).GetFeature.future(PLACES[0].location, timeout=TIMEOUT)
        for channel in channels
    ]
    assert [call.result() for call in calls] == [PLACES[0]] * 20
    for channel in channels:
        channel.close()
