"""A person with nothing but a login and a password connects Novofon: everything here is real but
the provider, which stands on this computer.
"""

import json
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from agentworker.espeak import engine
from tests.live.stack import ROOT, free_range, missing, wait_until
from tests.live.system import System, running
from tests.registrar.exchange import Exchange
from tests.registrar.kamailio import lacks_kamailio

pytestmark = pytest.mark.live

NAME, HOST = "sip.provider.example", "127.0.0.4"
LOGIN, PASSWORD = "123456", "right-one"
NUMBER, CALLED = "8 (499) 112-41-48", "74991124148"
CALLER, CALLS_AS = "8 916 123-00-01", "79161230001"
TOLD_WITHIN = 10_000

PEOPLE = """
    from django.utils import timezone
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from veyra.models import User

    now = timezone.now()
    User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
    agent = Agent.objects.create(name="Поддержка")
    save_words(agent, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [], []), None)
"""
TURNS = """
    from agentworker.models import Turn
    result = [(turn.speaker, turn.text) for turn in Turn.objects.order_by("at", "pk")]
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Exchange]:
    with Exchange({LOGIN: PASSWORD}, {CALLED: LOGIN}, host=HOST) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if lacking := missing() + lacks_kamailio():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    hosts = tmp_path_factory.mktemp("names") / "hosts.json"
    hosts.write_text(json.dumps({NAME: [HOST]}))
    environment = {
        "HOSTS_FILE": str(hosts),
        "PYTHONPATH": str(ROOT / "tests/registrar/names"),
        "REGISTRAR_PORT": str(free_range(3)[0]),
    }
    with ExitStack() as stack:
        system = stack.enter_context(running(**environment))
        for program in ("kamailio", "registrar"):
            system.start_program(program)
        system.ask(PEOPLE)
        yield system


@pytest.fixture
def phrase(tmp_path: Path) -> Path:
    """What the caller says, as a WAV."""
    path = tmp_path / "phrase.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(engine().rate)
        file.writeframes(engine().speak("Здравствуйте, сколько стоит доставка?", "ru", 140))
    return path


def log_in(page: Page, system: System) -> None:
    page.goto(f"{system.url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")


def server_of(provider: Exchange) -> str:
    return f"{NAME}:{provider.wire.port}"


def type_the_login(page: Page, server: str, password: str, number: str) -> None:
    page.get_by_role("link", name="Novofon").click()
    page.get_by_role("link", name="Мне дали логин и пароль").click()
    expect(page.get_by_label("Сервер")).to_have_value("sip.novofon.ru")
    page.get_by_label("Сервер").fill(server)
    page.get_by_label("Логин").fill(LOGIN)
    page.get_by_label("Пароль").fill(password)
    page.get_by_label("Номера, на которые звонят").fill(number)
    page.get_by_role("button", name="Подключить").click()
    expect(page.locator("#before-saving")).to_contain_text("+7 499 112-41-4")
    expect(page.locator("#before-saving")).to_contain_text("Поддержка")
    page.get_by_role("button", name="Да, подключить").click()


def is_published(system: System) -> bool:
    return bool(
        system.ask("""
        from telephony.models import PublishedObject
        states = set(PublishedObject.objects.values_list("state", flat=True))
        result = states == {"live"}
    """)
    )


def test_a_login_and_a_password_are_enough_for_a_call_to_be_answered(
    page: Page, system: System, provider: Exchange, phrase: Path
) -> None:
    log_in(page, system)
    page.get_by_role("link", name="Подключить провайдера").click()
    type_the_login(page, server_of(provider), "a wrong one", NUMBER)
    saved = time.monotonic()
    refused = page.get_by_text(f"{NAME} не принял логин или пароль (403)")
    expect(refused).to_be_visible(timeout=TOLD_WITHIN)
    assert time.monotonic() - saved < TOLD_WITHIN / 1000

    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти ещё раз").click()
    expect(page.get_by_text("Вход выполнен до")).to_be_visible(timeout=TOLD_WITHIN)
    assert provider.bindings[LOGIN].seconds

    wait_until(lambda: is_published(system), "the line was not published", 30)
    page.get_by_role("link", name="Позвонить на +7 499 112-41-48").click()
    expect(page.get_by_text("Вход выполнен до")).to_be_visible()
    page.fill("[name=caller]", CALLER)
    page.get_by_role("button", name="Сейчас позвоню").click()
    expect(page.get_by_text("Ждём вашего звонка")).to_be_visible()
    call = system.dial(
        CALLED, "listen:20", f"say:{phrase}", "wait:8", user=CALLS_AS, way=provider.address
    )
    expect(page.get_by_text("С вами говорит Поддержка: всё работает.")).to_be_visible(
        timeout=20_000
    )
    expect(page.get_by_text(f"Пришёл: с адреса {HOST}")).to_be_visible()
    expect(page.get_by_text("Он пришёл через наш вход")).to_be_visible()
    heard = call.result()
    assert (heard["status"], heard["ended_by"]) == (200, "us")
    assert heard["voiced_seconds"] > 2
    greeting, *talk = system.ask(TURNS)
    # The assistant was heard, heard the caller, who may have paused, and was heard again.
    assert greeting == ["agent", "Здравствуйте! Вы позвонили в поддержку."]
    speakers = [speaker for speaker, _text in talk]
    assert speakers[0] == "caller" and "agent" in speakers
    assert len(heard["voices"]) >= 2

    page.get_by_role("link", name="Открыть звонок").click()
    expect(page.get_by_text("Novofon → вход по логину → вход звонков → Поддержка")).to_be_visible()
    page.goto(f"{system.url}/admin/telephony/trunk/")
    expect(page.locator("#result_list")).to_contain_text("Вход выполнен до")


@pytest.mark.prove
def test_a_server_that_does_not_exist_is_told_and_corrected(
    page: Page, system: System, provider: Exchange
) -> None:
    log_in(page, system)
    page.goto(f"{system.url}/connect/")
    type_the_login(page, "sip.nowhere.invalid", PASSWORD, "8 (499) 112-41-49")
    told = page.get_by_text("sip.nowhere.invalid").and_(page.locator("[data-wrong] *"))
    expect(told).to_be_visible(timeout=TOLD_WITHIN)
    page.get_by_label("Сервер").fill(server_of(provider))
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти ещё раз").click()
    expect(page.get_by_text("Вход выполнен до")).to_be_visible(timeout=TOLD_WITHIN)
    expect(page.get_by_role("button", name="Войти ещё раз")).to_be_hidden()
