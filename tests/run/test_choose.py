"""Which LiveKit a start uses: configured, found, built, simulator, in this order."""

from dataclasses import replace

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from veyra.up.choose import Facts, Kind, choose
from veyra.up.trouble import Trouble

HERE = Facts(server="/usr/bin/livekit-server", gateway="/usr/bin/livekit-sip")
NOTHING = Facts(build_failure="livekit-server could not be made: no Go.")


@pytest.fixture(autouse=True)
def _in_english() -> None:
    translation.activate("en")


def test_a_configured_livekit_wins_and_nothing_is_started() -> None:
    choice = choose(replace(HERE, configured="wss://line.example", wants_simulator=True))
    assert choice.kind is Kind.CONFIGURED
    assert (choice.server, choice.gateway) == ("", "")
    assert "wss://line.example" in choice.why


def test_one_on_path_is_found_and_one_of_ours_is_built() -> None:
    assert choose(HERE).kind is Kind.FOUND
    assert choose(replace(HERE, server_is_ours=True)).kind is Kind.BUILT


def test_without_a_gateway_the_reason_is_said() -> None:
    choice = choose(replace(HERE, gateway="", gateway_failure="it needs sudo apt install gcc."))
    assert choice.server and not choice.gateway
    assert "sudo apt install gcc" in choice.gateway_why


def test_the_simulator_stands_in_where_nothing_could_be_built_and_says_why() -> None:
    choice = choose(NOTHING)
    assert choice.kind is Kind.SIMULATOR
    assert "no Go" in choice.why


def test_the_simulator_can_be_asked_for() -> None:
    assert choose(replace(HERE, wants_simulator=True)).kind is Kind.SIMULATOR


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(NOTHING, real_line=True), "served a real line"),
        (replace(NOTHING, debug=False), "DEBUG is off"),
        (replace(HERE, wants_simulator=True, real_line=True), "served a real line"),
    ],
)
def test_the_simulator_never_takes_the_place_of_a_real_line(facts: Facts, reason: str) -> None:
    with pytest.raises(Trouble, match=reason):
        choose(facts)


@given(
    st.builds(
        Facts,
        configured=st.sampled_from(["", "ws://127.0.0.1:7880"]),
        server=st.sampled_from(["", "/bin/livekit-server"]),
        gateway=st.sampled_from(["", "/bin/livekit-sip"]),
        wants_simulator=st.booleans(),
        real_line=st.booleans(),
        debug=st.booleans(),
    )
)
def test_a_choice_is_always_safe_and_has_its_reason(facts: Facts) -> None:
    try:
        choice = choose(facts)
    except Trouble as trouble:
        assert str(trouble)
        return
    assert choice.why and choice.gateway_why
    if choice.kind is Kind.SIMULATOR:
        assert facts.debug and not facts.real_line and not choice.server
