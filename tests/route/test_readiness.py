"""The light of a number: one colour, one sentence, one thing to press."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agentworker.models import Agent as AgentRow
from agentworker.models import AgentVersion, Worker
from telephony import probes, signing
from telephony.lights import lights, troubled_first
from telephony.models import (
    Call,
    DispatchRule,
    PhoneNumber,
    PublishedObject,
    Registration,
    Trunk,
)
from telephony.readiness import Colour, Facts, LastCall, LastTest, NotSignedIn, Places, readiness
from telephony.routing.route import Row
from telephony.routing.wish import Agent
from tests.wish.lines import number, rule, trunk
from veyra.models import Pulse, User
from veyra.sentences import Sentence

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANSWERED = LastCall("c1", AT, "answered", "hung_up")
MARIA = Agent(key="a1", name="Maria")
WELL = Facts(
    number=number(0),
    trunk=trunk(),
    rules=(rule(trunks=("t1",)),),
    agents=(MARIA,),
    published="live",
    places=Places(4, 3),
    entrance=True,
    last_call=ANSWERED,
)


def test_a_number_with_nothing_wrong_is_green_and_says_who_answers() -> None:
    light = readiness(WELL)
    assert (light.colour, str(light.sentence)) == (Colour.GREEN, "Maria answers.")
    assert light.row == Row("try", "n0") and light.last_call_at == AT


def test_a_test_call_that_failed_is_told_until_a_caller_was_answered() -> None:
    failed = LastTest(AT, is_well=False, sentence=Sentence("Nobody answered."))
    light = readiness(replace(WELL, last_test=failed))
    assert (light.colour, str(light.sentence)) == (
        Colour.RED,
        "Our own test call: Nobody answered.",
    )
    later = replace(ANSWERED, at=AT + timedelta(seconds=1))
    assert readiness(replace(WELL, last_test=failed, last_call=later)).colour == Colour.GREEN
    well = LastTest(AT, is_well=True, sentence=Sentence("Answered."))
    light = readiness(replace(WELL, last_test=well))
    assert (light.colour, light.last_test) == (Colour.GREEN, well)


@pytest.mark.parametrize(
    ("changes", "colour", "said", "row"),
    [
        ({"number": number(0, is_active=False)}, "off", "switched off", Row("number", "n0")),
        ({"trunk": trunk(is_active=False)}, "off", "“t1” is switched off", Row("trunk", "t1")),
        ({"rules": ()}, "red", "Nobody answers it", Row("rule")),
        ({"published": "failed", "why": Sentence("No.")}, "red", "No.", Row("number", "n0")),
        ({"published": "differs", "why": Sentence("Else.")}, "red", "Else.", Row("differences")),
        (
            {"agents": (replace(MARIA, has_words=False),)},
            "red",
            "not published yet",
            Row("agent", "a1"),
        ),
        (
            {"agents": (replace(MARIA, is_published=False),)},
            "red",
            "What “Maria” says is not published",
            Row("agent", "a1"),
        ),
        ({"agents": (replace(MARIA, archived=True),)}, "red", "in the archive", Row("rule", "r1")),
        ({"entrance": False}, "red", "call entrance does not answer", Row("entrance")),
        ({"lacks": NotSignedIn(Sentence("No."), soon=False)}, "red", "No.", Row("trunk", "t1")),
        (
            {"lacks": NotSignedIn(Sentence("Soon."), soon=True)},
            "yellow",
            "Soon.",
            Row("trunk", "t1"),
        ),
        ({"places": Places(0, 0)}, "red", "No assistant is running", Row("worker")),
        ({"places": Places(0, 0, True)}, "yellow", "Assistants are starting", Row("worker")),
        ({"places": Places(4, 0)}, "yellow", "All 4 places are taken", Row("worker")),
        (
            {"last_call": LastCall("c1", AT, "failed", "agent_failed")},
            "red",
            "could not speak",
            Row("call", "c1"),
        ),
        ({"trunk": trunk(addresses=())}, "red", "Anybody on the internet", Row("trunk", "t1")),
        ({"trunk": trunk(username="u")}, "red", "without a password", Row("trunk", "t1")),
        ({"published": ""}, "yellow", "on its way", Row("number", "n0")),
        (
            {"published": "waiting", "why": Sentence("Soon.")},
            "yellow",
            "Soon.",
            Row("number", "n0"),
        ),
        ({"last_call": None}, "yellow", "no call has come yet", Row("try", "n0")),
        (
            {"last_call": LastCall("c1", AT, "no_agent", "no_agent")},
            "yellow",
            "was not answered",
            Row("call", "c1"),
        ),
        (
            {"last_call": LastCall("c1", AT, "abandoned", "")},
            "green",
            "Maria answers.",
            Row("try", "n0"),
        ),
        (
            {"rules": (rule(trunks=("t1",), callers=("+79990000001",)),)},
            "green",
            "certain callers",
            Row("try", "n0"),
        ),
        ({"places": None, "entrance": None}, "green", "Maria answers.", Row("try", "n0")),
    ],
)
def test_each_thing_that_is_wrong_has_its_colour_sentence_and_page(
    changes: dict[str, Any], colour: str, said: str, row: Row
) -> None:
    light = readiness(replace(WELL, **changes))
    assert light.colour == colour and said in str(light.sentence) and light.row == row


def test_only_what_moves_by_itself_is_watched() -> None:
    assert readiness(replace(WELL, published="waiting")).moving
    assert not readiness(replace(WELL, last_call=None)).moving


@given(
    number=st.builds(number, st.just(0), is_active=st.booleans(), archived=st.booleans()),
    addresses=st.sampled_from([(), ("203.0.113.0/24",)]),
    served=st.booleans(),
    speaks=st.booleans(),
    published=st.sampled_from(["", "live", "waiting", "failed"]),
    free=st.integers(0, 2),
    entrance=st.sampled_from([None, True, False]),
)
def test_green_is_shown_only_where_nothing_at_all_is_wrong(
    addresses: tuple[str, ...], served: bool, speaks: bool, free: int, **values: Any
) -> None:
    facts = Facts(
        trunk=trunk(addresses=addresses),
        rules=WELL.rules if served else (),
        agents=(replace(MARIA, has_words=speaks),),
        places=Places(2, free),
        why=Sentence("No.") if values["published"] == "failed" else None,
        last_call=ANSWERED,
        **values,
    )
    well = [facts.number.in_use, addresses, served, speaks, free, facts.published == "live"]
    assert (readiness(facts).colour == Colour.GREEN) == (all(well) and facts.entrance is not False)


@pytest.fixture
def numbers(db: None, settings: Any) -> list[PhoneNumber]:
    """Three numbers that are live, and a worker."""
    settings.SIP_TEST_TO = ""
    probes.entrance.forget()
    agent = AgentRow.objects.create(name="Maria")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    made = [PhoneNumber.objects.create(number=f"+749911241{n:02}", trunk=trunk) for n in range(3)]
    DispatchRule.objects.create(name="Everybody", agent=agent).trunks.add(trunk)
    for each in made:
        PublishedObject.objects.create(
            kind="number", key=f"number:{each.key}", source=each.key, state="live"
        )
    now = timezone.now()
    Worker.objects.create(
        name="w", host="h", pid=1, started_at=now, seen_at=now, capacity=2, registered=True
    )
    return made


def test_the_lights_of_saved_numbers_tell_what_is_saved(numbers: list[PhoneNumber]) -> None:
    now = timezone.now()
    for minutes, outcome in ((9, "answered"), (5, "no_agent")):
        at = now - timedelta(minutes=minutes)
        Call.objects.create(number=numbers[0], state="ended", outcome=outcome, started_at=at)
    Call.objects.create(
        number=numbers[1], state="ended", outcome="failed", started_at=now, direction="outbound"
    )
    found = lights(numbers)
    assert "was not answered" in str(found[numbers[0].pk].sentence)
    assert "no call has come yet" in str(found[numbers[1].pk].sentence)
    Worker.objects.update(jobs=[{"job": "AJ_1", "room": "r"}, {"job": "AJ_2", "room": "s"}])
    assert "All 2 places are taken" in str(lights(numbers[:1])[numbers[0].pk].sentence)
    Worker.objects.update(seen_at=now - timedelta(seconds=7))
    assert "No assistant is running" in str(lights(numbers[:1])[numbers[0].pk].sentence)


def test_lights_take_as_many_queries_for_many_numbers_as_for_one(
    numbers: list[PhoneNumber],
) -> None:
    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(lights(numbers[:count])) == count
        return len(seen)

    queries(1)  # the first look makes the row of the call entrance
    assert queries(1) == queries(3) == 18


def test_numbers_that_are_not_live_are_shown_before_the_others(numbers: list[PhoneNumber]) -> None:
    owner = User.objects.create_superuser("owner")
    PublishedObject.objects.filter(source=numbers[2].key).update(state="waiting")
    shown = [each.number for each in troubled_first(owner, 2)]
    assert shown == [numbers[2], numbers[0]]
    PublishedObject.objects.filter(source=numbers[2].key).update(state="live")
    assert [each.number for each in troubled_first(owner, 2)] == numbers[:2]


def test_no_numbers_ask_for_nothing(numbers: list[PhoneNumber]) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert lights([]) == {}
    assert len(seen) == 0


def test_a_number_of_a_connection_that_is_not_signed_in_is_red(
    numbers: list[PhoneNumber],
) -> None:
    trunk = numbers[0].trunk
    trunk.register_at, trunk.register_login = "sip.provider.example", "123456"
    trunk.register_password = "canary-register"
    trunk.save()
    at = timezone.now()
    Call.objects.create(number=numbers[0], state="ended", outcome="answered", started_at=at)
    assert lights(numbers)[numbers[0].pk].colour == Colour.RED  # nobody signs in at all
    Pulse.beat(signing.PULSE)
    assert lights(numbers)[numbers[0].pk].colour == Colour.YELLOW
    refused = Sentence("Refused (%(code)s).", {"code": 403}).to_json()
    row = Registration.objects.create(trunk=trunk, state="refused", code=403, result=refused)
    light = lights(numbers)[numbers[0].pk]
    assert (light.colour, str(light.sentence)) == (Colour.RED, "Refused (403).")
    assert light.row == Row("trunk", str(trunk.key))
    Registration.objects.filter(pk=row.pk).update(state="registered")
    assert lights(numbers)[numbers[0].pk].colour == Colour.GREEN
