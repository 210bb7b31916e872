"""gRPC-Web as a page speaks it, by Python's own HTTP client and Google's protobuf: no gRPC library at all."""

import base64
import http.client
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from google.protobuf.message import Message

from calls import TIMEOUT
from contract import helloworld, routeguide
from places import PLACES, fresh_place, point

BINARY = "application/grpc-web+proto"
TEXT = "application/grpc-web-text"
ORIGIN = "https://maps.example"
"""The one that the servers of this file are started with."""

TRAILERS = 0x80


class Answer(NamedTuple):
    """What a page gets."""

    headers: dict[str, str]
    messages: list[bytes]
    trailers: dict[str, str]


def framed(message: Message) -> bytes:
    """A message as gRPC sends it."""
    data = message.SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


def frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The flags and contents of the frames in a body."""
    while body:
        end = 5 + int.from_bytes(body[1:5], "big")
        assert len(body) >= end, "a frame is cut off"
        yield body[0], body[5:end]
        body = body[end:]


def decode(body: bytes, accept: str) -> tuple[list[bytes], dict[str, str]]:
    """Takes a body apart into messages and trailers."""
    if accept == TEXT:
        # Each group of four letters may end with padding.
        body = b"".join(base64.b64decode(body[at : at + 4], validate=True) for at in range(0, len(body), 4))
    messages: list[bytes] = []
    trailers: dict[str, str] = {}
    for flag, content in frames(body):
        assert not trailers, "a frame after the trailers"
        if flag == TRAILERS:
            lines = content.decode("ascii").split("\r\n")
            assert lines.pop() == ""
            trailers = dict(line.split(":", 1) for line in lines)
        else:
            assert flag == 0
            messages.append(content)
    return messages, trailers


def call(target: str, method: str, *requests: Message, accept: str = BINARY, **headers: str) -> Answer:
    """One call over a connection of its own."""
    body = b"".join(framed(request) for request in requests)
    if accept == TEXT:
        body = base64.b64encode(body)
    sent = {"Content-Type": accept, "Accept": accept, "X-Grpc-Web": "1", "Origin": ORIGIN}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection(target, timeout=TIMEOUT)) as connection:
        connection.request("POST", method, body, sent)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        messages, trailers = decode(response.read(), accept)
    assert response.status == 200
    assert received["content-type"].startswith(accept)
    assert received["access-control-allow-origin"] == ORIGIN
    # A head that is the whole reply has the status in it.
    return Answer(received, messages, trailers or received)


EVERYWHERE = routeguide.Rectangle(lo=point(-900000000, -1800000000), hi=point(900000000, 1800000000))


@pytest.mark.parametrize("accept", [BINARY, TEXT])
def test_a_page_lists_every_published_place(target: str, accept: str) -> None:
    answer = call(target, "/routeguide.RouteGuide/ListFeatures", EVERYWHERE, accept=accept)
    assert answer.trailers["grpc-status"] == "0"
    assert [routeguide.Feature.FromString(message) for message in answer.messages] == PLACES
    assert answer.headers["route-guide-data-version"]


@pytest.mark.parametrize("accept", [BINARY, TEXT])
def test_a_page_gets_a_feature_and_a_summary(target: str, accept: str) -> None:
    place = PLACES[0]
    answer = call(target, "/routeguide.RouteGuide/GetFeature", place.location, accept=accept)
    assert [routeguide.Feature.FromString(message) for message in answer.messages] == [place]

    route = [place.location for place in PLACES]
    answer = call(target, "/routeguide.RouteGuide/RecordRoute", *route, accept=accept)
    summary = routeguide.RouteSummary.FromString(answer.messages[0])
    assert (summary.point_count, summary.feature_count, summary.distance) == (100, 100, 7494392)
    assert answer.trailers["grpc-status"] == "0"


def test_a_page_exchanges_notes(target: str) -> None:
    here = fresh_place()
    notes = [routeguide.RouteNote(location=here, message=f"note {number}") for number in range(3)]
    answer = call(target, "/routeguide.RouteGuide/RouteChat", *notes)
    replayed = [routeguide.RouteNote.FromString(message).message for message in answer.messages]
    assert replayed == ["note 0", "note 0", "note 1"]


def test_a_page_is_greeted(greeter_target: str) -> None:
    request = helloworld.HelloRequest(name="page")
    answer = call(greeter_target, "/helloworld.Greeter/SayHello", request)
    assert helloworld.HelloReply.FromString(answer.messages[0]).message == "Hello, page!"


def test_a_page_is_told_what_is_wrong(target: str) -> None:
    answer = call(target, "/routeguide.RouteGuide/GetFeature", point(900000001, 0))
    assert answer.trailers["grpc-status"] == "3"
    assert "900000001" in answer.trailers["grpc-message"]
    assert answer.trailers["grpc-status-details-bin"]
    assert "grpc-status-details-bin" in answer.headers["access-control-expose-headers"]

    answer = call(target, "/grpc.health.v1.Health/Watch", routeguide.Point(), grpc_timeout="100m")
    assert answer.messages == [b"\x08\x01"]
    assert answer.trailers["grpc-status"] == "4"


def test_a_browser_asks_before_a_page_calls(target: str) -> None:
    for origin, allowed in [(ORIGIN, ORIGIN), ("https://other.example", None)]:
        with closing(http.client.HTTPConnection(target, timeout=TIMEOUT)) as connection:
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type,x-grpc-web,grpc-timeout",
            }
            connection.request("OPTIONS", "/routeguide.RouteGuide/GetFeature", headers=asked)
            response = connection.getresponse()
            assert response.status == 200
            assert response.getheader("Access-Control-Allow-Origin") == allowed
            assert response.getheader("Access-Control-Allow-Headers") == "content-type,x-grpc-web,grpc-timeout"


def test_what_is_not_grpc_web_is_refused_plainly(target: str) -> None:
    with closing(http.client.HTTPConnection(target, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert (response.status, response.getheader("Allow")) == (405, "POST")
        assert response.read().startswith(b"This is a gRPC server.")
        connection.request("POST", "/", b"{}", {"Content-Type": "application/json"})
        assert connection.getresponse().status == 415
