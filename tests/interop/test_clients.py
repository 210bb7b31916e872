"""Our command-line clients against grpcio servers."""

import base64
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format

import odd_servers
import reference_server
import tutorial_lines
from contract import routeguide
from places import PLACES
from programs import CALL_FAILED, printed, run

DEADLINE_EXCEEDED = CALL_FAILED + grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
UNIMPLEMENTED = CALL_FAILED + grpc.StatusCode.UNIMPLEMENTED.value[0]
CALLED = "Feature called '{}' at latitude: {}, longitude: {}"


def degrees(place: routeguide.Point) -> str:
    """A point as `LAT,LON` in degrees."""
    return f"{place.latitude / 1e7:.7f},{place.longitude / 1e7:.7f}"


def called(feature: routeguide.Feature) -> str:
    """The line for a feature."""
    return CALLED.format(feature.name, feature.location.latitude, feature.location.longitude)


def test_the_tutorial_runs_line_by_line(route_guide_client: Path, reference: str) -> None:
    tutorial_lines.check(printed(route_guide_client, reference))


def test_get(route_guide_client: Path, reference: str) -> None:
    place = next(place for place in PLACES if place.name)
    e7 = f"{place.location.latitude},{place.location.longitude}"
    for written in (degrees(place.location), e7):
        assert printed(route_guide_client, reference, "get", written) == [called(place)]
    assert printed(route_guide_client, reference, "get", "0,0") == ["Found no feature at latitude: 0, longitude: 0"]


def test_list(route_guide_client: Path, reference: str) -> None:
    lines = printed(route_guide_client, reference, "list", "40,-75:42,-73")
    assert [line for line in lines if line.startswith("Feature")] == [called(place) for place in PLACES]


def test_json_is_protobufs_json(route_guide_client: Path, reference: str) -> None:
    lines = printed(route_guide_client, reference, "--json", "list", "40,-75:42,-73")
    assert [json_format.Parse(line, routeguide.Feature()) for line in lines] == PLACES
    (line,) = printed(route_guide_client, reference, "--json", "get", "0,0")
    assert json_format.Parse(line, routeguide.Feature()) == routeguide.Feature(location=routeguide.Point())
    (line,) = printed(route_guide_client, reference, "--json", "record", stdin="0,0\n0,180\n")
    summary = routeguide.RouteSummary(point_count=2, distance=20015086)
    assert json_format.Parse(line, routeguide.RouteSummary()) == summary


def test_record_from_standard_input(route_guide_client: Path, reference: str) -> None:
    route = "".join(f"{degrees(place.location)}\n" for place in PLACES)
    lines = printed(route_guide_client, reference, "record", stdin=route)
    assert lines[-4:-1] == ["Finished trip with 100 points", "Passed 100 features", "Traveled 7494392 meters"]


def test_record_from_a_file_of_ten_thousand_points(route_guide_client: Path, reference: str, tmp_path: Path) -> None:
    file = tmp_path / "route.txt"
    file.write_text("".join(f"{degrees(place.location)}\n" for place in PLACES) * 100)
    lines = printed(route_guide_client, reference, "record", str(file))
    assert lines[-4:-2] == ["Finished trip with 10000 points", "Passed 10000 features"]


def test_chat_from_standard_input(route_guide_client: Path, reference: str) -> None:
    chat = ["chat", "--replays", "--at", "40.5,-74.5"]
    lines = printed(route_guide_client, reference, *chat, stdin="one\ntwo\nthree\n")
    received = [line for line in lines if line.startswith("40.5,-74.5 < ")]
    assert received == [f"40.5,-74.5 < {message}" for message in ("one", "one", "two")]


def test_chat_with_a_server_of_the_published_contract(route_guide_client: Path, reference: str) -> None:
    lines = printed(route_guide_client, reference, "chat", "--at", "40.5,-74.5", stdin="one\ntwo\n")
    assert sorted(lines) == ["40.5,-74.5 < one", "40.5,-74.5 > one", "40.5,-74.5 > two"]


