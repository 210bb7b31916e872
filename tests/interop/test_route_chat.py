"""RouteChat, spoken by grpcio: replays, notes of others, ends and interruptions."""

import contextlib
import re

import grpc
import pytest

from calls import TIMEOUT, Chat, violations
from contract import routeguide, routeguide_grpc
from places import fresh_place, point

Guide = routeguide_grpc.RouteGuideStub


def test_each_note_brings_back_the_earlier_ones_at_its_place(guide: Guide) -> None:
    place = fresh_place()
    with Chat(guide) as chat:
        for message in ("0", "1", "2"):
            chat.send(place, message)
        assert chat.finish() == ["0", "0", "1"]


def test_the_tutorials_five_notes_bring_back_two(guide: Guide) -> None:
    here, east, north = fresh_place(), fresh_place(), fresh_place()
    with Chat(guide) as chat:
        for place, message in [(here, "First"), (east, "Second"), (north, "Third"), (here, "Fourth"), (north, "Fifth")]:
            chat.send(place, message)
        assert chat.finish() == ["First", "Third"]


def test_places_one_step_apart_are_different_places(guide: Guide) -> None:
    here = fresh_place()
    with Chat(guide) as chat:
        chat.send(here, "here")
        chat.send(point(here.latitude, here.longitude + 1), "beside")
        chat.send(point(-here.latitude, here.longitude), "mirrored")
        assert chat.finish() == []


def test_a_note_comes_back_as_it_was_sent(guide: Guide) -> None:
    place = fresh_place()
    message = "naïve ☃ \u0000 \U0001f600 " + "x" * 1000
    with Chat(guide) as chat:
        chat.send(place, message)
        chat.send(place, "")
        assert next(chat.call) == routeguide.RouteNote(location=place, message=message)
        assert chat.finish() == []


def test_an_absent_location_is_zero_zero(guide: Guide) -> None:
    with Chat(guide) as chat:
        chat.outgoing.send(routeguide.RouteNote(message="without"))
        chat.send(point(0, 0), "with")
        assert "without" in chat.finish()


def test_a_chat_without_notes_ends_with_ok(guide: Guide) -> None:
    with Chat(guide) as chat:
        assert chat.finish() == []


def test_ping_pong_is_answered_note_by_note(guide: Guide) -> None:
    place = fresh_place()
    with Chat(guide) as chat:
        chat.send(place, "0")
        for turn in range(1, 20):
            chat.send(place, str(turn))
            assert [chat.receive() for _ in range(turn)] == [str(earlier) for earlier in range(turn)]
        assert chat.finish() == []


@pytest.mark.beyond
def test_notes_of_others_are_replayed_and_then_arrive_live(guide: Guide) -> None:
    place = fresh_place()
    with Chat(guide) as ann, Chat(guide) as bob, Chat(guide) as eve:
        ann.send(place, "ann 1")
        ann.settle()
        eve.send(fresh_place(), "eve is elsewhere")

        bob.send(place, "bob 1")
        assert bob.receive() == "ann 1", "a replay holds the notes of other clients"
        assert ann.receive() == "bob 1", "who has posted at a place hears the others there"

        ann.send(place, "ann 2")
        assert [ann.receive(), ann.receive()] == ["ann 1", "bob 1"], "also what came live is replayed"
        assert bob.receive() == "ann 2"

        # Each note once, none to its own sender, none to those who never posted at the place.
        assert eve.finish() == []
        assert ann.finish() == []
        assert bob.finish() == []


@pytest.mark.beyond
def test_a_note_sent_before_a_cancel_stays(guide: Guide) -> None:
    place = fresh_place()
    with Chat(guide) as gone:
        gone.send(place, "left behind")
        gone.settle()
        gone.call.cancel()
        assert gone.call.code() is grpc.StatusCode.CANCELLED
    with Chat(guide) as chat:
        chat.send(place, "who was here?")
        assert chat.finish() == ["left behind"]


@pytest.mark.beyond
def test_response_headers_come_before_the_first_note(guide: Guide) -> None:
    with Chat(guide) as chat:
        chat.call.initial_metadata()
        assert chat.call.is_active(), f"the call ended instead: {chat.call.code()}"
        assert chat.finish() == []


@pytest.mark.beyond
def test_fifty_chats_are_open_at_once(guide: Guide) -> None:
    with contextlib.ExitStack() as all_open:
        chats = [all_open.enter_context(Chat(guide)) for _ in range(50)]
        for chat in chats:
            chat.settle()
        place = fresh_place()
        for number, chat in enumerate(chats):
            chat.send(place, str(number))
            chat.settle()
        for number, chat in enumerate(chats):
            others = [str(other) for other in range(50) if other != number]
            assert chat.finish() == others, "the earlier ones replayed, the later ones live"


@pytest.mark.beyond
def test_a_note_off_the_globe_ends_the_chat_with_its_index(guide: Guide) -> None:
    with Chat(guide) as chat:
        chat.settle()  # Two notes: messages 0 and 1.
        chat.send(point(900000001, 0), "beyond the pole")
        with pytest.raises(grpc.RpcError) as refused:
            next(chat.call)
        error = refused.value
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        (violation,) = violations(error)
        assert "location.latitude" in violation.field
        for part in ("900000001", "900000000"):
            assert part in violation.description
        assert re.search(r"\b2\b", error.details())


def test_a_long_talk_arrives_whole_and_in_order(guide: Guide) -> None:
    with Chat(guide) as chat:
        places = [fresh_place() for _ in range(2000)]
        for number, place in enumerate(places):
            chat.send(place, str(number))
        for place in places:
            chat.send(place, "again")
        assert chat.finish() == [str(number) for number in range(2000)]


def test_half_close_right_after_the_last_note_loses_nothing(guide: Guide) -> None:
    place = fresh_place()
    notes = [routeguide.RouteNote(location=place, message=str(number)) for number in range(50)]
    received = [note.message for note in guide.RouteChat(iter(notes), timeout=TIMEOUT)]
    assert received == [str(earlier) for number in range(50) for earlier in range(number)]
