"""What the voice of last resort says."""

import pytest
from django.conf import LazySettings

from agentworker.last_words import (
    SPOKEN,
    prepare,
    sound,
    words,
    words_of_call_back,
    words_of_goodbye,
)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_is_said_fits_what_happened(language: str) -> None:
    said = {
        words(language, mid_call=mid_call, will_call_back=called)
        for mid_call in (False, True)
        for called in (False, True)
    }
    assert len(said) == 4


def test_nobody_is_promised_a_call_that_will_not_come() -> None:
    promise = "will call you back"
    assert promise in words("en", mid_call=False, will_call_back=True)
    assert promise not in words("en", mid_call=False, will_call_back=False)


def test_a_language_that_we_do_not_speak_is_answered_in_russian() -> None:
    russian = words("ru", mid_call=True, will_call_back=True)
    assert words("", mid_call=True, will_call_back=True) == russian


def test_a_sound_is_made_once_and_kept(settings: LazySettings) -> None:
    prepare()
    files = sorted(settings.MEDIA_ROOT.glob("last-words/*.wav"))
    assert len(files) == 83
    made = [file.stat().st_mtime_ns for file in files]
    said = sound("ru", mid_call=False, will_call_back=True)
    assert 5 < said.seconds < 20
    assert [file.stat().st_mtime_ns for file in files] == made


@pytest.mark.parametrize("language", SPOKEN)
@pytest.mark.parametrize("text", ["", "We are on holiday."])
def test_who_is_offered_a_call_is_promised_none_until_he_wants_it(language: str, text: str) -> None:
    said = words(language, mid_call=True, will_call_back=True, offers_call_back=True, text=text)
    spoken = SPOKEN[language]
    assert said.startswith(spoken["cut_off"]) and said.endswith(spoken["press_back"])
    assert text in said
    assert spoken["we_call"] not in said and spoken["goodbye"] not in said
    assert words_of_call_back(language) == f"{spoken['noted']} {spoken['goodbye']}"
    assert words_of_goodbye(language) == spoken["goodbye"]
