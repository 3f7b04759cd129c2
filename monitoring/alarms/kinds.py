"""The kinds of channels: what staff fill in, and what it becomes for apprise. Pure.

apprise takes a dictionary ("schema" and what its plugin wants) in place of an address. Its host,
user, password and path are unquoted once more there, so they are quoted here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Values = Mapping[str, str]
Address = dict[str, Any]
PROXY = "proxy"
Shape = Literal["text", "url", "mail", "phone", "host", "port", "safety", "token"]


@dataclass(frozen=True)
class Field:
    """One line of a form. `secret`: stored encrypted and never shown again."""

    name: str
    label: Any
    help: Any = ""
    secret: bool = False
    required: bool = True
    shape: Shape = "text"
    placeholder: str = ""
    # Of a whole address: what its path has to look like, and its host, where there is but one.
    path: str = ""
    host: str = ""


@dataclass(frozen=True)
class Kind:
    """`steps`: what to do before the form can be filled in. `proxied`: it goes over HTTP."""

    slug: str
    summary: str | Promise
    fields: tuple[Field, ...]
    address: Callable[[Values], Address]
    steps: tuple[str | Promise, ...] = ()
    proxied: bool = True

    @property
    def secrets(self) -> set[str]:
        return {field.name for field in self.fields if field.secret} | {PROXY}


def _mail(values: Values) -> Address:
    """By a server of its own, or by that of the installation."""
    found: Address = {"targets": values["to"], "rto": 15, "cto": 10}
    if values.get("host"):
        user, sender = values.get("user", ""), values.get("sender", "")
        server = _server(values["host"], int(values.get("port") or 587), values["safety"])
        login = {"user": user, "password": values.get("password", "")}
        return found | server | _quoted(login) | {"from_addr": _sender(sender or user)}
    safety = "ssl" if settings.EMAIL_USE_SSL else "starttls" if settings.EMAIL_USE_TLS else "none"
    server = _server(settings.EMAIL_HOST, settings.EMAIL_PORT, safety)
    login = {"user": settings.EMAIL_HOST_USER, "password": settings.EMAIL_HOST_PASSWORD}
    return found | server | _quoted(login) | {"from_addr": _sender(settings.DEFAULT_FROM_EMAIL)}


def _server(host: str, port: int, safety: str) -> Address:
    mode = "insecure" if safety == "none" else safety
    schema = "mailto" if safety == "none" else "mailtos"
    return {
        "schema": schema,
        "host": host,
        "smtp_host": host,
        "port": port,
        "secure_mode": mode,
    }


def _sender(address: str) -> str:
    return address if "<" in address else f"Veyra <{address}>"


def _quoted(texts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: quote(text, safe="") for name, text in texts.items() if text}


def _telegram(values: Values) -> Address:
    found = {"bot_token": values["token"], "targets": [values["chat"]], "detect_owner": False}
    return {"schema": "tgram", **found, "include_image": False}


def _sms(values: Values) -> Address:
    login = {"user": values["user"], "password": values["password"]}
    sender = {"sender": values["sender"]} if values.get("sender") else {}
    return {"schema": "smsc", "targets": [values["phone"]], **_quoted(login), **sender}


def _place(url: str) -> tuple[Address, str]:
    """Host and port of a whole address, and its path."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    found: Address = {"host": parts.hostname or "", "secure": secure}
    if parts.port:
        found["port"] = parts.port
    return found, parts.path


def _mattermost(values: Values) -> Address:
    place, path = _place(values["url"])
    before, _hooks, token = path.rpartition("/hooks/")
    schema = "mmosts" if place["secure"] else "mmost"
    found = {"schema": schema, "token": token.strip("/"), "include_image": False}
    return found | place | ({"fullpath": before} if before else {})


def _rocketchat(values: Values) -> Address:
    place, path = _place(values["url"])
    hook = path.split("/hooks/", 1)[1].strip("/")
    schema = "rockets" if place["secure"] else "rocket"
    return {"schema": schema, "webhook": hook, "mode": "webhook", "avatar": False} | place


def _slack(values: Values) -> Address:
    parts = urlsplit(values["url"]).path.strip("/").split("/")[1:]
    tokens = dict(zip(("token_a", "token_b", "token_c"), parts, strict=True))
    return {"schema": "slack", **tokens, "include_image": False, "include_footer": False}


def _ntfy(values: Values) -> Address:
    place, _path = _place(values.get("url") or "https://ntfy.sh")
    found = {"schema": "ntfys" if place["secure"] else "ntfy", "mode": "private"}
    login = {"token": values["token"], "auth": "token"} if values.get("token") else {}
    kind = {"targets": [values["topic"]], "include_image": False, "priority": "high"}
    return found | place | kind | login


def _webhook(values: Values) -> Address:
    place, path = _place(values["url"])
    query = urlsplit(values["url"]).query
    found: Address = {"schema": "jsons" if place["secure"] else "json", "fullpath": path}
    if query:
        found["params"] = dict(parse_qsl(query, keep_blank_values=True))
    if values.get("token"):
        found["headers"] = {"Authorization": f"Bearer {values['token']}"}
    return found | place


