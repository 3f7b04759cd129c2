"""What we say of providers: every fact has its source, and what is not sure is shown so."""

import ipaddress
import re

import pytest

from telephony.models import Spelling
from telephony.providers import PRESETS, Inbound, Preset, find
from telephony.providers.freepbx import pjsip_conf, trunk_settings
from telephony.wizard import Entrance, guide

EVERY = pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.slug)


def test_each_preset_is_found_by_its_slug() -> None:
    assert [find(preset.slug) for preset in PRESETS] == list(PRESETS)
    assert find("nobody") is None


def test_the_mission_s_providers_are_there() -> None:
    wanted = {"novofon", "freepbx", "twilio", "zadarma", "mango", "exolve", "other"}
    assert wanted <= {preset.slug for preset in PRESETS}


@EVERY
def test_each_network_is_public_and_has_a_source(preset: Preset) -> None:
    for fact in preset.networks:
        assert ipaddress.ip_network(fact.value).is_global
        assert fact.source


@EVERY
def test_spellings_and_transports_are_those_that_we_know(preset: Preset) -> None:
    assert preset.spelling_in.value in Spelling.values
    assert preset.spelling_out is None or preset.spelling_out.value in Spelling.values
    assert preset.transport.value in ("udp", "tcp", "tls")


@EVERY
def test_each_guide_names_our_address_and_leaves_no_place_empty(preset: Preset) -> None:
    said = guide(preset, Entrance("sip.myveyra.ai", 5060))
    texts = [*map(str, said["steps"]), *map(str, said["notes"]), said["target"]]
    assert said["steps"]
    assert "sip.myveyra.ai:5060" in said["target"]
    assert not any(re.search(r"%\(\w+\)s", text) for text in texts)


def test_what_others_say_is_not_taken_for_confirmed() -> None:
    novofon, twilio = find("novofon"), find("twilio")
    assert novofon and not any(fact.confirmed for fact in novofon.networks)
    assert twilio and twilio.spelling_in.confirmed and not twilio.is_sure


def test_a_provider_covers_its_own_networks_only() -> None:
    novofon = find("novofon")
    assert novofon
    assert novofon.covers("37.139.38.224")
    assert novofon.covers("37.139.38.128/25")
    assert not novofon.covers("37.139.39.1")
    assert not novofon.covers("37.139.0.0/16")
    assert not novofon.covers("2001:db8::1")
    assert not novofon.covers("sip.novofon.ru")


def test_the_exchange_is_told_not_to_register() -> None:
    settings = dict(trunk_settings("sip.myveyra.ai", 5062))
    assert settings["Registration"] == "None"
    assert settings["SIP Server"] == settings["Match (Permit)"] == "sip.myveyra.ai"
    assert settings["SIP Server Port"] == "5062"
    assert "contact=sip:sip.myveyra.ai:5062" in pjsip_conf("sip.myveyra.ai", 5062)
    assert "registration" not in pjsip_conf("sip.myveyra.ai", 5062)


def test_only_one_way_in_needs_a_way_round() -> None:
    assert [p.slug for p in PRESETS if p.inbound is Inbound.REGISTER] == ["login-only"]
