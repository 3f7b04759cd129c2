"""From the message on a telephone to callers who are answered again, in Russian, by a browser."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, AgentVersion
from monitoring.alarms import working
from monitoring.alarms.forms import put
from monitoring.alarms.models import AlertChannel
from monitoring.incidents import watching
from monitoring.incidents.models import Incident, RuleSetting
from monitoring.incidents.rulebook import BY_SLUG
from telephony.models import Call, DispatchRule, PhoneNumber, Trunk
from tests.alarms.servers import Web, serve
from tests.browser.conftest import Site, work
from tests.live.stack import wait_until
from veyra.models import User

CALLER, NUMBER, ADDRESS = "+79161230001", "+74991124148", "10.0.0.1"


@pytest.fixture
def telephone() -> Iterator[Web]:
    """What the person on duty carries: his messages arrive there."""
    with serve(Web()) as web:
        yield web


def begin(url: str) -> None:
    """A line, one who looks after it, and a way to him. Only what happens to calls is watched."""
    anna = User.objects.create_superuser("anna", "", "secret", language="ru", first_name="Анна")
    User.objects.filter(pk=anna.pk).update(set_up_at=anna.date_joined)
    agent = Agent.objects.create(name="Поддержка")
    AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Здравствуйте!")
    trunk = Trunk.objects.create(name="Novofon", addresses=ADDRESS)
    number = PhoneNumber.objects.create(number=NUMBER, trunk=trunk)
    DispatchRule.objects.create(name="Все звонки", agent=agent).numbers.add(number)
    channel = AlertChannel(name="Анна", kind="webhook", person=anna, language="ru", severity=4)
    put(channel, {"url": url})
    channel.made_at = timezone.now() - timedelta(hours=1)
    channel.save()
    others = BY_SLUG.keys() - {"calls_refused"}
    RuleSetting.objects.bulk_create(
        RuleSetting(rule=rule, is_enabled=False) for rule in sorted(others)
    )


def ring(site: Site, count: int) -> None:
    """So many callers, one after the other, each for a moment."""
    for caller in range(count):
        told = site.call(f"+7916123{caller:04}", NUMBER, ADDRESS)
        site.hang_up(told["sip_call_id"])


def wait_for_refused(site: Site, count: int) -> None:
    """A refusal is final when nothing has followed for five seconds."""

    def is_told() -> bool:
        site.deliver()
        return site.do(Call.objects.filter(outcome="rejected").count) == count

    wait_until(is_told, "the refused calls are not told")


def look(site: Site) -> None:
    """What beat asks for within seven seconds."""

    def looks() -> None:
        now = timezone.now()
        for seconds in (0, 6):
            watching.watch(now + timedelta(seconds=seconds))
        working.work(now + timedelta(seconds=7))

    site.do(looks)


def test_whoever_is_woken_heals_the_line_without_a_terminal(
    page: Page, site: Site, telephone: Web, settings: LazySettings
) -> None:
    settings.ALARM_HOSTS, settings.PUBLIC_URL = ["127.0.0.1"], site.url
    site.do(work)
    site.do(lambda: begin(f"{telephone.url}/anna"))
    site.publish()
    ring(site, 1)

    # Somebody deletes in LiveKit what says who answers.
    site.simulated.store.rules.clear()
    ring(site, 5)
    wait_for_refused(site, 5)
    look(site)
    assert "Звонки отклоняются" in telephone.titles[0]
    link = re.search(r"http\S+/alarms/answer/\S+", telephone.bodies[0])
    assert link, telephone.bodies

    page.goto(link[0])
    expect(page.get_by_role("heading", name="Неполадки на линии")).to_be_visible()
    page.get_by_role("button", name="Берусь за дело").click()
    expect(page.get_by_role("heading", name="Занимаются")).to_be_visible()
    page.get_by_role("link", name="Что делать").click()
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")

    page.locator(".vy-incident a.vy-lead").click()
    expect(page.locator("body")).to_contain_text("Звонки отклоняются")
    page.locator('form:has(input[value="publish_again"]) button').click()
    expect(page.locator('[data-kind="step"]')).to_have_count(1)
    assert site.simulated.store.rules

    ring(site, 8)
    assert site.do(lambda: Call.objects.filter(outcome="answered").count()) == 9
    site.do(lambda: watching.watch(timezone.now()))
    site.do(lambda: watching.watch(timezone.now() + timedelta(seconds=31)))
    # The page finds out by itself, and so does the telephone.
    expect(page.locator('[data-kind="closed"]')).to_have_count(1, timeout=15_000)
    look(site)
    assert "Закончилось" in telephone.titles[-1]
    assert site.do(lambda: Incident.objects.get().acknowledged_by.username) == "anna"
