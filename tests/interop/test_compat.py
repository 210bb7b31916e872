"""`--compat`: the tutorial's own behaviour, also where the contract improves on it.

Every test runs against our server with that flag and against a grpcio server of the tutorial's kind.
"""

from collections.abc import Iterator

import grpc
import pytest

from calls import TIMEOUT, Chat
from contract import routeguide, routeguide_grpc
from places import PLACES, fresh_place, point

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
OFF_THE_GLOBE = [(900000001, 0), (0, -1800000001), (INT32_MIN, INT32_MIN), (INT32_MAX, INT32_MAX)]


@pytest.fixture(params=["target", "reference"])
def compatible(request: pytest.FixtureRequest) -> Iterator[routeguide_grpc.RouteGuideStub]:
    """A stub for either server."""
    with grpc.insecure_channel(request.getfixturevalue(request.param)) as channel:
        yield routeguide_grpc.RouteGuideStub(channel)


@pytest.mark.parametrize(("latitude", "longitude"), OFF_THE_GLOBE)
def test_points_off_the_globe_are_answered(
    compatible: routeguide_grpc.RouteGuideStub, latitude: int, longitude: int
) -> None:
    asked = point(latitude, longitude)
    feature = compatible.GetFeature(asked, timeout=TIMEOUT)
    assert feature == routeguide.Feature(location=asked)
    assert compatible.RecordRoute(iter([asked]), timeout=TIMEOUT).point_count == 1
    with Chat(compatible) as chat:
        chat.send(asked, "here")
        chat.send(asked, "again")
        assert chat.finish() == ["here"]


def test_rectangles_larger_than_the_globe_hold_everything(compatible: routeguide_grpc.RouteGuideStub) -> None:
    area = routeguide.Rectangle(lo=point(INT32_MIN, INT32_MIN), hi=point(INT32_MAX, INT32_MAX))
    assert list(compatible.ListFeatures(area, timeout=TIMEOUT)) == PLACES


@pytest.mark.parametrize(
    ("longitude", "meters"),
    [(1800000000, 20015086), (1800000001, 20015086), (2000000000, 17791188), (INT32_MAX, 16151244)],
)
def test_longitudes_go_round(compatible: routeguide_grpc.RouteGuideStub, longitude: int, meters: int) -> None:
    summary = compatible.RecordRoute(iter([point(0, 0), point(0, longitude)]), timeout=TIMEOUT)
    assert summary.distance == meters


def test_notes_stay_in_their_call(compatible: routeguide_grpc.RouteGuideStub) -> None:
    place = fresh_place()
    with Chat(compatible) as ann, Chat(compatible) as bob:
        ann.send(place, "ann")
        ann.settle()
        bob.send(place, "bob")
        bob.settle()
        ann.send(place, "ann again")
        assert ann.finish() == ["ann"]
        assert bob.finish() == []
