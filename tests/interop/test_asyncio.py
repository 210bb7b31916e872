"""The same contract through grpcio's other half: its asyncio stubs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest

from calls import TIMEOUT
from contract import helloworld, helloworld_grpc, routeguide, routeguide_grpc
from places import PLACES, fresh_place, point

Guide = routeguide_grpc.RouteGuideStub
Body = Callable[[Guide], Awaitable[None]]
Run = Callable[[Body], None]


@pytest.fixture
def run(target: str) -> Run:
    """Runs a coroutine function with a stub on a channel of its own, in an event loop of its own."""

    async def connected(body: Body) -> None:
        async with grpc.aio.insecure_channel(target) as channel:
            await asyncio.wait_for(body(Guide(channel)), TIMEOUT * 2)

    return lambda body: asyncio.run(connected(body))


def test_many_features_at_once(run: Run) -> None:
    async def body(guide: Guide) -> None:
        calls = [guide.GetFeature(place.location, timeout=TIMEOUT) for place in PLACES * 5]
        assert await asyncio.gather(*calls) == PLACES * 5

    run(body)


def test_list_features(run: Run) -> None:
    async def body(guide: Guide) -> None:
        area = routeguide.Rectangle(lo=point(400000000, -750000000), hi=point(420000000, -730000000))
        assert [feature async for feature in guide.ListFeatures(area, timeout=TIMEOUT)] == PLACES

    run(body)


def test_record_route_from_an_async_iterator(run: Run) -> None:
    async def route() -> AsyncIterator[routeguide.Point]:
        for place in PLACES:
            yield place.location

    async def body(guide: Guide) -> None:
        summary = await guide.RecordRoute(route(), timeout=TIMEOUT)
        assert (summary.point_count, summary.feature_count, summary.distance) == (100, 100, 7494392)

    run(body)


def test_route_chat_written_and_read_by_turns(run: Run) -> None:
    async def body(guide: Guide) -> None:
        place = fresh_place()
        chat = guide.RouteChat(timeout=TIMEOUT)
        for turn in range(5):
            await chat.write(routeguide.RouteNote(location=place, message=str(turn)))
            for earlier in range(turn):
                assert (await chat.read()).message == str(earlier)
        await chat.done_writing()
        assert await chat.read() is grpc.aio.EOF
        assert await chat.code() is grpc.StatusCode.OK

    run(body)


@pytest.mark.beyond
def test_response_headers_come_before_the_first_message(run: Run) -> None:
    async def body(guide: Guide) -> None:
        for method in (guide.RecordRoute, guide.RouteChat):
            call = method(timeout=TIMEOUT)
            await asyncio.wait_for(call.initial_metadata(), TIMEOUT)
            assert not call.done()
            call.cancel()

    run(body)


@pytest.mark.beyond
def test_a_deadline_in_the_middle_of_a_chat(run: Run) -> None:
    async def expire(guide: Guide) -> grpc.StatusCode:
        place = fresh_place()
        chat = guide.RouteChat(timeout=0.2)
        try:
            await chat.write(routeguide.RouteNote(location=place))
            while await chat.read() is not grpc.aio.EOF:
                pass
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # Which of the two sees the end first does not matter: its code does.
        return await chat.code()

    async def body(guide: Guide) -> None:
        ends = await asyncio.gather(*(expire(guide) for _ in range(100)))
        assert set(ends) == {grpc.StatusCode.DEADLINE_EXCEEDED}

    run(body)


def test_a_cancelled_chat_says_cancelled(run: Run) -> None:
    async def body(guide: Guide) -> None:
        chat = guide.RouteChat(timeout=TIMEOUT)
        await chat.write(routeguide.RouteNote(location=fresh_place()))
        assert chat.cancel()
        assert await chat.code() is grpc.StatusCode.CANCELLED
        assert await guide.GetFeature(PLACES[0].location, timeout=TIMEOUT) == PLACES[0]

    run(body)


def test_greetings(greeter_target: str) -> None:
    async def body() -> None:
        async with grpc.aio.insecure_channel(greeter_target) as channel:
            greeter = helloworld_grpc.GreeterStub(channel)
            request = helloworld.HelloRequest(name="you")
            first, again = await asyncio.gather(
                greeter.SayHello(request, timeout=TIMEOUT), greeter.SayHelloAgain(request, timeout=TIMEOUT)
            )
            assert (first.message, again.message) == ("Hello, you!", "Hello again, you!")

    asyncio.run(body())
