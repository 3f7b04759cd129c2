"""A call becomes a scenario of its assistant, and nobody's number stays in it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from agentworker.models import AgentVersion, Scenario, SessionEvent, Speaker
from agentworker.trying import working
from agentworker.trying.from_call import Moment, steps_of, without_numbers
from agentworker.trying.steps import Kind, Must, Step
from telephony.models import Call
from tests.monitoring.conftest import agent, make_call, make_user, number, well
from veyra.models import User

__all__ = ["agent", "make_call", "make_user", "number", "well"]
CALLER, OURS = Speaker.CALLER, Speaker.AGENT


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Мой номер +7 (916) 123-45-67, Анна", "Мой номер {caller_number}, Анна"),
        ("8 916 123 45 67", "{caller_number}"),
        ("Заказ 48213, две тысячи", "Заказ 12345, две тысячи"),
        ("Приду в 10:30 25.11, цена 1500", "Приду в 10:30 25.11, цена 1500"),
        ("Стоит 1 500 рублей", "Стоит 1 500 рублей"),
        ("", ""),
    ],
)
def test_long_numbers_are_taken_out_and_prices_stay(said: str, kept: str) -> None:
    assert without_numbers(said) == kept


@given(
    st.text("абв ,", max_size=9),
    st.text("абв ,", max_size=9),
    st.lists(st.sampled_from(["", " ", "-", ") ", ".", " ("]), min_size=10, max_size=10),
)
def test_a_telephones_number_is_taken_out_however_it_is_written(
    before: str, after: str, between: list[str]
) -> None:
    written = "".join(map("".join, zip("9161234567", between, strict=True)))
    left = without_numbers(before + written + after)
    assert not re.search(r"\d", left) and "{caller_number}" in left


def test_what_was_answered_becomes_what_must_be_answered() -> None:
    happened = [
        Moment(OURS, "Здравствуйте!"),
        Moment(CALLER, "Сколько стоит?"),
        Moment(OURS, "Тысяча руб./час."),
        Moment(OURS, "Ещё вопросы?"),
        Moment(CALLER),
        Moment(CALLER, key="1"),
        Moment(OURS, kind="message", tool="note"),
        Moment(OURS, kind="transfer", tool="sales"),
    ]
    assert steps_of(happened, "") == (
        Step("Сколько стоит?", must=(Must(Kind.SAYS, "Тысяча руб. час."),)),
        Step(press="1", must=(Must(Kind.TOOL, tool="note"), Must(Kind.TRANSFERS))),
    )
    [judged, _key] = steps_of(happened, "ru")
    assert judged.must == (Must(Kind.JUDGED, "по смыслу это то же, что: Тысяча руб. час."),)


moments = st.builds(
    Moment,
    who=st.sampled_from([CALLER, OURS]),
    text=st.text(max_size=600),
    key=st.sampled_from(["", "1"]),
    kind=st.sampled_from(["", "end", "http"]),
)


@given(st.lists(moments, max_size=80), st.sampled_from(["", "ru", "en"]))
def test_whatever_happened_it_is_a_scenario_that_can_be_kept(
    happened: list[Moment], judged_in: str
) -> None:
    steps = steps_of(happened, judged_in)
    assert len(steps) <= 30
    assert all(len(step.say) <= 500 and len(step.must) <= 10 for step in steps)
    assert all(step.say or step.press for step in steps)
    assert all(len(must.text) <= 500 for step in steps for must in step.must)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("owner", language="en"))
    return client


@pytest.mark.django_db
@pytest.mark.usefixtures("well")
def test_one_press_makes_a_scenario_of_a_call(staff: Client, make_call: Any) -> None:
    words = ("Это Анна, 8 916 123-45-67. Какая цена?", "Тысяча рублей.", "Спасибо")
    call: Call = make_call(words, state="ended", outcome="answered", ended_at=timezone.now())
    SessionEvent.objects.create(
        event_id="e",
        job_id=f"AJ_{call.pk.hex[:12]}",
        kind="tool",
        at=timezone.now(),
        payload={"kind": "end", "name": "end"},
    )
    page = staff.get(f"/calls/{call.pk}/").content.decode()
    assert "Make a scenario of it" in page
    answers = [staff.post(f"/calls/{call.pk}/scenario/") for _time in range(2)]
    first, second = Scenario.objects.all()
    assert [answer["Location"] for answer in answers] == [
        f"/scenarios/{first.pk}/",
        f"/scenarios/{second.pk}/",
    ]
    assert second.name == f"{first.name} (2)"
    assert first.job_id and "916" not in str(first.steps)
    assert first.steps[0]["must"] == [{"kind": "says", "text": "Тысяча рублей.", "tool": ""}]
    assert first.steps[1]["must"] == [{"kind": "ends", "text": "", "tool": ""}]
    assert "Numbers are taken out" in staff.get(f"/scenarios/{first.pk}/").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("well")
def test_a_call_in_which_nobody_spoke_makes_none(staff: Client, make_call: Any) -> None:
    call = make_call(state="ended")
    page = staff.post(f"/calls/{call.pk}/scenario/", follow=True).content.decode()
    assert "Nobody said anything" in page
    assert not Scenario.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("right", ["agentworker.change_agent", "agentworker.view_session"])
def test_only_who_may_change_assistants_and_read_words_makes_one(
    client: Client, make_call: Any, make_user: Any, right: str
) -> None:
    call = make_call(("Алло",), state="ended")
    client.force_login(make_user("telephony.view_call", right))
    assert client.post(f"/calls/{call.pk}/scenario/").status_code == 403


@pytest.mark.django_db
@pytest.mark.usefixtures("well")
def test_a_number_that_was_taken_out_is_an_example_when_it_is_played(
    staff: Client, make_call: Any
) -> None:
    call = make_call(("Мой номер 8 916 123-45-67", "Записала."), state="ended")
    AgentVersion.objects.update(
        language="ru", rules=[{"words": ["916 123"], "say": "Записала."}], fallback="Что?"
    )
    staff.post(f"/calls/{call.pk}/scenario/")
    scenario = Scenario.objects.get()
    staff.post(f"/scenarios/{scenario.pk}/play/")
    working.work()
    assert scenario.runs.get().verdict == "passed"
