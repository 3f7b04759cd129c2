"""The line's pages: staff save wishes, read how they stand, and meet sentences, never a 500."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from unfold.templatetags import unfold_list

from agentworker.models import Agent
from monitoring.health.shown import shown
from monitoring.incidents import urgent
from telephony.models import (
    DispatchRule,
    Gateway,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    Trunk,
)
from telephony.standing import worst_of
from tests.wish.pages import agree, save
from veyra.models import User

pytestmark = pytest.mark.django_db
WISHES = ["trunk", "phonenumber", "dispatchrule"]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the queue; nothing runs in these tests."""
    asked: list[str] = []
    monkeypatch.setattr("telephony.admin.wake", asked.append)
    monkeypatch.setattr("telephony.changes.wake", asked.append)
    return asked


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("anna", language="en"))
    return client


@pytest.fixture
def trunk() -> Trunk:
    return Trunk.objects.create(
        name="trunk1", addresses="203.0.113.0/24", username="u", password="canary-3"
    )


@pytest.fixture
def agent() -> Agent:
    return Agent.objects.create(name="Поддержка")


def page(model: str, name: str = "add", *args: Any) -> str:
    return reverse(f"admin:telephony_{model}_{name}", args=args)


def errors(response: Any) -> str:
    return str(response.context["adminform"].form.errors) if response.context else ""


TRUNK = {"name": "Novofon", "addresses": "203.0.113.7", "spelling": "any", "is_active": "on"}


def rule_form(agent: Agent, **values: Any) -> dict[str, Any]:
    form = {"name": "Support", "agent": agent.pk, "kind": "individual", "room": "call-"}
    return {**form, "is_active": "on", **values}


def test_the_mission_s_line_is_made_by_hand(staff: Client, agent: Agent, woken: list[str]) -> None:
    staff.post(page("trunk"), {**TRUNK, "addresses": "203.0.113.7\n\n Sip.Provider.EXAMPLE "})
    trunk = Trunk.objects.get()
    assert trunk.addresses == "203.0.113.7\nsip.provider.example"
    number = {"number": "8 (499) 112-41-48", "trunk": trunk.pk, "is_active": "on"}
    staff.post(page("phonenumber"), number)
    assert PhoneNumber.objects.get().number == "+74991124148"
    save(staff, page("dispatchrule"), rule_form(agent, trunks=[trunk.pk]))
    assert list(DispatchRule.objects.get().trunks.all()) == [trunk]
    assert woken == ["telephony.apply"] * 3


