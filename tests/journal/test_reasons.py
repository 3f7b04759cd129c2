"""Every reason has a sentence, in both languages, with what to do next."""

import pytest

from telephony import reasons
from telephony.reasons import DEPARTURES, ERRORS, EXPLANATIONS, REFUSALS, Reason, of_error
from telephony.verdict import Evidence, judge

FIELD_WORDS = {"SIP", "INVITE", "room sid", "egress", "trunk"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_in_words_for_staff(reason: Reason) -> None:
    text = str(reasons.sentence(reason).msgid)
    assert text.endswith(".")
    assert not [word for word in FIELD_WORDS if word in text]
    assert len(reason) <= 60


def test_an_unknown_code_says_nothing() -> None:
    assert str(reasons.sentence("from the future")) == ""
    assert str(reasons.sentence("")) == ""


@pytest.mark.parametrize(("text", "reason"), ERRORS)
def test_every_known_error_is_found_in_its_text(text: str, reason: Reason) -> None:
    assert of_error(f"Error: {text.upper()} (1)") is reason


def test_an_unknown_error_is_shown_as_it_came() -> None:
    verdict = judge(Evidence(witness="tap", talked=None, error="the moon rose"))
    assert (verdict.outcome, verdict.reason) == ("failed", Reason.GATEWAY_ERROR)
    assert verdict.detail == "the moon rose"


@pytest.mark.parametrize("reason", sorted(REFUSALS))
def test_every_refusal_has_an_explanation(reason: Reason) -> None:
    assert reason in EXPLANATIONS


@pytest.mark.parametrize("departure", DEPARTURES)
def test_every_departure_is_kept_word_for_word(departure: str) -> None:
    verdict = judge(Evidence(witness="webhook", talked=None, departure=departure))
    assert (verdict.outcome, verdict.detail) == ("failed", departure)
