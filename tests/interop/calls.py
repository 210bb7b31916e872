"""What the tests need around grpcio's calls: time limits, refusals, raw bytes, open chats."""

import queue
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from contract import routeguide, routeguide_grpc
from places import fresh_place

# Far more than any answer takes on a busy machine: reached only when the answer never comes.
TIMEOUT = 30.0


def refusal(call: Callable[[], Any]) -> grpc.RpcError:
    """Runs a call that must fail, and returns how it failed."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"answered {answer!r} instead of failing")


def violations(error: grpc.RpcError) -> list[error_details_pb2.BadRequest.FieldViolation]:
    """The field violations in a failed call's `google.rpc.BadRequest`, decoded by grpcio-status."""
    status = rpc_status.from_call(error)
    assert status is not None, f"no google.rpc.Status came with {error.code()}: {error.details()}"
    assert status.code == error.code().value[0]
    found = []
    for detail in status.details:
        bad_request = error_details_pb2.BadRequest()
        if detail.Unpack(bad_request):
            found.extend(bad_request.field_violations)
    return found


def raw_unary(channel: grpc.Channel, method: str) -> Callable[..., bytes]:
    """A unary stub that sends and returns bytes as they are, whatever the contract says."""
    return channel.unary_unary(method, request_serializer=None, response_deserializer=None)


class Outgoing:
    """The request side of an open stream: an iterator for grpcio, filled by the test."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._messages.get, None)

    def send(self, message: Any) -> None:
        """Hands one message to the call."""
        self._messages.put(message)

    def half_close(self) -> None:
        """Tells the server that nothing more will come."""
        self._messages.put(None)


class Chat:
    """One open RouteChat call, driven step by step."""

    def __init__(
        self,
        guide: routeguide_grpc.RouteGuideStub,
        timeout: float = TIMEOUT,
        metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> None:
        self.outgoing = Outgoing()
        self.call = guide.RouteChat(iter(self.outgoing), timeout=timeout, metadata=metadata)
        self._came_early: list[routeguide.RouteNote] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call.cancel()
        # grpcio's sending thread waits in the iterator; without this it would never end.
        self.outgoing.half_close()

    def send(self, place: routeguide.Point, message: str) -> None:
        """Leaves a note at a place."""
        self.outgoing.send(routeguide.RouteNote(location=place, message=message))

    def receive(self) -> str:
        """Waits for the next note and returns its text."""
        note = self._came_early.pop(0) if self._came_early else next(self.call)
        return note.message

    def settle(self) -> None:
        """Returns once the server has dealt with every note sent so far.

        The second of two notes at a place of our own brings back the first, and messages of one
        stream are handled in order; whatever else arrives meanwhile is kept for `receive`.
        """
        place = fresh_place()
        self.send(place, "settle")
        self.send(place, "settled")
        while (note := next(self.call)).location != place:
            self._came_early.append(note)
        assert note.message == "settle"

    def finish(self) -> list[str]:
        """Half-closes, and returns the texts of all that still comes until the server's OK."""
        self.outgoing.half_close()
        rest = [note.message for note in self._came_early] + [note.message for note in self.call]
        assert self.call.code() is grpc.StatusCode.OK
        return rest
