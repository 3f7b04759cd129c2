"""A person writes an assistant for a dental clinic, gives it a price list, tries and publishes it,
and takes a change back; and callers hear what he wrote.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from playwright.sync_api import BrowserType, Locator, Page, expect

from agentworker import key_testing
from agentworker.models import Agent
from agentworker.trying import working
from telephony.models import Colleague
from tests.agent.talking import in_thread
from tests.browser.clinic import (
    ASKS_PERSON,
    ASKS_PRICE,
    CONNECTS,
    PRICE,
    SUMMARY,
    Desk,
    price_list,
    spoken,
)
from tests.browser.conftest import Site
from tests.browser.test_setting_up import save_as_shown
from tests.live.callee import Provider, Telephone
from tests.live.sound import beeped, beeping, beeps, of_wav, samples
from tests.live.stack import missing, wait_until
from tests.live.system import PROGRAMS, System, running
from veyra.models import User

NUMBER, OLGA, CALLER = "74991124148", "79160000501", "79160000520"
OLGAS, CALLERS = 2300, 1300
GREETING = "Клиника «{company}», добрый день."
FIRST = "{time_of_day}! Клиника «{company}», слушаю."
LOOKED_UP, PASSAGE = "Посмотреть в том, что он знает", "Прайс-лист.docx, отрывок 1"
# From a click to what comes of it in another process.
SOON = 30_000
LINE = """
    from django.utils import timezone
    from telephony.models import Colleague, PhoneNumber, Trunk
    from veyra.models import User
    now = timezone.now()
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
    Colleague.objects.create(name="Ольга", phone="+{olga}")
    trunk = Trunk.objects.create(
        name="Novofon", addresses="127.0.0.1/32", out_address="{provider}", out_spelling="digits"
    )
    PhoneNumber.objects.create(number="+{number}", trunk=trunk)
"""
TOLD = """
    from agentworker.models import Turn
    from telephony.models import Call, CallEvent
    call = Call.objects.get(from_number="{caller}")
    used = CallEvent.objects.filter(room_sid=call.room_sid, kind="tool").order_by("at")
    said = Turn.objects.filter(session__room_sid=call.room_sid).order_by("at")
    result = {{
        "pk": str(call.pk),
        "said": list(said.values_list("speaker", "text")),
        "used": [each.payload["name"] for each in used],
    }}
"""


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    expect(page.locator("[name=password]")).to_have_count(0)


# In the gate: without sound, on the simulator


@pytest.fixture
def assistants(page: Page, site: Site, settings: LazySettings) -> Page:
    """Logged in, with a colleague to whom calls can be given."""
    settings.PROVIDER_NETWORKS = ["127.0.0.0/8"]

    def people() -> None:
        now = timezone.now()
        User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
        Colleague.objects.create(name="Ольга", phone=f"+{OLGA}")

    site.do(people)
    log_in(page, site.url)
    return page


@contextmanager
def at_work(site: Site, *work: Callable[[], Any]) -> Iterator[None]:
    """What Celery would do, as soon as there is something to do."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.2):
            for each in work:
                site.do(each)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_clinic_is_written_tried_by_text_published_and_taken_back(
    assistants: Page, site: Site, tmp_path: Path
) -> None:
    page = assistants
    with in_thread(Desk().answer) as provider, at_work(site, working.work, key_testing.work):
        adds_a_key(page, site.url, provider)
        writes_a_clinic(page, site.url)
        gives_it_a_price_list(page, tmp_path)
        lets_it_connect_with_olga(page)
        hears_its_voice(page)
        keeps_the_draft(page)
        asks_what_it_would_find(page)
        talks_to_it_by_text(page)
        adds_two_scenarios(page)
        publishes_it(page)
        changes_its_greeting(page)
        goes_back_to_the_first(page)
    current = site.do(lambda: Agent.objects.get().current())
    assert current is not None
    assert (current.number, current.greeting) == (3, FIRST)


def adds_a_key(page: Page, url: str, provider: str) -> None:
    page.goto(f"{url}/provider-keys/")
    page.get_by_role("link", name="Добавить ключ").click()
    page.get_by_role("link", name="Ваш собственный сервер").click()
    page.fill("[name=name]", "Сервер клиники")
    page.fill("[name=mind_url]", f"{provider}/v1")
    page.fill("[name=ears_url]", f"{provider}/v1")
    page.get_by_role("button", name="Сохранить и проверить").click()
    key = page.locator(".vy-card", has_text="Сервер клиники")
    expect(key.get_by_text("Работает", exact=True)).to_be_visible(timeout=SOON)


