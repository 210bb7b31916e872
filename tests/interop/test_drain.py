"""A server told to stop, as grpcio sees it. The driver looks at the exit status afterwards."""

import os
import signal

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from calls import TIMEOUT, Chat, Outgoing, refusal
from contract import routeguide_grpc
from places import PLACES, fresh_place


def test_open_chats_are_ended_and_a_route_under_way_is_summed_up(
    server_pid: int, channel: grpc.Channel, guide: routeguide_grpc.RouteGuideStub
) -> None:
    route = Outgoing()
    summary = guide.RecordRoute.future(iter(route), timeout=TIMEOUT)
    summary.initial_metadata()
    watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    with Chat(guide) as chat:
        chat.send(fresh_place(), "anyone there?")
        chat.settle()

        os.kill(server_pid, signal.SIGTERM)

        with pytest.raises(grpc.RpcError) as ended:
            next(chat.call)
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert ended.value.details() == "server is draining"

    # What the watcher hears first, it may act upon: the state, then the end of the stream.
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert refusal(lambda: next(watch)).code() is grpc.StatusCode.UNAVAILABLE

    route.send(PLACES[0].location)
    route.half_close()
    assert summary.result().feature_count == 1
    assert refusal(lambda: guide.GetFeature(PLACES[0].location, timeout=TIMEOUT)).code() is grpc.StatusCode.UNAVAILABLE
