"""The page of the diagnosis: who sees it, who heals, and what it says."""

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agentworker.models import Worker
from monitoring import roles
from monitoring.models import RecoveryAction
from veyra.models import Lease, Program, User

pytestmark = pytest.mark.django_db


def member(role: str) -> Client:
    roles.make()
    user = User.objects.create(
        username=role, is_staff=True, language="en", set_up_at=timezone.now()
    )
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("role", "sees", "heals"),
    [
        ("Owner", 200, 302),
        ("Engineer", 200, 302),
        ("Auditor", 200, 403),
        ("Manager", 403, 403),
        ("Operator", 403, 403),
        ("Supervisor", 403, 403),
        ("Viewer", 403, 403),
    ],
)
def test_engineers_heal_and_auditors_look(role: str, sees: int, heals: int) -> None:
    client = member(role)
    assert client.get(reverse("diagnosis")).status_code == sees
    pressed = client.post(reverse("recovery-step"), {"step": "release_lock", "target": "none"})
    assert pressed.status_code == heals
    assert RecoveryAction.objects.count() == (heals == 302)


def test_what_was_pressed_is_told_and_listed() -> None:
    client = member("Engineer")
    Lease.take("watchdog", 8)
    pressed = {"step": "release_lock", "target": "watchdog"}
    page = client.post(reverse("recovery-step"), pressed, follow=True).content.decode()
    assert page.count("Its holder lives") == 2 and "did not work" in page
    row = RecoveryAction.objects.get()
    assert row.by and row.by.username == "Engineer"
    part = client.get(reverse("diagnosis"), {"part": "1"}).content.decode()
    assert "Its holder lives" in part and "<html" not in part


def test_a_step_that_was_done_too_often_is_refused_in_words() -> None:
    client = member("Engineer")
    for _time in range(4):
        pressed = {"step": "release_lock", "target": "x"}
        page = client.post(reverse("recovery-step"), pressed, follow=True)
    assert "did not help" in page.content.decode()
    assert RecoveryAction.objects.count() == 3


def test_a_step_that_is_none_is_not_found() -> None:
    assert member("Engineer").post(reverse("recovery-step"), {"step": "rm"}).status_code == 404


def test_programs_and_workers_have_their_buttons() -> None:
    program = Program.begin("tap")
    now = timezone.now()
    wanted = {"started_at": now, "seen_at": now, "capacity": 5, "registered": True}
    Worker.objects.create(name="one:1", host="h", pid=1, **wanted)
    Worker.objects.create(name="two:1", host="h", pid=1, is_resting=True, **wanted)
    page = member("Engineer").get(reverse("diagnosis")).content.decode()
    assert f'value="{program.target}"' in page
    assert 'value="drain_worker"' in page and 'value="take_calls_again"' in page
    seen = member("Auditor").get(reverse("diagnosis")).content.decode()
    assert program.host in seen and 'value="restart"' not in seen


@pytest.mark.django_db(transaction=True)
def test_the_walk_is_shown_with_what_helps(settings: LazySettings) -> None:
    settings.LIVEKIT_URL, settings.REDIS_URL = "ws://127.0.0.1:9", "redis://127.0.0.1:9/0"
    settings.SIP_TEST_TO = ""
    page = member("Engineer").get(reverse("diagnosis-looked")).content.decode()
    assert 'data-well="no"' in page and "The line does not work." in page
    assert page.index("The call comes to us") < page.index("Somebody answers it")
