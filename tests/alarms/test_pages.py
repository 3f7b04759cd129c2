"""Pages of channels, of the chain and of the watch, as somebody without any knowledge uses them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.alarms import working
from monitoring.alarms.kinds import KINDS
from monitoring.alarms.models import AlertChannel, Delivery, EscalationStep, Watch
from tests.alarms.conftest import NOON, MakeChannel, MakeIncident, person
from tests.alarms.servers import Asked, Proxy, Web
from tests.alarms.test_sending import TOKEN, WHOLE

pytestmark = pytest.mark.django_db
LoggedIn = Callable[..., Client]
RIGHTS = [f"monitoring.{verb}_alertchannel" for verb in ("view", "add", "change", "delete")]
PLAIN = {"name": "Duty", "language": "en", "severity": "3", "person": ""}


@pytest.fixture
def client(logged_in: LoggedIn) -> Client:
    return logged_in(*RIGHTS)


def add(client: Client, kind: str, **values: str) -> Any:
    return client.post(f"/alarms/add/{kind}/", {**PLAIN, **values})


def test_an_empty_page_says_what_it_is_for_and_has_one_button(client: Client) -> None:
    page = client.get("/alarms/").content.decode()
    assert "Nobody is told when the line is in trouble." in page
    assert page.count("Add a channel") == 1


def test_every_kind_has_its_form_and_no_address_of_the_library(client: Client) -> None:
    chooser = client.get("/alarms/add/").content.decode()
    for kind in KINDS:
        assert f"/alarms/add/{kind}/" in chooser
        page = client.get(f"/alarms/add/{kind}/").content.decode()
        assert "apprise" not in page.lower() and "://AAF" not in page
    assert client.get("/alarms/add/nonsense/").status_code == 404


def test_a_secret_is_stored_encrypted_and_never_shown(client: Client, web: Web) -> None:
    url = f"{web.url}/hooks/{'k' * 26}"
    add(client, "mattermost", url=url)
    channel = AlertChannel.objects.get()
    assert channel.all_values() == {"url": url} and channel.values == {}
    stored = AlertChannel.objects.values_list("secret", flat=True).get()
    assert "kkkk" not in repr(stored)
    pages = [client.get(path) for path in ("/alarms/", f"/alarms/{channel.pk}/", "/alarms/sent/")]
    assert not any("kkkk" in page.content.decode() for page in pages)
    assert not any("kkkk" in f"{entry} {entry.change_message}" for entry in LogEntry.objects.all())


def test_a_secret_that_is_left_empty_stays_and_a_hyphen_removes_it(
    client: Client, make_channel: MakeChannel, web: Web
) -> None:
    channel = make_channel(values={"url": f"{web.url}/x", "token": "t", "proxy": web.url})
    path = f"/alarms/{channel.pk}/"
    client.post(path, PLAIN | {"name": "Other", "proxy": "-"})
    channel = AlertChannel.objects.get()
    assert channel.name == "Other"
    assert channel.all_values() == {"url": f"{web.url}/x", "token": "t"}


WRONG = [
    ("mattermost", {"url": "https://example.com/other"}, "url"),
    ("slack", {"url": "https://example.com/services/T1/B1/x"}, "url"),
    ("webhook", {"url": "file:///etc/passwd"}, "url"),
    ("webhook", {"url": "http://169.254.169.254/latest/"}, "url"),
    ("webhook", {"url": "http://127.0.0.2/"}, "url"),
    ("sms", {"phone": "12", "user": "u", "password": "p"}, "phone"),
    ("mail", {"to": "nobody"}, "to"),
    ("mail", {"to": "a@example.com", "host": "127.0.0.2", "user": "a@b.ru"}, "host"),
    ("mail", {"to": "a@example.com", "host": "127.0.0.1", "user": "u"}, "sender"),
    ("telegram", {"token": "none"}, "token"),
    ("ntfy", {"topic": "t", "quiet_from": "22:00"}, "quiet_from"),
    ("ntfy", {"topic": "t", "proxy": "socks5://h"}, "proxy"),
]


@pytest.mark.parametrize(("kind", "values", "field"), WRONG)
def test_what_cannot_be_is_told_at_its_line(
    kind: str, values: dict[str, str], field: str, client: Client
) -> None:
    answer = add(client, kind, **values)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field] and not AlertChannel.objects.exists()


def test_a_letter_needs_a_mail_server(client: Client, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    answer = add(client, "mail", to="a@example.com")
    assert list(answer.context["form"].errors) == ["host"]


def test_a_trial_is_sent_by_the_button_and_told_on_the_page(
    client: Client, make_channel: MakeChannel, web: Web
) -> None:
    channel = make_channel(made_at=timezone.now())
    for _press in range(2):
        client.post(f"/alarms/{channel.pk}/try/")
    delivery = Delivery.objects.get()
    assert "is being sent" not in client.get("/alarms/").content.decode()
    working.work(delivery.made_at)
    assert web.titles == ["Veyra: a trial"]
    page = client.get("/alarms/").content.decode()
    assert "Trial: sent" in page and "Works" in page


def test_a_channel_can_be_switched_off_and_removed(
    client: Client, make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    channel = make_channel()
    client.post(f"/alarms/{channel.pk}/switch/")
    make_incident()
    working.write_due(NOON)
    assert not Delivery.objects.exists()
    client.post(f"/alarms/{channel.pk}/switch/")
    working.write_due(NOON)
    client.post(f"/alarms/{channel.pk}/remove/")
    assert not AlertChannel.objects.exists() and Delivery.objects.get().name == "duty"


class Bot:
    """Telegram's side: one bot, in which somebody presses Start or not."""

    def __init__(self, web: Web) -> None:
        self.updates: list[dict[str, Any]] = []
        self.said: list[str] = []
        web.answer = self.answer

    def start(self, word: str, chat: int = 42) -> None:
        person = {"id": chat, "first_name": "Anna", "last_name": "K"}
        self.updates.append({"message": {"chat": person, "text": f"/start {word}".strip()}})

    def answer(self, asked: Asked) -> tuple[int, Any]:
        token, method = asked.path.removeprefix("/bot").split("/")
        if token != TOKEN:
            return 401, {"ok": False}
        if method == "getMe":
            return 200, {"ok": True, "result": {"username": "veyra_duty_bot"}}
        if method == "getUpdates":
            return 200, {"ok": True, "result": self.updates}
        self.said.append(asked.json["text"])
        return 200, {"ok": True, "result": {}}


