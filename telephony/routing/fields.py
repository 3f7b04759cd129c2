"""Objects in LiveKit in words, and two of them side by side. Pure; a password is never shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.translation import gettext_noop

from telephony.numbers import pretty
from telephony.routing.actual import Object
from veyra.livekit.types import DispatchRule, InboundTrunk, OutboundTrunk
from veyra.sentences import Sentence

Words = tuple[Sentence, ...]

NAME = gettext_noop("name")
NUMBERS = gettext_noop("numbers")
ADDRESSES = gettext_noop("addresses that calls come from")
LOGIN = gettext_noop("login")
PASSWORD = gettext_noop("password")
RINGS = gettext_noop("rings at most")
LASTS = gettext_noop("a call lasts at most")
CALLERS = gettext_noop("only these callers")
ANSWERS = gettext_noop("who answers")
ROOM = gettext_noop("room")
PIN = gettext_noop("PIN")
CONNECTIONS = gettext_noop("connections")
CALLED = gettext_noop("only these called numbers")
NOTES = gettext_noop("attributes of the caller")
OTHER = gettext_noop("other settings")
SERVER = gettext_noop("provider's server")
TRANSPORT = gettext_noop("transport")
DOMAIN = gettext_noop("domain in From")
SOUND = gettext_noop("sound format")
ENCRYPTION = gettext_noop("encryption of sound")

SET = gettext_noop("set")
ANOTHER = gettext_noop("set, another one")
SECONDS = gettext_noop("%(seconds)s s")
EACH_ROOM = gettext_noop("a room for each call: %(room)s…")
SHARED_ROOM = gettext_noop("one shared room: %(room)s")
CALLEE_ROOM = gettext_noop("a room for each called number: %(room)s…")
ASSISTANT = gettext_noop("assistant “%(name)s”")
PROGRAM = gettext_noop("the program “%(name)s”")
UNKNOWN_ASSISTANT = gettext_noop("an assistant that is not here")
GONE = gettext_noop("%(id)s, which is not there")
SHOWN = 20
MORE = gettext_noop("… and others: %(count)s")


@dataclass(frozen=True, kw_only=True)
class Names:
    """How assistants (by key) and connections (by LiveKit's id) are called."""

    agents: Mapping[str, str] = field(default_factory=dict)
    trunks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting on both sides; of lists only what the other side lacks, and how much is alike."""

    label: str
    ours: Words
    theirs: Words
    alike: int = 0

    def to_json(self) -> dict[str, object]:
        return {
            "label": self.label,
            "ours": [each.to_json() for each in self.ours],
            "theirs": [each.to_json() for each in self.theirs],
            "alike": self.alike,
        }


def described(value: Object, names: Names) -> list[Field]:
    """What is set on one object."""
    words = _words(value, names)
    return [Field(label=k, ours=(), theirs=_first(w)) for k, w in words.items() if w]


def compared(ours: Object | None, theirs: Object, names: Names) -> list[Field]:
    """The settings that differ. `ours` is None where the object should not be there at all."""
    if ours is None:
        return described(theirs, names)
    mine, found = _words(ours, names), _words(theirs, names)
    fields = [_field(label, mine[label], found[label]) for label in mine]
    fields = [each for each in fields if each.ours != each.theirs]
    return fields + _password(ours, theirs)


def _field(label: str, ours: Words, theirs: Words) -> Field:
    alike = set(map(str, ours)) & set(map(str, theirs))
    only_ours = tuple(each for each in ours if str(each) not in alike)
    only_theirs = tuple(each for each in theirs if str(each) not in alike)
    return Field(label=label, ours=_first(only_ours), theirs=_first(only_theirs), alike=len(alike))


def _first(words: Words) -> Words:
    if len(words) <= SHOWN:
        return words
    return (*words[:SHOWN], Sentence(MORE, {"count": len(words) - SHOWN}))


def _password(ours: Object, theirs: Object) -> list[Field]:
    """Both have one, but not the same: nothing else of it may be told."""
    if isinstance(ours, DispatchRule) or isinstance(theirs, DispatchRule):
        return []
    mine, found = ours.auth_password, theirs.auth_password
    if not mine or not found or mine == found:
        return []
    return [Field(label=PASSWORD, ours=(Sentence(SET),), theirs=(Sentence(ANOTHER),))]


def _words(value: Object, names: Names) -> dict[str, Words]:
    if isinstance(value, OutboundTrunk):
        return _of_outbound(value)
    return _of_trunk(value) if isinstance(value, InboundTrunk) else _of_rule(value, names)


def _of_trunk(trunk: InboundTrunk) -> dict[str, Words]:
    return {
        NAME: _texts(trunk.name),
        NUMBERS: _numbers(trunk.numbers),
        ADDRESSES: _texts(*sorted(trunk.allowed_addresses)),
        LOGIN: _texts(trunk.auth_username),
        PASSWORD: (Sentence(SET),) if trunk.auth_password else (),
        RINGS: _seconds(trunk.ringing_timeout),
        LASTS: _seconds(trunk.max_call_duration),
        CALLERS: _numbers(trunk.allowed_numbers),
        NOTES: _texts(*(f"{name} = {header}" for header, name in trunk.headers_to_attributes)),
        OTHER: _texts(*trunk.other),
    }


def _of_outbound(trunk: OutboundTrunk) -> dict[str, Words]:
    return {
        NAME: _texts(trunk.name),
        SERVER: _texts(trunk.address),
        TRANSPORT: _texts(trunk.transport),
        NUMBERS: _numbers(trunk.numbers),
        LOGIN: _texts(trunk.auth_username),
        PASSWORD: (Sentence(SET),) if trunk.auth_password else (),
        DOMAIN: _texts(trunk.from_host),
        SOUND: _texts(*trunk.codecs),
        ENCRYPTION: _texts(trunk.encryption),
        OTHER: _texts(*trunk.other),
    }


def _of_rule(rule: DispatchRule, names: Names) -> dict[str, Words]:
    flags = ("hide_phone_number", "no_randomness", "randomize")
    set_flags = [flag for flag in flags if getattr(rule, flag)]
    return {
        NAME: _texts(rule.name),
        CONNECTIONS: tuple(_connection(each, names) for each in sorted(rule.trunk_ids)),
        ANSWERS: tuple(_agent(each.agent_name, each.metadata, names) for each in rule.agents),
        ROOM: (_room(rule),),
        PIN: _texts(rule.pin),
        CALLERS: _texts(*map(pretty, sorted(rule.inbound_numbers))),
        CALLED: _texts(*map(pretty, sorted(rule.numbers))),
        NOTES: _texts(*(f"{name} = {text}" for name, text in rule.attributes)),
        OTHER: _texts(*set_flags, *rule.other),
    }


def _texts(*texts: str) -> Words:
    return tuple(Sentence("%(text)s", {"text": text}) for text in texts if text)


def _numbers(numbers: tuple[str, ...]) -> Words:
    """Each number once: 8499… beside +7499… is only another spelling of it."""
    known = set(numbers)
    shown = [text for text in sorted(known) if not (text[:1] == "8" and "+7" + text[1:] in known)]
    return _texts(*map(pretty, shown))


def _seconds(duration: timedelta) -> Words:
    seconds = round(duration.total_seconds())
    return (Sentence(SECONDS, {"seconds": seconds}),) if seconds else ()


def _room(rule: DispatchRule) -> Sentence:
    kinds = {"direct": SHARED_ROOM, "individual": EACH_ROOM, "callee": CALLEE_ROOM}
    return Sentence(kinds[rule.kind], {"room": rule.room})


def _connection(livekit_id: str, names: Names) -> Sentence:
    if livekit_id in names.trunks:
        return Sentence("%(text)s", {"text": names.trunks[livekit_id] or livekit_id})
    return Sentence(GONE, {"id": livekit_id})


def _agent(program: str, brief: str, names: Names) -> Sentence:
    key = agent_key(brief)
    if not key:
        return Sentence(PROGRAM, {"name": program})
    name = names.agents.get(key)
    return Sentence(ASSISTANT, {"name": name}) if name else Sentence(UNKNOWN_ASSISTANT)


def agent_key(brief: str) -> str:
    """The assistant that a job's brief names; "" where it is no brief of ours."""
    try:
        found = json.loads(brief)
    except ValueError:
        return ""
    key = found.get("agent") if isinstance(found, dict) else None
    return key if isinstance(key, str) else ""
