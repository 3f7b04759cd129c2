"""Whom the music is for, and who is told of the caller before they talk."""

import asyncio

import pytest

from agentworker.hold import callers, failure_of, needs_summary, who_answered
from agentworker.last_words import SPOKEN, words, words_of_hold, words_of_waiting
from agentworker.models import StandIn
from agentworker.music import SECONDS, loop
from agentworker.people import Person

ANNA = Person("sip_anna", "PA_1", "sip")
CALLED = Person("callee-1", "PA_2", "sip", {"veyra.role": "callee"})
RUNG = Person("colleague-1", "PA_3", "sip", {"veyra.role": "colleague"})
OLGA = Person("colleague-2", "PA_4", "sip", RUNG.attributes | {"sip.callStatus": "active"})  # type: ignore[operator]  # a dict
BORIS = Person("colleague-3", "PA_5", "standard", {"veyra.role": "colleague"})
SUPERVISOR = Person("supervisor-1", "PA_6", "standard", {"veyra.role": "supervisor"})


def test_music_is_for_those_who_wait() -> None:
    assert callers([ANNA, CALLED, OLGA, BORIS, SUPERVISOR]) == [ANNA, CALLED]


def test_a_telephone_that_rings_has_not_answered() -> None:
    assert who_answered([ANNA, RUNG]) is None
    assert who_answered([ANNA, RUNG, OLGA]) == OLGA
    assert who_answered([BORIS]) == BORIS
    assert who_answered([SUPERVISOR]) is None


def test_a_summary_is_spoken_to_telephones() -> None:
    told = StandIn(summary="Anna calls.")
    assert needs_summary(told, OLGA)
    assert not needs_summary(told, BORIS)  # it stands on his page
    assert not needs_summary(StandIn(), OLGA)


@pytest.mark.parametrize("language", SPOKEN)
def test_a_key_is_named_only_where_it_is_heeded(language: str) -> None:
    key = SPOKEN[language]["press_one"]
    for offers in (False, True):
        about = {"is_transfer": False, "mid_call": False, "offers_call_back": offers}
        assert (key in words_of_hold(language, **about)) == offers
        assert (key in words_of_waiting(language, offers_call_back=offers)) == offers


def test_who_was_cut_off_is_told_so_and_who_is_given_over_is_not_greeted() -> None:
    about = {"offers_call_back": False}
    cut_off = words_of_hold("en", is_transfer=False, mid_call=True, **about)
    assert cut_off.startswith("We are sorry, the connection was lost.")
    assert "Hello" not in words_of_hold("en", is_transfer=True, mid_call=True, **about)


def test_the_words_of_staff_stand_for_all_of_ours() -> None:
    said = words("en", mid_call=False, will_call_back=True, text="We are on holiday.")
    assert said == "We are on holiday."
    said = words("en", mid_call=True, will_call_back=True, text="We are on holiday.")
    assert said == "We are sorry, the connection was lost. We are on holiday."


def test_music_is_quiet_and_never_stops() -> None:
    rate = 1000
    sound = loop(rate)
    assert len(sound) == int(SECONDS * rate) * 2
    samples = memoryview(sound).cast("h")
    assert 0.02 < max(samples) / 32768 < 0.25
    half = rate // 2
    for start in range(0, len(samples), half):
        assert max(samples[start : start + half]) > 300


async def test_what_breaks_the_music_is_told_and_its_end_is_not() -> None:
    async def fail() -> None:
        raise OSError

    with pytest.raises(OSError):
        await failure_of(asyncio.create_task(fail()))
    playing = asyncio.create_task(asyncio.sleep(9))
    playing.cancel()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(failure_of(playing), 0.05)
