"""Each point of the checklists is red and then green as the world changes, and never by a tick."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from monitoring import roles
from monitoring.alarms.models import AlertChannel
from monitoring.health import every, shown
from monitoring.health.models import HealthCheck
from monitoring.incidents.models import RuleSetting
from monitoring.metrics import scraping
from monitoring.upkeep import checklists, keys
from monitoring.upkeep.checklists import LISTS, POINTS, see
from monitoring.upkeep.models import Confirmation, JobRun
from monitoring.upkeep.point import Shown, World
from telephony.models import PhoneNumber, PublishedObject, TestCall, Trunk
from veyra.look import link
from veyra.models import User

pytestmark = pytest.mark.django_db


def shown_now(name: str) -> Shown:
    return see(POINTS[name], World(timezone.now()))


def health_of(name: str, status: str) -> None:
    now = timezone.now()
    about = {"status": status, "since": now, "checked_at": now, "sentence": {"msgid": status}}
    HealthCheck.objects.update_or_create(name=name, defaults=about)


def run_of(name: str, ok: bool = True, days: float = 0) -> None:
    at = timezone.now() - timedelta(days=days)
    JobRun.objects.create(name=name, at=at, started_at=at, finished_at=at, ok=ok)


def channel(**about: object) -> AlertChannel:
    return AlertChannel.objects.create(name="Mail", kind="mail", language="en", **about)


def number() -> PhoneNumber:
    trunk = Trunk.objects.create(name="Novofon")
    return PhoneNumber.objects.create(number="+74991124148", trunk=trunk)


class Change:
    """What makes a point red, and what makes it green again."""

    def __init__(self, settings: Settings, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.settings, self.patch, self.folder = settings, patch, folder

    def packages(self) -> Iterator[None]:
        with self.patch.context() as patch:
            patch.setattr("importlib.metadata.version", lambda name: "0.0.1")
            yield
        yield

    def environment(self) -> Iterator[None]:
        kept, self.settings.FIELD_KEYS = self.settings.FIELD_KEYS, []
        yield
        self.settings.FIELD_KEYS = kept
        yield

    def files(self) -> Iterator[None]:
        (self.folder / "keys.env").touch()
        os.chmod(self.folder / "keys.env", 0o644)
        yield
        os.chmod(self.folder / "keys.env", 0o600)
        yield

    def livekit(self) -> Iterator[None]:
        yield from self._check("livekit")

    def _check(self, *names: str) -> Iterator[None]:
        for status in ("failed", "ok"):
            for name in names:
                health_of(name, status)
            yield

    def line(self) -> Iterator[None]:
        health_of("gateway", "ok")
        yield
        row = number()
        kind, state = PublishedObject.Kind.NUMBER, "live"
        PublishedObject.objects.create(key="number:1", kind=kind, state=state, source=row.key)
        yield

    def checks(self) -> Iterator[None]:
        yield
        for check in every.CHECKS:
            health_of(check.name, "failed")
        yield

    def watching(self) -> Iterator[None]:
        yield from self._check("schedule", "lookout")

    def tested(self) -> Iterator[None]:
        TestCall.objects.create(number=number(), state="failed")
        yield
        TestCall.objects.update(state="done")
        yield

    def keys(self) -> Iterator[None]:
        Trunk.objects.create(name="Novofon", password="canary")  # it is none
        self._write("in the clear")
        yield
        self._write("f1:sealed")
        yield

    def _write(self, stored: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE telephony_trunk SET password = %s", [stored])

    def encrypted(self) -> Iterator[None]:
        self.settings.LIVEKIT_PUBLIC_URL = "ws://line.example"
        yield
        self.settings.LIVEKIT_PUBLIC_URL = "wss://line.example"
        yield

    def rotation(self) -> Iterator[None]:
        keys.note(timezone.now() - timedelta(days=400))
        yield
        for name in ("SECRET_KEY", "LIVEKIT_API_SECRET"):
            setattr(self.settings, name, "another" * 8)
        self.settings.FIELD_KEYS = [*self.settings.FIELD_KEYS[1:], "another"]
        yield

    def audit(self) -> Iterator[None]:
        run_of("security", days=40)
        yield
        run_of("security")
        yield

    def leaks(self) -> Iterator[None]:
        run_of("leaks", ok=False)
        yield
        run_of("leaks")
        yield

    def security_alarms(self) -> Iterator[None]:
        channel()
        RuleSetting.objects.create(rule="login_attack", is_enabled=False)
        yield
        RuleSetting.objects.update(is_enabled=True)
        yield

    def rights(self) -> Iterator[None]:
        user = User.objects.create_user("nina")
        checklists.confirm("rights", user, "", timezone.now())
        yield
        roles.make()
        user.groups.set(Group.objects.filter(name="Viewer"))
        yield

    def security_logs(self) -> Iterator[None]:
        with self.patch.context() as patch:
            patch.setattr(logging.getLogger("django.security"), "disabled", True)
            yield
        yield

    def doors(self) -> Iterator[None]:
        with self.patch.context() as patch:
            patch.setattr(shown.shown, "get", list)
            yield
        yield

    def prometheus(self) -> Iterator[None]:
        scraping.note("curl/8")
        yield
        Client().get("/metrics", headers={"user-agent": "Prometheus/3.5.0"})
        yield

    def grafana(self) -> Iterator[None]:
        checklists.confirm("grafana", User.objects.create_user("x"), "", timezone.now())
        kept, self.settings.BASE_DIR = self.settings.BASE_DIR, self.folder
        yield
        self.settings.BASE_DIR = kept
        yield

    def rules(self) -> Iterator[None]:
        RuleSetting.objects.create(rule="no_agent", is_enabled=False)
        yield
        RuleSetting.objects.update(is_enabled=True)
        yield

    def channels(self) -> Iterator[None]:
        yield from self._check("channels")

    def limits(self) -> Iterator[None]:
        yield
        checklists.confirm("limits", User.objects.create_user("x"), "", timezone.now())
        yield

    def logs(self) -> Iterator[None]:
        self.settings.LOGS = self.folder
        log = self.folder / "livekit_system.log"
        log.touch()
        os.utime(log, (0, 0))
        yield
        log.write_text("{}\n")
        yield

    def alarms_tried(self) -> Iterator[None]:
        row = channel(worked_at=timezone.now() - timedelta(days=9))
        yield
        row.worked_at = timezone.now()
        row.save()
        yield


@pytest.fixture
def change(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Change:
    return Change(settings, monkeypatch, tmp_path)


@pytest.mark.parametrize("name", sorted(POINTS))
def test_a_point_is_red_and_then_green_as_the_world_changes(name: str, change: Change) -> None:
    made = getattr(change, name.replace("-", "_"))()
    next(made)
    red = shown_now(name)
    assert not red.is_fine and "%" not in str(red.evidence.sentence), red.evidence
    assert red.link, "nothing leads to where it is mended"
    next(made)
    green = shown_now(name)
    assert green.is_fine, str(green.evidence.sentence)
    assert "%(" not in str(green.evidence.sentence)
    list(made)


def test_the_lists_have_the_points_that_were_asked_for() -> None:
    assert [len(points) for _title, points in LISTS] == [8, 8, 8]


def test_what_a_person_confirmed_goes_stale(change: Change) -> None:
    user = User.objects.create_user("nina", first_name="Nina", last_name="Orlova")
    checklists.confirm("limits", user, "All fit.", timezone.now() - timedelta(days=91))
    seen = shown_now("limits")
    assert seen.is_stale and not seen.is_fine
    user.delete()
    checklists.confirm("limits", User.objects.create_user("x"), "", timezone.now())
    assert shown_now("limits").is_fine
    assert Confirmation.objects.filter(name="Nina Orlova").exists()


def test_a_point_that_cannot_be_looked_at_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scraping, "is_read", broken)
    found = {each.point.name: each for each in checklists.look(timezone.now())[2].points}
    assert "ZeroDivisionError" in str(found["prometheus"].evidence.sentence)
    assert found["rules"].is_fine


def test_an_engineer_confirms_what_is_for_people_and_nothing_else() -> None:
    roles.make()
    user = User.objects.create_user("nina", is_staff=True, set_up_at=timezone.now(), language="en")
    user.groups.set(Group.objects.filter(name="Engineer"))
    client = Client()
    client.force_login(user)
    assert client.post("/checklists/limits/confirm/", {"note": "All fit."}).status_code == 302
    assert client.post("/checklists/packages/confirm/").status_code == 404
    assert client.post("/checklists/none/confirm/").status_code == 404
    page = client.get("/checklists/").content.decode()
    assert "All fit." in page and "Confirmed by nina" in page


def test_a_link_of_a_point_is_shown_to_whoever_may_open_it() -> None:
    user = User.objects.create_user("nina", is_staff=True, set_up_at=timezone.now(), language="en")
    user.user_permissions.set(Permission.objects.filter(codename="view_confirmation"))
    client = Client()
    client.force_login(user)
    page = client.get("/checklists/").content.decode()
    assert "Confirm</summary>" not in page
    for each in POINTS.values():
        assert f'vy-quiet" href="{link(each.fix, *each.fix_args)}"' not in page
    user = User.objects.get()
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    page = client.get("/checklists/").content.decode()
    for address in {link(each.fix, *each.fix_args) for each in POINTS.values()}:
        assert f'vy-quiet" href="{address}"' in page
        assert client.get(address).status_code == 200, address