def test_a_telegram_bot_is_led_to_its_chat(client: Client, web: Web, telegram: Proxy) -> None:
    bot = Bot(web)
    wrong = add(client, "telegram", token=TOKEN[:-1] + "x", proxy=telegram.url)
    assert "does not know this token" in str(wrong.context["form"].errors["token"])
    add(client, "telegram", token=TOKEN, proxy=telegram.url)
    channel = AlertChannel.objects.get()
    path = f"/alarms/{channel.pk}/telegram/"
    word = channel.values["word"]
    assert f"https://t.me/veyra_duty_bot?start={word}" in client.get(path).content.decode()
    nobody = client.post(path)
    assert nobody.status_code == 400 and "pressed Start yet" in nobody.content.decode()
    bot.start(word)
    bot.start("", chat=7)
    client.post(path)
    assert "Found: Anna K" in client.get(path).content.decode()
    code = bot.said[-1].split()[-1]
    other = f"{(int(code) + 1) % 10**6:06}"
    assert "another number" in client.post(path, {"code": other}).content.decode()
    assert not AlertChannel.objects.get().is_ready
    client.post(path, {"code": f" {code} "})
    channel = AlertChannel.objects.get()
    assert channel.is_ready and channel.all_values()["chat"] == "42"
    assert "code" not in channel.all_values()
    shown = client.get(path).content.decode() + client.get("/alarms/").content.decode()
    assert TOKEN not in shown and telegram.url not in shown


