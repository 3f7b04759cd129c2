"""What the voice of last resort says and plays, as sound that is made once and kept in a file."""

import hashlib
import wave
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from django.conf import settings

from agentworker.espeak import VOICES, WORDS_PER_MINUTE, engine
from agentworker.music import loop

# Our own people know the voice, and somebody waits meanwhile.
BRISKLY = 185

# Spoken to callers in the assistant's language, so they are not in the catalogue of the pages.
SPOKEN = {
    "ru": {
        "sorry": "Здравствуйте! К сожалению, сейчас мы не можем ответить на ваш звонок.",
        "cut_off": "Извините, связь прервалась.",
        "we_call": "Мы сохранили ваш номер и перезвоним вам.",
        "you_call": "Пожалуйста, позвоните ещё раз немного позже.",
        "goodbye": "До свидания!",
        "connecting": "Одну минуту, пожалуйста, я соединяю вас с сотрудником.",
        "looking": "Сейчас мы соединим вас с сотрудником. Пожалуйста, оставайтесь на линии.",
        "hello": "Здравствуйте!",
        "press_one": "Если не хотите ждать, нажмите один, и мы перезвоним вам.",
        "wait_on": "Спасибо, что ждёте. Мы всё ещё ищем свободного сотрудника.",
        "noted": "Хорошо, мы перезвоним вам.",
        "press_back": "Чтобы мы вам перезвонили, нажмите один.",
        "busy": "Сейчас все линии заняты. Мы ответим вам, как только сможем.",
        "place": "Ваше место в очереди — {nth}.",
        "far": "Перед вами больше десяти звонков.",
        "thanks": "Спасибо, что ждёте.",
    },
    "en": {
        "sorry": "Hello! We are sorry, but we cannot answer your call at the moment.",
        "cut_off": "We are sorry, the connection was lost.",
        "we_call": "We have kept your number and will call you back.",
        "you_call": "Please call again a little later.",
        "goodbye": "Goodbye!",
        "connecting": "One moment please, I am connecting you with a colleague.",
        "looking": "We are connecting you with a colleague now. Please stay on the line.",
        "hello": "Hello!",
        "press_one": "If you do not want to wait, press one, and we will call you back.",
        "wait_on": "Thank you for waiting. We are still looking for somebody who is free.",
        "noted": "All right, we will call you back.",
        "press_back": "If you want us to call you back, press one.",
        "busy": "All our lines are busy. We will answer you as soon as we can.",
        "place": "You are {nth} in the queue.",
        "far": "There are more than ten calls before yours.",
        "thanks": "Thank you for waiting.",
    },
}

# Places in the queue that are told; of those behind them it is told that there are many.
NTH = {
    "ru": [
        "первое",
        "второе",
        "третье",
        "четвёртое",
        "пятое",
        "шестое",
        "седьмое",
        "восьмое",
        "девятое",
        "десятое",
    ],
    "en": [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
    ],
}


@dataclass(frozen=True)
class Sound:
    """16 bit mono samples at `rate` Hz."""

    rate: int
    samples: bytes

    @property
    def seconds(self) -> float:
        return len(self.samples) / 2 / self.rate


def words(
    language: str,
    *,
    mid_call: bool,
    will_call_back: bool,
    offers_call_back: bool = False,
    text: str = "",
) -> str:
    """The apology; an unknown language is answered in Russian. `text`: staff's own words, which
    stand for all of ours, but for the excuse where the caller was cut off. Where it offers to call
    back, it ends with that, and `words_of_goodbye` come when he has pressed no key.
    """
    spoken = _spoken(language)
    if text:
        whole = [spoken["cut_off"]] * mid_call + [text]
        return " ".join(whole + [spoken["press_back"]] * offers_call_back)
    if offers_call_back:
        return f"{spoken['cut_off' if mid_call else 'sorry']} {spoken['press_back']}"
    begun = spoken["cut_off" if mid_call else "sorry"]
    return " ".join([begun, spoken["we_call" if will_call_back else "you_call"], spoken["goodbye"]])


def words_of_hold(
    language: str, *, is_transfer: bool, mid_call: bool, offers_call_back: bool
) -> str:
    """Said before the music."""
    spoken = _spoken(language)
    begun = ["connecting"] if is_transfer else ["cut_off" if mid_call else "hello", "looking"]
    return " ".join(spoken[each] for each in begun + ["press_one"] * offers_call_back)


