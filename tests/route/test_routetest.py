"""The route test on saved rows: it reads little, and decides as LiveKit would with all of them."""

import uuid
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentworker.models import Agent, AgentVersion
from telephony.line import read_line
from telephony.models import Call, DispatchRule, PhoneNumber, PublishedObject, Trunk
from telephony.reasons import Reason
from telephony.routetest import QuestionError, ask, why_refused
from telephony.routing.compile import compile_line
from telephony.routing.route import Question, exchange_of
from telephony.routing.wish import Line
from tests.wish.lines import NUMBERS, whole_lines
from veyra.livekit.matching import Decision

pytestmark = pytest.mark.django_db
CALLERS = ["", "+79990000001", "79990000002", "89990000001"]


def save(line: Line) -> None:
    """The rows of a line; their keys are new."""
    agent = Agent.objects.create(name="Maria")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    trunks = {
        each.key: Trunk.objects.create(
            name=each.name, addresses="\n".join(each.addresses), is_active=each.is_active
        )
        for each in line.trunks
    }
    numbers = {
        each.key: PhoneNumber.objects.create(
            number=each.number, trunk=trunks[each.trunk], is_active=each.is_active
        )
        for each in line.numbers
    }
    for each in line.rules:
        made = DispatchRule.objects.create(
            name=each.name,
            agent=agent,
            kind=each.kind,
            room=each.room,
            pin=each.pin,
            callers="\n".join(each.callers),
            is_active=each.is_active,
        )
        made.trunks.set(trunks[key] for key in each.trunks)
        made.numbers.set(numbers[key] for key in each.numbers if key in numbers)


def forget() -> None:
    for model in (DispatchRule, PhoneNumber, Trunk, Agent):
        model.objects.all().delete()


def core(decision: Decision) -> tuple[Any, ...]:
    """What does not depend on how much was read: numbers of other routes may be left out."""
    trunk, rule = decision.trunk, decision.rule
    looked = {(step.trunk.id, step.miss) for step in decision.trunks}
    rules = {(step.rule.id, step.miss) for step in decision.rules if decision.trunk}
    return decision.outcome, trunk and trunk.id, rule and rule.id, decision.room, looked, rules


