"""What staff change is written down: who, where from, what it was, and never a secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from monitoring.alarms.models import AlertChannel
from monitoring.incidents.models import RuleSetting
from monitoring.upkeep import daily
from recordings.models import Storage
from telephony import changes
from telephony.changes import Change, Edit
from telephony.models import Colleague, DispatchRule, Gateway, PhoneNumber, ScheduledChange, Trunk
from tests.wish.pages import save
from tests.wish.test_before_saving import page, rule_form, trunk_form
from veyra import audit
from veyra.models import AuditEntry, User
from veyra.secrets import encrypt

pytestmark = pytest.mark.django_db
SECRET = "canary-42-in-no-entry"


def only() -> AuditEntry:
    entry: AuditEntry = AuditEntry.objects.get()
    return entry


def everything() -> str:
    return json.dumps(list(AuditEntry.objects.values()), default=str)


def test_a_form_of_the_line_leaves_who_and_what_it_was(
    staff: Client, anna: User, rule: DispatchRule
) -> None:
    answer = save(
        staff, page("dispatchrule", "change", rule.pk), rule_form(rule, name="Day", is_active="")
    )
    entry = only()
    assert answer.status_code == 302
    assert entry.actor == anna and entry.remote_addr == "127.0.0.1"
    assert entry.changes == {"name": ["Night", "Day"], "is_active": [True, False]}
    assert entry.cid == answer.headers["X-Request-ID"]


def test_rows_that_a_rule_names_no_more_stand_with_it(rule: DispatchRule) -> None:
    trunk, number = Trunk.objects.get(), PhoneNumber.objects.get()
    values = {"trunks": [], "numbers": [str(number.key)]}
    changes.carry_out(Edit(changes=(Change(model="rule", key=str(rule.key), values=values),)))
    assert only().changes == {
        "trunks": {"added": [], "removed": [trunk.pk]},
        "numbers": {"added": [number.pk], "removed": []},
    }


def test_what_did_not_change_is_not_written_down(rule: DispatchRule) -> None:
    edit = Edit(changes=(Change(model="rule", key=str(rule.key), values={"name": "Night"}),))
    changes.carry_out(edit)
    assert not AuditEntry.objects.exists()


def test_an_address_that_only_a_caller_names_is_not_believed(
    staff: Client, rule: DispatchRule
) -> None:
    staff.post(
        page("dispatchrule", "change", rule.pk),
        rule_form(rule, name="Day"),
        headers={"X-Forwarded-For": "192.0.2.1"},
    )
    assert only().remote_addr == "127.0.0.1"


def test_a_planned_change_is_its_authors(anna: User, rule: DispatchRule) -> None:
    edit = Edit(changes=(Change(model="rule", key=str(rule.key), values={"name": "Day"}),))
    changes.schedule(edit, "Night", timezone.now(), anna)
    changes.carry_out_due(timezone.now() + timedelta(minutes=1))
    assert ScheduledChange.objects.get().state == "done"
    assert only().actor == anna and only().was_planned


def test_nobody_is_left_behind_for_what_comes_after_him(anna: User, rule: DispatchRule) -> None:
    with audit.by(anna):
        pass
    audit.record(rule, {"name": ["Night", "Day"]})
    assert only().actor is None and only().actor_email is None


def test_a_password_of_the_line_stands_in_no_entry(staff: Client, rule: DispatchRule) -> None:
    trunk = Trunk.objects.get()
    form = trunk_form(trunk, username="veyra", new_password=SECRET)
    assert save(staff, page("trunk", "change", trunk.pk), form).status_code == 302
    assert only().changes == {"username": ["", "veyra"], "password": ["***", "***"]}
    pin = rule_form(rule, pin="424242")
    assert save(staff, page("dispatchrule", "change", rule.pk), pin).status_code == 302
    assert SECRET not in everything() and "424242" not in everything()
    assert all(entry.has_secret for entry in AuditEntry.objects.all())


def test_a_secret_of_a_row_that_is_saved_alone_stands_in_no_entry(anna: User) -> None:
    storage = Storage.objects.create(kind="s3", bucket="b", secret_key=SECRET)
    channel = AlertChannel.objects.create(name="Mail", kind="mail", language="en", secret=SECRET)
    storage.secret_key, channel.secret = SECRET + "2", SECRET + "3"
    for row in (storage, channel):
        row.save()
    last = AuditEntry.objects.filter(action=audit.Action.UPDATE).order_by("pk")
    assert [entry.changes for entry in last] == [
        {"secret_key": ["***", "***"]},
        {"secret": ["***", "***"]},
    ]
    assert SECRET not in everything()


def test_a_secret_that_no_key_opens_can_be_typed_anew() -> None:
    storage = Storage.objects.create(kind="s3", bucket="b", secret_key=SECRET)
    Storage.objects.update(secret_key=encrypt(SECRET)[:-8] + "AAAAAAA=")
    row = Storage.objects.get(pk=storage.pk)
    row.secret_key = "new"
    row.save()
    assert Storage.objects.get().secret_key == "new"
    assert AuditEntry.objects.latest("pk").changes == {"secret_key": ["***", "***"]}


def test_what_machines_write_into_a_row_is_no_change() -> None:
    storage = Storage.objects.create()
    AuditEntry.objects.all().delete()
    storage.tested_at = timezone.now()
    storage.save()
    assert not AuditEntry.objects.exists()


def test_he_who_says_that_he_is_away_has_changed_something(staff: Client, anna: User) -> None:
    Colleague.objects.create(name="Anna", user=anna)
    AuditEntry.objects.all().delete()
    for away in ("1", "1"):
        staff.post("/me/away/", {"away": away})
    assert only().changes == {"away": [False, True]} and only().actor == anna


def test_the_storage_that_gave_way_is_written_down_too() -> None:
    old, new = Storage.objects.create(is_current=True), Storage.objects.create(name="New")
    AuditEntry.objects.all().delete()
    Storage.objects.not_current_but(new)
    assert only().object_id == old.pk and only().changes == {"is_current": [True, False]}


def test_the_first_change_of_a_rule_tells_what_the_code_had_said(staff: Client) -> None:
    form: dict[str, Any] = {"severity": 2, "damping": 7, "is_enabled": "on", "heals_itself": "on"}
    page_of_it = staff.get("/incidents/rules/gateway/").context["form"]
    form |= {name: page_of_it[name].value() for name in page_of_it.fields if "limit" in name}
    assert staff.post("/incidents/rules/gateway/", form).status_code == 302
    assert RuleSetting.objects.get().damping == 7
    assert only().action == audit.Action.UPDATE and only().changes["damping"] == [None, 7]


def test_changes_of_more_than_a_year_ago_go(rule: DispatchRule) -> None:
    for days in (1, 400):
        audit.record(rule, {"name": ["A", "B"]})
        newest = AuditEntry.objects.latest("pk").pk
        then = timezone.now() - timedelta(days=days)
        AuditEntry.objects.filter(pk=newest).update(timestamp=then)
    next(job for job in daily.JOBS if job.name == "ran_out").run(timezone.now())
    assert AuditEntry.objects.count() == 1


def test_an_import_costs_a_few_queries_however_many_rows_it_has(
    django_assert_max_num_queries: Any,
) -> None:
    trunk = Trunk.objects.create(name="trunk1", addresses="203.0.113.0/24")
    Gateway.get()
    rows = tuple(
        Change(model="number", key=f"00000000-0000-4000-8000-{n:012}", values=values)
        for n in range(300)
        for values in [{"number": f"+7499{n:07}", "trunk": str(trunk.key)}]
    )
    with django_assert_max_num_queries(60):
        changes.carry_out(Edit(changes=rows))
    assert AuditEntry.objects.filter(action=audit.Action.CREATE).count() >= 300


def test_every_column_that_is_watched_is_there() -> None:
    named = {
        label: audit.columns(model) for label in audit.WATCHED for model in [apps.get_model(label)]
    }
    assert all(named.values())
    hidden = {
        f"{label}.{field.name}"
        for label in named
        for field in named[label]
        if audit.is_secret(field)
    }
    assert hidden >= {
        "telephony.Trunk.password",
        "telephony.Trunk.register_password",
        "telephony.Trunk.out_password",
        "telephony.DispatchRule.pin",
        "recordings.Storage.secret_key",
        "recordings.Storage.egress_secret_key",
        "agentworker.ProviderKey.secret",
        "monitoring.AlertChannel.secret",
    }
