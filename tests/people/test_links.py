"""No page leads a person to one that he may not open: a link is shown to whoever may press it."""

import re
import uuid
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from agentworker.models import Agent, AgentVersion, Worker
from telephony import changes
from telephony.models import (
    Call,
    Difference,
    DispatchRule,
    OutboundCall,
    PhoneNumber,
    PublishedObject,
    TestCall,
    Trunk,
)
from veyra.models import User

pytestmark = pytest.mark.django_db
LINE = ("view_trunk", "view_phonenumber", "view_dispatchrule", "view_agent", "view_call")
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]+)"')


def line() -> None:
    """Numbers in every kind of trouble, each of which has its page where it is mended."""
    agent = Agent.objects.create(name="Maria")
    AgentVersion.objects.create(agent=agent, number=1, language="en", greeting="Hello")
    mute = Agent.objects.create(name="Mute", is_published=False)
    AgentVersion.objects.create(agent=mute, number=1, language="en", greeting="Hello")
    well = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24", out_address="sip.x")
    anybody = Trunk.objects.create(name="Open")
    DispatchRule.objects.create(name="Everybody", agent=agent).trunks.add(well, anybody)
    numbers = [
        PhoneNumber.objects.create(number=f"+7499112410{n}", trunk=trunk)
        for n, trunk in enumerate([well, well, well, anybody, well, well])
    ]
    DispatchRule.objects.create(name="Mute", agent=mute).numbers.add(numbers[4])
    lonely = Trunk.objects.create(name="Lonely", addresses="198.51.100.0/24")
    PhoneNumber.objects.create(number="+74991124109", trunk=lonely)
    states = ["live", "differs", "failed", "live", "live", "live"]
    for number, state in zip(numbers, states, strict=True):
        error = {} if state == "live" else {"msgid": "Why not.", "values": {}}
        key = f"number:{number.key}"
        PublishedObject.objects.create(
            kind="number", key=key, source=number.key, state=state, error=error
        )
    rule = DispatchRule.objects.get(name="Everybody")
    PublishedObject.objects.create(kind="rule", key="rule:1", source=rule.key, state="differs")
    now = timezone.now()
    for number, outcome in ((numbers[0], "answered"), (numbers[5], "no_agent")):
        Call.objects.create(number=number, state="ended", outcome=outcome, started_at=now)
    Worker.objects.create(
        name="w", host="h", pid=1, started_at=now, seen_at=now, capacity=2, registered=True
    )
    for whose in Difference.Whose.values:
        Difference.objects.create(livekit_id=whose, kind="trunk", whose=whose, name=whose)
    test = TestCall.objects.create(number=numbers[0], state="done", heard="test-calls/1.wav")
    Call.objects.create(
        number=numbers[0], started_at=now, from_number=f"veyra-test-{test.pk.hex[:8]}"
    )
    OutboundCall.objects.create(
        ticket=uuid.uuid4(), to_number="+79161234567", number=numbers[0], trunk=well, agent=agent
    )
    change = changes.Change(model="rule", key=str(rule.key), values={"pin": "12"})
    anna = User.objects.create_superuser("anna", set_up_at=now)
    AgentVersion.objects.update(created_by=anna)
    changes.schedule(changes.Edit(changes=(change,)), "Everybody", now, anna)


def rights(*wanted: str) -> Iterator[Permission]:
    """ "view" for every view_…, "change_trunk" for the one."""
    for each in Permission.objects.all():
        if each.codename in wanted or each.codename.split("_")[0] in wanted:
            yield each


def links_of(answer: Any, path: str) -> set[str]:
    """The pages of ours that an answer leads to, by links or at once."""
    told = answer.get("Location")
    if not told and "text/html" not in answer.get("Content-Type", ""):
        return set()
    found = [told] if told else map(unescape, LINK.findall(answer.content.decode()))
    urls = [urlsplit(urljoin(path, each)) for each in found]
    return {f"{url.path}?{url.query}" for url in urls if not url.scheme and not url.netloc}


def kind_of(url: str) -> str:
    """Pages of one kind differ in their ids, and in what is searched for and filled in. The history
    of a row opens to whoever may open the row, so one history stands for all.
    """
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", urlsplit(url).path)
    return re.sub(r"^/admin/.*/#/history/$", "a history", path)


def walk(client: Client) -> Iterator[tuple[str, str, Any]]:
    """From the home page to one page of each kind: (where its link stands, its address, it)."""
    waiting, seen = [("/admin/", "")], {"/admin/"}
    while waiting:
        url, source = waiting.pop(0)
        answer = client.get(url, headers={"Accept": "text/html"})
        yield source, url, answer
        for link in sorted(links_of(answer, url)) if answer.status_code < 400 else ():
            if kind_of(link) not in seen and not link.startswith(("/static", "/admin/logout")):
                seen.add(kind_of(link))
                waiting.append((link, url))


def person(client: Client, *wanted: str) -> Client:
    """A member of staff with these rights, logged in."""
    user = User.objects.create_user("boris", is_staff=True, language="en", set_up_at=timezone.now())
    user.user_permissions.set(rights(*wanted))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "wanted",
    [
        ("view_phonenumber", "view_call"),
        ("view_phonenumber", "add_testcall", "add_outboundcall"),
        # All that there is to see, and a part of what differences, files and the wizard each need.
        ("view", "change_trunk", "add_phonenumber"),
        ("change", *LINE, "view_scheduledchange"),
        ("add", *LINE, "view_user"),
    ],
)
def test_no_link_leads_to_a_page_that_says_no(client: Client, wanted: tuple[str, ...]) -> None:
    line()
    person(client, *wanted)
    refused, seen = [], 0
    for source, url, answer in walk(client):
        seen += 1
        if answer.status_code == 403:
            refused.append(f"{source} leads to {url}")
    assert refused == []
    assert seen > 4


@pytest.mark.parametrize(
    ("path", "told", "link", "needed"),
    [
        ("/admin/telephony/phonenumber/", "of this line to do it.", "Open the assistant", "view"),
        ("/admin/telephony/dispatchrule/", "to decide.", "Look at the differences", "change"),
    ],
)
def test_who_may_not_press_it_is_told_whom_to_ask(
    client: Client, path: str, told: str, link: str, needed: str
) -> None:
    line()
    person(client, "view_phonenumber", "view_dispatchrule")
    read = client.get(path).content.decode()
    assert "Ask the owner" in read and told in read and link not in read
    User.objects.get(username="boris").user_permissions.add(*rights(needed))
    assert link in client.get(path).content.decode()
