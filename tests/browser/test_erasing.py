"""Somebody wants to be forgotten: he is found, erased, and gets a certificate."""

import threading
from datetime import timedelta

from django.db import close_old_connections
from django.utils import timezone
from playwright.sync_api import Page, expect

from agentworker.models import Agent, AgentVersion, Session, Speaker, Turn
from monitoring import forgetting
from recordings.models import Recording, Storage
from recordings.stores import store_of
from telephony.models import Call, CallBack, Leg, PhoneNumber, Trunk
from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from veyra.models import User

HIS, OTHER = "+79161234567", "+79990000000"
WORDS = "Это Антонина, я жду заказ"


def two_callers() -> None:
    User.objects.create_superuser("admin", "", "secret", language="en", set_up_at=timezone.now())
    agent = Agent.objects.create(name="Maria")
    version = AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Алло")
    trunk = Trunk.objects.create(name="Novofon", addresses="203.0.113.0/24")
    number = PhoneNumber.objects.create(number="+74991124148", label="Support", trunk=trunk)
    storage, now = Storage.objects.current(), timezone.now()
    for place, spelled in enumerate(("8" + HIS[2:], HIS[1:], OTHER)):
        at = now - timedelta(hours=place + 1)
        call = Call.objects.create(
            from_number=spelled,
            to_number=number.number,
            number=number,
            trunk=trunk,
            agent=agent,
            state="ended",
            outcome="answered",
            started_at=at,
            ended_at=at + timedelta(minutes=1),
            room_sid=f"RM_{place}",
            room_name=f"call-_{spelled}_x",
        )
        Leg.objects.create(call=call, role="caller", sip_call_id=f"SCL_{place}")
        session = Session.objects.create(
            job_id=f"AJ_{place}", version=version, sip_call_id=f"SCL_{place}", started_at=at
        )
        Turn.objects.create(
            session=session, turn_id=f"{place}", speaker=Speaker.CALLER, text=WORDS, at=at
        )
        row = Recording(call=call, storage=storage, state="ready", room_sid=call.room_sid)
        row.file = f"recordings/{row.pk}.ogg"
        row.size = store_of(storage).write(row.file, [b"his voice"])
        row.save()
    CallBack.objects.create(caller=HIS, note="Антонина ждёт", first_at=now, last_at=now)


def left() -> tuple[list[str], list[str], int]:
    """Files of the storage, numbers of callers, and lines that were said."""
    store = store_of(Storage.objects.get())
    numbers = sorted(Call.objects.values_list("from_number", flat=True))
    return sorted(store.names("recordings/")), numbers, Turn.objects.count()


def work() -> None:
    forgetting.work(timezone.now())
    close_old_connections()


def test_a_caller_is_erased_and_the_storage_is_empty_of_him(page: Page, site: Site) -> None:
    site.do(two_callers)
    log_in(page, site)
    page.goto(f"{site.url}/callers/")
    page.get_by_label("Number of the caller").fill("8 (916) 123-45-67")
    page.get_by_role("button", name="Find").click()
    table = page.locator("table").first
    expect(table.get_by_role("row").filter(has_text="Recordings")).to_contain_text("2")
    expect(page.get_by_text("Антонина ждёт")).to_be_visible()
    # His number is in no address, so it is in no history and no log.
    assert "916" not in page.url
    expect(page.locator("#stays")).to_contain_text("Calls as figures (2)")
    page.get_by_label("Type the number once more").fill("8 916 123 45 68")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("This is another number")).to_be_visible()
    assert len(site.do(left)[0]) == 3
    page.get_by_label("Type the number once more").fill("8 916 123 45 67")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_text("He is being erased")).to_be_visible()
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    # The page sees by itself that it is done.
    expect(page.get_by_text("everything about the caller named below")).to_be_visible(
        timeout=10_000
    )
    expect(page.get_by_role("row").filter(has_text="What was said")).to_contain_text("2")
    page.get_by_label("Number of the caller").fill("+7 916 123 45 67")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".vy-facts")).to_contain_text("+7 916 123-45-67")
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printed")
    files, numbers, lines = site.do(left)
    assert (len(files), numbers, lines) == (1, ["", "", OTHER], 1)
