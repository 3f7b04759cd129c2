"""Calls out as a real stack told of them (test_calling_out): any order, repetition and part."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.models import Agent
from telephony import intake
from telephony.folding import drain
from telephony.journal import CallState, Fact, UnitState, fold
from telephony.models import Call, CallEvent, PhoneNumber, Trunk
from tests.journal.conftest import save as save_call

FOLDER = Path(__file__).parent / "recorded"


def rows(name: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((FOLDER / f"{name}.json").read_text())
    return [{**row, "at": datetime.fromisoformat(str(row["at"]))} for row in found]


def facts(name: str, *sources: str) -> list[Fact]:
    found = []
    for row in rows(name):
        values = {key: value for key, value in row.items() if key != "event_id"}
        if not sources or row["source"] in sources:
            found.append(Fact(id=str(row["event_id"]), **values))  # type: ignore[arg-type]  # a row's columns
    return found


NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
FACTS = {name: facts(name) for name in NAMES}
EXPECTED = {
    "answered": ("answered", "hung_up_by_callee", 200, True),
    "busy": ("rejected", "answer_486", 486, True),
    "declined": ("rejected", "answer_603", 603, True),
    "room_closed": ("abandoned", "ended_here", None, True),
    "provider_503": ("failed", "answer_503", 503, False),
}


def told(name: str, some: list[Fact]) -> UnitState:
    return fold(some, max(fact.at for fact in FACTS[name]) + timedelta(hours=1))


def only(state: UnitState) -> CallState:
    (call,) = state.calls
    return call


@pytest.mark.parametrize("name", NAMES)
def test_a_call_out_ends_as_its_telephone_said(name: str) -> None:
    call = only(told(name, FACTS[name]))
    assert (call.outcome, call.reason, call.sip_status, call.rang) == EXPECTED[name]
    assert call.role == "callee" and call.claimed_id and call.sip_call_id
    assert call.from_number == "+74991124148" and call.to_number.startswith("+7916")
    assert bool(call.answered_at) == (name == "answered")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("answered", "answered"),
        ("busy", "rejected"),
        ("room_closed", "abandoned"),
    ],
)
def test_without_the_tap_webhooks_and_the_assistant_are_enough(name: str, outcome: str) -> None:
    call = only(told(name, facts(name, "webhook", "agent", "observer")))
    assert call.outcome == outcome
    assert call.answered_is_approximate == (name == "answered")


def test_without_its_leaving_nobody_knows_that_it_did_not_ring() -> None:
    lost = [fact for fact in FACTS["provider_503"] if fact.kind != "participant_left"]
    call = only(told("provider_503", lost))
    assert (call.reason, call.rang) == ("answer_503", None)
    # And the gateway's record alone says why.
    webhooks = only(told("provider_503", facts("provider_503", "webhook", "agent", "observer")))
    assert (webhooks.reason, webhooks.rang) == ("not_reached", False)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_and_repetition_do_not_matter(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    again = data.draw(st.lists(st.sampled_from(FACTS[name]), max_size=10))
    assert told(name, data.draw(st.permutations(FACTS[name] + again))) == told(name, FACTS[name])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_call_out_only_moves_forward_as_time_passes(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    order = ["ringing", "answered", "ended"]
    ordered = sorted(FACTS[name], key=lambda fact: fact.at)
    states = [
        order.index(call.state)
        for cut in range(1, len(ordered) + 1)
        for call in fold(ordered[:cut], ordered[cut - 1].at).calls
    ]
    assert states == sorted(states)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_part_of_the_facts_makes_a_sound_call(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    some = data.draw(
        st.lists(st.sampled_from(FACTS[name]), unique_by=lambda fact: fact.id, min_size=1)
    )
    for call in told(name, some).calls:
        assert (call.state == "ended") == bool(call.ended_at) == bool(call.outcome)
        assert call.state != "answered" or call.answered_at
        assert call.role == "callee" and call.claimed_id


@pytest.mark.django_db
def test_the_call_has_the_id_that_was_claimed_and_the_rows_of_our_line() -> None:
    trunk = Trunk.objects.create(name="main", out_address="sip.example")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    state = only(told("answered", FACTS["answered"]))
    agent = Agent.objects.create(name="Support", key=state.agent_key)
    intake.store([CallEvent(**row) for row in rows("answered")])
    drain()
    call = Call.objects.get()
    assert call.pk == state.claimed_id and call.direction == Call.Direction.OUTBOUND
    assert (call.number, call.agent, call.rang) == (number, agent, True)
    assert call.legs.get().role == "callee" and call.outcome_label
    # A participant of somebody else's with the same words is a call of its own.
    other = CallState(**{**state.__dict__, "sip_call_id": "SCL_other"})
    assert save_call("room:RM_other", other).call_id != call.pk
