"""Whoever may, says who is told of a number's calls."""

from collections.abc import Callable

import pytest
from django.test import Client

from monitoring.notices.models import NumberNotice
from monitoring.roles import ROLES
from telephony.models import PhoneNumber
from tests.alarms.conftest import MakeChannel, _place, make_channel, web
from tests.monitoring.conftest import logged_in, make_user, number, well

__all__ = ["_place", "logged_in", "make_channel", "make_user", "number", "web", "well"]
LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
MAY = ("telephony.view_phonenumber", "monitoring.change_numbernotice")


def test_somebody_is_told_and_no_longer(
    logged_in: LoggedIn, number: PhoneNumber, make_channel: MakeChannel
) -> None:
    client, page = logged_in(*MAY), f"/numbers/{number.pk}/notices/"
    given = {"channel": make_channel("Reception").pk, "summaries": "on", "hour": "18"}
    answer = client.post(page, given, follow=True).content.decode()
    assert "Reception" in answer and "every day at 18:00" in answer
    client.post(page, given | {"hour": ""})
    rule = NumberNotice.objects.get()
    assert (rule.hour, rule.summaries, rule.call_backs) == (None, True, False)
    client.post(f"/notices/{rule.pk}/stop/")
    assert not NumberNotice.objects.exists()


def test_nothing_ticked_is_said_so(
    logged_in: LoggedIn, number: PhoneNumber, make_channel: MakeChannel
) -> None:
    page = f"/numbers/{number.pk}/notices/"
    answer = logged_in(*MAY).post(page, {"channel": make_channel().pk})
    assert answer.status_code == 400 and "tick at least one" in answer.content.decode()


def test_without_a_channel_it_says_who_adds_one(logged_in: LoggedIn, number: PhoneNumber) -> None:
    text = logged_in(*MAY).get(f"/numbers/{number.pk}/notices/").content.decode()
    assert "Your engineer adds it" in text


def test_who_may_not_does_not(logged_in: LoggedIn, number: PhoneNumber) -> None:
    client = logged_in("telephony.view_phonenumber")
    assert client.get(f"/numbers/{number.pk}/notices/").status_code == 403
    assert client.post("/notices/1/stop/").status_code == 403


def test_managers_may() -> None:
    assert "monitoring.change_numbernotice" in (ROLES["Manager"] or ())
    assert "monitoring.change_numbernotice" not in (ROLES["Operator"] or ())
