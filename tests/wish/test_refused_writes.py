"""LiveKit's refusals as staff read them; those are the ported ones, held against the real."""

import pytest
from django.utils import translation

from telephony.routing.refusals import sentence_of
from tests.matching.facts import LINE, NUMBER, rule, trunk
from veyra.livekit.conflicts import Refusal, creating_rule, creating_trunk, replacing_trunk
from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError

OTHER = trunk("ST_0", "1")
TAKING = InboundTrunk(numbers=(NUMBER,))


def words(refusal: Refusal | None) -> str:
    assert refusal
    error = LiveKitError(refusal.message, permanent=True, code=refusal.code)
    with translation.override("en"):
        return str(sentence_of(error))


@pytest.mark.parametrize(
    ("refusal", "named"),
    [
        # Named second, and named first because LiveKit looks at the new one before it.
        (creating_trunk([LINE], TAKING), "(ST_1)"),
        (creating_trunk([trunk("ST_0", auth_username="u"), LINE], TAKING), "(ST_1)"),
        (replacing_trunk([trunk("ST_2", NUMBER, "2"), LINE], "ST_2", TAKING), "(ST_1)"),
    ],
)
def test_a_taken_number_names_the_trunk_that_has_it(refusal: Refusal | None, named: str) -> None:
    assert "already taken in LiveKit by another connection " + named in words(refusal)


def test_two_rules_for_the_same_calls_name_the_other_where_livekit_does() -> None:
    new = DispatchRule(trunk_ids=("ST_1",))
    assert words(creating_rule([rule("SDR_1", "ST_1")], new)).startswith(
        "In LiveKit the rule SDR_1 answers the same calls as another one."
    )
    stored = [rule("SDR_0", "ST_2"), rule("SDR_1", "ST_1")]
    assert words(creating_rule(stored, new)).startswith(
        "Another rule in LiveKit already answers these calls."
    )


def test_what_is_gone_or_empty_has_its_own_sentence() -> None:
    assert "deleted it in LiveKit just now" in words(replacing_trunk([OTHER], "ST_9", TAKING))
    assert "neither a number, nor addresses" in words(creating_trunk([], InboundTrunk()))
