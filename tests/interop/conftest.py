"""Where the servers and programs under test are, and stubs connected to them.

Everything comes in through the environment, set by `tests/tests/interop`, which starts the
servers: ROUTE_GUIDE_TARGET, GREETER_TARGET (`host:port`), ROUTE_GUIDE_CLIENT, GREETER_CLIENT (paths),
ROUTE_GUIDE_SERVER_PID (whom to tell to stop).
What a test needs and is not given fails it: nothing is skipped in silence.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

import reference_server
from contract import hello_grpc, helloworld_grpc, routeguide_grpc


def pytest_addoption(parser: pytest.Parser) -> None:
    """A second RouteGuide server, for the tests of two that share their notes."""
    parser.addoption("--other", metavar="HOST:PORT")


def _given(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        pytest.fail(f"{variable} is not set: run this suite with `cargo test -p route-guide-tests --test interop`")
    return value


@pytest.fixture
def target() -> str:
    """Address of the RouteGuide server under test."""
    return _given("ROUTE_GUIDE_TARGET")


@pytest.fixture
def greeter_target() -> str:
    """Address of the greeter server under test."""
    return _given("GREETER_TARGET")


@pytest.fixture
def server_pid() -> int:
    """Process id of the RouteGuide server under test."""
    return int(_given("ROUTE_GUIDE_SERVER_PID"))


@pytest.fixture
def route_guide_client() -> Path:
    """The route-guide-client binary."""
    return Path(_given("ROUTE_GUIDE_CLIENT"))


@pytest.fixture
def greeter_client() -> Path:
    """The greeter-client binary."""
    return Path(_given("GREETER_CLIENT"))


@pytest.fixture
def reference() -> Iterator[str]:
    """Address of a grpcio server of the tutorial's kind, started for the test."""
    with reference_server.serving() as address:
        yield address


@pytest.fixture
def channel(target: str) -> Iterator[grpc.Channel]:
    """A channel to the RouteGuide server, with grpcio's own defaults."""
    with grpc.insecure_channel(target) as channel:
        yield channel


@pytest.fixture
def greeter_channel(greeter_target: str) -> Iterator[grpc.Channel]:
    """A channel to the greeter server, with grpcio's own defaults."""
    with grpc.insecure_channel(greeter_target) as channel:
        yield channel


@pytest.fixture
def guide(channel: grpc.Channel) -> routeguide_grpc.RouteGuideStub:
    """RouteGuide's generated stub."""
    return routeguide_grpc.RouteGuideStub(channel)


@pytest.fixture
def greeter(greeter_channel: grpc.Channel) -> helloworld_grpc.GreeterStub:
    """Greeter's generated stub."""
    return helloworld_grpc.GreeterStub(greeter_channel)


@pytest.fixture
def hello_service(greeter_channel: grpc.Channel) -> hello_grpc.HelloServiceStub:
    """HelloService's generated stub."""
    return hello_grpc.HelloServiceStub(greeter_channel)
