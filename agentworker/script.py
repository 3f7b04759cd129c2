"""What an assistant says, and when: decided from its version's words alone, without a model.

The sentences below are spoken to callers in the assistant's language, so they are not in the
catalogue of the pages' sentences, which follow the language of whoever reads.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import capfirst

WORD = re.compile(r"\w+")
REPEAT_KEY, GOODBYE_KEY = "*", "#"
# What a key or a word may lead to: kinds of tools that need nothing of a mind.
DEEDS = ("transfer", "message", "end")
CONSENT_KEYS = "9876543210"
# A caller who talks to a machine that knows no words is told so, but not at each breath.
HINT_SECONDS = 8.0

SPOKEN = {
    "ru": {
        "press": "{about}: нажмите {press}.",
        "keys": "Нажмите {keys}.",
        "or": " или ",
        "unheard": "Извините, я пока не понимаю слов.",
        "no_such_key": "Такого пункта нет.",
        "goodbye": "До свидания!",
        "back": "Я снова с вами.",
        "nobody_came": "К сожалению, сейчас никто из сотрудников не смог подойти. Я снова с вами.",
        "may_record": "Мы хотели бы записать этот разговор.",
        "agree": "Если вы согласны на запись, нажмите {press}.",
        "recorded": "Спасибо, разговор записывается.",
        "are_you_there": "Вы меня слышите?",
        "connecting": "Одну минуту, соединяю.",
        "nobody_free": "К сожалению, сейчас никто из сотрудников не может подойти.",
        "not_connected": "К сожалению, соединить сейчас не получилось.",
        "noted": "Я всё записал и передам сотрудникам.",
        "will_call": "Я записал: вам перезвонят.",
        "which_number": "Ваш номер не определился. По какому номеру вам перезвонить?",
        "speak": "Говорите, я записываю.",
        "nothing_typed": "Я не получил ни одной цифры.",
        "pressed": "Готово.",
        "trial": "Это проба: в настоящем звонке здесь соединили бы с «{whom}».",
    },
    "en": {
        "press": "{about}: press {press}.",
        "keys": "Press {keys}.",
        "or": " or ",
        "unheard": "Sorry, I do not understand words yet.",
        "no_such_key": "There is no such option.",
        "goodbye": "Goodbye!",
        "back": "I am with you again.",
        "nobody_came": "I am sorry, none of my colleagues could come. I am with you again.",
        "may_record": "We would like to record this call.",
        "agree": "If you agree to the recording, press {press}.",
        "recorded": "Thank you, this call is being recorded.",
        "are_you_there": "Are you still there?",
        "connecting": "One moment, I am connecting you.",
        "nobody_free": "I am sorry, none of my colleagues can come to the phone now.",
        "not_connected": "I am sorry, I could not connect you just now.",
        "noted": "I have written it down, and will pass it on.",
        "will_call": "I have written it down: you will be called back.",
        "which_number": "I cannot see your number. On which number shall we call you back?",
        "speak": "Please speak, I am writing it down.",
        "nothing_typed": "I have not received any digits.",
        "pressed": "Done.",
        "trial": "This is a trial: in a real call you would be connected with “{whom}” here.",
    },
}


@dataclass(frozen=True)
class MenuItem:
    """A key of the telephone, what it is about (may be empty), and what is said then.

    `do`, of DEEDS, is what is done after that ("": nothing); `to`: whom a transfer goes to, as its
    tool calls him ("": the first there is).
    """

    press: str
    say: str
    about: str = ""
    do: str = ""
    to: str = ""


@dataclass(frozen=True)
class Rule:
    """What is said to a caller who uses one of these words; `do` and `to` as in MenuItem."""

    words: tuple[str, ...]
    say: str
    do: str = ""
    to: str = ""


@dataclass(frozen=True)
class Script:
    """An assistant's words, without the database. `agent` is Agent.key, `version` a pk (None: a
    draft). What nobody changes: its mappings are those of a row that was read.
    """

    agent: str
    version: int | None
    # Of SPOKEN.
    language: str
    greeting: str
    menu: tuple[MenuItem, ...] = ()
    rules: tuple[Rule, ...] = ()
    fallback: str = ""
    goodbye: str = ""
    # It goes on in the language in which its caller answers.
    follows_caller: bool = False
    instructions: str = ""
    # As in Content.
    speech: Mapping[str, Any] = field(default_factory=dict, hash=False)
    tools: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    knowledge: tuple[str, ...] = ()
    noting: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    # A RecordingPolicy: the assistant's own; a rule may say otherwise (RecordingPolicy.of_call).
    recording: str = "never"
    # What comes before "if you agree, press …"; "": a sentence of ours.
    consent: str = ""
    # What {company} stands for.
    company: str = ""


@dataclass(frozen=True)
class Reply:
    """What to say, and whether the call ends with it; `do` and `to` as in MenuItem."""

    text: str
    hang_up: bool = False
    do: str = ""
    to: str = ""


def greet(script: Script, hears_words: bool, question: str = "") -> str:
    """The first words of a call. Who cannot understand speech names the keys to press.

    `question`: whether it may be recorded.
    """
    return _join(script.greeting, question, "" if hears_words else announce(script))


def consent_key(script: Script) -> str:
    """The key by which a caller agrees to be recorded: the highest that the menu leaves free.
    "": there is none, and nobody can be asked.
    """
    taken = {item.press for item in script.menu}
    return next((key for key in CONSENT_KEYS if key not in taken), "")


def ask_to_record(script: Script) -> str:
    """The question whether the call may be recorded. There must be a key to agree by."""
    spoken = SPOKEN[script.language]
    asked = script.consent or spoken["may_record"]
    return _join(asked, spoken["agree"].format(press=consent_key(script)))


def thank_for_consent(script: Script, hears_words: bool) -> str:
    """Said to a caller who agreed; his key cut the menu short."""
    return _join(SPOKEN[script.language]["recorded"], "" if hears_words else announce(script))


def announce(script: Script) -> str:
    """The menu in spoken words, without the keys that the greeting names itself."""
    spoken = SPOKEN[script.language]
    unsaid = [item for item in script.menu if item.press not in WORD.findall(script.greeting)]
    about = [item for item in unsaid if item.about]
    named = [spoken["press"].format(about=capfirst(i.about), press=i.press) for i in about]
    nameless = [item.press for item in unsaid if not item.about]
    if nameless:
        named.append(spoken["keys"].format(keys=_listed(nameless, spoken["or"])))
    return " ".join(named)


def hint(script: Script) -> str:
    """Said to a caller whose words nobody understood."""
    spoken = SPOKEN[script.language]
    keys = [item.press for item in script.menu]
    menu = announce(script) or (keys and spoken["keys"].format(keys=_listed(keys, spoken["or"])))
    return _join(script.fallback or spoken["unheard"], menu or "")


def may_hint(now: float, last_hint: float | None, cut_off: bool) -> bool:
    """Whether to answer speech with the hint: not again soon, unless it silenced the assistant."""
    return cut_off or last_hint is None or now - last_hint >= HINT_SECONDS


def answer_key(script: Script, digit: str, question: str = "") -> Reply:
    """The answer to a key: the menu's, the greeting again (*), or goodbye (#)."""
    chosen = next((item for item in script.menu if item.press == digit), None)
    if chosen:
        return Reply(chosen.say, do=chosen.do, to=chosen.to)
    if digit == GOODBYE_KEY:
        return Reply(goodbye(script), hang_up=True)
    if digit == REPEAT_KEY:
        return Reply(greet(script, hears_words=False, question=question))
    return Reply(_join(SPOKEN[script.language]["no_such_key"], announce(script)))


