"""The lines of a tutorial run, as the contract spells them out, whoever has printed them."""

import re

from places import PLACES, meters, point

FIRST = PLACES[[place.location for place in PLACES].index(point(409146138, -746188906))]

_TITLES = ["GetFeature", "ListFeatures", "RecordRoute", "RouteChat"]
_FEATURE = "Feature called '{}' at latitude: {}, longitude: {}"
_GET_FEATURE = [
    _FEATURE.format(FIRST.name, 409146138, -746188906),
    "Found no feature at latitude: 0, longitude: 0",
]
_LIST_FEATURES = [
    "Looking for features between 40, -75 and 42, -73",
    *(_FEATURE.format(place.name, place.location.latitude, place.location.longitude) for place in PLACES),
]
_SENT = [
    "Sending First message at latitude: 0, longitude: 0",
    "Sending Second message at latitude: 0, longitude: 1",
    "Sending Third message at latitude: 1, longitude: 0",
    "Sending Fourth message at latitude: 0, longitude: 0",
    "Sending Fifth message at latitude: 1, longitude: 0",
]
_RECEIVED = [
    "Received message First message at latitude: 0, longitude: 0",
    "Received message Third message at latitude: 1, longitude: 0",
]


def check(lines: list[str]) -> None:
    """Compares a whole run with the contract, line by line."""
    titles, bodies = _sections(lines)
    assert titles == [f"-------------- {title} --------------" for title in _TITLES]
    get_feature, list_features, record_route, route_chat = bodies
    assert get_feature == _GET_FEATURE
    assert list_features == _LIST_FEATURES
    _check_record_route(record_route)
    _check_route_chat(route_chat)


def without_chance(lines: list[str]) -> list[str]:
    """A run with what may differ from run to run taken out.

    That is the points of the random route, its length and duration, and where among the sent notes a
    received one is printed.
    """
    titles, bodies = _sections(lines)
    chance = ("Visiting", "Traveled", "It took")
    bodies[2] = [re.sub(r"-?\d+", "N", line) if line.startswith(chance) else line for line in bodies[2]]
    bodies[3].sort(key=lambda line: line.startswith("Received"))
    return [line for title, body in zip(titles, bodies, strict=True) for line in (title, *body)]


def _sections(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    titles: list[str] = []
    bodies: list[list[str]] = []
    for line in lines:
        if line.startswith("-----"):
            titles.append(line)
            bodies.append([])
        else:
            assert titles, f"a line before the first section: {line!r}"
            bodies[-1].append(line)
    return titles, bodies


def _check_record_route(lines: list[str]) -> None:
    visited, summary = lines[:10], lines[10:]
    route = []
    for line in visited:
        numbers = re.fullmatch(r"Visiting point latitude: (-?\d+), longitude: (-?\d+)", line)
        assert numbers, line
        route.append(point(int(numbers[1]), int(numbers[2])))
    known = [place.location for place in PLACES]
    assert all(place in known for place in route)
    assert summary == [
        "Finished trip with 10 points",
        "Passed 10 features",
        f"Traveled {int(meters(route))} meters",
        summary[-1],
    ]
    assert re.fullmatch(r"It took \d+ seconds", summary[-1])


def _check_route_chat(lines: list[str]) -> None:
    assert [line for line in lines if line.startswith("Sending")] == _SENT
    assert [line for line in lines if not line.startswith("Sending")] == _RECEIVED
    # An answer cannot come before its question: First is replayed for Fourth, Third for Fifth.
    assert lines.index(_RECEIVED[0]) > lines.index(_SENT[3])
    assert lines.index(_RECEIVED[1]) > lines.index(_SENT[4])
