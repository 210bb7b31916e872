"""The tutorials' client in a few lines of grpcio, printing the lines that every such client prints.

`python tests/interop/tutorial_client.py HOST:PORT` runs the four sections against any RouteGuide server.
"""

import random
import sys
from collections.abc import Callable, Iterator

import grpc

from calls import TIMEOUT
from contract import routeguide, routeguide_grpc
from places import PLACES, point

Print = Callable[[str], object]

NOTES = [
    ("First message", point(0, 0)),
    ("Second message", point(0, 1)),
    ("Third message", point(1, 0)),
    ("Fourth message", point(0, 0)),
    ("Fifth message", point(1, 0)),
]


def at(place: routeguide.Point) -> str:
    """How all clients write a position."""
    return f"at latitude: {place.latitude}, longitude: {place.longitude}"


def get_features(guide: routeguide_grpc.RouteGuideStub, out: Print) -> None:
    """Asks for a place that is known and for one that is not."""
    for place in (point(409146138, -746188906), point(0, 0)):
        feature = guide.GetFeature(place, timeout=TIMEOUT)
        if feature.name:
            out(f"Feature called '{feature.name}' {at(feature.location)}")
        else:
            out(f"Found no feature {at(feature.location)}")


def list_features(guide: routeguide_grpc.RouteGuideStub, out: Print) -> None:
    """Asks for all that lies in the tutorial's rectangle."""
    out("Looking for features between 40, -75 and 42, -73")
    area = routeguide.Rectangle(lo=point(400000000, -750000000), hi=point(420000000, -730000000))
    for feature in guide.ListFeatures(area, timeout=TIMEOUT):
        out(f"Feature called '{feature.name}' {at(feature.location)}")


def record_route(guide: routeguide_grpc.RouteGuideStub, out: Print) -> None:
    """Travels to ten places of the data set."""

    def route() -> Iterator[routeguide.Point]:
        for feature in random.choices(PLACES, k=10):
            out(f"Visiting point {at(feature.location).removeprefix('at ')}")
            yield feature.location

    summary = guide.RecordRoute(route(), timeout=TIMEOUT)
    out(f"Finished trip with {summary.point_count} points")
    out(f"Passed {summary.feature_count} features")
    out(f"Traveled {summary.distance} meters")
    out(f"It took {summary.elapsed_time} seconds")


def route_chat(guide: routeguide_grpc.RouteGuideStub, out: Print) -> None:
    """Leaves five notes at three places."""

    def notes() -> Iterator[routeguide.RouteNote]:
        for message, place in NOTES:
            out(f"Sending {message} {at(place)}")
            yield routeguide.RouteNote(message=message, location=place)

    for note in guide.RouteChat(notes(), timeout=TIMEOUT):
        out(f"Received message {note.message} {at(note.location)}")


def run(target: str, out: Print = print) -> None:
    """The whole tutorial."""
    with grpc.insecure_channel(target) as channel:
        guide = routeguide_grpc.RouteGuideStub(channel)
        for title, section in (
            ("GetFeature", get_features),
            ("ListFeatures", list_features),
            ("RecordRoute", record_route),
            ("RouteChat", route_chat),
        ):
            out(f"-------------- {title} --------------")
            section(guide, out)


if __name__ == "__main__":
    run(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051")
