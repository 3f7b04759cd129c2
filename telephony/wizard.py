"""What the wizard's pages say: where calls are to be sent, how sure we are, what came."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from django.utils.translation import gettext as _

from telephony import arrivals, signing
from telephony.arrivals import Arrival, Origin
from telephony.models import Call, ExpectedCall, Gateway, PhoneNumber, Spelling
from telephony.numbers import pretty, spelled, spelling_of
from telephony.providers import OTHER, Fact, Inbound, Preset, SignIn, find
from telephony.providers.freepbx import pjsip_conf, trunk_settings
from telephony.reasons import sentence
from telephony.registration import NumberIn
from veyra.sentences import Sentence

SHOWN_OTHERS = 3


@dataclass(frozen=True)
class Entrance:
    """Where providers send calls."""

    host: str
    port: int

    @classmethod
    def of(cls, gateway: Gateway) -> Self:
        return cls(gateway.host, gateway.port)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_inner(self) -> bool:
        """No provider reaches it."""
        return self.host == "localhost" or arrivals.is_inner(self.host)


def guide(preset: Preset, entrance: Entrance) -> dict[str, Any]:
    """What to do at the provider so that it sends calls to our address, for a page."""
    values = {"host": entrance.host, "port": entrance.port, "address": entrance.address}
    by_exchange = preset.inbound is Inbound.PBX
    return {
        "entrance": entrance,
        "provider_name": Sentence(preset.name),
        "about": Sentence(preset.about),
        "steps": [Sentence(step, values) for step in preset.steps],
        "notes": [Sentence(note, values) for note in preset.notes],
        "target": preset.target % {**values, "number": _("NUMBER")},
        "facts": list(_facts(preset)),
        "trunk_settings": trunk_settings(entrance.host, entrance.port) if by_exchange else (),
        "pjsip_conf": pjsip_conf(entrance.host, entrance.port) if by_exchange else "",
    }


def login_guide(preset: Preset) -> dict[str, Any]:
    """Where the login and the password stand at the provider, for a page."""
    sign_in = preset.sign_in
    return {
        "provider_name": Sentence(preset.name),
        "about": Sentence(preset.about),
        "steps": [Sentence(step) for step in sign_in.steps] if sign_in else [],
        "notes": [Sentence(note) for note in sign_in.notes] if sign_in else [],
        "facts": list(_login_facts(sign_in)) if sign_in else [],
        "by_login": True,
    }


def _login_facts(sign_in: SignIn) -> Iterable[tuple[str, str, Fact[Any]]]:
    if sign_in.host:
        yield _("Server"), sign_in.host.value, sign_in.host
    yield _("Transport"), sign_in.transport.value.upper(), sign_in.transport
    places = dict(NumberIn.choices)
    yield _("The called number stands in"), str(places[sign_in.number_in.value]), sign_in.number_in


def _facts(preset: Preset) -> Iterable[tuple[str, str, Fact[Any]]]:
    """(what it is about, what is known, the fact), for whoever wants to know how sure we are."""
    spellings = dict(Spelling.choices)
    for network in preset.networks:
        yield _("Calls come from"), network.value, network
    yield _("Transport"), preset.transport.value.upper(), preset.transport
    yield _("Numbers are written"), str(spellings[preset.spelling_in.value]), preset.spelling_in
    yield _("The called number stands in"), preset.did.value, preset.did
    if preset.outbound_host:
        yield _("Calls out go to"), preset.outbound_host.value, preset.outbound_host
    if preset.codecs:
        yield _("Sound formats"), ", ".join(preset.codecs.value), preset.codecs
    if preset.calls_per_second:
        yield _("Calls a second"), str(preset.calls_per_second.value), preset.calls_per_second


def target_of(number: PhoneNumber) -> dict[str, Any]:
    """Where calls of this very number are to be sent, to be pasted at the provider."""
    preset = find(number.trunk.provider) or OTHER
    entrance = Entrance.of(Gateway.get())
    spelling = preset.spelling_in.value
    written = spelled(number.number, "digits" if spelling == "any" else spelling)
    return {
        "entrance": entrance,
        "by_login": bool(number.trunk.register_at),
        "signing": signing.of(number.trunk),
        "target": preset.target % {"number": written, "address": entrance.address},
    }


def seen(expected: ExpectedCall) -> dict[str, Any]:
    """The awaited call, or what else came meanwhile, for a page."""
    found = arrivals.of(expected)
    arrival = arrivals.the_one(found)
    others = [each for each in found if not each.counts]
    return {
        "arrival": arrival,
        "others": others[:SHOWN_OTHERS],
        "tap_listens": arrivals.tap_listens(),
        "about_number": _about_number(arrival, expected.number) if arrival else "",
        "about_call": _about_call(arrival) if arrival else "",
        "goes_on": _goes_on(arrival),
    }


def _goes_on(arrival: Arrival | None) -> bool:
    """Is there more to come? Nothing is redrawn while somebody may be typing on the page."""
    if arrival is None:
        return True
    if arrival.origin in (Origin.STRANGE, Origin.INNER):
        return False
    over = arrival.call.state == Call.State.ENDED if arrival.call else bool(arrival.reason)
    return not over


def _about_number(arrival: Arrival, number: PhoneNumber) -> str:
    written = {"written": arrival.called, "number": pretty(number.number)}
    if number.number.startswith("+7") and not spelling_of(arrival.called):
        return (
            _(
                "The provider writes the number as %(written)s, which LiveKit does not take for"
                " %(number)s. Ask the provider to write it with its country code."
            )
            % written
        )
    return ""


def _about_call(arrival: Arrival) -> str:
    """What became of it."""
    call = arrival.call
    if arrival.reason:
        return str(sentence(arrival.reason))
    if call is None:
        return ""
    if call.state == Call.State.RINGING:
        return _("It rings.")
    if call.agent and call.state == Call.State.ANSWERED:
        return _("%(name)s is talking with you: everything works.") % {"name": call.agent.name}
    return _("It was let in.")
