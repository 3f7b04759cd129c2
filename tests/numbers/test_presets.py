"""What we say of providers: every fact has its source, and what is not sure is shown so."""

import ipaddress
import re

import pytest

from telephony.models import Spelling
from telephony.providers import PRESETS, Inbound, Preset, find
from telephony.providers.freepbx import pjsip_conf, trunk_settings
from telephony.registration import NumberIn, RegisterTransport
from telephony.routing import signin
from telephony.wizard import Entrance, guide, login_guide

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
    if preset.sends:
        said = guide(preset, Entrance("sip.myveyra.ai", 5060))
        assert "sip.myveyra.ai:5060" in said["target"]
        check_texts([*said["steps"], *said["notes"], said["target"]])
    if preset.sign_in:
        said = login_guide(preset)
        check_texts([*said["steps"], *said["notes"]])


def check_texts(texts: list[object]) -> None:
    assert texts
    assert not any(re.search(r"%\(\w+\)s", str(text)) for text in texts)


@EVERY
def test_each_provider_brings_calls_in_one_way_at_least(preset: Preset) -> None:
    assert preset.sends or preset.sign_in
    assert bool(preset.steps) == preset.sends


@EVERY
def test_what_is_known_of_signing_in_is_what_the_sign_in_understands(preset: Preset) -> None:
    if preset.sign_in is None:
        return
    assert preset.sign_in.transport.value in RegisterTransport.values
    assert preset.sign_in.number_in.value in NumberIn.values
    known = preset.sign_in.known_host
    assert not known or signin.server(known) == signin.Server(known, 5060)


def test_a_server_of_the_account_s_own_is_left_to_the_person() -> None:
    mango, novofon = find("mango"), find("novofon")
    assert mango and mango.sign_in and mango.sign_in.known_host == ""
    assert novofon and novofon.sign_in and novofon.sign_in.known_host == "sip.novofon.ru"


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


def test_who_gives_only_a_login_is_not_asked_to_send_calls() -> None:
    only = [preset.slug for preset in PRESETS if preset.inbound is Inbound.REGISTER]
    assert only == ["beeline", "rostelecom", "uis"]


@EVERY
def test_nobody_is_told_any_more_that_a_login_does_not_do(preset: Preset) -> None:
    said = " ".join((preset.about, *preset.steps, *preset.notes))
    assert not re.search(r"LiveKit (cannot|does not)|through FreePBX", said)
