"""The pages of the line show what a save, an archive or a switch means, and then do it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from agentworker.models import Agent, AgentVersion, Session
from telephony import changes
from telephony.models import Call, CallEvent, DispatchRule, PhoneNumber, ScheduledChange, Trunk
from tests.wish.pages import agree, save
from veyra.models import User

pytestmark = pytest.mark.django_db
FIRST = "+7 499 112-41-48"
LOST = f"{FIRST} will reach nobody. Now: Support."


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr("telephony.changes.wake", asked.append)
    return asked


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("anna", language="en", time_zone="UTC"))
    return client


def assistant(name: str) -> Agent:
    agent = Agent.objects.create(name=name)
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello.")
    return agent


@pytest.fixture
def rule() -> DispatchRule:
    """Support answers the one number of trunk1."""
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(name="All", agent=assistant("Support"))
    rule.trunks.add(trunk)
    return rule


def page(model: str, name: str = "add", *args: Any, app: str = "telephony") -> str:
    return reverse(f"admin:{app}_{model}_{name}", args=args)


def rule_form(rule: DispatchRule, **values: Any) -> dict[str, Any]:
    trunks = [each.pk for each in rule.trunks.all()]
    form = {"name": rule.name, "agent": rule.agent_id, "kind": rule.kind, "room": rule.room}
    return {**form, "trunks": trunks, "is_active": "on", "revision": rule.revision, **values}


def trunk_form(trunk: Trunk, **values: Any) -> dict[str, Any]:
    form = {"name": trunk.name, "addresses": trunk.addresses, "spelling": "any"}
    return {**form, "is_active": "on", "revision": trunk.revision, **values}


def hidden(answer: Any) -> dict[str, str]:
    """The hidden fields of the page, as a browser would send them again."""
    found = re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()
    )
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def test_a_save_that_callers_notice_is_shown_first(staff: Client, rule: DispatchRule) -> None:
    url = page("dispatchrule", "change", rule.pk)
    form = rule_form(rule, agent=assistant("Sales").pk)
    shown = staff.post(url, form)
    assert f"{FIRST}: Support -&gt; Sales." in shown.content.decode()
    assert "Please correct" not in shown.content.decode()
    assert DispatchRule.objects.get().agent.name == "Support"
    assert staff.post(url, {**form, **hidden(shown)}).status_code == 302
    assert DispatchRule.objects.get().agent.name == "Sales"


def test_a_save_that_callers_do_not_notice_is_saved_at_once(
    staff: Client, rule: DispatchRule
) -> None:
    form = rule_form(rule, name="Everything")
    assert staff.post(page("dispatchrule", "change", rule.pk), form).status_code == 302
    assert DispatchRule.objects.get().name == "Everything"
    assert "Name" in LogEntry.objects.get().get_change_message()


def test_numbers_that_will_reach_nobody_need_a_tick(staff: Client, rule: DispatchRule) -> None:
    url, form = page("dispatchrule", "change", rule.pk), rule_form(rule)
    del form["is_active"]
    shown = staff.post(url, form)
    assert LOST in shown.content.decode()
    again = staff.post(url, {**form, **hidden(shown)})
    assert "Tick here, or go back." in again.content.decode()
    assert DispatchRule.objects.get().is_active
    assert staff.post(url, {**form, **hidden(again), "accepted": "on"}).status_code == 302
    assert not DispatchRule.objects.get().is_active


def test_what_changed_since_it_was_shown_is_shown_again(staff: Client, rule: DispatchRule) -> None:
    url = page("dispatchrule", "change", rule.pk)
    form = rule_form(rule, agent=assistant("Sales").pk)
    shown = staff.post(url, form)
    PhoneNumber.objects.create(number="+74991124149", trunk=rule.trunks.get())
    again = staff.post(url, {**form, **hidden(shown)})
    assert "+7 499 112-41-49: Support -&gt; Sales." in again.content.decode()
    assert DispatchRule.objects.get().agent.name == "Support"
    assert staff.post(url, {**form, **hidden(again)}).status_code == 302


def test_a_typed_password_outlives_the_question_and_is_never_on_the_page(
    staff: Client, rule: DispatchRule
) -> None:
    trunk = rule.trunks.get()
    url = page("trunk", "change", trunk.pk)
    typed = trunk_form(trunk, username="u", new_password="canary-9")
    shown = staff.post(url, typed)
    assert "the login changes" in shown.content.decode()
    assert "canary-9" not in shown.content.decode()
    assert staff.post(url, {**typed, "new_password": "", **hidden(shown)}).status_code == 302
    assert Trunk.objects.get().password == "canary-9"


def test_a_ciphertext_that_is_not_ours_is_a_sentence(staff: Client, rule: DispatchRule) -> None:
    trunk = rule.trunks.get()
    form = trunk_form(trunk, username="u", kept_new_password="f1:nonsense")
    answer = staff.post(page("trunk", "change", trunk.pk), form)
    assert "Type the password once more." in answer.content.decode()


def test_both_versions_are_shown_where_somebody_else_was_faster(
    staff: Client, rule: DispatchRule
) -> None:
    url = page("dispatchrule", "change", rule.pk)
    mine, theirs = rule_form(rule, name="Mine"), rule_form(rule, name="Theirs")
    save(staff, url, theirs)
    shown = staff.post(url, mine)
    text = shown.content.decode()
    assert "Nothing was overwritten." in text
    assert "<td>Theirs</td><td>Mine</td>" in text
    assert DispatchRule.objects.get().name == "Theirs"
    assert staff.post(url, {**mine, **hidden(shown)}).status_code == 302
    assert DispatchRule.objects.get().name == "Mine"


def test_two_people_who_write_an_assistant_see_both_versions(staff: Client) -> None:
    agent = assistant("Support")
    url = page("agent", "change", agent.pk, app="agentworker")
    none = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    form = {"name": "Support", "language": "en", "revision": "1", **none}
    staff.post(url, {**form, "greeting": "Theirs."})
    shown = staff.post(url, {**form, "greeting": "Mine."})
    assert "<td>Theirs.</td><td>Mine.</td>" in shown.content.decode()
    assert Agent.objects.get().draft.greeting == "Theirs."


def test_lines_that_nobody_changed_are_no_disagreement(staff: Client) -> None:
    agent = assistant("Support")
    url = page("agent", "change", agent.pk, app="agentworker")
    none = {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    # A browser ends lines so.
    lines = {"menu": "1 hours = From 9 to 18.\r\n2 address = Here.", "rules": "price = It is free."}
    form = {"name": "Support", "language": "en", "revision": "1", **lines, **none}
    staff.post(url, {**form, "greeting": "Theirs."})
    text = staff.post(url, {**form, "greeting": "Mine."}).content.decode()
    assert text.count('<th scope="row">') == 1


@pytest.mark.parametrize(
    ("model", "app"),
    [
        ("trunk", "telephony"),
        ("phonenumber", "telephony"),
        ("dispatchrule", "telephony"),
        ("agent", "agentworker"),
    ],
)
def test_deleting_shows_what_it_means_and_archives(
    staff: Client, rule: DispatchRule, model: str, app: str
) -> None:
    found = {
        "agent": Agent,
        "trunk": Trunk,
        "phonenumber": PhoneNumber,
        "dispatchrule": DispatchRule,
    }
    rows: Any = found[model].objects  # type: ignore[attr-defined]  # a model's manager
    pk = rows.get().pk
    url = page(model, "delete", pk, app=app)
    assert LOST in staff.get(url).content.decode()
    assert staff.post(url, {"post": "yes"}).status_code == 200
    assert rows.kept().exists()
    assert agree(staff, url).status_code == 302
    assert not rows.kept().exists()
    listed = staff.get(page(model, "changelist", app=app))
    assert listed.context["cl"].result_count == 0
    archived = staff.get(page(model, "changelist", app=app) + "?archived=yes")
    assert archived.context["cl"].result_count == 1
    opened = staff.get(page(model, "change", pk, app=app)).content.decode()
    assert "Archived on" in opened
    restore = page(model, "restore", pk, app=app)
    assert f"{FIRST}: nobody -&gt; Support." in staff.get(restore).content.decode()
    assert agree(staff, restore).status_code == 302
    assert rows.kept().exists()


@pytest.mark.parametrize("action", ["switch_off", "archive_selected"])
def test_a_bulk_action_shows_what_it_means(staff: Client, rule: DispatchRule, action: str) -> None:
    url = page("phonenumber", "changelist")
    chosen = {"action": action, "_selected_action": [PhoneNumber.objects.get().pk]}
    shown = staff.post(url, chosen)
    assert LOST in shown.content.decode()
    assert PhoneNumber.objects.in_use().exists()
    assert hidden(shown)["action"] == action
    assert staff.post(url, {**chosen, **hidden(shown)}).status_code == 200
    assert PhoneNumber.objects.in_use().exists()
    assert staff.post(url, {**chosen, **hidden(shown), "accepted": "on"}).status_code == 302
    assert not PhoneNumber.objects.in_use().exists()


def test_what_is_archived_cannot_be_chosen(staff: Client, rule: DispatchRule) -> None:
    trunk = rule.trunks.get()
    Trunk.objects.update(archived_at=timezone.now())
    Agent.objects.update(archived_at=timezone.now())
    number = staff.get(page("phonenumber")).context["adminform"].form
    assert list(number.fields["trunk"].queryset) == []
    assert (
        list(staff.get(page("dispatchrule")).context["adminform"].form.fields["agent"].queryset)
        == []
    )
    query = {"app_label": "telephony", "model_name": "dispatchrule", "field_name": "trunks"}
    assert staff.get(reverse("admin:autocomplete"), query).json()["results"] == []
    # A form that was opened before, and a machine that sends what it likes, meet a sentence.
    form = {"number": "101", "trunk": trunk.pk, "is_active": "on"}
    assert staff.post(page("phonenumber"), form).status_code == 200


def test_an_archived_row_is_not_changed_by_a_form_that_was_open(
    staff: Client, rule: DispatchRule
) -> None:
    agree(staff, page("dispatchrule", "delete", rule.pk))
    answer = staff.post(page("dispatchrule", "change", rule.pk), rule_form(rule, name="B"))
    assert answer.status_code == 403
    assert DispatchRule.objects.get().name == "All"


def test_a_change_for_later_is_shown_kept_and_cancelled(staff: Client, rule: DispatchRule) -> None:
    later = timezone.now() + timedelta(days=1)
    at = {"starts_at_0": f"{later:%Y-%m-%d}", "starts_at_1": "00:00"}
    form = rule_form(rule, agent=assistant("Sales").pk, **at)
    answer = save(staff, page("dispatchrule", "change", rule.pk), form)
    assert answer.status_code == 302
    assert any("Until then" in str(each) for each in get_messages(answer.wsgi_request))
    assert DispatchRule.objects.get().agent.name == "Support"
    assert not LogEntry.objects.exists()
    number = PhoneNumber.objects.get()
    opened = staff.get(page("phonenumber", "change", number.pk)).content.decode()
    assert f"{FIRST}: Support -&gt; Sales." in opened
    planned = ScheduledChange.objects.get()
    meaning = staff.get(page("scheduledchange", "change", planned.pk)).content.decode()
    assert f"{FIRST}: Support -&gt; Sales." in meaning
    cancel = reverse("admin:telephony_scheduledchange_cancel_this", args=[planned.pk])
    staff.post(cancel, {"_form_submitted": "on"})
    assert ScheduledChange.objects.get().state == "cancelled"
    late = {"action": "cancel", "_selected_action": [planned.pk]}
    answer = staff.post(page("scheduledchange", "changelist"), late)
    assert any("cannot be cancelled" in str(each) for each in get_messages(answer.wsgi_request))


def test_a_new_number_may_wait_for_its_day(staff: Client, rule: DispatchRule) -> None:
    form = {"number": "+7 499 112-41-49", "trunk": rule.trunks.get().pk, "is_active": "on"}
    later = timezone.now() + timedelta(days=1)
    at = {"starts_at_0": f"{later:%Y-%m-%d}", "starts_at_1": "00:00"}
    assert save(staff, page("phonenumber"), {**form, **at}).status_code == 302
    assert PhoneNumber.objects.count() == 1
    changes.carry_out_due(later + timedelta(days=1))
    assert PhoneNumber.objects.filter(number="+74991124149").exists()


def test_a_moment_that_has_passed_is_refused(staff: Client, rule: DispatchRule) -> None:
    at = {"starts_at_0": "2020-01-01", "starts_at_1": "00:00"}
    answer = staff.post(page("dispatchrule", "change", rule.pk), rule_form(rule, **at))
    assert "This moment has passed" in answer.content.decode()


def test_its_author_reads_on_the_first_page_what_became_of_a_change(
    staff: Client, rule: DispatchRule
) -> None:
    wanted = changes.Edit(
        changes=(changes.Change(model="rule", key=str(rule.key), values={"archived": True}),)
    )
    now = timezone.now()
    User.objects.update(set_up_at=now)
    changes.schedule(wanted, "All", now, User.objects.get())
    changes.carry_out_due(now)
    # The page that looks for itself what is new shows it to nobody.
    assert "took effect" not in staff.get("/admin/", headers={"Accept": "*/*"}).content.decode()
    opened = {"Accept": "text/html,*/*"}
    assert "took effect. " + LOST in staff.get("/admin/", headers=opened).content.decode()
    assert "took effect" not in staff.get("/admin/", headers=opened).content.decode()


@pytest.mark.parametrize("name", ["restore", "delete"])
def test_archiving_and_restoring_need_their_right(
    client: Client, rule: DispatchRule, name: str
) -> None:
    viewer = User.objects.create_user("olga", is_staff=True, language="en")
    viewer.user_permissions.add(Permission.objects.get(codename="view_dispatchrule"))
    client.force_login(viewer)
    assert client.post(page("dispatchrule", name, rule.pk)).status_code == 403
    bulk = {"action": "archive_selected", "_selected_action": [rule.pk]}
    client.post(page("dispatchrule", "changelist"), bulk)
    assert DispatchRule.objects.kept().exists()
    assert client.get(page("dispatchrule", name, 999)).status_code in (403, 404)


def test_no_page_deletes_what_happened(staff: Client) -> None:
    request = RequestFactory().get("/")
    request.user = User.objects.get()
    for model in (Call, CallEvent, Session, LogEntry):
        pages = admin.site._registry.get(model)
        assert pages is None or not pages.has_delete_permission(request)
        assert pages is None or "delete_selected" not in pages.get_actions(request)


@pytest.mark.parametrize("right", [False, True])
def test_planned_changes_are_cancelled_by_those_who_may(
    client: Client, rule: DispatchRule, right: bool
) -> None:
    anna = User.objects.create_superuser("anna")
    wanted = changes.Edit(changes=(changes.Change(model="rule", key=str(rule.key)),))
    planned = changes.schedule(wanted, "All", timezone.now() + timedelta(days=1), anna)
    viewer = User.objects.create_user("olga", is_staff=True, language="en")
    for codename in ["view_scheduledchange", *(["change_scheduledchange"] if right else [])]:
        viewer.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(viewer)
    chosen = {"action": "cancel", "_selected_action": [planned.pk]}
    client.post(page("scheduledchange", "changelist"), chosen)
    assert ScheduledChange.objects.waiting().exists() is not right


def test_a_page_of_the_archive_shows_no_field_that_can_be_typed(
    staff: Client, rule: DispatchRule
) -> None:
    trunk = rule.trunks.get()
    agree(staff, page("trunk", "delete", trunk.pk))
    opened = staff.get(page("trunk", "change", trunk.pk)).content.decode()
    assert "In the archive" in opened
    assert "New password" not in opened


def test_the_page_of_a_number_that_moves_still_shows_how_it_stands_now(
    staff: Client, rule: DispatchRule
) -> None:
    number = PhoneNumber.objects.get()
    other = Trunk.objects.create(name="trunk2", addresses="198.51.100.0/24")
    form = {"number": number.number, "trunk": other.pk, "is_active": "on"}
    answer = staff.post(page("phonenumber", "change", number.pk), form)
    html = answer.content.decode()
    assert answer.status_code == 200 and LOST in html
    assert f"light-{number.key}" in html
