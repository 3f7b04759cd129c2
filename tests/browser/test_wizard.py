"""A person who only reads the screen connects Novofon, and sees his own call come."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.test_first_login import log_in
from tests.live.stack import missing
from tests.live.system import System
from veyra.models import User

NOVOFON = "37.139.38.224"
NUMBER, CALLER = "8 (499) 112-41-48", "8 916 123-00-01"


def add_assistant(page: Page) -> None:
    page.locator(".vy-steps .vy-button").click()
    page.fill("[name=name]", "Поддержка")
    page.fill("[name=greeting]", "Здравствуйте! Вы позвонили в поддержку.")
    page.locator("[name=_save]").click()


def open_novofon(page: Page) -> None:
    page.get_by_role("link", name="Подключить провайдера").click()
    expect(page.get_by_text("Кто ваш провайдер телефонии?")).to_be_visible()
    page.get_by_role("link", name="Novofon").click()
    page.get_by_role("link", name="Звонки присылают на наш адрес").click()
    expect(page.get_by_label("Адреса, с которых приходят звонки")).to_have_value("37.139.38.0/24")
    page.get_by_text("Что мы знаем об этом провайдере").click()
    expect(page.get_by_text("не подтверждено").first).to_be_visible()
    page.fill("[name=numbers]", NUMBER)


def connect(page: Page) -> None:
    page.get_by_role("button", name="Подключить").click()
    expect(page.locator("#before-saving")).to_contain_text("+7 499 112-41-48")
    expect(page.locator("#before-saving")).to_contain_text("Поддержка")
    page.get_by_role("button", name="Да, подключить").click()
    expect(page.get_by_text("Теперь позвоните на него со своего телефона")).to_be_visible()


def say_who_calls(page: Page) -> None:
    page.fill("[name=caller]", CALLER)
    page.get_by_role("button", name="Сейчас позвоню").click()
    expect(page.get_by_text("Ждём вашего звонка")).to_be_visible()


@pytest.fixture
def person(page: Page, site: Site) -> Page:
    """On the home page, in Russian."""
    site.do(
        lambda: User.objects.create_superuser(
            "admin", "", "secret", language="ru", set_up_at=timezone.now()
        )
    )
    log_in(page, site)
    return page


def test_a_person_connects_novofon_and_sees_his_call_come(person: Page, site: Site) -> None:
    add_assistant(person)
    open_novofon(person)
    connect(person)
    expect(person.locator("#target")).to_contain_text("74991124148@")
    site.publish()
    say_who_calls(person)
    # A stranger is first, as on any open port; his call is not taken for the person's.
    site.call("+79990000000", "+74991124148", "37.139.38.7")
    expect(person.get_by_text("За это время на номер пришли другие звонки")).to_be_visible()
    expect(person.get_by_text("Ждём вашего звонка")).to_be_visible()
    site.call("79161230001", "74991124148", NOVOFON)
    came = f"Пришёл: с адреса {NOVOFON}, номер написан 74991124148"
    expect(person.get_by_text(came)).to_be_visible()
    expect(person.get_by_text("Адрес есть в списке этого подключения.")).to_be_visible()
    expect(person.get_by_text("С вами говорит Поддержка: всё работает.")).to_be_visible()


@pytest.mark.prove
def test_a_strange_address_is_let_in_only_when_typed(person: Page, site: Site) -> None:
    add_assistant(person)
    open_novofon(person)
    connect(person)
    site.publish()
    say_who_calls(person)
    site.call("79161230001", "74991124148", "185.45.152.10")
    expect(person.get_by_text("Пришёл: с адреса 185.45.152.10")).to_be_visible()
    person.get_by_role("button", name="Впускать этот адрес").click()
    expect(person.get_by_text("наберите его: 185.45.152.10")).to_be_visible()
    person.get_by_label("Если это их адрес").fill("185.45.152.10")
    person.get_by_role("button", name="Впускать этот адрес").click()
    expect(person.get_by_text("185.45.152.10 добавлен.")).to_be_visible()
    site.publish()
    site.call("79161230001", "74991124148", "185.45.152.10")
    expect(person.get_by_text("Адрес есть в списке этого подключения.")).to_be_visible()


# With the real LiveKit


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    system = System(Path(tmp_path_factory.mktemp("v")))
    try:
        system.start("web", "worker", "tap")
        yield system
    finally:
        system.stop()


def invite(system: System, caller: str, called: str) -> None:
    """The provider's INVITE, as it stands on the wire."""
    host, port = system.stack.sip_host, system.stack.sip_port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as provider:
        provider.bind((host, 0))
        own = provider.getsockname()[1]
        sdp = (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )
        head = [
            f"INVITE sip:{called}@{host}:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{own}",
            f"From: <sip:{caller}@provider.example>;tag={own}",
            f"To: <sip:{called}@{host}>",
            f"Call-ID: {own}@provider.example",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{caller}@{host}:{own}>",
            "Max-Forwards: 70",
            "Content-Type: application/sdp",
            f"Content-Length: {len(sdp)}",
        ]
        message = "\r\n".join([*head, "", sdp])
        provider.sendto(message.encode(), (host, port))


@pytest.mark.live
@pytest.mark.prove
def test_a_real_invite_is_shown_as_it_came(page: Page, system: System) -> None:
    system.ask(
        """
        from django.utils import timezone
        from agentworker.models import Agent, AgentVersion
        from veyra.models import User
        now = timezone.now()
        User.objects.create_superuser("admin", "", "secret", language="ru", set_up_at=now)
        agent = Agent.objects.create(name="Поддержка")
        AgentVersion.objects.create(agent=agent, number=1, language="ru", greeting="Здравствуйте!")
        """
    )
    page.goto(f"{system.url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "secret")
    page.press("[name=password]", "Enter")
    open_novofon(page)
    # The provider of this test stands on this computer: nobody lets it in by mistake.
    page.fill("[name=addresses]", "37.139.38.0/24\n127.0.0.1")
    page.get_by_role("button", name="Подключить").click()
    expect(page.get_by_text("Мы не знаем, что эти адреса принадлежат")).to_be_visible()
    page.get_by_label("Наберите эти адреса ещё раз").fill("127.0.0.1")
    connect(page)
    say_who_calls(page)
    invite(system, "100", "74991124148")
    expect(page.get_by_text("звонящий написан 100")).to_be_visible(timeout=15_000)
    invite(system, "79161230001", "74991124148")
    came = "Пришёл: с адреса 127.0.0.1, номер написан 74991124148"
    expect(page.get_by_text(came)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Адрес есть в списке этого подключения.")).to_be_visible()