def test_a_code_is_not_guessed(client: Client, make_channel: MakeChannel) -> None:
    values = {"token": TOKEN, "chat": "1", "code": "123456", "guesses": "0"}
    channel = make_channel(kind="telegram", values=values, is_ready=False)
    path = f"/alarms/{channel.pk}/telegram/"
    for guess in ("1", "2", "3", "4", "5", "123456"):
        client.post(path, {"code": guess})
    assert not AlertChannel.objects.get().is_ready


def test_the_chain_is_put_together_and_says_who_has_no_channel(
    client: Client, make_channel: MakeChannel
) -> None:
    anna, boris = person("anna-k"), person("boris")
    make_channel("Her telephone", person=anna)
    for who, minutes in ((boris.pk, 5), (anna.pk, 7), ("", 10)):
        client.post("/alarms/chain/add/", {"person": who, "minutes": minutes})
    page = client.get("/alarms/chain/").content.decode()
    assert "has no channel" in page and "7 minutes after the beginning" in page
    second = EscalationStep.objects.get(person=anna)
    client.post(f"/alarms/chain/{second.pk}/up/")
    assert [step.person for step in EscalationStep.objects.in_order()] == [anna, boris, None]
    client.post(f"/alarms/chain/{second.pk}/remove/")
    assert [step.position for step in EscalationStep.objects.in_order()] == [0, 1]
    assert client.post("/alarms/chain/add/", {"person": "", "minutes": 0}).status_code == 400


def test_the_watch_from_outside_is_called_when_it_is_saved(client: Client, web: Web) -> None:
    client.post("/alarms/watch/save/", {"url": f"{web.url}/ping/abc", "proxy": ""})
    assert [asked.path for asked in web.asked] == ["/ping/abc"]
    page = client.get("/alarms/watch/").content.decode()
    assert "Is called each minute" in page and "/ping/abc" not in page
    web.says(404)
    client.post("/alarms/watch/call/")
    assert "Cannot be called" in client.get("/alarms/watch/").content.decode()
    client.post("/alarms/watch/save/", {"url": "", "proxy": ""})
    assert not Watch.get().is_set


def test_whoever_may_only_look_changes_nothing(
    logged_in: LoggedIn, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    client = logged_in("monitoring.view_alertchannel", name="auditor")
    for path in ("", "chain/", "sent/", "watch/"):
        page = client.get(f"/alarms/{path}")
        assert page.status_code == 200 and 'action="/alarms' not in page.content.decode()
    changes = ["add/", "add/mail/", f"{channel.pk}/", "chain/add/", "watch/save/", "watch/call/"]
    changes += [f"{channel.pk}/{verb}/" for verb in ("try", "switch", "remove", "telegram")]
    assert {client.post(f"/alarms/{path}").status_code for path in changes} == {403}


def test_pages_ask_as_many_questions_however_much_was_sent(
    client: Client,
    make_channel: MakeChannel,
    make_incident: MakeIncident,
) -> None:
    def questions(path: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    paths = ("/alarms/", "/alarms/sent/", "/alarms/chain/")
    make_channel("a", person=person("a"))
    EscalationStep.objects.create(position=0, person=person("b"))
    make_incident("0.")
    working.write_due(NOON)
    client.get("/alarms/")
    few = [questions(path) for path in paths]
    for number in range(5):
        make_channel(f"c{number}", person=person(f"c{number}"))
        EscalationStep.objects.create(position=number, person=person(f"d{number}"))
        make_incident(f"{number + 1}.")
    working.write_due(NOON)
    assert [questions(path) for path in paths] == few


def test_all_kinds_can_be_filled_in(client: Client, settings: LazySettings) -> None:
    """Where a name cannot be looked up it goes by a proxy, but for letters."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    for kind in sorted(set(KINDS) - {"telegram", "mail"}):
        answer = add(client, kind, **WHOLE[kind], proxy="http://127.0.0.1:9")
        assert answer.status_code == 302, (kind, answer.context and answer.context["form"].errors)
    add(client, "mail", to="a@example.com")
    assert AlertChannel.objects.count() == len(KINDS) - 1
