"""Hands an errand to the postman, and puts what came of it into a sentence for staff."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from monitoring.alarms.kinds import KINDS, PROXY, Address
from monitoring.alarms.models import AlertChannel
from veyra.secrets import SecretError
from veyra.sentences import Sentence

# Of a process with two waits on a network.
SECONDS = 45.0
# These will not go away by themselves.
NOT_EVER = {400, 401, 403, 404, 405, 410, 501, 530, 535, 550, 553, 554}

UNREADABLE = _(
    "Its password cannot be read: FIELD_KEYS is another one. Type the password once more."
)
WRONG = _("Something that was filled in is not right. Open the channel and look at each line.")
INSIDE = _(
    "It leads to %(address)s, inside our own network, which Veyra reaches only when it is named."
    " If that is right, the engineer adds the host to ALARM_HOSTS."
)
REFUSED = _("It refuses us (%(status)s): the password or the key is wrong. Type it once more.")
GONE = _("There is nothing at that address any more (%(status)s). Correct it.")
NOT_TAKEN = _("It does not take the message (%(status)s). %(words)s")
BUSY = _("It is too busy just now (%(status)s). It is tried again.")
AWAY = _("It cannot be reached. Is the address right, and is it up? It is tried again.")
PROXY_AWAY = _("It cannot be reached by the proxy. Is the proxy right, and is it up?")
SLOW = _("It did not answer in time. It is tried again.")
NO_MAIL = _(
    "Veyra knows no mail server. Name one in this channel, or ask your engineer to set EMAIL_URL."
)
REFUSALS = {401, 403, 530, 535}


@dataclass(frozen=True)
class Parcel:
    """Where a message goes. No plain text of it may be stored or logged."""

    address: Address = field(repr=False)
    proxy: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    allowed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "proxy": self.proxy,
            "secrets": self.secrets,
            "allowed": self.allowed,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Parcel":
        lists = {name: tuple(stored[name]) for name in ("secrets", "allowed")}
        return cls(stored["address"], stored["proxy"], **lists)


@dataclass(frozen=True)
class Answer:
    """What came of an errand. `is_final`: trying again is in vain. `text`: what a page said."""

    ok: bool
    why: Sentence = field(default_factory=lambda: Sentence(""))
    is_final: bool = False
    status: int | None = None
    text: str = field(default="", repr=False)


class NoWayError(Exception):
    """The channel cannot be used as it is. `sentence` says why."""

    def __init__(self, msgid: str) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid)


def parcel_of(channel: AlertChannel) -> Parcel:
    """Raises NoWayError."""
    try:
        values = channel.all_values()
    except SecretError as error:
        raise NoWayError(UNREADABLE) from error
    return parcel(channel.kind, values)


def parcel(kind: str, values: Mapping[str, str]) -> Parcel:
    """Raises NoWayError."""
    allowed: list[str] = []
    if kind == AlertChannel.Kind.MAIL and not values.get("host"):
        if not has_mail_server():
            raise NoWayError(NO_MAIL)
        allowed.append(settings.EMAIL_HOST)
    named = KINDS[kind]
    try:
        address = named.address(values)
    except (KeyError, ValueError, IndexError) as error:
        raise NoWayError(WRONG) from error
    hidden = [text for name, text in values.items() if name in named.secrets and text]
    hidden += [settings.EMAIL_HOST_PASSWORD or ""]
    return Parcel(address, values.get(PROXY, ""), tuple(hidden), tuple(allowed))


def has_mail_server() -> bool:
    """Without one letters would only be written to the log."""
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


def send(parcel: Parcel, title: str, body: str) -> Answer:
    """Blocks for as long as the other side takes, at most SECONDS."""
    errand = {"do": "send", "title": title, "body": body, **parcel.to_json()}
    return run(errand, parcel.proxy)


def fetch(
    url: str, proxy: str = "", data: dict[str, Any] | None = None, secrets: Iterable[str] = ()
) -> Answer:
    """What an address answers; `data` is posted. `secrets` are kept out of the sentences."""
    errand: dict[str, Any] = {"do": "fetch", "url": url, "allowed": [], "secrets": list(secrets)}
    if data is not None:
        errand["data"] = data
    return run(errand, proxy)


def run(errand: dict[str, Any], proxy: str) -> Answer:
    errand["allowed"] = [*errand["allowed"], *settings.ALARM_HOSTS, *_hosts_of_our_proxies()]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "monitoring.alarms.postman"],
            input=json.dumps(errand),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=settings.BASE_DIR,
            env=_environment(proxy),
            check=True,
        )
        found = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Answer(False, Sentence(SLOW))
    except (subprocess.CalledProcessError, ValueError):
        return Answer(False, Sentence(AWAY))
    return told(found, bool(proxy))


def _environment(proxy: str) -> dict[str, str]:
    """That of this process, but for the proxy."""
    if not proxy:
        return dict(os.environ)
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy}


def _hosts_of_our_proxies() -> list[str]:
    """Whoever installed Veyra chose them."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    found = {urlsplit(os.environ.get(name, "")).hostname for name in names}
    return sorted(host for host in found if host)


def told(found: dict[str, Any], by_proxy: bool) -> Answer:
    """`found`: as the postman writes it."""
    status, words = found.get("status"), found.get("words", "")
    if found["ok"]:
        return Answer(True, status=status, text=found.get("text", ""))
    if found.get("wrong"):
        return Answer(False, Sentence(WRONG), True)
    if found["blocked"]:
        return Answer(False, Sentence(INSIDE, {"address": found["blocked"]}), True)
    final = status in NOT_EVER
    if status is None:
        return Answer(False, Sentence(PROXY_AWAY if by_proxy else AWAY))
    values = {"status": status, "words": words}
    msgid = _msgid(status)
    return Answer(False, Sentence(msgid, values), final, status, found.get("text", ""))


def _msgid(status: int) -> str:
    if status in REFUSALS:
        return REFUSED
    if status in (404, 410):
        return GONE
    return BUSY if status == 429 or 500 <= status < 530 else NOT_TAKEN