def test_a_server_of_the_published_contract_cannot_be_watched(route_guide_client: Path, reference: str) -> None:
    outcome = run(route_guide_client, reference, "chat", "--watch", "--at", "40.5,-74.5")
    assert outcome.status == UNIMPLEMENTED, outcome
    assert outcome.err.startswith("UNIMPLEMENTED: "), outcome
    assert "chat without --watch" in outcome.err


def test_a_long_list_arrives_whole(route_guide_client: Path) -> None:
    with reference_server.serving(odd_servers.Plentiful()) as address:
        lines = printed(route_guide_client, address, "list", "40,-75:42,-73")
    listed = [line for line in lines if line.startswith("Feature")]
    assert listed == [called(place) for place in PLACES] * odd_servers.Plentiful.TIMES


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_compressed_requests_are_understood(route_guide_client: Path, reference: str, compression: str) -> None:
    place = next(place for place in PLACES if place.name)
    lines = printed(route_guide_client, reference, "--compression", compression, "get", degrees(place.location))
    assert lines == [called(place)]


def test_metadata_goes_both_ways(route_guide_client: Path, reference: str) -> None:
    blob = base64.b64encode(b"\x00\x01binary\xff").decode().rstrip("=")
    outcome = run(
        route_guide_client,
        reference,
        "-v",
        "-H",
        f"{reference_server.ECHO_INITIAL}: there and back",
        "-H",
        f"{reference_server.ECHO_TRAILING}:{blob}",
        "get",
        "0,0",
    )
    assert outcome.status == 0, outcome.err
    assert outcome.out == ["Found no feature at latitude: 0, longitude: 0"]
    shown = outcome.err.splitlines()
    assert any("initial" in line and "there and back" in line for line in shown), outcome.err
    assert any("trailing" in line and blob in line for line in shown), outcome.err


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["get", "0,0"], id="get"),
        pytest.param(["list", "0,0:1,1"], id="list, in the middle"),
        pytest.param(["record"], id="record"),
        pytest.param(["chat", "--at", "0,0"], id="chat"),
    ],
)
def test_an_expired_call_exits_with_deadline_exceeded(route_guide_client: Path, command: list[str]) -> None:
    silent = odd_servers.Silent()
    with reference_server.serving(silent) as address:
        for _ in range(10):
            outcome = run(route_guide_client, address, "--timeout", "200ms", *command, stdin="1,1\n")
            assert outcome.status == DEADLINE_EXCEEDED, outcome
            assert outcome.err.startswith("DEADLINE_EXCEEDED: ")
    # The server was told, so that it can stop as well.
    assert all(given is not None and given <= 0.2 for given in silent.seconds_given)


@pytest.mark.parametrize("code", odd_servers.CODES, ids=odd_servers.CODES.get)
def test_every_code_has_its_exit_status_and_is_explained(route_guide_client: Path, code: int) -> None:
    with reference_server.serving(odd_servers.Refusing()) as address:
        outcome = run(route_guide_client, address, "get", f"{code / 1e7:.7f},0")
    assert outcome.status == CALL_FAILED + code
    assert outcome.out == []
    first, *details = outcome.err.splitlines()
    assert first == f"{odd_servers.CODES[code]}: refused, as ever: ⛔"
    assert [line.strip() for line in details] == [
        "field latitude: not to our liking",
        "field longitude: nor is this: 20 °",
    ]


def test_without_a_server_one_line_says_what_to_start(route_guide_client: Path) -> None:
    # Nobody listens on the port of a server that has ended.
    with reference_server.serving() as address:
        pass
    outcome = run(route_guide_client, address, "get", "0,0")
    assert outcome.status == CALL_FAILED + grpc.StatusCode.UNAVAILABLE.value[0]
    (line,) = outcome.err.splitlines()
    assert "route-guide-server" in line