def words_of_waiting(language: str, *, offers_call_back: bool) -> str:
    """Said now and then between the music."""
    return " ".join(
        _spoken(language)[each] for each in ["wait_on"] + ["press_one"] * offers_call_back
    )


def words_of_queue(language: str, *, mid_call: bool) -> str:
    """Said to who begins to wait in the queue, before his place."""
    spoken = _spoken(language)
    return f"{spoken['cut_off' if mid_call else 'hello']} {spoken['busy']}"


def words_of_place(language: str, place: int, *, offers_call_back: bool) -> str:
    """`place`: from 1."""
    spoken, nth = _spoken(language), NTH.get(language, NTH["ru"])
    told = spoken["place"].format(nth=nth[place - 1]) if place <= len(nth) else spoken["far"]
    return " ".join([told] + [spoken["press_one"]] * offers_call_back)


def words_of_thanks(language: str) -> str:
    return _spoken(language)["thanks"]


def words_of_call_back(language: str) -> str:
    """Said to who has pressed 1."""
    spoken = _spoken(language)
    return f"{spoken['noted']} {spoken['goodbye']}"


def words_of_goodbye(language: str) -> str:
    return _spoken(language)["goodbye"]


def _spoken(language: str) -> dict[str, str]:
    return SPOKEN.get(language, SPOKEN["ru"])


def sound(
    language: str,
    *,
    mid_call: bool,
    will_call_back: bool,
    offers_call_back: bool = False,
    text: str = "",
) -> Sound:
    """The apology as sound. Raises EspeakError, OSError."""
    said = words(
        language,
        mid_call=mid_call,
        will_call_back=will_call_back,
        offers_call_back=offers_call_back,
        text=text,
    )
    # Staff's words may hold the caller's number.
    return once(said, language, WORDS_PER_MINUTE) if text else kept(said, language)


def kept(text: str, language: str) -> Sound:
    """From its file, which is made where it is missing. Raises EspeakError, OSError."""
    return _from_file(text, lambda: _speak(text, language))


def joined(*sounds: Sound) -> Sound:
    """One after the other. All have the same rate."""
    return Sound(sounds[0].rate, b"".join(each.samples for each in sounds))


def once(text: str, language: str, words_per_minute: int = BRISKLY) -> Sound:
    """What is personal, or said only once, to one of us: no file is made. Raises EspeakError."""
    return Sound(engine().rate, _speak(text, language, words_per_minute))


def music() -> Sound:
    """A loop. Raises EspeakError, OSError."""
    return _from_file("music", lambda: loop(engine().rate))


def prepare() -> None:
    """Make every sound that may be needed, but for words of staff. Raises EspeakError, OSError."""
    music()
    for language, one, other in product(SPOKEN, (False, True), (False, True)):
        sound(language, mid_call=one, will_call_back=other)
        sound(language, mid_call=one, will_call_back=True, offers_call_back=True)
        for is_transfer in (False, True):
            said = words_of_hold(
                language, is_transfer=is_transfer, mid_call=one, offers_call_back=other
            )
            kept(said, language)
        kept(words_of_waiting(language, offers_call_back=one), language)
        kept(words_of_queue(language, mid_call=one), language)
        for place in range(1, len(NTH["ru"]) + 2):
            kept(words_of_place(language, place, offers_call_back=other), language)
        kept(words_of_call_back(language), language)
        kept(words_of_goodbye(language), language)
        kept(words_of_thanks(language), language)


def _speak(text: str, language: str, words_per_minute: int = WORDS_PER_MINUTE) -> bytes:
    return engine().speak(text, VOICES.get(language, VOICES["ru"]), words_per_minute)


def _from_file(name: str, make: Callable[[], bytes]) -> Sound:
    path = _path(name)
    if not path.exists():
        _record(make(), path)
    with wave.open(str(path), "rb") as file:
        return Sound(file.getframerate(), file.readframes(file.getnframes()))


def _path(text: str) -> Path:
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Path(settings.MEDIA_ROOT) / "last-words" / f"{name}.wav"


def _record(samples: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with wave.open(str(half), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(samples)
    half.replace(path)
