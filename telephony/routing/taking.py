"""What somebody set in LiveKit, taken over into what is saved: from an object to an Edit. Pure.

The edit is laid over the line and compiled: if the object does not come out as it stands in
LiveKit, with no more than what Veyra always adds, it cannot be taken, and a sentence says why.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from telephony.numbers import NumberError, e164
from telephony.routing.actual import normals, plain
from telephony.routing.addresses import AddressError, checked, network
from telephony.routing.compile import Desired, DesiredRule, DesiredTrunk, compile_line
from telephony.routing.edit import Change, Edit, laid_over
from telephony.routing.fields import agent_key
from telephony.routing.hands import Held
from telephony.routing.signin import SOURCE
from telephony.routing.wish import Line, Resolved
from veyra.livekit.types import AGENT_NAME, DispatchRule, InboundTrunk
from veyra.secrets import encrypt
from veyra.sentences import Sentence


class CannotError(Exception):
    """Veyra has no words for what stands in LiveKit."""

    def __init__(self, msgid: str, **values: Any) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The line, and what compiling it needs."""

    line: Line
    resolved: Resolved
    admit: tuple[str, ...] = ()

    def compiled(self, edit: Edit) -> Desired:
        return compile_line(laid_over(self.line, edit), self.resolved, self.admit)


NOT_WANTED = gettext_noop(
    "Nothing that is saved here asks for “%(name)s” any more. Restore ours, which takes it out of"
    " LiveKit, or add it here anew."
)
UNKNOWN = gettext_noop(
    "“%(name)s” has settings that Veyra does not keep: %(settings)s. Take them out in LiveKit, or"
    " restore ours."
)
CONNECTIONS = gettext_noop(
    "In LiveKit “%(name)s” answers other connections than here. Veyra cannot tell which numbers"
    " that is to mean: choose them under “Who answers”, or restore ours."
)
SPELLED = gettext_noop(
    "“%(name)s” stands in LiveKit as Veyra would not make it: %(why)s Restore ours, or change it"
    " here by hand."
)
OTHERWISE = gettext_noop("it depends on other rules and connections too.")
DIALS = gettext_noop(
    "“%(name)s” is for calls out. Change its settings on the page of the connection, or restore"
    " ours."
)


def take(ground: Ground, held: Held) -> Edit:
    """The edit after which the object is wanted as it stands. Raises CannotError."""
    if isinstance(held.theirs, InboundTrunk):
        edit = _trunk(ground, held, held.theirs)
    elif isinstance(held.theirs, DispatchRule):
        edit = _rule(ground, held, held.theirs)
    else:
        raise CannotError(DIALS, name=held.theirs.name)
    _check(ground, edit, held)
    return edit


def _trunk(ground: Ground, held: Held, found: InboundTrunk) -> Edit:
    before = ground.compiled(Edit(changes=()))
    wanted = next((each for each in before.trunks if each.key == held.key), None)
    trunk = next((each for each in ground.line.trunks if each.key == held.source), None)
    if wanted is None or trunk is None:
        raise CannotError(NOT_WANTED, name=found.name)
    refuse_unknown(found)
    values: dict[str, Any] = {}
    if found.name and found.name != trunk.name:
        values["name"] = found.name
    if networks(found) != networks(wanted.value):
        values["addresses"] = addresses(found, ground.admit)
    ours = wanted.value.auth_username, wanted.value.auth_password
    if (found.auth_username, found.auth_password) != ours:
        values |= login(found)
    changes = [Change(model="trunk", key=trunk.key, values=values)] if values else []
    return Edit(changes=(*changes, *_numbers(ground.line, before, wanted, found)))


def refuse_unknown(found: InboundTrunk | DispatchRule) -> None:
    """Replacing the object would lose these."""
    names = list(found.other)
    if isinstance(found, InboundTrunk):
        names += ["allowed_numbers"] if found.allowed_numbers else []
        names += ["headers_to_attributes"] if {*found.headers_to_attributes} - {*SOURCE} else []
    else:
        flags = ("numbers", "hide_phone_number", "no_randomness", "randomize")
        names += [flag for flag in flags if getattr(found, flag)]
        names += ["callee"] if found.kind == "callee" else []
    if names:
        raise CannotError(UNKNOWN, name=found.name or found.id, settings=", ".join(names))


def addresses(found: InboundTrunk, admit: Iterable[str]) -> str:
    """The column of a connection; without what Veyra itself adds to every list."""
    theirs = networks(found)
    kept = sorted(theirs - set(admit)) or sorted(theirs)
    try:
        return "\n".join(checked(text).removesuffix("/32") for text in kept)
    except AddressError as error:
        raise CannotError(error.sentence.msgid, **error.sentence.values) from error


def login(found: InboundTrunk) -> dict[str, str]:
    """The columns of a connection, the password as ciphertext."""
    password = encrypt(found.auth_password) if found.auth_password else ""
    return {"username": found.auth_username, "password": password}


def numbers_of(found: InboundTrunk) -> set[str]:
    """The trunk's numbers in E.164, each once however it is spelled. Raises CannotError."""
    try:
        return {e164(text) for text in found.numbers}
    except NumberError as error:
        raise CannotError(error.sentence.msgid, **error.sentence.values) from error


