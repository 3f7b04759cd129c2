"""Messages as other hosts get them, and what keeps them out of our own network."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings

from monitoring.alarms import sending
from monitoring.alarms.kinds import KINDS
from monitoring.alarms.sending import AWAY, BUSY, GONE, INSIDE, REFUSED, WRONG, Answer
from tests.alarms.servers import Proxy, Web, serve
from tests.monitoring.test_weekly import MailServer, server

__all__ = ["server"]

TOKEN = "123456789:AAFabcdefghijklmnopqrstuvwxyz123456"
# Without the proxy that a test adds.
BEHIND_HOOKS: dict[str, tuple[str, dict[str, str]]] = {
    "mattermost": ("/sub/hooks/abcdefghijklmnopqrstuvwxyz", {}),
    "rocketchat": ("/hooks/abc/def", {}),
    "webhook": ("/a%20b?x=1&y=%D0%B0", {"token": "k%25ey"}),
}


def send(kind: str, **values: str) -> Answer:
    return sending.send(sending.parcel(kind, values), "It burns", "Put it out:\nnow")


@pytest.mark.parametrize("kind", sorted(BEHIND_HOOKS))
def test_a_message_arrives_at_the_address_that_staff_copied(kind: str, web: Web) -> None:
    path, more = BEHIND_HOOKS[kind]
    assert send(kind, url=web.url + path, **more).ok
    (asked,) = web.asked
    assert asked.path == path
    assert "It burns" in asked.body and "Put it out" in asked.body
    assert asked.headers.get("Authorization") == (f"Bearer {more['token']}" if more else None)
    assert "pprise" not in asked.body


def test_a_push_message_arrives_at_its_topic(web: Web) -> None:
    assert send("ntfy", url=web.url, topic="our-duty", token="tk_1").ok
    assert web.asked[0].json["topic"] == "our-duty"


def test_telegram_is_reached_by_a_proxy(telegram: Proxy, web: Web) -> None:
    web.answer = lambda asked: (200, {"ok": True, "result": {}})
    assert send("telegram", token=TOKEN, chat="-42", proxy=telegram.url).ok
    assert telegram.tunnels == ["api.telegram.org:443"]
    (asked,) = web.asked
    assert asked.path == f"/bot{TOKEN}/sendMessage"
    assert asked.json["chat_id"] == -42 and "It burns" in asked.json["text"]


@pytest.fixture
def mail(server: MailServer, settings: LazySettings) -> Iterator[MailServer]:
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.DEFAULT_FROM_EMAIL = "veyra@example.com"
    yield server


def test_a_letter_goes_by_the_mail_server_of_the_installation(
    mail: MailServer, settings: LazySettings
) -> None:
    settings.ALARM_HOSTS = []
    assert send("mail", to="anna@example.com").ok
    (letter,) = mail.letters
    assert b"To: anna@example.com" in letter and b"Subject: It burns" in letter
    assert b"Veyra" in letter and b"veyra@example.com" in letter


def test_a_mail_server_that_refuses_is_told_in_words(mail: MailServer) -> None:
    mail.answers = {"RCPT": "550 no such mailbox"}
    host, port = mail.server_address[:2]
    own = {"host": str(host), "port": str(port), "safety": "none", "sender": "x@example.com"}
    found = send("mail", to="nobody@example.com", **own)
    assert not found.ok and not mail.letters


@pytest.mark.parametrize(
    ("status", "msgid", "is_final"),
    [(401, REFUSED, True), (404, GONE, True), (429, BUSY, False), (503, BUSY, False)],
)
def test_what_the_other_side_answers_is_a_sentence(status: int, msgid: str, is_final: bool) -> None:
    found = {"ok": False, "status": status, "words": "no", "blocked": ""}
    answer = sending.told(found, by_proxy=False)
    assert (answer.why.msgid, answer.is_final) == (msgid, is_final)
    assert str(status) in str(answer.why)


def test_a_key_that_is_refused_is_no_reason_to_try_again(web: Web) -> None:
    web.says(401)
    found = send("webhook", url=f"{web.url}/x")
    assert (found.ok, found.why.msgid, found.is_final) == (False, REFUSED, True)


def test_a_host_that_is_down_is_tried_again() -> None:
    found = send("webhook", url="http://127.0.0.1:9/")
    assert (found.ok, found.why.msgid, found.is_final) == (False, AWAY, False)


def test_nothing_inside_our_network_is_reached_that_is_not_named(
    web: Web, settings: LazySettings
) -> None:
    settings.ALARM_HOSTS = []
    found = send("webhook", url=f"{web.url}/x")
    assert (found.why.msgid, found.is_final, web.asked) == (INSIDE, True, [])


def test_no_redirection_leads_inside(settings: LazySettings) -> None:
    """127.0.0.2 stands for a host inside that nobody named."""
    with serve(Web()) as outside:
        inside = outside.url.replace("127.0.0.1", "127.0.0.2")
        outside.answer = lambda asked: (302, f"{inside}/secret")
        found = sending.fetch(f"{outside.url}/")
        assert (found.ok, found.why.msgid) == (False, INSIDE)
        assert [asked.path for asked in outside.asked] == ["/"]


def test_a_secret_is_in_no_sentence(telegram: Proxy, web: Web) -> None:
    web.answer = lambda asked: (400, {"ok": False, "description": f"bad {TOKEN}"})
    found = send("telegram", token=TOKEN, chat="42", proxy=telegram.url)
    assert not found.ok
    told = json.dumps(found.why.to_json()) + repr(found)
    assert TOKEN not in told and telegram.url not in told


def test_no_repr_shows_where_a_message_goes() -> None:
    parcel = sending.parcel("telegram", {"token": TOKEN, "chat": "1", "proxy": "http://u:p@h:1"})
    assert TOKEN not in repr(parcel) and "u:p" not in repr(parcel)


def test_what_is_missing_is_told_before_anything_is_sent() -> None:
    with pytest.raises(sending.NoWayError) as found:
        sending.parcel("telegram", {"token": TOKEN})
    assert found.value.sentence.msgid == WRONG


WHOLE: dict[str, dict[str, str]] = {
    "mail": {
        "to": "a@example.com",
        "host": "h",
        "safety": "ssl",
        "user": "u@example.com",
        "password": "p%",
    },
    "telegram": {"token": TOKEN, "chat": "1"},
    "sms": {"phone": "+79161234567", "user": "u", "password": "p%x"},
    "mattermost": {"url": "https://h/hooks/abcdefghijklmnopqrstuvwxyz"},
    "rocketchat": {"url": "https://h/hooks/a/b"},
    "slack": {"url": "https://hooks.slack.com/services/T12345678/B12345678/" + "a" * 24},
    "ntfy": {"topic": "t"},
    "webhook": {"url": "https://h/"},
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_one_that_the_library_knows(kind: str) -> None:
    import apprise

    address: dict[str, Any] = KINDS[kind].address(WHOLE[kind])
    plugin = apprise.Apprise.instantiate(dict(address), suppress_exceptions=False)
    assert plugin is not None
    if "password" in WHOLE[kind]:
        assert plugin.password == WHOLE[kind]["password"]
