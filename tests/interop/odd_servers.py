"""RouteGuide servers on grpcio that do what a client must cope with."""

import threading
from collections.abc import Iterator

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from contract import routeguide, routeguide_grpc
from places import PLACES


class Silent(routeguide_grpc.RouteGuideServicer):
    """Answers nothing, and notes how much time each caller gave it."""

    def __init__(self) -> None:
        self.seconds_given: list[float | None] = []

    def _wait(self, context: grpc.ServicerContext) -> None:
        self.seconds_given.append(context.time_remaining())
        ended = threading.Event()
        if context.add_callback(ended.set):
            ended.wait()

    def GetFeature(self, request: routeguide.Point, context: grpc.ServicerContext) -> routeguide.Feature:
        """No answer."""
        self._wait(context)
        return routeguide.Feature()

    def ListFeatures(
        self, request: routeguide.Rectangle, context: grpc.ServicerContext
    ) -> Iterator[routeguide.Feature]:
        """One feature, and then no more and no end."""
        yield PLACES[0]
        self._wait(context)

    def RecordRoute(
        self, request_iterator: Iterator[routeguide.Point], context: grpc.ServicerContext
    ) -> routeguide.RouteSummary:
        """No summary."""
        self._wait(context)
        return routeguide.RouteSummary()

    def RouteChat(
        self, request_iterator: Iterator[routeguide.RouteNote], context: grpc.ServicerContext
    ) -> Iterator[routeguide.RouteNote]:
        """No notes and no end."""
        self._wait(context)
        yield from ()


class Refusing(routeguide_grpc.RouteGuideServicer):
    """Ends each GetFeature with the code that its latitude names, explained by field violations."""

    def GetFeature(self, request: routeguide.Point, context: grpc.ServicerContext) -> routeguide.Feature:
        """A failure, always."""
        bad_request = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field="latitude", description="not to our liking"),
                error_details_pb2.BadRequest.FieldViolation(field="longitude", description="nor is this: 20 °"),
            ]
        )
        detail = AnyMessage()
        detail.Pack(bad_request)
        status = status_pb2.Status(code=request.latitude, message="refused, as ever: ⛔", details=[detail])
        context.abort_with_status(rpc_status.to_status(status))


class Plentiful(routeguide_grpc.RouteGuideServicer):
    """Lists the published places many times over."""

    TIMES = 200

    def ListFeatures(
        self, request: routeguide.Rectangle, context: grpc.ServicerContext
    ) -> Iterator[routeguide.Feature]:
        """20 000 features."""
        for _ in range(self.TIMES):
            yield from PLACES


CODES = {code: name for name, code in code_pb2.Code.items() if code != code_pb2.OK}
