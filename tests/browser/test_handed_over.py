"""A new person on a fresh machine, by the README and the documents alone: the first answered call,
an operator with a second factor, a call placed by curl, and yesterday's backup.

Each test goes on where the one before it ended. What is pressed is what the documents name in bold.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.newcomer import (
    App,
    Softphone,
    address,
    first_login,
    log_in,
    press,
    type_in,
    walk,
)
from tests.documents.reading import buttons, command, commands
from tests.live.callee import Provider
from tests.live.stack import missing, wait_until
from tests.live.up import Up

pytestmark = [pytest.mark.live, pytest.mark.prove]

# Documents, and headings in them.
FIRST_CALL = ("README.ru.md", "Первый звонок")
PEOPLE = ("docs/livekit_auth_usage.md", "Люди и роли")
KEYS, CALLS = ("docs/api.ru.md", "Ключи"), ("docs/api.ru.md", "Позвонить")
BACKUPS = "docs/backups.ru.md"
NUMBER, SHOWN = "74991124148", "+7 499 112-41-48"
CALLER, GREETING = "79161230001", "Здравствуйте! Вы позвонили в поддержку."
# The document's own.
CALLED = "79161234567"
BORIS, HIS_PASSWORD = "boris", "a-much-longer-word"
# From a click to what comes of it in another process.
SOON = 60_000
YESTERDAY = """
from datetime import timedelta
from django.utils import timezone
from monitoring.upkeep import backup
row = backup.make(timezone.now() - timedelta(days=1))
print(row.name if row.ok else row.says)
"""
BOOK: dict[str, App] = {}


@pytest.fixture(scope="module")
def desk() -> Iterator[Up]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    with tempfile.TemporaryDirectory(prefix="veyra-new-") as folder:
        desk = Up(Path(folder))
        desk.start()
        yield desk
        desk.stop()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Who is called picks up."""
    with Provider({CALLED: "answer"}) as provider:
        yield provider


# The first call


def keeps_the_sheet(page: Page) -> None:
    page.check("[name=kept]")


def writes_an_assistant(page: Page) -> None:
    page.fill("[name=name]", "Поддержка")
    page.fill("[name=greeting]", GREETING)


def says_which_number(page: Page) -> None:
    page.fill("[name=numbers]", NUMBER)
    page.fill("[name=addresses]", "127.0.0.1")
    press(page, "Подключить")
    page.fill("[name=repeat]", "127.0.0.1")


def says_who_calls(page: Page) -> None:
    page.fill("[name=caller]", CALLER)


def chooses_another_provider(page: Page) -> None:
    _steps, softphone, *_ = buttons(*FIRST_CALL)
    walk(page, softphone)


def test_a_newcomer_reaches_the_first_answered_call(page: Page, desk: Up) -> None:
    names = buttons(*FIRST_CALL)[0]
    until = names.index("Позвонить на эту линию")
    log_in(page, desk, *first_login(desk))
    walk(
        page,
        names[:until],
        {
            "Начать": keeps_the_sheet,
            "Сохранить и опубликовать": writes_an_assistant,
            "Подключить": says_which_number,
            "Сейчас позвоню": says_who_calls,
        },
        {"Подключить провайдера": chooses_another_provider},
    )
    board = page.context.new_page()
    board.goto(f"{address(desk)}/live/")
    call = Softphone(desk, NUMBER, CALLER)
    row = board.locator(".vy-call", has_text="+7 916 123-00-01")
    expect(row).to_contain_text("Поддержка", timeout=SOON)
    expect(row).to_contain_text(GREETING, timeout=SOON)
    expect(page.get_by_text("С вами говорит Поддержка: всё работает.")).to_be_visible()
    told = call.result()
    assert told["status"] == 200 and told["voiced_seconds"] > 1
    press(page, "Открыть звонок")
    expect(page.locator("#call")).to_contain_text(GREETING)
    page.goto(f"{address(desk)}/admin/")
    expect(page.get_by_role("heading", name="Первые шаги")).to_have_count(0)
    speaks_from_the_browser(page, names[until:])


def speaks_from_the_browser(page: Page, names: list[str]) -> None:
    line, speak, record = names
    press(page, line)
    press(page, speak)
    expect(page.locator("[data-status]")).to_have_text("Разговор", timeout=SOON)
    press(page, "Положить трубку")
    press(page, record)
    asked = page.locator("#tests li").first
    expect(asked.locator(".vy-good")).to_be_visible(timeout=2 * SOON)
    expect(asked.locator("audio")).to_be_visible()


# An operator


def says_whom(page: Page) -> None:
    page.fill("[name=name]", "Борис")
    page.check("[value=Operator]")


def makes_up_a_login(page: Page) -> None:
    page.fill("[name=username]", BORIS)
    page.fill("[name=password]", HIS_PASSWORD)
    page.fill("[name=again]", HIS_PASSWORD)


def scans_the_picture(page: Page) -> None:
    page.locator("summary").click()
    BOOK[BORIS] = App(page.locator("#secret").inner_text().strip())
    page.fill("[name=code]", BOOK[BORIS].code())


def comes_in(page: Page, desk: Up) -> None:
    log_in(page, desk, BORIS, HIS_PASSWORD)
    page.fill("[name=code]", BOOK[BORIS].code())
    press(page, "Войти")
    expect(page.get_by_role("link", name="Перезвонить").first).to_be_visible()


