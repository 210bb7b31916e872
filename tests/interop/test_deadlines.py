"""Deadlines of 200 ms, many times over: every expired call says DEADLINE_EXCEEDED.

Client and server race to end such a call. A server that ends it with any other code wins some of
the races, so one call proves nothing and a hundred at once do.
"""

from collections.abc import Callable

import grpc
import pytest

from calls import TIMEOUT, Chat, Outgoing
from contract import helloworld, helloworld_grpc, routeguide, routeguide_grpc
from places import fresh_place, point

CALLS = 100
DEADLINE = 0.2

pytestmark = pytest.mark.beyond


def all_expire(start: Callable[[Outgoing], grpc.Future]) -> None:
    """Starts many calls that the client never completes, and looks at how each one ends."""
    streams = [Outgoing() for _ in range(CALLS)]
    calls = [start(stream) for stream in streams]
    ends = {call.exception(TIMEOUT).code() for call in calls}
    for stream in streams:
        stream.half_close()
    assert ends == {grpc.StatusCode.DEADLINE_EXCEEDED}


def test_unary_request_that_never_comes(channel: grpc.Channel) -> None:
    # GetFeature answers too soon to expire, so it is called as a stream that stays silent.
    get_feature = channel.stream_unary(
        "/routeguide.RouteGuide/GetFeature",
        request_serializer=routeguide.Point.SerializeToString,
        response_deserializer=routeguide.Feature.FromString,
    )
    all_expire(lambda silent: get_feature.future(iter(silent), timeout=DEADLINE))


def test_route_that_never_begins(guide: routeguide_grpc.RouteGuideStub) -> None:
    all_expire(lambda silent: guide.RecordRoute.future(iter(silent), timeout=DEADLINE))


def test_route_that_never_ends(guide: routeguide_grpc.RouteGuideStub) -> None:
    def start(route: Outgoing) -> grpc.Future:
        for latitude in range(10):
            route.send(point(latitude, 0))
        return guide.RecordRoute.future(iter(route), timeout=DEADLINE)

    all_expire(start)


def test_chat_in_the_middle(guide: routeguide_grpc.RouteGuideStub) -> None:
    for _ in range(10):
        place = fresh_place()
        with Chat(guide, timeout=DEADLINE) as chat:
            chat.send(place, "first")
            chat.send(place, "second")
            # Enough for two answers on an idle machine; on a busy one the end may come before them.
            received = []
            with pytest.raises(grpc.RpcError) as expired:
                received.extend(note.message for note in chat.call)
            assert received in ([], ["first"])
            assert expired.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_greetings_in_the_middle(greeter: helloworld_grpc.GreeterStub) -> None:
    def start(names: Outgoing) -> grpc.Future:
        names.send(helloworld.HelloRequest(name="you"))
        return greeter.SayHelloBidiStream(iter(names), timeout=DEADLINE)

    all_expire(start)


def test_after_all_that_the_server_answers(
    guide: routeguide_grpc.RouteGuideStub, greeter: helloworld_grpc.GreeterStub
) -> None:
    assert guide.GetFeature(point(0, 0), timeout=TIMEOUT).HasField("location")
    assert greeter.SayHello(helloworld.HelloRequest(name="you"), timeout=TIMEOUT).message == "Hello, you!"
