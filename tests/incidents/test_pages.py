"""The pages of incidents: who sees what, what they tell, and what is pressed there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agentworker.models import Agent
from monitoring import roles
from monitoring.incidents import services, urgent
from monitoring.incidents.advice import PageOf
from monitoring.incidents.models import (
    Contact,
    Incident,
    IncidentCall,
    IncidentNote,
    RuleSetting,
    Silence,
)
from monitoring.incidents.runbook import TARGETS
from monitoring.incidents.runbooks import RUNBOOKS, USUAL
from monitoring.recovery.models import RecoveryAction
from monitoring.recovery.steps import STEPS
from telephony.models import Call, CallBack, DispatchRule
from veyra import audit
from veyra.look import link
from veyra.models import AuditEntry, User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
Open = Callable[..., Incident]


@pytest.fixture
def enter() -> Enter:
    def log_in(role: str = "Engineer", name: str = "") -> Client:
        roles.make()
        user = User.objects.create_user(
            name or role.lower(), is_staff=True, language="en", set_up_at=timezone.now()
        )
        user.groups.set(Group.objects.filter(name=role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def begin() -> Open:
    def make(rule: str = "gateway", **values: object) -> Incident:
        now = timezone.now()
        made = {
            "cause": rule,
            "severity": 1,
            "sentence": Sentence("The call entrance does not answer.").to_json(),
            "opened_at": now - timedelta(minutes=5),
            "seen_at": now,
        }
        row = Incident.objects.create(rule=rule, **made | values)
        services.note(row, "opened", row.told, at=row.opened_at)
        return row

    return make


def text(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def press(client: Client, name: str, row: Incident, **given: object) -> str:
    answer = client.post(reverse(name, args=[row.pk]), given, follow=True)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_list_shows_what_is_open_first_and_what_is_over(enter: Enter, begin: Open) -> None:
    begin()
    begin("tap", severity=3, state="resolved", resolved_at=timezone.now())
    page = text(enter(), "incidents")
    assert page.index("The call entrance does not answer.") < page.index("Before")
    assert "Listening to the call entrance" in page


def test_a_list_with_nothing_in_it_says_that_nothing_is_wrong(enter: Enter) -> None:
    assert "Nothing is wrong." in text(enter(), "incidents")


@pytest.mark.parametrize(
    ("view", "about"),
    [("incident", ""), ("incident-rule", "gateway"), ("health-check", "gateway")],
)
def test_the_question_mark_leads_to_the_part_about_this_trouble(
    view: str, about: str, enter: Enter, begin: Open
) -> None:
    page = text(enter(), view, about or begin("gateway").pk)
    assert f'href="{reverse("doc", args=["incidents"])}#gateway"' in page


def test_the_list_is_narrowed_by_gravity_and_rule(enter: Enter, begin: Open) -> None:
    begin(), begin("tap", severity=3)
    client = enter()
    by_rule = client.get("/incidents/", {"rule": "tap", "part": "1"}).content.decode()
    assert by_rule.count("vy-incident") == 1
    grave = client.get("/incidents/", {"severity": "1", "part": "1"}).content.decode()
    assert grave.count("vy-incident") == 1
    assert client.get("/incidents/", {"severity": "x", "page": "y"}).status_code == 200


def test_the_list_costs_the_same_however_long_it_is(enter: Enter, begin: Open) -> None:
    client = enter()

    def queries() -> int:
        urgent.last.forget()
        with CaptureQueriesContext(connection) as found:
            text(client, "incidents")
        return len(found)

    begin()
    text(client, "incidents")
    few = queries()
    for place in range(10):
        begin("tap", cause=f"tap:{place}")
        begin("tap", cause=f"x:{place}", state="resolved", resolved_at=timezone.now())
    assert queries() <= few + 1


def test_a_change_made_shortly_before_is_told_with_a_link(
    enter: Enter, begin: Open, anna: User
) -> None:
    rule = DispatchRule.objects.create(name="Night", agent=Agent.objects.create(name="Maria"))
    AuditEntry.objects.all().delete()
    with audit.by(anna):
        audit.record(rule, {"is_active": [True, False]})
    AuditEntry.objects.update(timestamp=timezone.now() - timedelta(minutes=9))
    page = text(enter(), "incident", begin().pk)
    assert "“Night” (who answers) was changed by Anna." in page
    assert "4 min before" in page
    assert reverse("admin:telephony_dispatchrule_change", args=[rule.pk]) in page
    assert "Something was changed 4 min before it began." in page
    assert "<dt>In use</dt><dd><del>yes</del> → <ins>no</ins></dd>" in page


def test_whom_it_hit_is_put_on_the_list_of_calls_to_return_in_one_click(
    enter: Enter, begin: Open
) -> None:
    row, follows = begin("livekit"), begin("no_agent")
    Incident.objects.filter(pk=follows.pk).update(part_of=row)
    for number, incident in enumerate((row, follows, follows)):
        call = Call.objects.create(
            state="ended",
            outcome="failed",
            from_number=f"+7916000000{number}",
            started_at=timezone.now(),
            ended_at=timezone.now(),
        )
        IncidentCall.objects.create(incident=incident, call=call)
    client = enter("Manager")
    assert "3 calls were hit" in text(client, "incident", row.pk)
    assert "3 callers were put on the list" in press(client, "incident-call-back", row)
    assert CallBack.objects.count() == 3
    assert "On no list yet: 0" in text(client, "incident", row.pk)


def test_somebody_says_that_he_is_on_it_and_the_next_one_is_told_so(
    enter: Enter, begin: Open
) -> None:
    row = begin()
    assert "You are on it." in press(enter("Supervisor"), "incident-acknowledge", row)
    assert "Somebody was quicker" in press(enter("Manager"), "incident-acknowledge", row)
    row.refresh_from_db()
    assert (row.state, str(row.acknowledged_by)) == ("acknowledged", "supervisor")


def test_it_is_given_put_off_commented_closed_and_opened_again(
    enter: Enter, begin: Open, anna: User
) -> None:
    client, row = enter(), begin()
    press(client, "incident-assign", row, to=anna.pk)
    press(client, "incident-snooze", row, minutes=60)
    assert not Incident.objects.to_tell(timezone.now()).exists()
    press(client, "incident-comment", row, text="The provider knows.")
    press(client, "incident-resolve", row)
    assert Incident.objects.get().is_over
    press(client, "incident-reopen", row)
    row.refresh_from_db()
    assert (row.state, row.assigned_to) == ("open", anna)
    kinds = list(row.notes.in_order().values_list("kind", flat=True))
    assert kinds == ["opened", "assigned", "snoozed", "comment", "resolved", "reopened"]
    assert "The provider knows." in text(client, "incident", row.pk)


def test_an_empty_comment_is_not_written(enter: Enter, begin: Open) -> None:
    assert "Fill in the field" in press(enter(), "incident-comment", begin(), text=" ")
    assert not IncidentNote.objects.filter(kind="comment").exists()


def test_it_is_not_opened_again_beside_a_newer_one_of_the_same_cause(
    enter: Enter, begin: Open
) -> None:
    old = begin(state="resolved", resolved_at=timezone.now())
    begin()
    assert "a newer incident" in press(enter(), "incident-reopen", old)


def test_a_step_of_the_runbook_is_done_and_told_in_the_story(enter: Enter, begin: Open) -> None:
    row = begin("drift")
    client = enter()
    assert "What LiveKit has is compared" in text(client, "incident", row.pk)
    press(client, "incident-step", row, step="check_again", target="tap")
    action = RecoveryAction.objects.get()
    assert (action.incident, action.step) == (row, "check_again")
    assert list(row.notes.of_kind("step").values_list("by__username", flat=True)) == ["engineer"]


def test_who_may_only_acknowledge_presses_no_step(enter: Enter, begin: Open) -> None:
    row, client = begin(), enter("Supervisor")
    assert "check_again" not in text(client, "incident", row.pk)
    url = reverse("incident-step", args=[row.pk])
    assert client.post(url, {"step": "check_again", "target": "tap"}).status_code == 403
    for name in ("incident-resolve", "incident-snooze", "incident-assign"):
        assert client.post(reverse(name, args=[row.pk])).status_code == 403


def test_a_step_that_does_not_exist_is_not_found(enter: Enter, begin: Open) -> None:
    url = reverse("incident-step", args=[begin().pk])
    assert enter().post(url, {"step": "rm_rf"}).status_code == 404


def test_every_step_that_a_runbook_offers_is_there_and_is_about_something() -> None:
    offers = [offer for advice in RUNBOOKS.values() for offer in advice.steps]
    assert {offer.step for offer in offers} <= STEPS.keys()
    assert {offer.on.partition(" ")[0] for offer in offers} <= {"", "program", *TARGETS}


PAGES = sorted(
    {page[0]: page for each in (*RUNBOOKS.values(), USUAL) for page in each.pages}.items()
)


@pytest.mark.parametrize(
    "page", [page for _name, page in PAGES], ids=[name for name, _page in PAGES]
)
def test_every_page_that_a_runbook_names_opens_for_whoever_is_led_there(
    enter: Enter, page: PageOf
) -> None:
    name, _title, right = page
    client = enter("Owner")
    assert User.objects.get(username="owner").has_perms(right.split())
    assert client.get(link(name)).status_code == 200


def test_contacts_stand_on_every_incident(enter: Enter, begin: Open) -> None:
    Contact.objects.create(name="Novofon", duty="Provider", phone="+7 495 000-00-00", hours="24/7")
    assert 'href="tel:+74950000000"' in text(enter("Supervisor"), "incident", begin().pk)


def test_the_report_tells_the_boss_what_happened_and_who_was_hit(enter: Enter, begin: Open) -> None:
    row = begin(state="resolved", resolved_at=timezone.now())
    page = text(enter("Auditor"), "incident-report", row.pk)
    assert "Calls that were hit" in page and "nothing of it was seen any more" in page


def test_every_page_says_what_is_critical_and_how_many_are_grave(enter: Enter, begin: Open) -> None:
    begin(), begin("disk", severity=2), begin("backup", severity=3)
    engineer, operator = enter(), enter("Operator")
    page = text(engineer, "admin:index")
    assert "2 grave incidents" in page and "What to do" in page
    page = text(operator, "admin:index")
    assert "The engineer is being told." in page and "grave incidents" not in page
    assert "does not answer" not in page.partition('id="content"')[0]


def test_planned_work_silences_all_but_lost_callers_and_every_page_says_so(
    enter: Enter, begin: Open
) -> None:
    client = enter()
    until = timezone.localtime(timezone.now() + timedelta(hours=2))
    form = {"until": f"{until:%Y-%m-%dT%H:%M}", "why": "New server"}
    client.post(reverse("silences"), form)
    begin("disk", severity=2), begin("no_agent", is_loud=True)
    told = [row.rule for row in Incident.objects.to_tell(timezone.now())]
    assert told == ["no_agent"]
    assert "New server. Alarms are silent until" in text(client, "admin:index")
    client.post(reverse("silence-lift", args=[Silence.objects.get().pk]))
    assert Incident.objects.to_tell(timezone.now()).count() == 2


@pytest.mark.parametrize(("hours", "told"), [(-1, "still to come"), (200, "seven days")])
def test_silence_ends_within_a_week(enter: Enter, hours: int, told: str) -> None:
    until = timezone.localtime(timezone.now() + timedelta(hours=hours))
    form = {"until": f"{until:%Y-%m-%dT%H:%M}", "why": "x"}
    assert told in enter().post(reverse("silences"), form).content.decode()
    assert not Silence.objects.exists()


def test_staff_change_a_rule_and_only_what_differs_is_kept(enter: Enter) -> None:
    client = enter()
    assert "Callers hear nobody" in text(client, "incident-rules")
    form = {
        "is_enabled": "on",
        "heals_itself": "",
        "severity": "2",
        "damping": "0",
        "limit_last": "16",
        "limit_percent": "80",
        "limit_calls": "1",
    }
    answer = client.post(reverse("incident-rule", args=["no_agent"]), form)
    assert answer.status_code == 302
    row = RuleSetting.objects.get()
    assert (row.severity, row.damping, row.thresholds) == (2, None, {"percent": 80.0})
    assert (row.is_enabled, row.heals_itself) == (True, False)
    assert "Changed by your staff." in text(client, "incident-rules")


def test_a_limit_out_of_its_bounds_is_refused(enter: Enter) -> None:
    form = {"severity": "2", "damping": "0", "limit_seconds": "100000"}
    answer = enter().post(reverse("incident-rule", args=["facts_late"]), form)
    assert answer.status_code == 200 and not RuleSetting.objects.exists()


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        ("Owner", "list rules silences"),
        ("Engineer", "list rules silences"),
        ("Manager", "list silences"),
        ("Supervisor", "list silences"),
        ("Auditor", "list rules silences"),
        ("Operator", ""),
        ("Viewer", ""),
    ],
)
def test_each_role_opens_its_pages(enter: Enter, role: str, opens: str) -> None:
    client = enter(role)
    pages = {"list": "incidents", "rules": "incident-rules", "silences": "silences"}
    found = [name for name, url in pages.items() if client.get(reverse(url)).status_code == 200]
    assert found == opens.split()
