"""A provider's connection, its numbers and who answers them, made in one go by the wizard."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agentworker.models import Agent
from telephony import changes
from telephony.arrivals import Origin, is_inner
from telephony.asking import save_seen
from telephony.models import DispatchRule, PhoneNumber, Registration, Trunk
from telephony.outbound_presets import settings_from
from telephony.providers import Preset
from telephony.routing.addresses import network
from telephony.routing.edit import Change, Edit, lines
from veyra.sentences import Sentence

LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What the wizard was told; `numbers` in E.164, `way` as columns of the connection: how calls
    of it reach us.

    `key`: of the connection to be made. The same form makes the same rows, however often it comes.
    """

    key: uuid.UUID
    preset: Preset
    name: str
    way: Mapping[str, Any]
    numbers: tuple[str, ...]
    agent: Agent


def edit_for(asked: Connection) -> Edit:
    """The connection, its numbers, and a rule for every number of it, also for later ones."""
    trunk = str(asked.key)
    learned = asked.preset.spelling_in.value
    made = Change(
        model="trunk",
        key=trunk,
        values={
            "name": asked.name,
            "provider": asked.preset.slug,
            "learned_spelling": "" if learned == "any" else learned,
            **settings_from(asked.preset),
            **asked.way,
        },
    )
    numbers = [
        Change(
            model="number",
            key=str(uuid.uuid5(asked.key, number)),
            values={"number": number, "trunk": trunk},
        )
        for number in asked.numbers
    ]
    rule = Change(
        model="rule",
        key=str(uuid.uuid5(asked.key, "rule")),
        values={
            "name": _rule_name(asked.name),
            "agent": str(asked.agent.key),
            "trunks": [trunk],
        },
    )
    return Edit(changes=(made, *numbers, rule))


def connect(
    asked: Connection, seen: str, accepted: bool
) -> tuple[changes.Impact | None, PhoneNumber | None]:
    """What to show the person before it is done; or, once it is done, the first of his numbers.

    Raises changes.ChangeError.
    """
    is_done = Trunk.objects.filter(key=asked.key).exists()
    impact = None if is_done else save_seen(edit_for(asked), seen, accepted)
    if impact is not None:
        return impact, None
    return None, PhoneNumber.objects.filter(trunk__key=asked.key).first()


def correct(trunk: Trunk, values: Mapping[str, Any]) -> None:
    """Another server, login or password of a line that signs in; or the same ones, which are tried
    again at once. Raises changes.ChangeError.
    """
    change = Change(model="trunk", key=str(trunk.key), values=values, revision=trunk.revision)
    changes.carry_out(Edit(changes=(change,)))
    Registration.objects.try_again(trunk)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """ "Novofon", or "Novofon 2" where that is taken."""
    names, count, name = set(taken), 1, wanted
    while name in names:
        count += 1
        name = f"{wanted} {count}"
    return name


def _rule_name(trunk: str) -> str:
    wanted = (_("All calls of %(name)s") % {"name": trunk})[: LONGEST_NAME - 4]
    return free_name(wanted, DispatchRule.objects.kept().values_list("name", flat=True))


def trunk_name(preset: Preset) -> str:
    """A name for a new connection to this provider."""
    name = str(Sentence(preset.name))[: LONGEST_NAME - 4]
    return free_name(name, Trunk.objects.kept().values_list("name", flat=True))


def outside(preset: Preset, addresses: Iterable[str]) -> list[str]:
    """Those that none of the networks known of the provider holds; none where we know none."""
    if not preset.networks:
        return [line for line in addresses if is_inner(line)]
    return [line for line in addresses if not (network(line) and preset.covers(line))]


def admit(trunk: Trunk, address: str, origin: Origin, typed: str) -> Sentence | None:
    """Add the address that a call came from to the connection; a sentence where that is refused.

    `typed`: what the person typed to confirm an address that the provider is not known by. Raises
    changes.ChangeError.
    """
    if origin == Origin.LISTED:
        return None
    if fault := admission_fault(address, origin, typed):
        return fault
    changes.carry_out(admission(trunk, address))
    return None


def admission(trunk: Trunk, address: str) -> Edit:
    """The connection takes calls from this address, too."""
    listed = "\n".join([*lines(trunk.addresses), address])
    change = Change(
        model="trunk",
        key=str(trunk.key),
        values={"addresses": listed},
        revision=trunk.revision,
    )
    return Edit(changes=(change,))


def admission_fault(address: str, origin: Origin, typed: str) -> Sentence | None:
    """Why the address is not added by a button, or not yet."""
    if origin in (Origin.INNER, Origin.UNKNOWN):
        msgid = gettext_noop(
            "%(address)s is no address of a provider, so it is not added by a button. Open the"
            " connection and write it there if you know what it is."
        )
        return Sentence(msgid, {"address": address})
    if origin == Origin.STRANGE and typed.strip() != address:
        msgid = gettext_noop("To add an address that we do not know, type it here: %(address)s")
        return Sentence(msgid, {"address": address})
    return None
