"""A change is taken back: by whoever may make it, after a look, and only where it is the last."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from monitoring import roles
from monitoring.alarms.models import AlertChannel
from monitoring.incidents import changes as incident_changes
from monitoring.incidents.models import Incident, IncidentNote, RuleSetting
from recordings.models import Recording, Storage
from telephony import changes
from telephony.changes import Change, Edit
from telephony.models import Colleague, DispatchRule, Gateway, PhoneNumber, Trunk
from veyra import audit
from veyra.models import AuditEntry, User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.changes.wake", lambda _task: None)


def change(model: Any, row: Any, by: User | None = None, **values: Any) -> AuditEntry:
    """Somebody saves a form of the line."""
    with audit.by(by):
        edit = Edit(changes=(Change(model=model, key=str(row.key), values=values),))
        changes.carry_out(edit)
    found: AuditEntry = AuditEntry.objects.latest("pk")
    return found


def address(entry: AuditEntry) -> str:
    return reverse("undo", args=[entry.pk])


def press(client: Client, entry: AuditEntry) -> Any:
    """Open the page, and press its button with a tick."""
    shown: Any = client.get(address(entry))
    assert shown.status_code == 200
    yes = {"seen": shown.context["panel"].get("token", ""), "accepted": "on"}
    return client.post(address(entry), yes)


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def member(role: str) -> Client:
    roles.make()
    user = User.objects.create_user(role, is_staff=True, language="en", set_up_at=timezone.now())
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    return client


def test_what_it_means_for_callers_is_shown_and_then_done(
    staff: Client, anna: User, rule: DispatchRule
) -> None:
    entry = change("rule", rule, anna, is_active=False)
    shown = staff.get(address(entry))
    assert "“Night” (who answers) was changed by Anna." in text(shown)
    assert "+7 499 112-41-48: nobody -&gt; Support." in text(shown)
    assert not DispatchRule.objects.get().is_active
    # Without the look nothing is done.
    assert staff.post(address(entry)).status_code == 400
    assert press(staff, entry).status_code == 302
    assert DispatchRule.objects.get().is_active
    undone = AuditEntry.objects.latest("pk")
    assert undone.undoes == entry.pk and undone.actor == anna
    assert undone.changes == {"is_active": [False, True]}


def test_what_was_undone_can_be_done_again_and_not_undone_twice(
    staff: Client, rule: DispatchRule
) -> None:
    entry = change("rule", rule, name="Day")
    press(staff, entry)
    assert DispatchRule.objects.get().name == "Night"
    assert staff.post(address(entry)).status_code == 400
    assert "Undone." in text(staff.get(address(entry)))
    press(staff, AuditEntry.objects.latest("pk"))
    assert DispatchRule.objects.get().name == "Day"


def test_lists_of_rows_and_columns_that_name_rows_come_back(
    staff: Client, rule: DispatchRule
) -> None:
    number, other = (
        PhoneNumber.objects.get(),
        Trunk.objects.create(name="trunk2", addresses="198.51.100.0/24"),
    )
    entry = change("rule", rule, trunks=[str(other.key)], numbers=[str(number.key)])
    of_number = change("number", number, trunk=str(other.key), reserve=str(number.trunk.key))
    assert press(staff, of_number).status_code == 302
    number.refresh_from_db()
    assert (number.trunk.name, number.reserve) == ("trunk1", None)
    assert press(staff, entry).status_code == 302
    assert [each.name for each in rule.trunks.all()] == ["trunk1"] and not rule.numbers.exists()


def test_a_row_comes_back_from_the_archive_and_a_new_one_goes_there(
    staff: Client, rule: DispatchRule
) -> None:
    away = change("rule", rule, archived=True)
    assert "<dt>In the archive</dt><dd><del>yes</del> → <ins>no</ins>" in text(
        staff.get(address(away))
    )
    press(staff, away)
    assert DispatchRule.objects.get().archived_at is None
    key = "00000000-0000-4000-8000-000000000001"
    values = {"number": "+74950000000", "trunk": str(Trunk.objects.get().key)}
    changes.carry_out(Edit(changes=(Change(model="number", key=key, values=values),)))
    added = AuditEntry.objects.latest("pk")
    assert "goes to the archive now" in text(staff.get(address(added)))
    assert press(staff, added).status_code == 302
    assert PhoneNumber.objects.get(key=key).archived_at


def refused(client: Client, entry: AuditEntry) -> str:
    """The sentence that stands in place of the button."""
    page = text(client.get(address(entry)))
    assert "Open the row" in page or "is not there any more" in page
    assert client.post(address(entry), {"seen": "x", "accepted": "on"}).status_code == 400
    return page


def test_a_row_that_was_changed_again_since_is_left_alone(
    staff: Client, rule: DispatchRule
) -> None:
    entry = change("rule", rule, name="Day")
    change("rule", rule, room="desk-")
    assert "It has been changed again since" in refused(staff, entry)
    assert DispatchRule.objects.get().name == "Day"


def test_a_change_that_went_past_the_log_is_seen_too(staff: Client, rule: DispatchRule) -> None:
    entry = change("rule", rule, name="Day")
    DispatchRule.objects.update(name="Evening")
    assert "It has been changed again since" in refused(staff, entry)


def test_a_row_that_is_gone_cannot_be_put_back(staff: Client, rule: DispatchRule) -> None:
    entry = change("rule", rule, name="Day")
    DispatchRule.objects.all().delete()
    newest = AuditEntry.objects.latest("pk")
    assert newest.action == audit.Action.DELETE
    newest.delete()
    assert "The row is not there any more" in refused(staff, entry)


def test_a_row_that_it_would_need_is_gone(staff: Client, rule: DispatchRule) -> None:
    olga = Colleague.objects.create(name="Olga", phone="+79160000001")
    change("rule", rule, first_colleague=str(olga.key))
    entry = change("rule", rule, first_colleague=None)
    olga.delete()
    assert "is no longer there" in refused(staff, entry)


def test_a_password_is_not_kept_so_it_has_to_be_typed_anew(
    staff: Client, rule: DispatchRule
) -> None:
    entry = change("rule", rule, pin="4242")
    assert "A password or PIN was changed, too." in refused(staff, entry)


def test_what_the_line_could_not_be_any_more_is_said(staff: Client, rule: DispatchRule) -> None:
    entry = change("rule", rule, name="Day")
    DispatchRule.objects.create(name="Night", agent=rule.agent)
    shown = staff.get(address(entry))
    assert shown.context["panel"]["errors"] and 'vy-button">Undo' not in text(shown)
    assert press(staff, entry).status_code == 400


# Rows besides the line


def saved(row: Any, **values: Any) -> AuditEntry:
    """Somebody saves the form of one row."""
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    found: AuditEntry = AuditEntry.objects.latest("pk")
    return found


def test_the_call_entrance_comes_back(staff: Client) -> None:
    entry = saved(Gateway.get(), host="198.51.100.1", port=5062)
    before = entry.changes
    assert press(staff, entry).status_code == 302
    gateway = Gateway.objects.get()
    assert [gateway.host, gateway.port] == [before["host"][0], before["port"][0]]


def test_a_colleague_comes_back_as_his_form_would_save_him(staff: Client, anna: User) -> None:
    olga = Colleague.objects.create(
        name="Olga", phone="+79160000001", user=anna, days="135", begins=time(9), ends=time(18)
    )
    entry = saved(
        olga, phone="", user=None, days="", begins=None, ends=None, archived_at=timezone.now()
    )
    assert press(staff, entry).status_code == 302
    now = Colleague.objects.get()
    assert (now.phone, now.user, now.days, now.begins, now.archived_at) == (
        "+79160000001",
        anna,
        "135",
        time(9),
        None,
    )


def test_what_a_form_refuses_is_refused_with_its_words(staff: Client) -> None:
    storage = Storage.objects.create(name="Here", folder="/srv/one", is_current=True)
    entry = saved(storage, folder="/srv/two")
    Recording.objects.create(state="ready", storage=storage, file="a.ogg")
    assert "Recordings lie there" in refused(staff, entry)
    assert Storage.objects.get().folder == "/srv/two"


def test_where_recordings_go_is_chosen_back_on_the_storage_that_gave_way(staff: Client) -> None:
    old = Storage.objects.create(name="Old", is_current=True)
    new = Storage.objects.create(name="New")
    Storage.objects.not_current_but(new)
    gave_way = AuditEntry.objects.latest("pk")
    taken = saved(new, is_current=True)
    assert "Recordings must go somewhere" in refused(staff, taken)
    assert press(staff, gave_way).status_code == 302
    assert Storage.objects.get(is_current=True) == old


def test_an_alarm_channel_comes_back(staff: Client, anna: User) -> None:
    mail = AlertChannel.objects.create(
        name="Mail", kind="mail", language="en", person=anna, values={"to": "a@example.org"}
    )
    entry = saved(mail, is_on=False, person=None, quiet_from=time(22), values={"to": "b@x.org"})
    shown = text(staff.get(address(entry)))
    assert "b@x.org</del> → <ins>" in shown
    assert press(staff, entry).status_code == 302
    now = AlertChannel.objects.get()
    assert (now.is_on, now.person, now.quiet_from) == (True, anna, None)
    assert now.values == {"to": "a@example.org"} and now.changed_at > mail.changed_at


def test_a_rule_of_incidents_is_as_the_code_says_again(staff: Client, anna: User) -> None:
    row = RuleSetting.objects.create(rule="gateway")
    entry = saved(row, damping=60, thresholds={"share": 5.0}, is_enabled=False)
    assert press(staff, entry).status_code == 302
    now = RuleSetting.objects.get()
    assert (now.damping, now.thresholds, now.is_enabled) == (None, {}, True)
    assert now.changed_by == anna


# Who may, and where it is found


def test_who_may_not_change_the_row_may_not_take_a_change_back(rule: DispatchRule) -> None:
    entry = change("rule", rule, name="Day")
    away = change("number", PhoneNumber.objects.get(), archived=True)
    may = {
        role: [client.get(address(each)).status_code for each in (entry, away)]
        for role in roles.ROLES
        for client in [member(role)]
    }
    assert may == {
        "Owner": [200, 200],
        "Manager": [200, 403],
        "Operator": [403, 403],
        "Supervisor": [403, 403],
        "Engineer": [200, 200],
        "Viewer": [403, 403],
        "Auditor": [403, 403],
    }


def test_one_leads_back_only_to_a_page_of_ours(staff: Client, rule: DispatchRule) -> None:
    entry = change("rule", rule, name="Day")
    token = staff.get(address(entry)).context["panel"]["token"]
    to = f"{address(entry)}?next=https://evil.example/"
    assert staff.post(to, {"seen": token, "accepted": "on"}).headers["Location"] == "/admin/"


def begin(minutes_ago: float) -> Incident:
    now = timezone.now()
    return Incident.objects.create(
        rule="no_agent",
        cause=f"no_agent:{minutes_ago}",
        severity=1,
        sentence=Sentence("Callers hear nothing.").to_json(),
        opened_at=now - timedelta(minutes=minutes_ago),
        seen_at=now,
    )


def test_an_incident_tells_what_changed_offers_to_undo_it_and_that_it_was_undone(
    staff: Client, anna: User, rule: DispatchRule
) -> None:
    entry = change("rule", rule, anna, name="Day", is_active=False)
    AuditEntry.objects.update(timestamp=timezone.now() - timedelta(minutes=4))
    incident, older = begin(0), begin(50)
    page = text(staff.get(reverse("incident", args=[incident.pk])))
    assert "“Day” (who answers) was changed by Anna." in page and "4 min before" in page
    assert "<dt>Name</dt><dd><del>Night</del> → <ins>Day</ins></dd>" in page
    assert f'href="{address(entry)}?next=/incidents/{incident.pk}/"' in page
    press(staff, entry)
    note = IncidentNote.objects.get()
    assert note.incident == incident != older and note.by == anna
    assert str(note) == "The change of “Day” (who answers) was undone."
    page = text(staff.get(reverse("incident", args=[incident.pk])))
    assert "Undone." in page and "A change was undone" in page
    assert address(entry) not in page


def test_who_may_not_see_the_row_is_not_told_what_stood_in_it(
    rule: DispatchRule, anna: User
) -> None:
    change("trunk", Trunk.objects.get(), anna, addresses="192.0.2.7")
    incident = begin(0)
    page = text(member("Supervisor").get(reverse("incident", args=[incident.pk])))
    assert "“trunk1” (provider connection) was changed by Anna." in page
    assert "192.0.2.7" not in page and "/undo/" not in page


def test_the_story_costs_the_same_however_much_was_changed(rule: DispatchRule, anna: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            incident_changes.before(begin(-0.1 - len(counted)), anna)
        return len(found)

    counted: list[int] = []
    number = PhoneNumber.objects.get()
    other = Trunk.objects.create(name="trunk2", addresses="198.51.100.0/24")
    for trunk in (other, number.trunk, other, number.trunk, other):
        change("number", number, anna, trunk=str(trunk.key))
        change("rule", rule, anna, trunks=[str(trunk.key)])
        counted.append(queries())
    assert len(set(counted[1:])) == 1


def test_the_history_of_a_row_has_the_button_too(
    staff: Client, anna: User, rule: DispatchRule
) -> None:
    entry = change("rule", rule, anna, name="Day")
    url = reverse("admin:telephony_dispatchrule_history", args=[rule.pk])
    page = text(staff.get(url))
    assert f"{address(entry)}?next={url}" in page
    assert "<dt>Name</dt><dd><del>Night</del> → <ins>Day</ins></dd>" in page


def test_the_list_of_all_changes_tells_them_in_sentences(
    staff: Client, anna: User, rule: DispatchRule
) -> None:
    entry = change("rule", rule, anna, name="Day")
    assert "was changed by Anna" in text(staff.get("/admin/veyra/auditentry/"))
    page = text(staff.get(f"/admin/veyra/auditentry/{entry.pk}/change/"))
    assert "<del>Night</del> → <ins>Day</ins>" in page


def test_of_many_rows_that_came_and_went_a_few_are_named(staff: Client, rule: DispatchRule) -> None:
    trunk = Trunk.objects.get()
    rows = [PhoneNumber.objects.create(number=f"+7495000000{n}", trunk=trunk) for n in range(8)]
    entry = change("rule", rule, numbers=[str(row.key) for row in rows])
    assert "+7 495 000-00-04, and 3 more" in text(staff.get(address(entry)))
