"""GetFeature and ListFeatures, asked by grpcio."""

import grpc
import pytest

from calls import TIMEOUT, raw_unary, refusal, violations
from contract import routeguide, routeguide_grpc
from places import PLACES, UNNAMED, point

Guide = routeguide_grpc.RouteGuideStub


def listed(guide: Guide, lo: routeguide.Point | None, hi: routeguide.Point | None) -> list[routeguide.Feature]:
    """All features between two corners."""
    return list(guide.ListFeatures(routeguide.Rectangle(lo=lo, hi=hi), timeout=TIMEOUT))


def test_the_published_data_is_what_the_contract_counts() -> None:
    assert (len(PLACES), len(UNNAMED)) == (100, 36)


def test_every_published_place_is_found(guide: Guide) -> None:
    for place in PLACES:
        assert guide.GetFeature(place.location, timeout=TIMEOUT) == place


def test_the_future_of_a_call_gives_the_same_answer(guide: Guide) -> None:
    futures = [guide.GetFeature.future(place.location, timeout=TIMEOUT) for place in PLACES]
    assert [future.result() for future in futures] == PLACES


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(0, 0), (1, 0), (0, -1), (407838351, -746143762), (900000000, 1800000000), (-900000000, -1800000000)],
)
def test_a_miss_is_ok_and_carries_the_location_asked_for(guide: Guide, latitude: int, longitude: int) -> None:
    asked = point(latitude, longitude)
    feature = guide.GetFeature(asked, timeout=TIMEOUT)
    assert feature.name == ""
    assert feature.HasField("location")
    assert feature.location == asked


@pytest.mark.parametrize("asked", [b"", b"\x08\x00\x10\x00"])
def test_a_miss_at_zero_is_the_published_two_bytes(channel: grpc.Channel, asked: bytes) -> None:
    get_feature = raw_unary(channel, "/routeguide.RouteGuide/GetFeature")
    assert get_feature(asked, timeout=TIMEOUT) == b"\x12\x00"


def test_unknown_fields_do_not_change_the_answer(channel: grpc.Channel) -> None:
    get_feature = raw_unary(channel, "/routeguide.RouteGuide/GetFeature")
    # Field 15 as a varint, field 1000 as bytes: a client of some later contract.
    unknown = b"\x78\x2a" + b"\xc2\x3e\x03abc"
    for place in PLACES[:3]:
        for asked in (unknown + place.location.SerializeToString(), place.location.SerializeToString() + unknown):
            assert routeguide.Feature.FromString(get_feature(asked, timeout=TIMEOUT)) == place


def test_the_tutorials_rectangle_holds_all_places_in_file_order(guide: Guide) -> None:
    assert listed(guide, point(400000000, -750000000), point(420000000, -730000000)) == PLACES


def test_any_two_opposite_corners_span_the_same_rectangle(guide: Guide) -> None:
    south, north, west, east = 405000000, 410000000, -747000000, -742000000
    inside = [
        place
        for place in PLACES
        if south <= place.location.latitude <= north and west <= place.location.longitude <= east
    ]
    assert 0 < len(inside) < 100
    assert any(not place.name for place in inside)
    assert listed(guide, point(south, west), point(north, east)) == inside
    assert listed(guide, point(north, east), point(south, west)) == inside
    assert listed(guide, point(south, east), point(north, west)) == inside
    assert listed(guide, point(north, west), point(south, east)) == inside


def test_all_four_edges_are_inclusive(guide: Guide) -> None:
    for place in PLACES[:10]:
        lat, lon = place.location.latitude, place.location.longitude
        assert place in listed(guide, place.location, place.location)
        assert place in listed(guide, point(lat - 1, lon - 1), place.location)
        assert place in listed(guide, place.location, point(lat + 1, lon + 1))
        assert place not in listed(guide, point(lat + 1, lon), point(lat + 2, lon))
        assert place not in listed(guide, point(lat, lon - 2), point(lat, lon - 1))


def test_an_absent_corner_is_zero_zero(guide: Guide) -> None:
    assert listed(guide, None, None) == []
    assert listed(guide, None, point(420000000, -750000000)) == PLACES
    assert listed(guide, point(420000000, -750000000), None) == PLACES


def test_across_the_antimeridian_the_wide_side_is_taken(guide: Guide) -> None:
    assert listed(guide, point(-900000000, 1790000000), point(900000000, -1790000000)) == PLACES


OUT_OF_RANGE = [
    (900000001, 0, "latitude", 900000001),
    (-900000001, 0, "latitude", -900000001),
    (0, 1800000001, "longitude", 1800000001),
    (0, -1800000001, "longitude", -1800000001),
    (2**31 - 1, 0, "latitude", 2**31 - 1),
    (0, -(2**31), "longitude", -(2**31)),
]


@pytest.mark.beyond
@pytest.mark.parametrize(("latitude", "longitude", "field", "value"), OUT_OF_RANGE)
def test_a_point_off_the_globe_is_refused_with_its_field_value_and_range(
    guide: Guide, latitude: int, longitude: int, field: str, value: int
) -> None:
    off = point(latitude, longitude)
    bound = {"latitude": "900000000", "longitude": "1800000000"}[field]

    def check(error: grpc.RpcError, path: str) -> None:
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        (violation,) = violations(error)
        assert violation.field == path
        assert str(value) in violation.description
        assert bound in violation.description

    check(refusal(lambda: guide.GetFeature(off, timeout=TIMEOUT)), field)
    check(refusal(lambda: listed(guide, off, point(0, 0))), f"lo.{field}")
    check(refusal(lambda: listed(guide, point(0, 0), off)), f"hi.{field}")
