"""What the voice of last resort says, as sound that is made once and kept in a file."""

import hashlib
import wave
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from django.conf import settings

from agentworker.espeak import engine
from agentworker.providers.offline import VOICES, WORDS_PER_MINUTE

# Spoken to callers in the assistant's language, so they are not in the catalogue of the pages.
SPOKEN = {
    "ru": {
        "sorry": "Здравствуйте! К сожалению, сейчас мы не можем ответить на ваш звонок.",
        "cut_off": "Извините, связь прервалась.",
        "we_call": "Мы сохранили ваш номер и перезвоним вам.",
        "you_call": "Пожалуйста, позвоните ещё раз немного позже.",
        "goodbye": "До свидания!",
    },
    "en": {
        "sorry": "Hello! We are sorry, but we cannot answer your call at the moment.",
        "cut_off": "We are sorry, the connection was lost.",
        "we_call": "We have kept your number and will call you back.",
        "you_call": "Please call again a little later.",
        "goodbye": "Goodbye!",
    },
}


@dataclass(frozen=True)
class Sound:
    """16 bit mono samples at `rate` Hz."""

    rate: int
    samples: bytes

    @property
    def seconds(self) -> float:
        return len(self.samples) / 2 / self.rate


def words(language: str, *, mid_call: bool, will_call_back: bool) -> str:
    """An unknown language is answered in Russian."""
    spoken = SPOKEN.get(language, SPOKEN["ru"])
    begun = spoken["cut_off" if mid_call else "sorry"]
    return " ".join([begun, spoken["we_call" if will_call_back else "you_call"], spoken["goodbye"]])


def sound(language: str, *, mid_call: bool, will_call_back: bool) -> Sound:
    """From its file, which is made where it is missing. Raises EspeakError, OSError."""
    text = words(language, mid_call=mid_call, will_call_back=will_call_back)
    path = _path(text)
    if not path.exists():
        _record(text, VOICES.get(language, VOICES["ru"]), path)
    with wave.open(str(path), "rb") as file:
        return Sound(file.getframerate(), file.readframes(file.getnframes()))


def prepare() -> None:
    """Make every sound that may be needed. Raises EspeakError, OSError."""
    for language, mid_call, will_call_back in product(SPOKEN, (False, True), (False, True)):
        sound(language, mid_call=mid_call, will_call_back=will_call_back)


def _path(text: str) -> Path:
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Path(settings.MEDIA_ROOT) / "last-words" / f"{name}.wav"


def _record(text: str, voice: str, path: Path) -> None:
    samples = engine().speak(text, voice, WORDS_PER_MINUTE)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with wave.open(str(half), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(samples)
    half.replace(path)
