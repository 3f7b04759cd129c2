"""Keys of providers: their pages, and how they are tested."""

import subprocess
import sys
import uuid
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agentworker import accesses, key_testing, key_use, shipping
from agentworker.keys import ProviderKey
from agentworker.models import Agent, AgentDraft, AgentVersion
from agentworker.script import Script
from monitoring import roles
from tests.providers.servers import in_thread
from veyra.models import User

pytestmark = pytest.mark.django_db
SECRET = "canary-77ab"


def member(role: str) -> Client:
    roles.make()
    user = User.objects.create_user(
        role, is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.set(Group.objects.filter(name=role))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def engineer() -> Client:
    return member("Engineer")


def made(name: str = "Ours", **values: Any) -> ProviderKey:
    row = ProviderKey(name=name, provider="openai", secret=SECRET)
    for each, value in values.items():
        setattr(row, each, value)
    row.save()
    return row


def speaking_by(row: ProviderKey, agent: Agent) -> dict[str, Any]:
    return {"mind": [{"provider": row.provider, "key": str(row.key)}]}


@pytest.fixture
def agent() -> Agent:
    return Agent.objects.create(name="Maria")


# Pages


def test_an_empty_list_says_what_it_is_for(engineer: Client) -> None:
    page = engineer.get(reverse("provider-keys")).content.decode()
    assert "Add a key" in page and "understand what callers say" in page


@pytest.mark.parametrize("role", ["Manager", "Operator", "Supervisor", "Viewer"])
def test_who_does_not_see_to_the_line_sees_no_keys(role: str) -> None:
    assert member(role).get(reverse("provider-keys")).status_code == 403


def test_an_auditor_sees_keys_and_has_no_buttons() -> None:
    row, client = made(), member("Auditor")
    page = client.get(reverse("provider-keys"))
    assert page.status_code == 200 and "formaction" not in page.content.decode()
    assert client.post(reverse("provider-key-test", args=[row.pk])).status_code == 403


def test_a_key_is_added_and_is_to_be_tested_at_once(engineer: Client) -> None:
    address = reverse("provider-key-add", args=["openai"])
    answer = engineer.post(address, {"name": "Ours", "secret": SECRET, "proxy": ""})
    row = ProviderKey.objects.get()
    assert answer.status_code == 302 and row.access.secret == SECRET
    assert row.due_at is not None and row.due_at <= timezone.now()
    assert "Being tested" in engineer.get(reverse("provider-keys")).content.decode()


def test_a_secret_is_never_shown(engineer: Client) -> None:
    row = made(proxy="http://user:canary-proxy@proxy.example.org:3128")
    for name in ("provider-keys", "provider-key-change"):
        args = [row.pk] if name.endswith("change") else []
        page = engineer.get(reverse(name, args=args)).content.decode()
        assert SECRET not in page and "canary-proxy" not in page


def test_what_is_left_empty_stays_and_a_hyphen_removes_it(engineer: Client) -> None:
    row = made(proxy="http://127.0.0.1:3128")
    address = reverse("provider-key-change", args=[row.pk])
    engineer.post(address, {"name": "Renamed", "secret": "", "proxy": ""})
    row.refresh_from_db()
    assert (row.name, row.secret, row.proxy) == ("Renamed", SECRET, "http://127.0.0.1:3128")
    engineer.post(address, {"name": "Renamed", "secret": "new", "proxy": "-"})
    row.refresh_from_db()
    assert (row.secret, row.proxy) == ("new", "")


ELSEWHERE: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "another host": ("http", {"host": "shop.example.org"}, {"host": "127.0.0.1"}),
    "another address": (
        "openai_compatible",
        {"mind_url": "http://127.0.0.1:1/v1"},
        {"mind_url": "http://127.0.0.1:2/v1"},
    ),
    "one address more": (
        "openai_compatible",
        {"mind_url": "http://127.0.0.1:1/v1"},
        {"mind_url": "http://127.0.0.1:1/v1", "voice_url": "http://127.0.0.1:2/v1"},
    ),
    "a proxy that reads it": (
        "openai_compatible",
        {"mind_url": "http://127.0.0.1:1/v1"},
        {"mind_url": "http://127.0.0.1:1/v1", "proxy": "http://127.0.0.1:3128"},
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_stored_key_goes_to_no_other_place_than_it_was_typed_for(
    name: str, engineer: Client
) -> None:
    provider, before, after = ELSEWHERE[name]
    row = made(provider=provider, settings=before)
    address = reverse("provider-key-change", args=[row.pk])
    answer = engineer.post(address, {"name": "Ours", "secret": "", **after})
    row.refresh_from_db()
    assert answer.status_code == 400 and "Type it here once more" in answer.content.decode()
    assert (row.settings, row.proxy) == (before, "")
    engineer.post(address, {"name": "Ours", "secret": "typed anew", **after})
    row.refresh_from_db()
    assert row.secret == "typed anew" and (row.settings, row.proxy) != (before, "")


def test_a_name_that_only_the_stored_proxy_knows_is_taken(engineer: Client) -> None:
    known = {"mind_url": "http://engine.invalid/v1"}
    row = made(provider="openai_compatible", settings=known, proxy="http://127.0.0.1:1", secret="")
    address = reverse("provider-key-change", args=[row.pk])
    assert engineer.post(address, {"name": "New", "proxy": "", **known}).status_code == 302
    assert engineer.post(address, {"name": "New", "proxy": "-", **known}).status_code == 400


WRONG = {
    "no address at all": ({}, "at least one of the addresses"),
    "no whole address": ({"mind_url": "ollama"}, "Write a whole address"),
    "an address inside": ({"mind_url": "http://10.1.2.3:11434/v1"}, "PROVIDER_NETWORKS"),
    "a proxy inside": (
        {"mind_url": "http://127.0.0.1:1/v1", "proxy": "http://10.1.2.3:3128"},
        "PROVIDER_NETWORKS",
    ),
    "no proxy": (
        {"mind_url": "http://127.0.0.1:1/v1", "proxy": "127.0.0.1"},
        "Write it as http://user:password@host:port.",
    ),
    "a key that the site showed hidden": (
        {"mind_url": "http://127.0.0.1:1/v1", "secret": "sk-…4f2a"},
        "letters or signs here that no key has",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_the_form_is_said(name: str, engineer: Client) -> None:
    typed, sentence = WRONG[name]
    address = reverse("provider-key-add", args=["openai_compatible"])
    answer = engineer.post(address, {"name": "Ours", **typed})
    assert answer.status_code == 400 and sentence in answer.content.decode()
    assert not ProviderKey.objects.exists()


def test_a_name_stands_once(engineer: Client) -> None:
    made("Ours")
    address = reverse("provider-key-add", args=["openai"])
    answer = engineer.post(address, {"name": "Ours", "secret": "x"})
    assert answer.status_code == 400 and "already a key" in answer.content.decode()


@pytest.mark.parametrize("slug", ["offline", "nobody"])
def test_who_needs_no_key_has_no_form(slug: str, engineer: Client) -> None:
    assert engineer.get(reverse("provider-key-add", args=[slug])).status_code == 404


def test_a_key_that_is_used_is_not_put_away(engineer: Client, agent: Agent) -> None:
    row = made()
    agent.versions.create(number=1, language="en", greeting="Hi", speech=speaking_by(row, agent))
    engineer.post(reverse("provider-key-archive", args=[row.pk]))
    row.refresh_from_db()
    assert row.archived_at is None and row.secret == SECRET
    assert "Used by: Maria." in " ".join(
        engineer.get(reverse("provider-keys")).content.decode().split()
    )


def test_a_key_that_is_put_away_keeps_no_secret(engineer: Client) -> None:
    row = made(proxy="http://127.0.0.1:1")
    engineer.post(reverse("provider-key-archive", args=[row.pk]))
    row.refresh_from_db()
    assert row.archived_at and (row.secret, row.proxy, row.due_at) == ("", "", None)


def test_a_key_that_cannot_be_read_is_typed_anew(engineer: Client, settings: Any) -> None:
    row = made()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    page = engineer.get(reverse("provider-keys")).content.decode()
    assert "Type the secret once more" in page
    address = reverse("provider-key-change", args=[row.pk])
    assert engineer.get(address).status_code == 200
    engineer.post(address, {"name": "Ours", "secret": "typed anew", "proxy": "-"})
    row = ProviderKey.objects.get()
    assert row.access.secret == "typed anew"


def test_the_list_asks_the_same_of_ten_keys_as_of_one(
    engineer: Client, agent: Agent, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    made("first")
    engineer.get(reverse("provider-keys"))
    with CaptureQueriesContext(connection) as few:
        engineer.get(reverse("provider-keys"))
    for number in range(10):
        made(f"key {number}")
    with django_assert_num_queries(len(few)):
        engineer.get(reverse("provider-keys"))


# Tests of keys


def due(row: ProviderKey) -> ProviderKey:
    ProviderKey.objects.filter(pk=row.pk).update(due_at=timezone.now())
    key_testing.work()
    return ProviderKey.objects.get(pk=row.pk)


def test_a_key_that_works_says_in_how_many_milliseconds() -> None:
    with in_thread() as server:
        row = due(made(settings={"base_url": server.url}))
    assert row.works and row.tested_ms is not None
    assert str(row.why) == f"Works, {row.tested_ms} ms." and row.tested_at
    assert row.due_at and row.due_at > timezone.now() + timedelta(minutes=50)
    assert server.asked[0][2]["Authorization"] == f"Bearer {SECRET}"


def test_a_key_that_is_refused_says_so() -> None:
    with in_thread("401") as server:
        row = due(made(settings={"base_url": server.url}))
    assert row.works is False and "The key is refused" in str(row.why)
    assert row.tested_ms is None


def test_a_country_that_is_not_served_is_told_with_the_proxy() -> None:
    with in_thread("403") as server:
        row = due(made(settings={"base_url": server.url}))
    assert "Fill in a proxy" in str(row.why)


def test_a_key_that_changed_meanwhile_gets_no_old_verdict() -> None:
    with in_thread() as server:
        row = made(settings={"base_url": server.url})
        sentence, took = key_testing._outcome(row)
    ProviderKey.objects.filter(pk=row.pk).update(revision=row.revision + 1)
    key_testing._note(row, sentence, took)
    assert ProviderKey.objects.get().works is None


def test_a_key_is_tested_by_one_of_two_workers() -> None:
    made(due_at=timezone.now())
    assert key_testing._claimed(timezone.now()) is not None
    assert key_testing._claimed(timezone.now()) is None


# Who uses which


def test_who_uses_a_key_is_read_from_what_callers_hear_and_from_drafts(agent: Agent) -> None:
    old, new, drafted = made("old"), made("new"), made("drafted")
    other = Agent.objects.create(name="Anna")
    for number, row in enumerate((old, new), 1):
        AgentVersion.objects.create(
            agent=agent, number=number, language="en", speech=speaking_by(row, agent)
        )
    AgentDraft.objects.create(agent=other, language="en", speech=speaking_by(drafted, other))
    assert key_use.used_by() == {str(new.key): ["Maria"], str(drafted.key): ["Anna"]}


def test_a_job_reads_only_the_keys_that_its_assistant_names(agent: Agent) -> None:
    named, away = made("named"), made("away", archived_at=timezone.now())
    made("another")
    rows = [*speaking_by(named, agent)["mind"], *speaking_by(away, agent)["mind"]]
    tools = ({"kind": "http", "name": "orders", "key": "no key"}, {"kind": "end", "name": "end"})
    script = Script("a", 1, "en", "Hi", speech={"mind": rows}, tools=tools)
    found = accesses.accesses_of(script)
    assert list(found) == [str(named.key)] and found[str(named.key)].secret == SECRET


def test_a_key_that_cannot_be_read_is_missing_to_a_job(agent: Agent, settings: Any) -> None:
    row = made()
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    script = Script("a", 1, "en", "Hi", speech=speaking_by(row, agent))
    assert accesses.accesses_of(script) == {}


def test_an_access_tells_nothing_of_its_secrets_when_it_is_printed() -> None:
    assert SECRET not in repr(made(proxy="http://canary@host").access)
    assert "canary" not in repr(made(str(uuid.uuid4()), proxy="http://canary@host").access)


def test_a_key_whose_provider_failed_in_a_call_is_tested_soon() -> None:
    later = timezone.now() + timedelta(minutes=40)
    row, other = made(due_at=later), made("other", provider="groq", due_at=later)
    tested = made("tested", due_at=later, tested_at=timezone.now())
    fact = {"part": "mind", "provider": "openai", "state": "failed", "error": "quota"}
    line = {"job_id": "AJ_1", "room_name": "r", "room_sid": "RM_1", "type": "event"}
    about = {"kind": "provider", "at": timezone.now().isoformat(), "payload": fact}
    shipping.store([{"id": "AJ_1:1", **line, **about}])
    due = set(ProviderKey.objects.due(timezone.now()))
    assert due == {row} and other not in due and tested not in due


IN_A_THREAD = """
import asyncio, os, threading, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
django.setup()
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Access, Choice, Part

async def build():
    for slug in ("openai", "groq"):
        PROVIDERS[slug].builders[Part.MIND](Access("x"), Choice(slug), "en")

thread = threading.Thread(target=lambda: asyncio.run(build()) or print("built"))
thread.start()
thread.join()
"""


@pytest.mark.prove
def test_a_worker_of_the_queue_tries_keys_on_whatever_thread() -> None:
    """The library wants its plugins to be imported on the main one."""
    done = subprocess.run([sys.executable, "-c", IN_A_THREAD], capture_output=True, text=True)
    assert "built" in done.stdout, done.stderr


def test_what_asks_providers_is_imported_before_a_call() -> None:
    made(provider="deepgram"), made("archived", provider="cartesia", archived_at=timezone.now())
    sys.modules.pop("livekit.plugins.deepgram", None)
    accesses.warm_up()
    assert "livekit.plugins.deepgram" in sys.modules


def test_the_worker_is_told_once_whose_libraries_it_will_need() -> None:
    for name, provider in (("one", "openai"), ("two", "openai_compatible"), ("3", "deepgram")):
        made(name, provider=provider)
    assert accesses.libraries() == ["livekit.plugins.deepgram", "livekit.plugins.openai"]
