"""The published places and the arithmetic of routes, without any of the project's own code."""

import itertools
import json
import math
import time
from collections.abc import Iterable

from contract import ROOT, routeguide

EARTH_RADIUS_METERS = 6_371_000

PLACES = [
    routeguide.Feature(name=entry["name"], location=routeguide.Point(**entry["location"]))
    for entry in json.loads((ROOT / "data" / "route_guide_db.json").read_text(encoding="utf-8"))
]
UNNAMED = [place for place in PLACES if not place.name]

# Notes are shared between all clients of a server, so each test talks at places of its own. The
# clock keeps them apart when the suite is run by hand, again and again, against one server.
_fresh = itertools.count(time.time_ns() // 1_000 % 800_000_000)


def point(latitude: int, longitude: int) -> routeguide.Point:
    """A point, latitude first, both in E7."""
    return routeguide.Point(latitude=latitude, longitude=longitude)


def fresh_place() -> routeguide.Point:
    """A point where nobody has talked yet."""
    return point(next(_fresh), 1)


def meters(route: Iterable[routeguide.Point]) -> float:
    """Length of a route by the haversine formula, the legs summed without rounding."""
    return math.fsum(_leg(a, b) for a, b in itertools.pairwise(route))


def _leg(a: routeguide.Point, b: routeguide.Point) -> float:
    lat_a, lat_b = math.radians(a.latitude / 1e7), math.radians(b.latitude / 1e7)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians((b.longitude - a.longitude) / 1e7) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_METERS * math.asin(math.sqrt(min(1.0, chord)))