def answer_words(script: Script, text: str) -> str:
    """The answer of the first rule that knows one of the words; without one, the hint."""
    rule = rule_for(script, text)
    return rule.say if rule else hint(script)


def rule_for(script: Script, text: str) -> Rule | None:
    """The first that knows one of the words."""
    said = [_plain(word) for word in WORD.findall(text)]
    for rule in script.rules:
        if any(_occurs(WORD.findall(_plain(word)), said) for word in rule.words):
            return rule
    return None


def come_back(script: Script, hears_words: bool, *, was_reached: bool = True) -> str:
    """Said when a person of ours, who talked to the caller himself, has left; or when nobody of
    those who were looked for was reached.
    """
    begun = SPOKEN[script.language]["back" if was_reached else "nobody_came"]
    return _join(begun, "" if hears_words else announce(script))


def ask_whether_there(script: Script, hears_words: bool) -> str:
    """Said to a caller who is silent."""
    asked = SPOKEN[script.language]["are_you_there"]
    return _join(asked, "" if hears_words else announce(script))


def goodbye(script: Script) -> str:
    return script.goodbye or SPOKEN[script.language]["goodbye"]


def _occurs(wanted: Sequence[str], said: Sequence[str]) -> bool:
    """Whether the words stand in `said` one after another, whatever their endings."""
    if not wanted:
        return False
    spans = range(len(said) - len(wanted) + 1)
    return any(
        all(said[start + i].startswith(_stem(word)) for i, word in enumerate(wanted))
        for start in spans
    )


def _stem(word: str) -> str:
    # Russian and English inflect the end: "цена" is also met as "цены", "цену".
    return word[:-1] if len(word) > 3 else word


def _plain(word: str) -> str:
    return word.casefold().replace("ё", "е")


def _listed(keys: list[str], last: str) -> str:
    return last.join([", ".join(keys[:-1]), keys[-1]]) if len(keys) > 1 else keys[0]


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