def _numbers(
    line: Line, before: Desired, wanted: DesiredTrunk, found: InboundTrunk
) -> list[Change]:
    """Numbers that were added there come here, with the rules of the others; the lost ones rest."""
    theirs, rows = numbers_of(found), {row for _text, row in wanted.rows}
    changes = [
        Change(model="number", key=each.key, values={"is_active": False})
        for each in line.numbers
        if each.key in rows and each.number not in theirs
    ]
    known = {each.number: each.key for each in line.numbers if not each.archived}
    mine = {each.number for each in line.numbers if each.key in rows}
    new = sorted(theirs - mine)
    added = {text: known.get(text) or key_for(line, found.id, text) for text in new}
    trunk = wanted.source
    for number, key in added.items():
        values = {"trunk": trunk, "is_active": True, "archived": False}
        values |= {} if number in known else {"number": number}
        changes.append(Change(model="number", key=key, values=values))
    serving = {rule.source for rule in before.rules if wanted.key in rule.trunks}
    return changes + _rules_of(line, serving, trunk, set(added.values()))


def key_for(line: Line, *names: str) -> str:
    """The key of a row to be made: the same each time, so that what is shown is what is saved."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join((line.installation, *names))))


def _rules_of(line: Line, serving: set[str], trunk: str, added: set[str]) -> list[Change]:
    """The rules that answer the trunk's other numbers answer these too, and no other rule does."""
    changes = []
    for rule in line.rules:
        numbers = set(rule.numbers) - added
        if rule.key in serving and trunk not in rule.trunks:
            numbers |= added
        if numbers != set(rule.numbers):
            changes.append(Change(model="rule", key=rule.key, values={"numbers": sorted(numbers)}))
    return changes


def _rule(ground: Ground, held: Held, found: DispatchRule) -> Edit:
    saved = next((each for each in ground.line.rules if each.key == held.source), None)
    if saved is None or not isinstance(held.ours, DispatchRule):
        raise CannotError(NOT_WANTED, name=found.name)
    refuse_unknown(found)
    if set(found.trunk_ids) != set(held.ours.trunk_ids):
        raise CannotError(CONNECTIONS, name=found.name)
    values: dict[str, Any] = {}
    for name in ("name", "kind", "room", "pin"):
        if getattr(found, name) != getattr(held.ours, name):
            values[name] = getattr(found, name)
    if set(found.inbound_numbers) != set(held.ours.inbound_numbers):
        values["callers"] = callers(found)
    if found.agents != held.ours.agents:
        values["agent"] = _agent(ground.line, found)
    return Edit(changes=(Change(model="rule", key=saved.key, values=values),))


def callers(found: DispatchRule) -> str:
    """The column of a rule. Raises CannotError."""
    try:
        return "\n".join(sorted({e164(text) for text in found.inbound_numbers}))
    except NumberError as error:
        raise CannotError(error.sentence.msgid, **error.sentence.values) from error


def _agent(line: Line, found: DispatchRule) -> str:
    keys = [agent_key(each.metadata) for each in found.agents if each.agent_name == AGENT_NAME]
    known = {agent.key for agent in line.agents if not agent.archived}
    if len(found.agents) != 1 or not keys or keys[0] not in known:
        names = ", ".join(each.agent_name for each in found.agents) or "—"
        raise CannotError(UNKNOWN, name=found.name, settings=names)
    return keys[0]


def _check(ground: Ground, edit: Edit, held: Held) -> None:
    """Does the line with the edit ask for the object as it stands?"""
    after = ground.compiled(edit)
    if isinstance(held.theirs, InboundTrunk):
        made = [each for each in after.trunks if each.key == held.key]
        if any(holds_trunk(each, held.theirs) for each in made):
            return
    elif isinstance(held.theirs, DispatchRule):
        rules = [each for each in after.rules if each.source == held.source]
        if any(holds_rule(each, held.theirs) for each in rules):
            return
    raise CannotError(SPELLED, name=held.theirs.name, why=_why(ground, after))


def _why(ground: Ground, after: Desired) -> str:
    before = {str(each.sentence) for each in ground.compiled(Edit(changes=())).problems}
    new = [str(each.sentence) for each in after.problems if each.stops]
    return next((text for text in new if text not in before), str(Sentence(OTHERWISE)))


def holds_trunk(made: DesiredTrunk, found: InboundTrunk) -> bool:
    """The same numbers, addresses and login; Veyra may only add spellings and its own test call."""
    return (
        numbers_of(made.value) == numbers_of(found)
        and normals(made.value.numbers) >= normals(found.numbers)
        and networks(made.value) >= networks(found)
        and bool(made.value.allowed_addresses) == bool(found.allowed_addresses)
        and made.value.auth_username == found.auth_username
        and made.value.auth_password == found.auth_password
    )


def networks(trunk: InboundTrunk) -> set[str]:
    """Its addresses, each as a network; what is none stays as it is written."""
    return {network(text) or text for text in trunk.allowed_addresses}


def holds_rule(made: DesiredRule, found: DispatchRule) -> bool:
    """The same calls to the same room; whose assistant answers was decided by a person."""
    mine, theirs = plain(made.value), plain(found)
    return (mine.kind, mine.room, mine.pin, mine.inbound_numbers) == (
        theirs.kind,
        theirs.room,
        theirs.pin,
        theirs.inbound_numbers,
    )
