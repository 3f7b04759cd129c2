"""Pages of webhooks."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from monitoring.hooks import working
from monitoring.hooks.kinds import READS, Kind
from monitoring.hooks.models import Hook, HookDelivery
from telephony.models import Call
from tests.alarms.servers import Web
from veyra.models import AuditEntry

MakeHook = Callable[..., Hook]
pytestmark = pytest.mark.django_db
RIGHTS = [
    *(f"monitoring.{verb}_hook" for verb in ("view", "add", "change", "delete")),
    *("agentworker.view_every_number", *sorted(set(READS.values()))),
]
FORM = {"name": "CRM", "kinds": ["call.ended"], "language": "en"}


@pytest.fixture
def engineer(logged_in: Callable[..., Client]) -> Client:
    return logged_in(*RIGHTS)


def test_the_secret_is_shown_once(engineer: Client, web: Web) -> None:
    answer = engineer.post("/webhooks/add/", FORM | {"url": f"{web.url}/canary-url"})
    hook = Hook.objects.get()
    assert hook.secret in answer.content.decode() and answer["Cache-Control"] == "no-store"
    for page in ("/webhooks/", f"/webhooks/{hook.pk}/", f"/webhooks/{hook.pk}/change/"):
        text = engineer.get(page).content.decode()
        assert hook.secret not in text and "canary-url" not in text and "CRM" in text
    assert "canary-url" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://93.184.216.34/a", "begins with https"),
        ("https://10.0.0.1/a", "inside our own network"),
        ("https://localhost/a", "inside our own network"),
        ("https://[::ffff:10.0.0.1]/a", "inside our own network"),
        ("ftp://example.org", "Write a whole address"),
        ("https://user:pass@example.org/", "Write a whole address"),
    ],
    ids=["plain", "inside", "name", "mapped", "ftp", "login"],
)
def test_an_address_that_will_not_do_is_told(
    engineer: Client, settings: object, url: str, says: str
) -> None:
    settings.ALARM_HOSTS = []  # type: ignore[attr-defined]  # pytest-django's
    answer = engineer.post("/webhooks/add/", FORM | {"url": url})
    assert answer.status_code == 400 and says in answer.content.decode()
    assert not Hook.objects.exists()


def test_an_empty_address_keeps_what_is_stored(engineer: Client, make_hook: MakeHook) -> None:
    hook = make_hook(kinds=["call.ended"])
    engineer.post(f"/webhooks/{hook.pk}/change/", FORM | {"url": ""})
    now = Hook.objects.get()
    assert (now.name, now.url, now.since) == ("CRM", hook.url, hook.since)


def test_what_is_chosen_later_is_told_from_then_on_and_the_rest_as_before(
    engineer: Client,
    make_hook: MakeHook,
    make_caller: Callable[..., Call],
    web: Web,
    now: datetime,
) -> None:
    """Whatever happened before, and was not found yet, or was found already."""
    hook = make_hook(kinds=["call.ended"])
    make_caller()
    working.work(now)
    unseen = make_caller()
    kinds = ["call.ended", "call.started"]
    engineer.post(f"/webhooks/{hook.pk}/change/", FORM | {"url": "", "kinds": kinds})
    later = timezone.now()
    new = make_caller(started_at=later, answered_at=None, ended_at=None, state="ringing")
    working.work(later)
    working.work(later)
    told = [(each.json["type"], each.json["data"]["id"]) for each in web.asked[1:]]
    assert told == [("call.ended", str(unseen.pk)), ("call.started", str(new.pk))]


def test_what_is_left_out_for_a_while_is_told_from_when_it_is_chosen_again(
    engineer: Client, make_hook: MakeHook
) -> None:
    hook = make_hook(kinds=["call.ended", "call.started"])
    for kinds in (["call.ended"], ["call.ended", "call.started"]):
        engineer.post(f"/webhooks/{hook.pk}/change/", FORM | {"url": "", "kinds": kinds})
    begins = Hook.objects.get().begins
    assert begins[Kind.CALL_ENDED] == hook.since < begins[Kind.CALL_STARTED]


def test_kinds_of_a_later_version_are_kept_and_stop_nothing(
    engineer: Client, make_hook: MakeHook, make_caller: Callable[..., Call], web: Web, now: datetime
) -> None:
    hook = make_hook(kinds=["of.tomorrow", "call.ended"])
    make_caller()
    working.work(now)
    assert [each.json["type"] for each in web.asked] == ["call.ended"]
    for page in ("/webhooks/", f"/webhooks/{hook.pk}/", f"/webhooks/{hook.pk}/change/"):
        assert engineer.get(page).status_code == 200, page
    kinds = ["call.started"]
    engineer.post(f"/webhooks/{hook.pk}/change/", FORM | {"url": "", "kinds": kinds})
    assert Hook.objects.get().kinds == ["call.started", "of.tomorrow"]


def test_a_trial_arrives_and_stands_in_the_log(
    engineer: Client, make_hook: MakeHook, web: Web, now: datetime
) -> None:
    hook = make_hook()
    engineer.post(f"/webhooks/{hook.pk}/try/")
    engineer.post(f"/webhooks/{hook.pk}/try/")
    working.tell(hook, HookDelivery.objects.get().not_before)
    assert web.asked[0].json["type"] == "test"
    page = engineer.get(f"/webhooks/{hook.pk}/").content.decode()
    assert "200" in page and "Send again" in page


def test_all_that_failed_are_sent_again(
    engineer: Client, make_hook: MakeHook, make_caller: Callable[..., Call], now: datetime
) -> None:
    hook = make_hook()
    make_caller()
    working.look([hook], now)
    HookDelivery.objects.update(state="failed")
    engineer.post(f"/webhooks/{hook.pk}/again/")
    assert set(HookDelivery.objects.values_list("state", flat=True)) == {"waiting"}


def test_a_new_secret_takes_the_place_of_the_old_one(engineer: Client, make_hook: MakeHook) -> None:
    hook = make_hook()
    answer = engineer.post(f"/webhooks/{hook.pk}/renew/")
    assert Hook.objects.get().secret != hook.secret
    assert Hook.objects.get().secret in answer.content.decode()


def test_it_is_switched_off_and_removed(engineer: Client, make_hook: MakeHook) -> None:
    hook = make_hook()
    engineer.post(f"/webhooks/{hook.pk}/switch/")
    assert not Hook.objects.get().is_on
    engineer.post(f"/webhooks/{hook.pk}/remove/")
    assert not Hook.objects.exists()


def test_who_may_only_look_changes_nothing(
    logged_in: Callable[..., Client], make_hook: MakeHook
) -> None:
    hook, client = make_hook(), logged_in("monitoring.view_hook")
    assert client.get(f"/webhooks/{hook.pk}/").status_code == 200
    for door in ("try", "switch", "renew", "again", "remove", "change"):
        assert client.post(f"/webhooks/{hook.pk}/{door}/").status_code == 403, door


@pytest.mark.parametrize("name", ["api.md", "api.ru.md"])
def test_the_document_names_each_kind_of_event(settings: LazySettings, name: str) -> None:
    text = (settings.BASE_DIR / "docs" / name).read_text()
    assert [kind for kind in Kind.values if f"`{kind}`" not in text] == []
