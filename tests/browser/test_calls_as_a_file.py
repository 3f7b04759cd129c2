"""A person looks for lost calls, keeps the search, and takes what was found as an Excel file."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.db import close_old_connections
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent
from monitoring import filing, table
from telephony.came_of import CameOf
from telephony.models import Call, PhoneNumber, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

LOST, ANSWERED, HALF = 40, 60, 20


def a_day() -> None:
    """Of a small company, and somebody to look at it."""
    User.objects.create_superuser("admin", "", "secret", language="en", set_up_at=timezone.now())
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number="+74991124148", label="Support", trunk=trunk)
    agent = Agent.objects.create(name="Maria")
    start = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0)
    calls = []
    for n in range(LOST + ANSWERED):
        at = start + timedelta(minutes=6 * n)
        is_lost = n % 5 < 2
        outcome = "answered" if not is_lost else "abandoned" if n % 2 else "no_agent"
        calls.append(
            Call(
                from_number=f"+7916123{n:04}",
                to_number=number.number,
                number=number,
                trunk=trunk,
                agent=agent,
                state="ended",
                outcome=outcome,
                started_at=at,
                answered_at=None if is_lost else at + timedelta(seconds=1 + n % 4),
                ended_at=at + timedelta(seconds=40),
            )
        )
    Call.objects.bulk_create(calls)


@pytest.mark.prove
def test_a_search_is_kept_and_taken_as_a_file(
    page: Page, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.do(a_day)
    log_in(page, site)
    page.goto(f"{site.url}/admin/telephony/call/?state__exact=ended&q=8+(916)+123")
    page.get_by_text("Keep this search by a name").click()
    page.get_by_label("Name of the filter").fill("From Moscow mobiles")
    page.get_by_role("button", name="Keep").click()
    page.goto(f"{site.url}/admin/telephony/call/")
    page.get_by_role("link", name="From Moscow mobiles").click()
    expect(page.locator(".vy-chip [aria-current]")).to_have_text("From Moscow mobiles")
    # Halfway it waits until the page was looked at.
    monkeypatch.setattr(filing, "STEP", HALF)
    looked_at, written = threading.Event(), filing.cells
    counted: list[Call] = []

    def in_two_halves(
        call: Call, known: filing.Names, came: Sequence[CameOf] | None
    ) -> list[table.Cell]:
        counted.append(call)
        if len(counted) == HALF + 1:
            assert looked_at.wait(20)
        return written(call, known, came)

    def work() -> None:
        filing.run_next()
        close_old_connections()

    monkeypatch.setattr(filing, "cells", in_two_halves)
    page.get_by_role("button", name="Excel").click()
    row = page.locator(".vy-list > li")
    expect(row).to_contain_text("From Moscow mobiles")
    expect(row).to_contain_text("waits its turn")
    worker = threading.Thread(target=work)
    worker.start()
    try:
        expect(row.get_by_text(f"{HALF} of {LOST + ANSWERED}")).to_be_visible(timeout=10_000)
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "20")
    finally:
        looked_at.set()
        worker.join()
    with page.expect_download() as coming:
        row.get_by_role("link", name="Download").click()
    coming.value.save_as(tmp_path / "calls.xlsx")
    lines = list(openpyxl.load_workbook(tmp_path / "calls.xlsx").active.values)
    assert len(lines) == 1 + LOST + ANSWERED
    assert lines[0][2] == "From" and lines[1][2] == "+7 916 123-00-99"
    page.goto(f"{site.url}/admin/")
    today = page.locator(".vy-today")
    expect(today.get_by_text("40% of all calls")).to_be_visible()
    boxes = [bar.bounding_box() for bar in today.locator("svg rect").all()]
    assert sum(box["height"] for box in boxes if box) > 100
