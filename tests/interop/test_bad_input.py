"""What no generated stub would send: after each piece of it the server still answers."""

from collections.abc import Iterator

import grpc
import pytest

from calls import TIMEOUT, raw_unary, refusal
from contract import helloworld, helloworld_grpc, routeguide, routeguide_grpc
from places import PLACES

# grpcio refuses large answers by default as well; here only the server's limit is to count.
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
LIMIT = 4 * 1024 * 1024

GARBAGE = [
    pytest.param(b"\xff", id="cut off in a tag"),
    pytest.param(b"\xff" * 100, id="endless varint"),
    pytest.param(b"\x08", id="field without a value"),
    pytest.param(b"\x0a\xff\xff\xff\xff\x0f", id="length of 4 GiB"),
    pytest.param(b"\x0a\x05ab", id="length past the end"),
    pytest.param(b"\x00\x00", id="field number 0"),
    pytest.param(b"\x0f", id="wire type 7"),
    pytest.param(b"\x0c", id="end of a group that never began"),
]
# In front of field 1 stands its tag: 0x0a says that so many bytes of text follow.
NOT_UTF8 = [b"\x0a\x01\xff", b"\x0a\x02\xc3\x28", b"\x0a\x03\xed\xa0\x80", b"\x0a\x02ok\x0a\x01\x80"]


@pytest.fixture(autouse=True)
def answers_afterwards(guide: routeguide_grpc.RouteGuideStub, greeter: helloworld_grpc.GreeterStub) -> Iterator[None]:
    """Whatever a test has sent, both servers still serve."""
    yield
    assert guide.GetFeature(PLACES[0].location, timeout=TIMEOUT) == PLACES[0]
    assert greeter.SayHello(helloworld.HelloRequest(name="you"), timeout=TIMEOUT).message == "Hello, you!"


def stream(channel: grpc.Channel, method: str, messages: list[bytes]) -> list[bytes]:
    """Sends bytes as the messages of a stream and collects those that come back."""
    call = channel.stream_stream(method, request_serializer=None, response_deserializer=None)
    return list(call(iter(messages), timeout=TIMEOUT))


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused(channel: grpc.Channel, garbage: bytes) -> None:
    get_feature = raw_unary(channel, "/routeguide.RouteGuide/GetFeature")
    list_features = "/routeguide.RouteGuide/ListFeatures"
    assert refusal(lambda: get_feature(garbage, timeout=TIMEOUT)).code() is grpc.StatusCode.INTERNAL
    assert refusal(lambda: stream(channel, list_features, [garbage])).code() is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("method", ["RecordRoute", "RouteChat"])
def test_garbage_in_a_stream_is_refused(channel: grpc.Channel, method: str, garbage: bytes) -> None:
    good = routeguide.Point().SerializeToString()
    error = refusal(lambda: stream(channel, f"/routeguide.RouteGuide/{method}", [good, garbage, good]))
    assert error.code() is grpc.StatusCode.INTERNAL


@pytest.mark.parametrize("text", NOT_UTF8)
def test_text_that_is_not_utf8_is_refused(channel: grpc.Channel, greeter_channel: grpc.Channel, text: bytes) -> None:
    say_hello = raw_unary(greeter_channel, "/helloworld.Greeter/SayHello")
    assert refusal(lambda: say_hello(text, timeout=TIMEOUT)).code() is grpc.StatusCode.INTERNAL
    note = text.replace(b"\x0a", b"\x12")  # The text of a note is its field 2.
    error = refusal(lambda: stream(channel, "/routeguide.RouteGuide/RouteChat", [note]))
    assert error.code() is grpc.StatusCode.INTERNAL


def test_coordinates_longer_than_int32_are_cut_as_protobuf_says(channel: grpc.Channel) -> None:
    get_feature = raw_unary(channel, "/routeguide.RouteGuide/GetFeature")
    # 2**32 + 1 as latitude: the low 32 bits count.
    feature = routeguide.Feature.FromString(get_feature(b"\x08\x81\x80\x80\x80\x10", timeout=TIMEOUT))
    assert feature.location == routeguide.Point(latitude=1)


@pytest.mark.parametrize("messages", [[], [b"", b""]])
def test_another_number_of_messages_than_one_where_one_is_needed(channel: grpc.Channel, messages: list[bytes]) -> None:
    get_feature = channel.stream_unary(
        "/routeguide.RouteGuide/GetFeature", request_serializer=None, response_deserializer=None
    )
    error = refusal(lambda: get_feature(iter(messages), timeout=TIMEOUT))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_name_just_under_the_limit_is_answered(greeter_target: str) -> None:
    name = "n" * (LIMIT - 5)  # The request as a whole: one byte of tag, four of length.
    assert helloworld.HelloRequest(name=name).ByteSize() == LIMIT
    with grpc.insecure_channel(greeter_target, options=UNLIMITED) as channel:
        greeter = helloworld_grpc.GreeterStub(channel)
        reply = greeter.SayHello(helloworld.HelloRequest(name=name), timeout=TIMEOUT)
    assert reply.message == f"Hello, {name}!"


def test_a_name_over_the_limit_exhausts_a_resource(greeter_target: str) -> None:
    with grpc.insecure_channel(greeter_target, options=UNLIMITED) as channel:
        greeter = helloworld_grpc.GreeterStub(channel)
        for name in ("n" * (LIMIT - 4), "n" * (2 * LIMIT)):
            request = helloworld.HelloRequest(name=name)
            error = refusal(lambda: greeter.SayHello(request, timeout=TIMEOUT))  # noqa: B023
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_note_over_the_limit_exhausts_a_resource(target: str) -> None:
    with grpc.insecure_channel(target, options=UNLIMITED) as channel:
        note = routeguide.RouteNote(message="n" * (2 * LIMIT)).SerializeToString()
        error = refusal(lambda: stream(channel, "/routeguide.RouteGuide/RouteChat", [note]))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
