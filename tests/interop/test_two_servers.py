"""RouteChat between clients of two servers that share their notes through NATS."""

import time
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from calls import TIMEOUT, Chat
from contract import routeguide, routeguide_grpc
from places import fresh_place

Guide = routeguide_grpc.RouteGuideStub

pytestmark = pytest.mark.beyond


def retry_delay(error: grpc.RpcError) -> float:
    """When the server says to try again, in seconds; it must say nothing else."""
    assert error.code() is grpc.StatusCode.UNAVAILABLE, error
    status = rpc_status.from_call(error)
    assert status is not None, f"no google.rpc.Status came with {error.details()}"
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status.details), status
    return retry.retry_delay.ToTimedelta().total_seconds()


def ready(guide: Guide) -> Guide:
    """Returns once the server takes notes: it serves before it has found NATS."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            list(guide.RouteChat(iter([routeguide.RouteNote(location=fresh_place())]), timeout=TIMEOUT))
        except grpc.RpcError as error:
            time.sleep(retry_delay(error))
        else:
            return guide
    raise AssertionError("no note was taken")


@pytest.fixture
def east(guide: Guide) -> Guide:
    """A stub of the one server."""
    return ready(guide)


@pytest.fixture
def west(request: pytest.FixtureRequest) -> Iterator[Guide]:
    """A stub of the other."""
    with grpc.insecure_channel(request.config.getoption("--other")) as channel:
        yield ready(routeguide_grpc.RouteGuideStub(channel))


def test_notes_are_replayed_by_the_other_server_and_then_come_live(east: Guide, west: Guide) -> None:
    place = fresh_place()
    with Chat(east) as ann, Chat(west) as bob:
        ann.send(place, "ice on the bridge")
        ann.settle()
        bob.send(place, "grit is on its way")
        assert bob.receive() == "ice on the bridge"
        assert ann.receive() == "grit is on its way"
        for number in range(50):
            ann.send(place, str(number))
        assert [bob.receive() for _ in range(50)] == [str(number) for number in range(50)]
        assert bob.finish() == []


def test_a_note_is_at_the_other_server_once_its_own_says_so(east: Guide, west: Guide) -> None:
    for number in range(20):
        place = fresh_place()
        with Chat(east) as ann:
            ann.send(place, str(number))
            assert ann.finish() == []
        with Chat(west) as bob:
            bob.send(place, "?")
            assert bob.finish() == [str(number)]