@given(line=whole_lines(), data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_it_decides_as_livekit_would_with_everything_that_is_saved(
    line: Line, data: st.DataObject
) -> None:
    forget()
    save(line)
    known = data.draw(st.sampled_from(NUMBERS))
    called = data.draw(
        st.sampled_from([known, known[1:], "8" + known[2:], known[2:], "+4930123456"])
    )
    question = Question(
        called=called,
        caller=data.draw(st.sampled_from(CALLERS)),
        source_ip=data.draw(st.sampled_from(["", "203.0.113.9", "198.51.100.7"])),
        trunk=data.draw(
            st.sampled_from(["", *map(str, Trunk.objects.values_list("key", flat=True))])
        ),
        exact=data.draw(st.booleans()),
    )
    route = ask(question).route
    everything = exchange_of(compile_line(read_line(), {}, ["127.0.0.1/32"]))
    assert core(route.decision) == core(everything.decide(route.invite))
    assert route.answers == bool(route.ways)


@pytest.fixture
def line() -> PhoneNumber:
    """The mission's line."""
    agent = Agent.objects.create(name="Maria")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Good day!")
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(name="Everybody", agent=agent, room="support-room-")
    rule.trunks.add(trunk)
    return number


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and what was printed."""
    code = 0
    try:
        call_command("testroute", *arguments)
    except SystemExit as error:
        code = int(error.code or 0)
    except CommandError as error:
        return error.returncode, str(error)
    return code, capsys.readouterr().out


def test_the_command_says_who_answers(
    line: PhoneNumber, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run("8 (499) 112-41-48", "--from", "89161234567", capsys=capsys)
    assert code == 0
    for words in ("Maria answers this call.", "“Everybody” takes the call.", "Good day!"):
        assert words in out
    assert "Room: support-room-_+79161234567_…" in out and "not live yet" in out


def test_the_command_says_why_nobody_does_and_where_to_mend_it(
    line: PhoneNumber, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run("+74991124148", "--ip", "198.51.100.7", capsys=capsys)
    assert code == 1
    assert "! “Novofon” takes no calls from 198.51.100.7." in out
    assert f"/admin/telephony/trunk/{line.trunk.pk}/change/" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["abc"], "is not a telephone number"),
        ([""], "Write the number that is called."),
        (["+74991124148", "--from", "abc"], "is not a telephone number"),
        (["+74991124148", "--ip", "300.1.1.1"], "is not an address"),
        (["+74991124148", "--trunk", "Nobody"], "There are: Novofon."),
    ],
)
def test_the_command_meets_nonsense_with_a_sentence(
    line: PhoneNumber, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(*arguments, capsys=capsys)
    assert code == 2 and said in out


def test_a_connection_is_named_on_the_command_line(
    line: PhoneNumber, capsys: pytest.CaptureFixture[str]
) -> None:
    Trunk.objects.create(name="Twilio", addresses="198.51.100.0/24")
    assert run("+74991124148", "--trunk", "Novofon", capsys=capsys)[0] == 0
    code, out = run("+74991124148", "--trunk", "Twilio", capsys=capsys)
    assert code == 1 and "an address of “Twilio”" in out


def publish(route_objects: tuple[str, ...], **values: Any) -> None:
    for key in route_objects:
        PublishedObject.objects.create(
            kind=key.split(":")[0], key=key, source=uuid.uuid4(), **{"state": "live", **values}
        )


def test_what_is_saved_may_not_be_live_yet(line: PhoneNumber) -> None:
    question = Question(called="+74991124148")
    report = ask(question)
    assert "not live yet" in str(report.not_live)
    publish(report.route.objects)
    assert ask(question).not_live is None
    PublishedObject.objects.filter(kind="rule").update(
        state="failed", error={"msgid": "LiveKit said no.", "values": {}}
    )
    assert "LiveKit said no." in str(ask(question).not_live)


def test_a_change_on_its_way_is_told_of_where_nobody_answers(line: PhoneNumber) -> None:
    DispatchRule.objects.all().delete()
    assert ask(Question(called="+74991124148")).not_live is None
    publish(("trunk:x",), state="waiting")
    PublishedObject.objects.update(source=line.key)
    assert "for a moment calls still go as before" in str(
        ask(Question(called="+74991124148")).not_live
    )


def test_it_reads_as_much_for_a_hundred_numbers_as_for_one(line: PhoneNumber) -> None:
    question = Question(called="+74991124148", source_ip="203.0.113.9")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ask(question).answers
        return len(seen)

    queries()  # the first look makes the row of the call entrance
    few = queries()
    trunk = Trunk.objects.create(name="Twilio", addresses="198.51.100.0/24")
    PhoneNumber.objects.bulk_create(
        PhoneNumber(number=f"+7495000{n:04}", trunk=trunk) for n in range(100)
    )
    rule = DispatchRule.objects.create(name="Sales", agent=Agent.objects.get())
    rule.numbers.set(PhoneNumber.objects.filter(trunk=trunk))
    assert queries() == few


def refused(**values: Any) -> Call:
    usual = {"to_number": "74991124148", "from_number": "79161234567", "source_ip": "203.0.113.9"}
    return Call(outcome="rejected", **{**usual, "reason": Reason.UNKNOWN_NUMBER, **values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"source_ip": "198.51.100.7"}, "“Novofon” takes no calls from 198.51.100.7."),
        ({"to_number": "74950000000"}, "We have no number +7 495 000-00-00."),
        ({"to_number": "4991124148"}, "writes our number +7 499 112-41-48 as “4991124148”"),
        ({"reason": Reason.WRONG_PASSWORD}, "“Novofon” asks for a login, and the call brought a"),
        ({"reason": Reason.NO_PASSWORD}, "“Novofon” asks for a login, and the call brought none."),
    ],
)
def test_a_refused_call_is_explained(line: PhoneNumber, values: dict[str, Any], said: str) -> None:
    step = why_refused(refused(**values))
    assert step and said in str(step.sentence)


def test_a_wrong_pin_is_explained(line: PhoneNumber) -> None:
    DispatchRule.objects.update(pin="1234")
    step = why_refused(refused(reason=Reason.WRONG_PIN))
    assert step and "“Everybody” asks for a PIN" in str(step.sentence)
    assert "1234" not in str(step.sentence)


def test_a_refused_call_that_would_be_answered_now_says_so(line: PhoneNumber) -> None:
    assert why_refused(refused()) is None
    publish(ask(Question(called="+74991124148")).route.objects)
    step = why_refused(refused())
    assert step and "such a call is answered" in str(step.sentence)


def test_a_question_without_a_number_is_refused(line: PhoneNumber) -> None:
    with pytest.raises(QuestionError) as refusal:
        ask(Question(called="  "))
    assert refusal.value.field == "called"
