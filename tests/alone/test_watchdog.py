"""What the watchdog decides for a room, from what is known of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.watchdog import (
    FORGOTTEN,
    GRACE,
    HANGS,
    ON_ITS_WAY,
    PATIENCE,
    Line,
    Step,
    Watched,
    as_seen,
    decide,
    sight,
)
from veyra.livekit.types import Participant, ParticipantKind

ALL, NOBODY = Line(takes_calls=True, stands_in=True), Line(takes_calls=False, stands_in=False)
NO_WORKER = Line(takes_calls=False, stands_in=True)
NO_STANDBY = Line(takes_calls=True, stands_in=False)

MOMENT = timedelta(milliseconds=1)
RINGING = Watched(rings=True, waiting=PATIENCE, alone=PATIENCE)
TALKING = Watched(rings=False, waiting=timedelta(), alone=GRACE)

lengths = st.timedeltas(timedelta(), 2 * FORGOTTEN)
rooms = st.builds(
    Watched,
    rings=st.booleans(),
    waiting=lengths,
    is_dialled=st.booleans(),
    alone=lengths | st.none(),
    sent=lengths | st.none(),
    failed=st.booleans(),
)
everybody = st.builds(Line, takes_calls=st.booleans(), stands_in=st.booleans())


def test_a_caller_who_rings_is_given_time_while_an_assistant_may_be_on_his_way() -> None:
    early = replace(RINGING, waiting=PATIENCE - MOMENT)
    assert decide(early, ALL) is Step.NOTHING
    assert decide(RINGING, ALL) is Step.SEND_AGAIN


def test_nobody_waits_for_assistants_where_no_worker_takes_calls() -> None:
    early = replace(RINGING, waiting=GRACE, alone=GRACE)
    assert decide(early, NO_WORKER) is Step.STAND_IN


def test_an_assistant_lost_in_the_middle_is_replaced_within_two_looks() -> None:
    assert decide(replace(TALKING, alone=GRACE - MOMENT), ALL) is Step.NOTHING
    assert decide(TALKING, ALL) is Step.SEND_AGAIN


def test_who_was_sent_is_waited_for_and_then_the_last_resort_speaks() -> None:
    sent = replace(TALKING, alone=ON_ITS_WAY, sent=ON_ITS_WAY - MOMENT)
    assert decide(sent, ALL) is Step.NOTHING
    assert decide(replace(sent, sent=ON_ITS_WAY), ALL) is Step.STAND_IN


def test_without_a_last_resort_assistants_are_sent_until_one_comes() -> None:
    sent = replace(TALKING, alone=ON_ITS_WAY, sent=ON_ITS_WAY)
    assert decide(sent, NO_STANDBY) is Step.SEND_AGAIN


def test_a_second_loss_in_a_long_call_begins_anew() -> None:
    assert decide(replace(TALKING, sent=FORGOTTEN), ALL) is Step.SEND_AGAIN


def test_an_assistant_who_lives_but_makes_no_sound_is_relieved() -> None:
    hangs = replace(RINGING, alone=None, waiting=HANGS)
    assert decide(replace(hangs, waiting=HANGS - MOMENT), ALL) is Step.NOTHING
    assert decide(hangs, ALL) is Step.STAND_IN


def test_an_assistant_that_waits_for_its_turn_does_not_hang() -> None:
    minute = timedelta(minutes=1)
    waits = replace(RINGING, alone=None, waiting=HANGS + minute - MOMENT, silent=minute)
    assert decide(waits, ALL) is Step.NOTHING
    assert decide(replace(waits, waiting=HANGS + minute), ALL) is Step.STAND_IN
    # Where none came, nobody waits.
    assert decide(replace(waits, alone=PATIENCE), ALL) is Step.SEND_AGAIN


def test_where_an_assistant_could_not_start_no_other_is_tried() -> None:
    failed = replace(RINGING, waiting=GRACE, alone=GRACE, failed=True)
    assert decide(failed, ALL) is Step.STAND_IN
    assert decide(replace(failed, alone=GRACE - MOMENT), ALL) is Step.NOTHING


def test_no_voice_waits_in_a_telephone_that_we_call_and_nobody_picked_up() -> None:
    dialled = replace(TALKING, is_dialled=True)
    assert decide(dialled, NO_WORKER) is Step.NOTHING
    assert decide(dialled, ALL) is Step.SEND_AGAIN


@given(rooms, everybody)
def test_no_second_assistant_is_sent_where_one_lives(room: Watched, line: Line) -> None:
    if room.alone is None or not line.takes_calls:
        assert decide(room, line) is not Step.SEND_AGAIN


@given(rooms, everybody)
def test_only_who_is_there_is_asked_to_help(room: Watched, line: Line) -> None:
    step = decide(room, line)
    assert step is not Step.STAND_IN or line.stands_in
    assert decide(room, NOBODY) is Step.NOTHING


@given(rooms)
def test_nobody_who_is_alone_is_left_so_for_eleven_seconds(room: Watched) -> None:
    """Whatever came before: somebody is sent, or was sent a moment ago."""
    long = replace(room, alone=HANGS + GRACE, waiting=HANGS + GRACE)
    helped = long.sent is not None and long.sent < ON_ITS_WAY
    assert helped or decide(long, ALL) is not Step.NOTHING


def person(
    kind: ParticipantKind, role: str = "", status: str = "", *, has_sound: bool = False
) -> Participant:
    told = {"veyra.role": role, "sip.callStatus": status}
    attributes = {name: value for name, value in told.items() if value}
    who = f"{kind}{role}{status}"
    return Participant(
        sid=f"PA_{who}", identity=who, kind=kind, attributes=attributes, has_sound=has_sound
    )


HANGING = replace(RINGING, alone=None, waiting=HANGS)


def test_nobody_is_taken_out_of_a_talk_that_the_database_has_not_heard_of() -> None:
    talks = [person("sip", status="active"), person("agent")]
    assert decide(as_seen(HANGING, sight(talks)), ALL) is Step.NOTHING


def test_an_assistant_whose_sound_is_there_does_not_hang() -> None:
    rings = person("sip", status="ringing")
    silent, heard = person("agent"), person("agent", has_sound=True)
    assert decide(as_seen(HANGING, sight([rings, silent])), ALL) is Step.STAND_IN
    assert decide(as_seen(HANGING, sight([rings, heard])), ALL) is Step.NOTHING


def test_one_telephone_that_rings_on_costs_the_others_nothing() -> None:
    talks, rings = person("sip", status="active"), person("sip", status="ringing")
    seen = sight([rings, talks, person("agent")])
    assert decide(as_seen(HANGING, seen), ALL) is Step.NOTHING


def test_whom_we_called_and_who_picked_up_hears_the_last_resort() -> None:
    called = replace(TALKING, is_dialled=True, alone=HANGS, sent=ON_ITS_WAY)
    rings, talks = (person("sip", "callee", status) for status in ("ringing", "active"))
    assert decide(as_seen(called, sight([rings])), NO_WORKER) is Step.NOTHING
    assert decide(as_seen(called, sight([talks])), NO_WORKER) is Step.STAND_IN


@given(rooms, everybody, st.booleans(), st.booleans())
def test_a_second_look_keeps_no_help_from_who_is_alone(
    room: Watched, line: Line, active: bool, has_sound: bool
) -> None:
    caller = person("sip", status="active" if active else "ringing")
    seen = as_seen(room, sight([caller, person("agent", has_sound=has_sound)]))
    if room.alone is not None and decide(room, line) is not Step.NOTHING:
        assert decide(seen, line) is not Step.NOTHING


@pytest.mark.parametrize("helper", ["supervisor", "colleague", "standby"])
def test_who_talks_with_a_person_is_not_alone(helper: str) -> None:
    caller, agent = person("sip"), person("agent")
    assert sight([caller, agent]).needs_help
    assert not sight([caller, agent, person("standard", helper)]).needs_help


def test_who_only_listens_helps_nobody_and_needs_no_help() -> None:
    listener = person("standard", "listener")
    assert sight([person("sip"), listener]).needs_help
    assert not sight([listener, person("agent"), person("sip", "colleague")]).needs_help
