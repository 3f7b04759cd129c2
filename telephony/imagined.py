"""Callers who never called: what they say and how their calls end, for training and demos. Pure.

What the assistant says to them is what it would say to anybody: its own words decide.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from agentworker.script import Script, answer_key, answer_words, greet

Ending = Literal["answered", "gave_up", "nobody_came", "wrong_number"]

# What callers of a support line ask, in the assistant's language.
QUESTIONS = {
    "ru": (
        "Добрый день! Подскажите, до скольки вы сегодня работаете?",
        "А в выходные вы открыты?",
        "Здравствуйте, хочу узнать, что с моей заявкой.",
        "Заказ так и не пришёл. Можно узнать, где он?",
        "Скажите, пожалуйста, ваш адрес.",
        "А как к вам лучше доехать?",
        "Можно поговорить с оператором?",
        "Алло, вы меня слышите?",
    ),
    "en": (
        "Good afternoon! How late are you open today?",
        "Are you open at the weekend?",
        "Hello, I would like to know what became of my request.",
        "My order has not arrived. Can you tell me where it is?",
        "What is your address, please?",
        "Could I speak to an operator?",
        "Hello, can you hear me?",
    ),
}
THANKS = {
    "ru": ("Спасибо, до свидания.", "Понятно, спасибо!", "Хорошо, благодарю."),
    "en": ("Thank you, goodbye.", "I see, thanks!", "All right, thank you."),
}
# Of 20 calls: most are answered, as on any line.
ENDINGS: tuple[Ending, ...] = ("answered",) * 16 + (
    "gave_up",
    "gave_up",
    "nobody_came",
    "wrong_number",
)
LETTERS_A_SECOND = 15
# Longer than the line lets anybody ring.
VERY_PATIENT = 60.0


@dataclass(frozen=True)
class Utterance:
    """Something said or a key pressed, `pause` seconds after what was before it."""

    speaker: Literal["caller", "agent"]
    pause: float
    seconds: float
    text: str = ""
    digit: str = ""
    interrupted: bool = False


@dataclass(frozen=True)
class ImaginedCall:
    """`patience`: how long the caller lets it ring, in seconds, where nobody answers."""

    caller: str
    ending: Ending
    patience: float


def imagine_call(dice: Random, ending: Ending | None = None) -> ImaginedCall:
    """A call with that ending; with any, if none is asked for."""
    how = dice.choice(ENDINGS) if ending is None else ending
    patience = dice.uniform(4, 15) if how == "gave_up" else VERY_PATIENT
    return ImaginedCall(f"7900{dice.randrange(10_000_000):07d}", how, patience)


def imagine_talk(script: Script, dice: Random) -> list[Utterance]:
    """What is said in an answered call, from the greeting to the caller's thanks."""
    lines = [_spoken("agent", greet(script, hears_words=True), 0.3)]
    questions = QUESTIONS[script.language]
    for question in dice.sample(questions, dice.randint(1, 4)):
        if script.menu and dice.random() < 0.3:
            lines += _by_key(script, dice)
        else:
            lines += _by_words(script, question, dice)
    lines.append(_spoken("caller", dice.choice(THANKS[script.language]), dice.uniform(0.4, 1.5)))
    return lines


def _by_key(script: Script, dice: Random) -> list[Utterance]:
    digit = dice.choice(script.menu).press
    pressed = Utterance("caller", dice.uniform(0.5, 3), 0, digit=digit)
    return [pressed, _reply(answer_key(script, digit).text, dice)]


def _by_words(script: Script, question: str, dice: Random) -> list[Utterance]:
    asked = _spoken("caller", question, dice.uniform(0.4, 2.5))
    return [asked, _reply(answer_words(script, question), dice)]


def _reply(text: str, dice: Random) -> Utterance:
    """One answer in ten is cut short by the caller."""
    cut = dice.random() < 0.1
    return _spoken("agent", text, dice.uniform(0.4, 1.1), interrupted=cut)


def _spoken(
    speaker: Literal["caller", "agent"], text: str, pause: float, *, interrupted: bool = False
) -> Utterance:
    seconds = max(0.6, len(text) / LETTERS_A_SECOND)
    return Utterance(speaker, pause, seconds / 2 if interrupted else seconds, text, "", interrupted)