def writes_a_clinic(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/agentworker/agent/add/")
    page.get_by_role("link", name="Клиника: запись и цены").click()
    expect(page.locator("[name=name]")).to_have_value("Регистратура")
    # A new form takes the focus to its first field once it stands: what is typed sooner goes there.
    page.wait_for_load_state()
    page.fill("[name=company]", "Улыбка")
    page.fill("[name=greeting]", FIRST)
    told = page.locator(".vy-field:has([name=greeting])")
    expect(told).to_contain_text("Клиника «Улыбка», слушаю.")
    page.fill("[name=menu]", "")
    for part in ("ears", "mind"):
        who = page.locator(f"[name=speech-{part}_0_who]")
        who.select_option(label="Сервер клиники (Ваш собственный сервер)")


def gives_it_a_price_list(page: Page, folder: Path) -> None:
    page.set_input_files("[name=knowledge-file]", price_list(folder / "Прайс-лист.docx"))
    expect(page.locator("[name=knowledge-title]")).to_have_value("")


def lets_it_connect_with_olga(page: Page) -> None:
    page.get_by_role("button", name="+ Соединить с человеком").click()
    page.select_option("[name=tools-0-to]", label="Ольга")
    page.fill("[name=tools-0-when]", "просит администратора")


def hears_its_voice(page: Page) -> None:
    button = page.get_by_role("button", name="Послушать приветствие")
    with page.expect_response("**/assistants/voice/") as told:
        button.click()
    assert told.value.headers["content-type"] == "audio/wav"
    expect(button).to_have_attribute("data-played", "1")


def keeps_the_draft(page: Page) -> None:
    page.get_by_role("button", name="Сохранить черновик").click()
    expect(page.get_by_text("Сохранено как черновик.")).to_be_visible()
    expect(page.locator(".vy-documents")).to_contain_text("Прайс-лист")


def asks_what_it_would_find(page: Page) -> None:
    page.fill("[data-question]", ASKS_PRICE)
    page.get_by_role("button", name="Поискать").click()
    expect(page.locator(".vy-passage")).to_contain_text("4500 рублей")


def lines(page: Page) -> Locator:
    return page.locator("[data-part=lines] li")


def talks_to_it_by_text(page: Page) -> None:
    page.get_by_role("link", name="Проверить", exact=True).click()
    page.click("[data-part=begin]")
    expect(lines(page).first).to_contain_text("Клиника «Улыбка», слушаю.", timeout=SOON)
    page.fill("[name=says]", ASKS_PRICE)
    page.press("[name=says]", "Enter")
    answer = page.locator(".vy-turn.vy-ours", has_text=PRICE)
    expect(answer).to_be_visible(timeout=SOON)
    expect(page.locator(".vy-deed")).to_contain_text(LOOKED_UP)
    expect(page.locator(".vy-deed")).to_contain_text(PASSAGE)


def adds_two_scenarios(page: Page) -> None:
    page.get_by_role("link", name="Сценарии", exact=True).click()
    page.get_by_role("link", name="Добавить сценарий").click()
    writes_a_scenario(page, "Цена чистки", ASKS_PRICE, ("says", "4500 рублей"))
    page.get_by_role("link", name="Добавить сценарий").click()
    writes_a_scenario(page, "Просит человека", ASKS_PERSON, ("transfers", "Ольга"))
    expect(page.get_by_text("Пройден", exact=True)).to_have_count(2, timeout=SOON)
    used = page.locator(".vy-played .vy-deed")
    expect(used.first).to_have_text(LOOKED_UP)


def writes_a_scenario(page: Page, name: str, says: str, must: tuple[str, str]) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=step-0-say]", says)
    page.select_option("[name=step-0-must-0-kind]", must[0])
    page.fill("[name=step-0-must-0-text]", must[1])
    page.click("[data-part=demand]")
    page.select_option("[name=step-0-must-1-kind]", "judged")
    page.fill("[name=step-0-must-1-text]", "он вежлив")
    page.get_by_role("button", name="Сохранить и прогнать").click()


def publishes_it(page: Page) -> None:
    opens_the_editor(page)
    page.get_by_role("button", name="Опубликовать…").click()
    expect(page.locator("#standing .vy-good")).to_be_visible()
    page.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(page.get_by_text("звучит версия 1.")).to_be_visible()


def opens_the_editor(page: Page) -> None:
    page.locator(".vy-tabs").get_by_role("link").first.click()


