"""RecordRoute, sent by grpcio: what is counted, how the length is summed, when the server answers."""

import re
import threading
from collections.abc import Iterable

import grpc
import pytest

from calls import TIMEOUT, Outgoing, violations
from contract import routeguide, routeguide_grpc
from places import PLACES, UNNAMED, meters, point

Guide = routeguide_grpc.RouteGuideStub
INT32_MAX = 2**31 - 1


def record(guide: Guide, route: Iterable[routeguide.Point]) -> tuple[int, int, int]:
    """Points, features and metres of a route."""
    summary = guide.RecordRoute(iter(route), timeout=TIMEOUT)
    return summary.point_count, summary.feature_count, summary.distance


def northward(legs: int, step: int) -> list[routeguide.Point]:
    """A walk to the north over the ocean: one E7 step of latitude is about 11 mm."""
    return [point(-300000000 + leg * step, 0) for leg in range(legs + 1)]


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param([], (0, 0, 0), id="empty"),
        pytest.param([place.location for place in PLACES], (100, 100, 7494392), id="published places"),
        pytest.param([place.location for place in UNNAMED], (36, 36, 2588654), id="unnamed places"),
        pytest.param([PLACES[0].location] * 3, (3, 3, 0), id="one place three times"),
        pytest.param([point(0, 0), point(900000000, 0), point(0, 0)], (3, 0, 20015086), id="to the pole and back"),
        pytest.param(northward(10, 81), (11, 0, 9), id="ten legs of 0.9 m"),
        pytest.param(northward(3600, 126), (3601, 0, 5043), id="3600 legs of 1.4 m"),
        pytest.param([point(0, 0), point(0, 1800000000)], (2, 0, 20015086), id="antipodes"),
        pytest.param([point(900000000, 0), point(-900000000, 0)], (2, 0, 20015086), id="pole to pole"),
    ],
)
def test_summary(guide: Guide, route: list[routeguide.Point], expected: tuple[int, int, int]) -> None:
    assert record(guide, route) == expected
    assert int(meters(route)) == expected[2], "the expectation itself, by this suite's own formula"


def test_a_length_above_int32_saturates(guide: Guide) -> None:
    there_and_back = [point(900000000, 0), point(-900000000, 0)] * 60
    assert record(guide, there_and_back) == (120, 0, INT32_MAX)


def test_a_hundred_thousand_points_go_through_in_one_call(guide: Guide) -> None:
    places = [place.location for place in PLACES]
    count, features, distance = record(guide, (places[index % 100] for index in range(100_000)))
    assert (count, features) == (100_000, 100_000)
    assert distance == INT32_MAX


def test_a_short_route_takes_no_whole_second(guide: Guide) -> None:
    assert guide.RecordRoute(iter([point(0, 0)]), timeout=TIMEOUT).elapsed_time == 0


def test_time_counts_from_the_start_of_the_call(guide: Guide) -> None:
    route = Outgoing()
    summary = guide.RecordRoute.future(iter(route), timeout=TIMEOUT)
    # Time itself is what is measured here, so for once the test lets some pass: before the first point.
    threading.Timer(1.3, lambda: (route.send(point(0, 0)), route.half_close())).start()
    assert summary.result().elapsed_time in (1, 2)


@pytest.mark.beyond
def test_response_headers_come_before_the_first_point(guide: Guide) -> None:
    route = Outgoing()
    call = guide.RecordRoute.future(iter(route), timeout=TIMEOUT)
    call.initial_metadata()
    assert call.is_active(), f"the call ended instead: {call.code()}"
    route.send(PLACES[0].location)
    route.half_close()
    assert call.result().feature_count == 1


@pytest.mark.beyond
def test_a_point_off_the_globe_ends_the_call_while_the_client_still_sends(guide: Guide) -> None:
    route = Outgoing()
    call = guide.RecordRoute.future(iter(route), timeout=TIMEOUT)
    route.send(point(0, 0))
    route.send(point(1, 0))
    route.send(point(0, 1800000001))
    error = call.exception()
    route.half_close()
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    (violation,) = violations(error)
    assert "longitude" in violation.field
    for part in ("1800000001", "1800000000"):
        assert part in violation.description
    # Counted from 0: two good points came before.
    assert re.search(r"\b2\b", error.details())
