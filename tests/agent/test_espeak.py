"""The voice that needs nothing: text becomes sound, in both languages."""

import numpy as np
import pytest

from agentworker.espeak import EspeakError, engine


@pytest.mark.parametrize(("voice", "text"), [("ru", "Добрый день"), ("en-us", "Good afternoon")])
def test_text_becomes_audible_speech(voice: str, text: str) -> None:
    samples = np.frombuffer(engine().speak(text, voice, 155), np.int16)
    assert 0.5 < len(samples) / engine().rate < 3
    assert np.abs(samples).max() > 3000


def test_longer_text_takes_longer_to_say() -> None:
    assert len(engine().speak("раз два три четыре", "ru", 155)) > 2 * len(
        engine().speak("раз", "ru", 155)
    )


def test_a_voice_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(EspeakError):
        engine().speak("x", "no-such-voice", 155)
