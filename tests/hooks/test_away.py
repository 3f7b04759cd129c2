"""A program that takes no webhooks for long is told of, switched off in the end, and told of no
more when it takes them again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from monitoring.hooks import working
from monitoring.hooks.kinds import READS
from monitoring.hooks.models import ALARMED_AFTER, Hook, HookDelivery
from monitoring.incidents import reading, rulebook
from monitoring.incidents.rule import Sighting
from tests.alarms.servers import Web

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
RIGHTS = ["monitoring.view_hook", "monitoring.change_hook", *sorted(set(READS.values()))]


def seen(now: datetime) -> list[Sighting]:
    found = rulebook.look(reading.read(now), {}).sightings
    return [each for each in found if each.rule == "webhook_fails"]


@pytest.fixture
def deaf(make_hook: Callable[..., Hook], web: Web, now: datetime) -> Hook:
    """It refused a trial just now."""
    web.answer = lambda asked: (500, {})
    hook = make_hook()
    working.try_out(hook, now)
    working.tell(hook, HookDelivery.objects.get().not_before)
    return Hook.objects.get()


def test_an_hour_without_an_answer_is_an_incident(deaf: Hook) -> None:
    began = deaf.failing_since
    assert began and seen(began + ALARMED_AFTER - MINUTE) == []
    (told,) = seen(began + ALARMED_AFTER + MINUTE)
    assert told.cause == f"webhook_fails:{deaf.name}" and deaf.name in str(told.sentence)


def test_a_day_without_one_switches_it_off_and_weighs_more(deaf: Hook, now: datetime) -> None:
    began = deaf.failing_since
    assert began
    (before,) = seen(began + ALARMED_AFTER + MINUTE)
    working.give_up(deaf, began + working.GIVEN_UP + MINUTE)
    (after,) = seen(began + working.GIVEN_UP + MINUTE)
    assert not Hook.objects.get().is_on
    assert after.severity < before.severity and after.sentence != before.sentence


def test_it_is_over_when_the_program_takes_what_it_missed(
    deaf: Hook, web: Web, logged_in: Callable[..., Client]
) -> None:
    began = deaf.failing_since
    assert began
    later = began + working.GIVEN_UP + MINUTE
    working.give_up(deaf, later)
    web.answer = lambda asked: (200, {})
    client = logged_in(*RIGHTS)
    client.post(f"/webhooks/{deaf.pk}/switch/")
    row = HookDelivery.objects.get()
    HookDelivery.objects.update(state=HookDelivery.State.FAILED)
    client.post(f"/webhooks/{deaf.pk}/again/", {"delivery": row.pk})
    row.refresh_from_db()
    working.tell(Hook.objects.get(), row.not_before)
    row.refresh_from_db()
    assert row.state == HookDelivery.State.SENT and seen(later + MINUTE) == []
