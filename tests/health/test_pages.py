"""The health page: the chain, each check, its limits, and who may see and change them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from monitoring.health import every, page, running
from monitoring.health.base import Link, Status
from monitoring.health.chart import Moment, curve, share_well, strip
from monitoring.health.models import HealthCheck
from monitoring.health.reliability import percent, read
from monitoring.incidents.models import Incident
from telephony.models import Call
from tests.health.made import BROKEN, Made, verdict_of
from tests.monitoring.conftest import (
    MakeCall,
    MakeUser,
    agent,
    logged_in,
    make_call,
    make_user,
    number,
)

__all__ = ["agent", "logged_in", "make_call", "make_user", "number"]
pytestmark = pytest.mark.django_db
LoggedIn = Callable[..., Client]
SEES, CHANGES = "monitoring.view_healthcheck", "monitoring.change_healthcheck"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def stored(**statuses: str) -> None:
    """Every check was looked at a moment ago and is well, but for these."""
    now = timezone.now()
    for check in every.CHECKS:
        HealthCheck.objects.create(
            name=check.name,
            status=statuses.get(check.name, Status.OK),
            since=now,
            checked_at=now,
            sentence={"msgid": f"{check.name} says so"},
        )


def test_the_chain_shows_the_worst_of_each_link(logged_in: LoggedIn) -> None:
    stored(load=Status.FAILED, disk=Status.WARNING, egress=Status.OFF)
    answer = logged_in(SEES).get("/line-health/")
    groups = {group.link: group for group in (*answer.context["chain"], *answer.context["beside"])}
    assert list(groups) == [*page.CHAIN, *page.BESIDE]
    assert groups[Link.ENTRANCE].status == "failed" and groups[Link.GROUND].status == "warning"
    assert groups[Link.RECORDING].status == "ok" and groups[Link.SPEECH].tone == "vy-good"
    assert "The line is not well. The call entrance is overloaded" in answer.content.decode()


def test_the_page_asks_a_fixed_number_of_questions(
    logged_in: LoggedIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = logged_in(SEES)
    stored()
    with django_assert_num_queries(8):
        client.get("/line-health/?part=1")


def test_a_check_shows_its_history_its_incidents_and_what_to_do(
    logged_in: LoggedIn, three: Made
) -> None:
    now = timezone.now()
    for minutes in range(60, 0, -5):
        if minutes == 20:
            three["broker"] = BROKEN
        running.look(now - timedelta(minutes=minutes))
    Incident.objects.create(rule="broker", cause="broker", severity=1, opened_at=now, seen_at=now)
    client = logged_in(SEES, "monitoring.view_incident")
    found = client.get("/line-health/broker/?span=week")
    text = found.content.decode()
    assert "Broken." in text and "What to do" in text and "/incidents/" in text
    assert 66 < found.context["history"].well < 68
    assert [point.status for point in found.context["history"].changes] == ["failed", "ok"]
    assert "limits" not in text.lower() and "Look again" not in text
    assert client.get("/line-health/nothing/").status_code == 404


def test_limits_that_staff_change_hold_from_the_next_look_on(logged_in: LoggedIn) -> None:
    client = logged_in(SEES, CHANGES)
    stored()
    answer = client.post("/line-health/worker/limits/", {"free": "3", "taken": "80"}, follow=True)
    assert "Saved." in answer.content.decode()
    row = HealthCheck.objects.get(name="worker")
    assert row.thresholds == {"free": 3} and running.is_due(
        every.find("worker"), {"worker": row}, timezone.now()
    )
    client.post("/line-health/worker/limits/", {"free": "1", "taken": "80"})
    assert HealthCheck.objects.get(name="worker").thresholds == {}


@pytest.mark.parametrize("value", ["-1", "5000", "", "many"])
def test_a_limit_that_makes_no_sense_is_refused(value: str, logged_in: LoggedIn) -> None:
    answer = logged_in(SEES, CHANGES).post(
        "/line-health/worker/limits/", {"free": value, "taken": "80"}
    )
    assert answer.status_code == 400 and "vy-error" in answer.content.decode()
    assert not HealthCheck.objects.exists()


def test_a_check_is_made_again_at_once(logged_in: LoggedIn, three: Made) -> None:
    running.look(timezone.now())
    three["broker"] = BROKEN
    client = logged_in(SEES, "monitoring.add_recoveryaction")
    answer = client.post("/line-health/broker/again/", follow=True)
    assert "Broken." in answer.content.decode()
    assert HealthCheck.objects.get(name="broker").status == "failed"


def test_who_may_not_see_or_change_is_turned_away(logged_in: LoggedIn) -> None:
    nobody = logged_in(name="nobody")
    assert nobody.get("/line-health/").status_code == 403
    assert nobody.get("/line-health/worker/").status_code == 403
    sees = logged_in(SEES, name="sees")
    assert sees.post("/line-health/worker/limits/", {"free": "3"}).status_code == 403
    assert sees.post("/line-health/worker/again/").status_code == 403


def test_reliability_counts_callers_and_neither_tests_nor_inventions(
    make_user: MakeUser, make_call: MakeCall
) -> None:
    user, now = make_user("telephony.view_call"), timezone.now()
    assert "Nobody called" in str(read(user, now))
    ended = {"state": Call.State.ENDED, "ended_at": now}
    for _call in range(3):
        make_call(outcome=Call.Outcome.ANSWERED, **ended)
    make_call(outcome=Call.Outcome.ABANDONED, **ended)
    make_call(outcome=Call.Outcome.NO_AGENT, is_test=True, **ended)
    make_call(outcome=Call.Outcome.NO_AGENT, is_demo=True, **ended)
    make_call(outcome=Call.Outcome.NO_AGENT, seconds_ago=8 * 86_400, **ended)
    told = str(read(user, now))
    assert told == "Of 4 callers of the last seven days 3 were answered (75.0%)."


def test_what_is_not_all_is_never_told_as_all() -> None:
    with translation.override("en"):
        assert [percent(part) for part in (1, 99_999 / 100_000, 0.9927, 0)] == [
            "100",
            "99.9",
            "99.3",
            "0.0",
        ]


def test_a_strip_covers_its_span_and_joins_what_is_the_same() -> None:
    start, end = NOON, NOON + timedelta(hours=10)
    moments = [
        Moment(NOON + timedelta(hours=1), "ok"),
        Moment(NOON + timedelta(hours=6), "failed"),
        Moment(NOON + timedelta(hours=7), "failed"),
        Moment(NOON + timedelta(hours=8), "ok"),
    ]
    pieces = [(each.status, each.x, each.width) for each in strip(moments, start, end)]
    assert pieces == [("", 0, 60), ("ok", 60, 300), ("failed", 360, 120), ("ok", 480, 120)]
    assert round(share_well(moments, start, end) or 0, 1) == 77.8
    assert share_well([], start, end) is None


def test_a_strip_begins_with_what_was_said_before_it() -> None:
    earlier = Moment(NOON - timedelta(days=3), "failed")
    assert [each.status for each in strip([earlier], NOON, NOON + timedelta(hours=1))] == ["failed"]


def test_a_curve_is_broken_where_nobody_looked() -> None:
    end = NOON + timedelta(hours=10)
    points = [
        Moment(NOON + timedelta(minutes=m), "", v) for m, v in ((0, 0.0), (6, 5.0), (500, 10.0))
    ]
    drawn = curve(points, NOON, end)
    assert drawn is not None and drawn.top == 10
    assert list(drawn.lines) == ["0,120 6,60", "500,0 502,0"]
    assert curve([Moment(NOON, "", None)], NOON, end) is None


def test_every_limit_has_its_explanation_and_a_default_that_may_be_chosen() -> None:
    for check in every.CHECKS:
        for limit in check.limits:
            assert str(limit.title) and str(limit.hint)
            assert limit.least <= limit.default <= limit.most
        assert 10 <= check.period <= 60


def test_a_check_answers_in_the_way_of_its_library(three: Made) -> None:
    check = every.CHECKS[1]({})
    assert asyncio.run(check.get_result()).error is None
    three["broker"] = BROKEN
    assert str(asyncio.run(check.get_result()).error).endswith("Broken.")
    assert verdict_of(every.CHECKS[1]).status == "failed"
