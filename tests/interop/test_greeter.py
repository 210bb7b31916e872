"""Greeter's four methods and HelloService's four, called by grpcio."""

import itertools

import grpc
import pytest

from calls import TIMEOUT, Outgoing
from contract import hello, hello_grpc, helloworld, helloworld_grpc

Greeter = helloworld_grpc.GreeterStub
HelloService = hello_grpc.HelloServiceStub
NAMES = ["you", "", "world", "Ærøskøbing ☃", "two\nlines", "\u0000", "n" * 100_000]


def named(name: str) -> helloworld.HelloRequest:
    """A request to greet someone."""
    return helloworld.HelloRequest(name=name)


def greeting(text: str) -> hello.HelloRequest:
    """A greeting to HelloService."""
    return hello.HelloRequest(greeting=text)


@pytest.mark.parametrize("name", NAMES)
def test_say_hello_and_say_hello_again(greeter: Greeter, name: str) -> None:
    assert greeter.SayHello(named(name), timeout=TIMEOUT).message == f"Hello, {name}!"
    assert greeter.SayHelloAgain(named(name), timeout=TIMEOUT).message == f"Hello again, {name}!"


@pytest.mark.beyond
def test_stream_reply_is_several_greetings(greeter: Greeter) -> None:
    replies = [reply.message for reply in greeter.SayHelloStreamReply(named("you"), timeout=TIMEOUT)]
    assert len(replies) > 1
    assert all("you" in reply for reply in replies)


@pytest.mark.beyond
def test_bidi_stream_answers_each_name_as_it_comes(greeter: Greeter) -> None:
    names = Outgoing()
    replies = greeter.SayHelloBidiStream(iter(names), timeout=TIMEOUT)
    for name in ("ann", "bob", "eve"):
        names.send(named(name))
        assert name in next(replies).message
    names.half_close()
    assert list(replies) == []
    assert replies.code() is grpc.StatusCode.OK


@pytest.mark.beyond
def test_bidi_stream_without_names_ends_with_ok(greeter: Greeter) -> None:
    assert list(greeter.SayHelloBidiStream(iter([]), timeout=TIMEOUT)) == []


@pytest.mark.beyond
@pytest.mark.parametrize("stream", ["SayHelloBidiStream"])
def test_greeters_headers_come_before_the_first_name(greeter: Greeter, stream: str) -> None:
    names = Outgoing()
    call = getattr(greeter, stream)(iter(names), timeout=TIMEOUT)
    call.initial_metadata()
    assert call.is_active(), f"the call ended instead: {call.code()}"
    names.half_close()
    assert list(call) == []


@pytest.mark.beyond
def test_hello_service_answers_one_greeting_with_one_reply(hello_service: HelloService) -> None:
    assert "good day" in hello_service.SayHello(greeting("good day"), timeout=TIMEOUT).reply


@pytest.mark.beyond
def test_hello_service_answers_one_greeting_with_many_replies(hello_service: HelloService) -> None:
    replies = [reply.reply for reply in hello_service.LotsOfReplies(greeting("good day"), timeout=TIMEOUT)]
    assert len(replies) > 1
    assert all("good day" in reply for reply in replies)


@pytest.mark.beyond
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_hello_service_answers_many_greetings_with_one_reply(hello_service: HelloService, count: int) -> None:
    greetings = (greeting(f"greeting {number}") for number in range(count))
    assert str(count) in hello_service.LotsOfGreetings(greetings, timeout=TIMEOUT).reply


@pytest.mark.beyond
def test_hello_service_headers_come_before_the_first_greeting(hello_service: HelloService) -> None:
    greetings = Outgoing()
    call = hello_service.LotsOfGreetings.future(iter(greetings), timeout=TIMEOUT)
    call.initial_metadata()
    assert call.is_active(), f"the call ended instead: {call.code()}"
    greetings.half_close()
    call.result()


@pytest.mark.beyond
@pytest.mark.parametrize("count", [0, 1, 1000])
def test_hello_service_talks_both_ways_in_order(hello_service: HelloService, count: int) -> None:
    greetings = [greeting(f"greeting {number}.") for number in range(count)]
    replies = [reply.reply for reply in hello_service.BidiHello(iter(greetings), timeout=TIMEOUT)]
    assert len(replies) == count
    for reply, number in zip(replies, itertools.count(), strict=False):
        assert f"greeting {number}." in reply
