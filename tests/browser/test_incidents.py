"""From the number in the header to the line that is well again, by what the pages offer."""

from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import looking
from monitoring.health.models import HealthCheck
from monitoring.incidents.models import Incident, RuleSetting
from monitoring.incidents.rulebook import BY_SLUG
from telephony import probes
from telephony.models import Gateway
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User


def begin() -> None:
    """Nobody compares what is saved with LiveKit; nothing else is watched here."""
    user = User.objects.create_superuser("admin", "", "secret", language="ru")
    User.objects.filter(pk=user.pk).update(set_up_at=user.date_joined)
    Gateway.objects.get_or_create(pk=1)
    others = BY_SLUG.keys() - {"drift"}
    RuleSetting.objects.bulk_create(
        RuleSetting(rule=rule, is_enabled=False) for rule in sorted(others)
    )


def look_at(*moments: datetime) -> None:
    """What beat asks for at these moments."""
    for now in moments:
        HealthCheck.objects.filter(name="drift").update(checked_at=None)
        assert looking.look(now)


@pytest.mark.prove
def test_whoever_is_woken_is_led_to_the_button_that_heals(
    page: Page, site: Site, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LIVEKIT_SIMULATED = True
    monkeypatch.setattr(probes, "BEGAN", -probes.STARTING_SECONDS)
    now = timezone.now()
    site.do(begin)
    site.do(lambda: look_at(now, now + timedelta(seconds=5)))
    log_in(page, site)
    expect(page.locator("#incidents")).to_contain_text("1")
    page.locator("#incidents").click()
    page.locator(".vy-incident a.vy-lead").click()
    page.locator('button[formaction$="/acknowledge/"]').click()
    page.locator('form:has(input[value="publish_again"]) button').click()
    expect(page.locator('[data-kind="step"]')).to_have_count(1)
    later = timezone.now()
    site.do(lambda: look_at(later, later + timedelta(seconds=35)))
    # The page finds out by itself.
    expect(page.locator('[data-kind="closed"]')).to_have_count(1, timeout=15_000)
    incident = site.do(lambda: Incident.objects.get())
    assert incident.is_over and incident.acknowledged_by_id is not None
