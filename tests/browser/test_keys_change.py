"""An engineer changes LiveKit's key, and a provider's password, on their pages."""

from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring import roles
from monitoring.recovery.services import wait_for_ends
from telephony.models import Trunk
from tests.browser.conftest import Site
from tests.simulator.conftest import KEY, SECRET
from veyra.livekit.pairs import NAMES, pairs
from veyra.models import Program, User

pytestmark = pytest.mark.prove


@pytest.fixture(autouse=True)
def _own_keys(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    settings.STATE = tmp_path
    (tmp_path / "keys.env").write_text(f"LIVEKIT_API_KEY={KEY}\nLIVEKIT_API_SECRET={SECRET}\n")


def installation() -> int:
    """An engineer, a connection with a login (its number is the answer), and LiveKit that runs."""
    roles.make()
    home = {"is_staff": True, "language": "en", "set_up_at": timezone.now()}
    user = User.objects.create_user("egor", "", "secret", **home)
    user.groups.set(Group.objects.filter(name="Engineer"))
    for name in ("agent", "web", "watchdog"):
        Program.begin(name)
    starts()
    trunk = Trunk.objects.create(name="trunk1", username="provider", password="the-old-one")
    return int(trunk.pk)


def starts() -> None:
    Program.begin("livekit-server", livekit_key="")
    Program.begin("livekit-sip", livekit_key=pairs().first.name)


def started_again(site: Site) -> None:
    """A look finds that nobody calls, LiveKit starts again, and the next look sees it."""
    site.do(lambda: wait_for_ends(timezone.now()))
    now = pairs()
    site.simulated.pairs = [pair for pair in (now.first, now.second) if pair]
    site.do(starts)
    site.do(lambda: wait_for_ends(timezone.now()))


def log_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/admin/")
    page.fill("[name=username]", "egor")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{site.url}/admin/")


def test_the_key_and_a_password_change_step_by_step(page: Page, site: Site) -> None:
    trunk = site.do(installation)
    log_in(page, site)
    page.goto(f"{site.url}/livekit-keys/")
    page.get_by_role("button", name="Make a second key").click()
    page.get_by_role("button", name="Start LiveKit again when nobody calls").click()
    expect(page.get_by_text("We wait until nobody calls")).to_be_visible()
    started_again(site)
    page.reload()
    page.get_by_role("button", name="Change to the second key").click()
    expect(page.get_by_text("Start these programs again")).to_be_visible()
    site.do(lambda: [Program.begin(name) for name in ("agent", "web", "watchdog")])
    page.get_by_role("button", name="Take the former key out").click()
    started_again(site)
    page.reload()
    expect(page.get_by_text("finished")).to_be_visible()

    page.goto(f"{site.url}/lines/{trunk}/password/")
    page.get_by_role("button", name="Make one for me").click()
    made = page.get_by_label("New password").input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator(".vy-copied")).to_have_text("Copied")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    page.get_by_role("button", name="Change it now").click()
    expect(page.get_by_text("The new password is in use.")).to_be_visible()
    assert site.do(lambda: Trunk.objects.get().password) == made
    page.get_by_role("button", name="Put the former password back").click()
    expect(page.get_by_text("The former password is in use again.")).to_be_visible()
    assert site.do(lambda: Trunk.objects.get().password) == "the-old-one"
