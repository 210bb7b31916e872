"""Our load generator against grpcio servers."""

import json
from pathlib import Path

import grpc
import pytest

import odd_servers
import reference_server
from programs import CALL_FAILED, Outcome, run

UNAVAILABLE = CALL_FAILED + grpc.StatusCode.UNAVAILABLE.value[0]
POINTS = 100


def bench(client: Path, target: str, *arguments: str) -> Outcome:
    """Runs `bench`, with JSON on its standard output."""
    return run(client, target, "--json", "bench", *arguments)


def measured(outcome: Outcome) -> dict:
    """What a run that must have succeeded has measured."""
    assert outcome.status == 0, outcome.err
    (line,) = outcome.out
    report = json.loads(line)
    assert report["failures"] == []
    latency = report["latencySeconds"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"] <= report["elapsedSeconds"]
    assert report["callsPerSecond"] == pytest.approx(report["calls"] / report["elapsedSeconds"])
    return report


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        pytest.param(["get-feature"], 1, id="get-feature"),
        pytest.param(["list-features"], POINTS, id="list-features"),
        pytest.param(["list-features", "--window", "64k"], POINTS, id="list-features, narrow window"),
        pytest.param(["record-route", "--length", "250"], 250, id="record-route"),
        pytest.param(["record-route", "--length", "250", "--packed"], 250, id="record-route, packed"),
    ],
)
def test_every_call_is_made_and_counted(
    route_guide_client: Path, reference: str, arguments: list[str], messages: int
) -> None:
    load = ["--calls", "40", "--connections", "2", "--concurrency", "4"]
    report = measured(bench(route_guide_client, reference, *arguments, *load))
    assert (report["calls"], report["messages"]) == (40, 40 * messages)


def test_notes_come_back(route_guide_client: Path, reference: str) -> None:
    report = measured(bench(route_guide_client, reference, "route-chat", "--duration", "300ms"))
    # Two go out for each that comes in.
    assert report["messages"] == 3 * report["calls"] > 0


def test_listeners_of_a_server_that_shares_no_notes_hear_nothing(route_guide_client: Path, reference: str) -> None:
    outcome = bench(route_guide_client, reference, "route-chat", "--listeners", "3")
    assert outcome.status == UNAVAILABLE
    assert "silent" in outcome.err


def test_failures_are_counted_by_their_code(route_guide_client: Path) -> None:
    with reference_server.serving(odd_servers.Refusing()) as address:
        points = ["--at", "e7:5,0", "--at", "e7:7,0"]
        outcome = bench(route_guide_client, address, "get-feature", "--calls", "10", *points)
    assert outcome.status == CALL_FAILED + grpc.StatusCode.NOT_FOUND.value[0]
    report = json.loads(outcome.out[0])
    assert (report["calls"], report["failed"]) == (0, 10)
    counted = {failure["code"]: (failure["count"], failure["message"]) for failure in report["failures"]}
    refused = (5, "refused, as ever: ⛔")
    assert counted == {"NOT_FOUND": refused, "PERMISSION_DENIED": refused}
