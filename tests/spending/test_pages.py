"""The page and the home page tell what a day costs; who may, says how much it may."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agentworker.hours.access import give
from agentworker.hours.models import Place
from agentworker.models import Budget, Session
from agentworker.spending.limiting import midnight, percent_spent
from agentworker.spending.reading import lately, standing
from monitoring.incidents import reading
from monitoring.roles import ROLES
from tests.monitoring.conftest import logged_in, make_user, well
from veyra.models import AuditEntry, User

__all__ = ["logged_in", "make_user", "well"]
LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
SEES, CHANGES = "agentworker.view_budget", "agentworker.change_budget"
GIVEN = {"amount": "500", "currency": "RUB", "roubles_a_dollar": "80", "then": "people"}


@pytest.fixture
def _talks() -> None:
    today = midnight(timezone.now()) + timedelta(minutes=1)
    for number, (days, money) in enumerate([(0, 100.0), (0, 20.0), (1, 7.0), (20, 9.0)]):
        at = today - timedelta(days=days)
        Session.objects.create(
            job_id=f"AJ_{number}",
            started_at=at,
            ended_at=at + timedelta(minutes=3),
            roubles=money,
            dollars=1.0,
        )
    Session.objects.create(
        job_id="AJ_trial", started_at=today, ended_at=today + timedelta(hours=1), is_trial=True
    )


def page(client: Client, path: str = "/spending/") -> str:
    return client.get(path).content.decode()


@pytest.mark.usefixtures("_talks")
@pytest.mark.parametrize("path", ["/spending/", "/admin/"])
def test_today_is_told_in_minutes_and_in_money(logged_in: LoggedIn, path: str) -> None:
    Budget.objects.create(amount=400)
    text = page(logged_in(SEES), path)
    assert "6 min of talk today" in text and "about 300.00 ₽" in text
    assert "75% of the day" in text


@pytest.mark.usefixtures("_talks")
def test_the_last_days_are_told_one_by_one(logged_in: LoggedIn) -> None:
    text = page(logged_in(SEES))
    cells = re.findall(r'<td class="vy-count-of">([\d.]+)</td>', text)
    assert cells == ["6", "300.00", "3", "97.00"]


@pytest.mark.parametrize("zone", ["Asia/Kamchatka", "Europe/Moscow", "America/New_York"])
def test_a_day_of_money_is_the_same_in_whatever_zone_it_is_read(zone: str, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Moscow"
    noon, late = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 20))
    Session.objects.create(job_id="AJ", started_at=noon, ended_at=noon, roubles=100.0)
    kept, owner = Budget.objects.create(amount=400), User.objects.create_superuser("o")
    with timezone.override(zone):
        assert percent_spent(kept, late) == standing(owner, late).percent == 25
        assert [(day.day, day.cost) for day in lately(owner, kept, late)] == [
            (date(2026, 11, 20), 100.0)
        ]


def test_who_sees_one_place_is_told_how_much_all_have_spent() -> None:
    now, kazan = timezone.now(), Place.objects.create(name="Kazan", time_zone="Europe/Moscow")
    Session.objects.create(job_id="AJ", started_at=now, ended_at=now, roubles=400.0)
    Budget.objects.create(amount=400)
    manager = User.objects.create_user("m")
    give(manager, [kazan])
    told = standing(manager, now)
    assert told.is_spent and told.today.cost == 0


def test_who_may_only_look_has_no_form(logged_in: LoggedIn) -> None:
    client = logged_in(SEES)
    assert "<form method=" not in page(client).split('id="today"')[1]
    assert client.post("/spending/", GIVEN).status_code == 403
    assert not Budget.objects.exists()


def test_without_the_right_nothing_is_told(logged_in: LoggedIn) -> None:
    client = logged_in()
    assert client.get("/spending/").status_code == 403
    assert "min of talk today" not in page(client, "/admin/")


def test_a_budget_is_kept_and_who_did_so(logged_in: LoggedIn) -> None:
    client = logged_in(SEES, CHANGES)
    for amount in ("500", "600"):
        assert client.post("/spending/", GIVEN | {"amount": amount}).status_code == 302
    kept = Budget.objects.get()
    assert (str(kept.amount), kept.then, kept.currency) == ("600.00", "people", "RUB")
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    "wrong", [{"amount": "-1"}, {"amount": "0"}, {"roubles_a_dollar": "0"}, {"then": "nothing"}]
)
def test_what_is_no_budget_is_not_kept(logged_in: LoggedIn, wrong: dict[str, str]) -> None:
    answer = logged_in(SEES, CHANGES).post("/spending/", GIVEN | wrong)
    assert answer.status_code == 400 and not Budget.objects.exists()


def test_an_empty_amount_is_no_limit(logged_in: LoggedIn) -> None:
    logged_in(SEES, CHANGES).post("/spending/", GIVEN | {"amount": ""})
    assert Budget.objects.get().amount is None
    assert reading.read(timezone.now()).spent_percent is None


@pytest.mark.usefixtures("_talks")
def test_an_alarm_is_told_how_much_is_spent() -> None:
    Budget.objects.create(amount=300, currency="RUB")
    assert reading.read(timezone.now()).spent_percent == 100


def test_managers_say_how_much_a_day_may_cost() -> None:
    may = {role for role, rights in ROLES.items() if CHANGES in (rights or [CHANGES])}
    assert {"Owner", "Manager"} <= may and not {"Operator", "Engineer", "Viewer"} & may