@pytest.mark.parametrize(
    ("model", "field", "text", "said"),
    [
        ("trunk", "addresses", "0.0.0.0/0", "whole internet"),
        ("trunk", "addresses", "203.0.113.9/24", "Did you mean 203.0.113.0/24?"),
        ("trunk", "addresses", "sip:203.0.113.9", "is not an address"),
        ("trunk", "addresses", "203.0.113.9:5060", "is not an address"),
        ("trunk", "addresses", "(203.0.113.9)", "is not an address"),
        ("trunk", "addresses", "300.1.1.1", "is not an address"),
        ("trunk", "username", "login", "Enter both or neither"),
        ("trunk", "new_password", "secret", "Enter both, or switch on"),
        ("phonenumber", "number", "abc", "is not a telephone number"),
        ("phonenumber", "number", "+7 499", "too few or too many digits"),
        ("dispatchrule", "callers", "abc", "is not a telephone number"),
        ("dispatchrule", "pin", "12a", "must be digits"),
        ("dispatchrule", "trunks", "", "names no number"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(
    staff: Client, agent: Agent, trunk: Trunk, model: str, field: str, text: str, said: str
) -> None:
    forms: dict[str, dict[str, Any]] = {
        "trunk": TRUNK,
        "phonenumber": {"number": "101", "trunk": trunk.pk},
        "dispatchrule": rule_form(agent, trunks=[trunk.pk]),
    }
    value: Any = [] if field == "trunks" else text
    response = staff.post(page(model), {**forms[model], field: value})
    assert response.status_code == 200
    assert said in errors(response)


def test_the_same_number_in_another_spelling_is_refused(staff: Client, trunk: Trunk) -> None:
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    response = staff.post(page("phonenumber"), {"number": "84991124148", "trunk": trunk.pk})
    assert "Two lines claim +7 499 112-41-48" in errors(response)
    assert "already comes by “trunk1”" in errors(response)


def test_two_rules_for_the_same_number_are_refused_before_they_are_saved(
    staff: Client, agent: Agent, trunk: Trunk
) -> None:
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    save(staff, page("dispatchrule"), rule_form(agent, numbers=[number.pk]))
    response = staff.post(page("dispatchrule"), rule_form(agent, name="B", numbers=[number.pk]))
    assert "both answer +7 499 112-41-48" in errors(response)
    with_pin = rule_form(agent, name="B", numbers=[number.pk], pin="12")
    assert save(staff, page("dispatchrule"), with_pin).status_code == 302


def test_the_password_is_never_shown_and_an_empty_field_keeps_it(
    staff: Client, trunk: Trunk
) -> None:
    change = page("trunk", "change", trunk.pk)
    assert "canary-3" not in staff.get(change).content.decode()
    staff.post(change, {**TRUNK, "username": "u"})
    assert Trunk.objects.get().password == "canary-3"
    staff.post(change, {**TRUNK, "username": "u", "new_password": "canary-4"})
    assert Trunk.objects.get().password == "canary-4"
    staff.post(change, {**TRUNK, "username": "u", "remove_login": "on"})
    assert (Trunk.objects.get().username, Trunk.objects.get().password) == ("", "")


def test_an_open_connection_is_told_before_it_is_saved_and_then_in_red(staff: Client) -> None:
    response = staff.post(page("trunk"), {**TRUNK, "addresses": ""})
    assert "is open: anybody" in response.content.decode()
    assert not Trunk.objects.exists()
    save(staff, page("trunk"), {**TRUNK, "addresses": ""})
    assert (
        "Open: anybody on the internet" in staff.get(page("trunk", "changelist")).content.decode()
    )


def test_a_lost_key_breaks_no_page(staff: Client, trunk: Trunk, settings: LazySettings) -> None:
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    change = page("trunk", "change", trunk.pk)
    for url in (page("trunk", "changelist"), change, page("phonenumber", "changelist")):
        assert staff.get(url).status_code == 200
    assert staff.post(change, {**TRUNK, "username": "u", "name": "b"}).status_code == 302
    assert Trunk.objects.get().name == "b"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (PublishedState.LIVE, "Live since"),
        (PublishedState.WAITING, "Waiting: LiveKit refused"),
        (PublishedState.FAILED, "Not published: LiveKit refused"),
    ],
)
def test_a_row_says_how_it_stands(staff: Client, trunk: Trunk, state: str, said: str) -> None:
    number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    why = {"msgid": "LiveKit refused", "values": {}} if state != PublishedState.LIVE else {}
    PublishedObject.objects.create(
        kind="number",
        key=f"number:{number.key}",
        source=number.key,
        state=state,
        error=why,
        synced_at=timezone.now(),
    )
    assert said in staff.get(page("phonenumber", "change", number.pk)).content.decode()


def test_the_worst_that_came_of_a_row_is_what_it_says(staff: Client, trunk: Trunk) -> None:
    for key, state in (("a", "live"), ("b", "failed"), ("c", "waiting")):
        PublishedObject.objects.create(kind="trunk", key=key, source=trunk.key, state=state)
    found = worst_of(trunk)
    assert found is not None
    assert found.state == "failed"


def test_a_saved_change_waits_until_livekit_has_it(staff: Client, trunk: Trunk) -> None:
    PublishedObject.objects.create(kind="trunk", key="a", source=trunk.key, state="live")
    staff.post(page("trunk", "change", trunk.pk), {**TRUNK, "username": "u"})
    assert PublishedObject.objects.get().state == PublishedState.WAITING


def test_try_again_asks_first_and_acts_on_post_only(
    staff: Client, trunk: Trunk, woken: list[str]
) -> None:
    url = reverse("admin:telephony_trunk_try_again", args=[trunk.pk])
    assert staff.get(url).status_code == 200
    assert woken == []
    assert staff.post(url, {"_form_submitted": "on"}).status_code == 302
    assert woken == ["telephony.apply"]


@pytest.mark.parametrize("model", [*WISHES, "publishedobject"])
def test_list_pages_cost_the_same_however_long_the_list(
    staff: Client, agent: Agent, model: str
) -> None:
    Gateway.get()
    counts = []
    for size in (2, 12):
        for n in range(PhoneNumber.objects.count(), size):
            trunk = Trunk.objects.create(name=f"t{n}", password="x", username="u")
            PhoneNumber.objects.create(number=f"+749911241{n:02}", trunk=trunk)
            DispatchRule.objects.create(name=f"r{n}", agent=agent)
            PublishedObject.objects.create(
                kind="trunk", key=f"k{n}", source=trunk.key, state="live"
            )
        urgent.last.forget()
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(page(model, "changelist")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_home_costs_the_same_however_many_numbers_there_are(staff: Client, trunk: Trunk) -> None:
    def queries() -> int:
        urgent.last.forget()
        shown.forget()
        with CaptureQueriesContext(connection) as asked:
            assert staff.get(reverse("admin:index")).status_code == 200
        return len(asked)

    Gateway.get()
    queries()  # the first look makes rows
    counts = []
    for size in (2, 30):
        for n in range(PhoneNumber.objects.count(), size):
            number = PhoneNumber.objects.create(number=f"+749911241{n:02}", trunk=trunk)
            PublishedObject.objects.create(
                kind="number", key=f"number:{n}", source=number.key, state="live"
            )
        counts.append(queries())
    assert counts[0] == counts[1]


def test_a_rule_may_name_thousands_of_numbers(staff: Client, agent: Agent, trunk: Trunk) -> None:
    made = [PhoneNumber(number=f"+7499112{n:04}", trunk=trunk) for n in range(1500)]
    numbers = PhoneNumber.objects.bulk_create(made)
    form = rule_form(agent, numbers=[each.pk for each in numbers])
    assert save(staff, page("dispatchrule"), form).status_code == 302
    assert DispatchRule.objects.get().numbers.count() == 1500


def test_a_list_makes_its_headings_once(staff: Client, trunk: Trunk, agent: Agent) -> None:
    for n in range(12):
        PhoneNumber.objects.create(number=f"+749911241{n:02}", trunk=trunk)
    shown = staff.get(page("phonenumber", "changelist")).context["cl"]
    assert unfold_list.result_headers(shown) is unfold_list.result_headers(shown)


def test_the_one_call_entrance_is_opened_at_once(staff: Client) -> None:
    answer = staff.get(page("gateway", "changelist"))
    assert answer.headers["Location"] == page("gateway", "change", Gateway.objects.get().pk)


def test_a_new_form_offers_the_only_choice_that_there_is(
    staff: Client, agent: Agent, trunk: Trunk
) -> None:
    initial = staff.get(page("phonenumber")).context["adminform"].form.initial
    assert initial["trunk"] == trunk.pk
    initial = staff.get(page("dispatchrule")).context["adminform"].form.initial
    assert (initial["agent"], initial["trunks"]) == (agent.pk, [trunk.pk])


def test_a_new_form_offers_nothing_where_there_is_a_choice(staff: Client, trunk: Trunk) -> None:
    Trunk.objects.create(name="trunk2")
    assert staff.get(page("phonenumber")).context["adminform"].form.initial["trunk"] is None


@pytest.mark.parametrize("model", WISHES)
def test_a_new_row_says_nothing_of_its_state(staff: Client, trunk: Trunk, model: str) -> None:
    assert "data-standing" not in staff.get(page(model)).content.decode()
    change = staff.get(page("trunk", "change", trunk.pk)).content.decode()
    assert f'data-standing="{trunk.key}" data-colour="warning"' in change


def test_the_first_steps_go_on_from_home(staff: Client) -> None:
    form = {**TRUNK, "name": "Novofon"}
    answer = staff.post(page("trunk") + "?next=/admin/", form)
    assert answer.headers["Location"] == "/admin/"
    form["name"] = "Other"
    answer = staff.post(page("trunk") + "?next=https://elsewhere.example/", form)
    assert answer.headers["Location"] == page("trunk", "changelist")


def test_a_connection_with_numbers_is_archived_never_deleted(staff: Client, trunk: Trunk) -> None:
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    agree(staff, page("trunk", "delete", trunk.pk))
    assert Trunk.objects.get().archived_at is not None
    assert PhoneNumber.objects.kept().exists()


@pytest.mark.parametrize("model", WISHES)
def test_pages_need_their_permission(client: Client, model: str) -> None:
    viewer = User.objects.create_user("olga", is_staff=True)
    client.force_login(viewer)
    assert client.get(page(model, "changelist")).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    assert client.get(page(model, "changelist")).status_code == 200
    assert client.get(page(model)).status_code == 403
    again = reverse(f"admin:telephony_{model}_try_again_all")
    assert client.post(again, {"_form_submitted": "on"}).status_code == 403


@pytest.mark.parametrize("model", WISHES)
def test_the_field_s_own_words_stand_in_details_only(
    staff: Client, trunk: Trunk, agent: Agent, model: str
) -> None:
    response = staff.get(page(model))
    form = response.context["adminform"]
    for fieldset in form:
        if fieldset.name == "Details":
            continue
        for line in fieldset:
            for field in line:
                bound: Any = field.field
                label = bound["label"] if isinstance(bound, dict) else bound.label
                words = f"{label} {'' if isinstance(bound, dict) else bound.help_text}".lower()
                assert not {"sip", "invite", "trunk", "room", "egress"} & set(words.split())