def test_an_operator_is_invited_and_comes_in_by_two_steps(
    page: Page, browser: Browser, desk: Up
) -> None:
    invites, joins = buttons(*PEOPLE)
    log_in(page, desk, *first_login(desk))
    walk(page, invites, {"Сделать ссылку": says_whom})
    link = page.locator("#link").inner_text().strip()

    guest = browser.new_context(locale="ru-RU").new_page()
    guest.goto(link)
    walk(
        guest,
        joins,
        {"Создать мой вход": makes_up_a_login, "Включить": scans_the_picture},
    )
    expect(guest.get_by_role("link", name="Перезвонить").first).to_be_visible()
    guest.get_by_text("Борис", exact=True).first.click()
    press(guest, "Выйти")
    comes_in(guest, desk)
    expect(guest.get_by_text("Подключения провайдеров")).to_have_count(0)
    for path, status in (("live/", 200), ("people/", 403), ("api-keys/", 403)):
        answer = guest.goto(f"{address(desk)}/{path}")
        assert answer and answer.status == status, path
    guest.context.close()


# A call by curl


def says_what_it_is_for(page: Page) -> None:
    page.fill("[name=name]", "Заказы")
    page.select_option("[name=as_whom]", label="Сервис с ролью «Оператор»")


def test_a_call_is_placed_by_curl_once(page: Page, desk: Up, provider: Provider) -> None:
    log_in(page, desk, *first_login(desk))
    ((*leads, makes, copied),) = buttons(*KEYS)
    walk(page, leads)
    says_what_it_is_for(page)
    press(page, makes)
    key = page.locator("#secret").input_value()
    press(page, copied)
    lets_it_call_out(page, provider)

    (begin,), (place, look) = commands(*KEYS), commands(*CALLS)
    begin = begin.replace("http://127.0.0.1:8000", address(desk)).replace("veyra_…", key)
    export = begin.splitlines()[0]
    assert json.loads(type_in(desk, begin))["results"][0]["number"] == f"+{NUMBER}"
    asked = json.loads(type_in(desk, f"{export}\n{place}"))
    wait_until(lambda: any(each.first_voice for each in provider.of(CALLED)), "nobody was rung", 60)
    again = json.loads(type_in(desk, f"{export}\n{place}"))
    assert again["id"] == asked["id"]
    (telephone,) = provider.of(CALLED)
    provider.hang_up(telephone)
    wait_until(lambda: told(desk, export, look, asked["id"]).get("state") == "ended", "it goes on")
    call = told(desk, export, look, asked["id"])
    assert (call["outcome"], call["to_number"]) == ("answered", f"+{CALLED}")
    assert len(provider.calls) == 1


def lets_it_call_out(page: Page, provider: Provider) -> None:
    ((*menu, section, save),) = buttons(*CALLS)
    walk(page, menu)
    page.locator("#result_list").get_by_role("link", name="Другой провайдер").click()
    press(page, section)
    page.fill("[name=out_address]", provider.address)
    press(page, save)
    expect(page.locator("#result_list")).to_be_visible()
    press(page, "Объекты в LiveKit")
    wait_until(lambda: is_there(page), "calls out were not ready", 30)


def is_there(page: Page) -> bool:
    """Has what places calls out come to LiveKit?"""
    page.reload()
    rows = page.locator("#result_list tr").filter(has_text="исходящие звонки")
    return rows.filter(has_text="действует").count() == 1


def told(desk: Up, export: str, look: str, call: str) -> dict[str, str]:
    """What the second command of the three says: the call."""
    line = look.splitlines()[1]
    found: dict[str, str] = json.loads(type_in(desk, f"{export}\n{line}", CALL=call))
    return found


# Yesterday's backup


def loses(page: Page, desk: Up) -> None:
    """A number and a colleague, by mistake."""
    press(page, "Номера")
    page.locator("#result_list").get_by_role("link", name=SHOWN).click()
    press(page, "Убрать в архив")
    expect(page.locator("#before-saving")).to_be_visible()
    if page.locator("[name=accepted]").count():
        page.check("[name=accepted]")
    press(page, "Да, сделать")
    expect(page.locator("#before-saving")).to_have_count(0)
    page.goto(f"{address(desk)}/people/")
    page.get_by_role("link", name="Борис").click()
    press(page, "Удалить навсегда")
    press(page, "Удалить: Борис")
    expect(page.get_by_role("link", name="Борис")).to_have_count(0)


def is_answered(desk: Up) -> bool:
    told = Softphone(desk, NUMBER, CALLER, "wait:6").result()
    return bool(told["status"] == 200 and told["voiced_seconds"] > 0.5)


def test_yesterdays_backup_brings_back_what_was_lost(
    page: Page, browser: Browser, desk: Up
) -> None:
    name = type_in(desk, f".venv/bin/python manage.py shell -c '{YESTERDAY}'").split()[-1]
    log_in(page, desk, *first_login(desk))
    loses(page, desk)
    wait_until(lambda: not is_answered(desk), "the number still answers", 60)
    page.goto(f"{address(desk)}/maintenance/")
    expect(page.get_by_text(name)).to_be_visible()

    type_in(desk, command(BACKUPS, " restore latest").replace("latest", name), says="yes\n")
    page.goto(f"{address(desk)}/people/")
    log_in(page, desk, *first_login(desk))
    press(page, "Номера")
    expect(page.locator("#result_list")).to_contain_text(SHOWN)
    guest = browser.new_context(locale="ru-RU").new_page()
    comes_in(guest, desk)
    guest.context.close()
    wait_until(lambda: is_answered(desk), "the line does not answer again", 60)
