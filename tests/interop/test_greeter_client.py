"""greeter-client against a grpcio server, and its Person against Google's protobuf."""

import re
from pathlib import Path

import grpc
import pytest

import reference_server
from contract import hello
from programs import CALL_FAILED, printed, run


def test_the_quick_start_runs_line_by_line(greeter_client: Path, reference: str) -> None:
    assert printed(greeter_client, reference) == [
        "Will try to greet world ...",
        "Greeter client received: Hello, you!",
        "Greeter client received: Hello again, you!",
    ]


def test_one_greeting(greeter_client: Path, reference: str) -> None:
    assert printed(greeter_client, reference, "greet", "Ærø") == ["Greeter client received: Hello, Ærø!"]
    assert printed(greeter_client, reference, "greet-again", "Ærø") == ["Greeter client received: Hello again, Ærø!"]


@pytest.mark.parametrize("command", ["greet-stream", "greet-each"])
def test_what_the_published_server_lacks_is_unimplemented(greeter_client: Path, reference: str, command: str) -> None:
    outcome = run(greeter_client, reference, command)
    assert outcome.status == CALL_FAILED + grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert outcome.err.startswith("UNIMPLEMENTED: ")


def test_without_a_server_one_line_says_what_to_start(greeter_client: Path) -> None:
    with reference_server.serving() as address:
        pass
    outcome = run(greeter_client, address)
    assert outcome.status == CALL_FAILED + grpc.StatusCode.UNAVAILABLE.value[0]
    (line,) = outcome.err.splitlines()
    assert "greeter-server" in line


@pytest.mark.parametrize(
    ("command", "received"),
    [
        pytest.param(["say-hello", "abc"], ["cba"], id="one for one"),
        pytest.param(["lots-of-replies", "abc"], ["cba"] * 3, id="many for one"),
        pytest.param(["lots-of-greetings", "abc", "def"], ["fed cba"], id="one for many"),
        pytest.param(["bidi-hello", "abc", "def"], ["cba", "fed"], id="ping-pong"),
        pytest.param(["bidi-hello", "--mode", "collect", "abc", "def"], ["cba", "fed"], id="collect"),
    ],
)
def test_hello_service(greeter_client: Path, reference: str, command: list[str], received: list[str]) -> None:
    lines = printed(greeter_client, reference, "--timeout", "10s", *command)
    assert [line for line in lines if line.startswith("Received")] == [f"Received {reply}" for reply in received]


@pytest.mark.parametrize(
    "person",
    [
        hello.Person(name="Ada", id=42, has_ponycopter=True),
        hello.Person(name="Ærø ☃", id=-1),
        hello.Person(),
        hello.Person(id=2**31 - 1),
    ],
    ids=str,
)
def test_a_person_is_the_same_bytes_for_both(greeter_client: Path, person: hello.Person) -> None:
    arguments = [f"--name={person.name}", f"--id={person.id}"] + ["--has-ponycopter"] * person.has_ponycopter
    # No server is needed, so none is there.
    shown = printed(greeter_client, "localhost:1", "person", *arguments)
    (written,) = [line for line in shown if line.startswith("Serialised")]
    bytes_written = re.search(r":\s+([0-9a-f]*) \(", written)
    assert bytes_written, written
    assert hello.Person.FromString(bytes.fromhex(bytes_written[1])) == person
    assert bytes_written[1] == person.SerializeToString().hex()

    parsed = printed(greeter_client, "localhost:1", "person", "--parse", person.SerializeToString().hex())
    assert parsed[-1] == shown[-1]
