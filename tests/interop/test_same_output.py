"""Our client cannot tell our server from a grpcio server: it prints the same for both.

Each run of these tests has a fresh server, and only the tutorial leaves notes at its places.
"""

from pathlib import Path

import pytest

import tutorial_lines
from places import PLACES
from programs import printed

ROUTE = "".join(f"{place.location.latitude},{place.location.longitude}\n" for place in PLACES)
BERKSHIRE = "40.9146138,-74.6188906"

COMMANDS = [
    pytest.param(["get", BERKSHIRE], "", id="hit"),
    pytest.param(["get", "0,0"], "", id="miss"),
    pytest.param(["--json", "get", "-90,180"], "", id="miss in JSON"),
    pytest.param(["get", f"{PLACES[36].location.latitude},{PLACES[36].location.longitude}"], "", id="E7"),
    pytest.param(["list", "40,-75:42,-73"], "", id="all"),
    pytest.param(["list", "41,-74:40.5,-75"], "", id="some, corners swapped"),
    pytest.param(["--json", "list", "40,-75:42,-73"], "", id="all in JSON"),
    pytest.param(["list", f"{BERKSHIRE}:{BERKSHIRE}"], "", id="one"),
    pytest.param(["list", "0,0:1,1"], "", id="none"),
    pytest.param(["list", "-90,179:90,-179"], "", id="across the antimeridian"),
    pytest.param(["record"], ROUTE, id="route"),
    pytest.param(["--json", "record"], ROUTE, id="route in JSON"),
    pytest.param(["record"], "", id="empty route"),
    pytest.param(["chat", "--replays", "--at", "50,50"], "one\ntwo\n\nthree ☃\n", id="chat"),
    pytest.param(["--json", "chat", "--replays", "--at", "51,51"], "one\ntwo\n", id="chat in JSON"),
]


@pytest.mark.parametrize(("arguments", "stdin"), COMMANDS)
def test_command(route_guide_client: Path, target: str, reference: str, arguments: list[str], stdin: str) -> None:
    ours = printed(route_guide_client, target, *arguments, stdin=stdin)
    theirs = printed(route_guide_client, reference, *arguments, stdin=stdin)
    assert steady(ours) == steady(theirs)


def steady(lines: list[str]) -> list[str]:
    """The lines without the seconds that a call took, and notes sent before notes received."""
    lines = ["It took N seconds" if line.startswith("It took") else line for line in lines]
    return sorted(lines, key=lambda line: line.startswith("Received") or " < " in line)


def test_tutorial(route_guide_client: Path, target: str, reference: str) -> None:
    ours = printed(route_guide_client, target)
    theirs = printed(route_guide_client, reference)
    tutorial_lines.check(ours)
    assert tutorial_lines.without_chance(ours) == tutorial_lines.without_chance(theirs)


def test_quick_start(greeter_client: Path, greeter_target: str, reference: str) -> None:
    assert printed(greeter_client, greeter_target) == printed(greeter_client, reference)