HOOK = _("It is a secret: whoever has it can write there.")
MAIL = Kind(
    "mail",
    _("A letter. Good for the record; few people are woken by it."),
    (
        Field(
            "to",
            _("Mail address"),
            _("One. For several people use a group of your mail."),
            shape="mail",
            placeholder="duty@example.com",
        ),
        Field(
            "host",
            _("Mail server"),
            _("Empty: the server that Veyra uses. One of its own works when that one fails."),
            required=False,
            shape="host",
            placeholder="smtp.yandex.ru",
        ),
        Field("port", _("Port"), required=False, shape="port", placeholder="587"),
        Field("safety", _("Encryption"), required=False, shape="safety"),
        Field("user", _("Login"), required=False),
        Field("password", _("Password"), secret=True, required=False),
        Field(
            "sender",
            _("Sent from"),
            _("Empty: the login."),
            required=False,
            shape="mail",
        ),
    ),
    _mail,
    proxied=False,
)
TELEGRAM = Kind(
    "telegram",
    _("A message by a bot of yours, to one person or to a group. It wakes, and costs nothing."),
    (
        Field(
            "token",
            _("What @BotFather gave you"),
            _("It looks like 123456789:AAF… It is a secret: whoever has it is the bot."),
            secret=True,
            shape="token",
        ),
    ),
    _telegram,
    steps=(
        _("Open Telegram and write to @BotFather."),
        _("Send him /newbot, and answer his two questions: a name, and a name that ends in bot."),
        _("He answers with a long line, the token. Copy it here."),
    ),
)
SMS = Kind(
    "sms",
    _("A short message by smsc.ru. It arrives without the internet on the telephone; it costs."),
    (
        Field("phone", _("Telephone number"), shape="phone", placeholder="+79161234567"),
        Field("user", _("Login at smsc.ru")),
        Field("password", _("Password at smsc.ru"), secret=True),
        Field(
            "sender",
            _("Sender's name"),
            _("As agreed with smsc.ru; empty: theirs."),
            required=False,
        ),
    ),
    _sms,
)
MATTERMOST = Kind(
    "mattermost",
    _("A message into a channel of your Mattermost."),
    (
        Field(
            "url",
            _("Address of the incoming webhook"),
            HOOK,
            secret=True,
            shape="url",
            placeholder="https://chat.example.com/hooks/…",
            path=r".*/hooks/[\w-]+/?",
        ),
    ),
    _mattermost,
    steps=(
        _("In Mattermost open Integrations, then Incoming Webhooks, then Add."),
        _("Choose the channel, save, and copy the address here."),
    ),
)
ROCKETCHAT = Kind(
    "rocketchat",
    _("A message into a channel of your Rocket.Chat."),
    (
        Field(
            "url",
            _("Address of the incoming webhook"),
            HOOK,
            secret=True,
            shape="url",
            placeholder="https://chat.example.com/hooks/…/…",
            path=r".*/hooks/[\w-]+(/[\w-]+)?/?",
        ),
    ),
    _rocketchat,
    steps=(
        _("In Rocket.Chat open Workspace, then Integrations, then New, Incoming."),
        _("Switch it on, choose the channel, save, and copy the address here."),
    ),
)
SLACK = Kind(
    "slack",
    _("A message into a channel of your Slack."),
    (
        Field(
            "url",
            _("Address of the incoming webhook"),
            HOOK,
            secret=True,
            shape="url",
            placeholder="https://hooks.slack.com/services/T…/B…/…",
            path=r"/services/T\w+/B\w+/\w+/?",
            host="hooks.slack.com",
        ),
    ),
    _slack,
    steps=(_("In Slack add the app “Incoming WebHooks”, choose the channel, copy the address."),),
)
NTFY = Kind(
    "ntfy",
    _("A push message to the app ntfy, free, without an account."),
    (
        Field(
            "topic",
            _("Topic"),
            _("Make up a long one that nobody guesses, and subscribe to it in the app."),
            secret=True,
        ),
        Field(
            "url",
            _("Server"),
            _("Empty: ntfy.sh."),
            required=False,
            shape="url",
            placeholder="https://ntfy.example.com",
            path="/?",
        ),
        Field(
            "token",
            _("Access token"),
            _("Where the server wants one."),
            secret=True,
            required=False,
        ),
    ),
    _ntfy,
    steps=(_("Install the app ntfy on the telephone and subscribe to a topic of your own."),),
)
WEBHOOK = Kind(
    "webhook",
    _("Veyra calls an address of yours: a POST with title and message as JSON."),
    (
        Field(
            "url",
            _("Address"),
            HOOK,
            secret=True,
            shape="url",
            placeholder="https://example.com/alarms",
            path=".*",
        ),
        Field(
            "token", _("Key"), _("Sent as “Authorization: Bearer …”."), secret=True, required=False
        ),
    ),
    _webhook,
)
KINDS: dict[str, Kind] = {
    kind.slug: kind for kind in (MAIL, TELEGRAM, SMS, MATTERMOST, ROCKETCHAT, NTFY, WEBHOOK, SLACK)
}


def is_whole(field: Field, url: str) -> bool:
    """Is it an address of the kind that the field wants?"""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or parts.username:
        return False
    if field.host and host != field.host:
        return False
    return re.fullmatch(field.path, parts.path) is not None