def changes_its_greeting(page: Page) -> None:
    page.fill("[name=greeting]", GREETING)
    page.get_by_role("button", name="Опубликовать…").click()
    expect(page.locator("[name=note]")).to_have_value("Изменено: приветствие.")
    # Its scenarios are played with the new words.
    expect(page.locator("#standing .vy-good")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(page.get_by_text("звучит версия 2.")).to_be_visible()


def goes_back_to_the_first(page: Page) -> None:
    page.get_by_role("link", name="Версии", exact=True).click()
    page.get_by_role("link", name="Вернуть эту версию").click()
    expect(page.locator("[name=note]")).to_have_value("Возврат к версии 1.")
    page.get_by_role("button", name="Опубликовать", exact=True).click()
    expect(page.get_by_text("звучит версия 3.")).to_be_visible()


# With the real LiveKit, a microphone and telephones


@pytest.fixture(scope="module")
def colleague() -> Iterator[Provider]:
    """Her telephone, which beeps when it is picked up."""
    with Provider({OLGA: "answer in clear"}, sound=beeps(OLGAS)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(colleague: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    programs = (*PROGRAMS, "watchdog", "standby")
    with running(*programs, PROVIDER_NETWORKS="127.0.0.0/8") as system:
        system.ask(LINE.format(provider=colleague.address, olga=OLGA, number=NUMBER))
        yield system


@pytest.fixture
def speaker(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    browser_context_args: dict[str, Any],
    tmp_path: Path,
) -> Iterator[Page]:
    """A browser whose microphone is silent while it is greeted, and then asks for the price."""
    asked = spoken(tmp_path / "asked.wav", 10.0, ASKS_PRICE, 20.0)
    microphone = f"--use-file-for-fake-audio-capture={asked}"
    args = [*browser_type_launch_args["args"], microphone]
    browser = browser_type.launch(**{**browser_type_launch_args, "args": args})
    page = browser.new_context(**browser_context_args).new_page()
    yield page
    page.goto("about:blank")  # the web ends at once where no page asks it for more
    browser.close()


@pytest.mark.live
@pytest.mark.prove
def test_a_person_writes_a_clinic_calls_it_and_is_connected(
    speaker: Page, system: System, colleague: Provider, tmp_path: Path
) -> None:
    page = speaker
    log_in(page, system.url)
    with in_thread(Desk().answer) as provider:
        adds_a_key(page, system.url, provider)
        writes_a_clinic(page, system.url)
        gives_it_a_price_list(page, tmp_path)
        lets_it_connect_with_olga(page)
        hears_its_voice(page)
        keeps_the_draft(page)
        asks_what_it_would_find(page)
        talks_to_it_by_text(page)
        talks_to_it_through_a_microphone(page)
        adds_two_scenarios(page)
        publishes_it(page)
        changes_its_greeting(page)
        gives_it_the_number(page, system)
        call = calls_asks_and_is_connected(system, colleague, tmp_path)
        reads_what_came_of_it(page, system, call)
    page.goto(f"{system.url}/admin/agentworker/agent/")
    page.locator("#result_list").get_by_role("link", name="Регистратура").click()
    goes_back_to_the_first(page)
    current = (
        "from agentworker.models import Agent; result = Agent.objects.get().current().greeting"
    )
    assert system.ask(current) == FIRST


def talks_to_it_through_a_microphone(page: Page) -> None:
    page.click("[data-part=dial]")
    status = page.locator("[data-part=status]")
    expect(status).to_have_text("Говорите: ассистент вас слышит.", timeout=SOON)
    # Where nobody listened yet, it is asked again after half a minute.
    asked = page.locator(".vy-turn:not(.vy-ours)").first
    expect(asked).to_contain_text(ASKS_PRICE, timeout=2 * SOON)
    answer = page.locator(".vy-turn.vy-ours", has_text=PRICE).first
    expect(answer.locator("small")).to_contain_text(
        re.compile(r"ответ через \d+,\d с"), timeout=SOON
    )
    deed = page.locator(".vy-deed").first
    expect(deed).to_contain_text(LOOKED_UP)
    expect(deed).to_contain_text(PASSAGE)
    page.click("[data-part=hangup]")


def gives_it_the_number(page: Page, system: System) -> None:
    page.goto(f"{system.url}/admin/telephony/dispatchrule/add/")
    page.fill("[name=name]", "Клиника")
    expect(page.locator("[name=agent]")).to_have_text(re.compile("Регистратура"))
    save_as_shown(page)
    system.wait_for_line()


def calls_asks_and_is_connected(system: System, colleague: Provider, folder: Path) -> str:
    """The key of the call."""
    caller = system.dial(
        NUMBER,
        "listen:15",
        f"say:{spoken(folder / 'price.wav', ASKS_PRICE)}",
        "listen:15",
        f"say:{spoken(folder / 'person.wav', ASKS_PERSON)}",
        "wait:6",
        f"say:{beeping(folder / 'beeps.wav', CALLERS, 60)}",
        user=CALLER,
    )
    wait_until(lambda: any(x.answered for x in colleague.of(OLGA)), "she was not rung", 60)
    (olga,) = colleague.of(OLGA)
    wait_until(lambda: hears_the_caller(olga), "she does not hear the caller", 40)
    time.sleep(2)
    colleague.hang_up(olga)
    assert caller.result()["ended_by"] == "them"
    assert beeped(of_wav(caller.heard), OLGAS)
    found: dict[str, Any] = system.ask(TOLD.format(caller=CALLER))
    assert found["said"] == [
        ["agent", "Клиника «Улыбка», добрый день."],
        ["caller", ASKS_PRICE],
        ["agent", PRICE],
        ["caller", ASKS_PERSON],
        ["agent", CONNECTS],
    ]
    assert found["used"] == ["look_up", "transfer_olga"]
    return str(found["pk"])


def hears_the_caller(telephone: Telephone) -> bool:
    heard = b"".join(payload for _at, payload in telephone.heard)
    return bool(beeped(samples(heard), CALLERS))


def reads_what_came_of_it(page: Page, system: System, call: str) -> None:
    page.goto(f"{system.url}/calls/{call}/")
    expect(page.get_by_text("Ассистент «Регистратура», версия 2")).to_be_visible()
    expect(page.get_by_text(PASSAGE)).to_be_visible()
    expect(page.locator("[data-fragment=came]")).to_contain_text(SUMMARY, timeout=SOON)
