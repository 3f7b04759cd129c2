"""One errand to another host, in a process of its own: `python -m monitoring.alarms.postman`.

It reads the errand as JSON and writes what came of it, so that nothing secret stands in a process
list, a proxy is that of one errand only, and an errand that hangs can be killed. Each connection is
looked at when it is made, whatever name, redirection or name server led to it: inside our own
network only hosts are reached that the installation names.
"""

import ipaddress
import json
import logging
import os
import re
import sys
from collections.abc import Iterable
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")

from veyra.outside import Fence

SECONDS = (10, 15)
# What a plugin's log says of an answer, and of a connection.
STATUS = re.compile(r"error=(\d{3})\b|\((\d{3}), b?['\"]")
LONGEST = 300
MOST = 1_000_000

Result = dict[str, Any]


class Guard:
    """Lets connections go out into the world, and to hosts that are `allowed`."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.blocked = ""
        self._fence = Fence(allowed)

    def watch(self) -> None:
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and not self.lets(arguments[1]):
            raise ConnectionRefusedError("inside our own network")

    def lets(self, target: Any) -> bool:
        """`target`: as socket.connect takes it."""
        try:
            found = str(ipaddress.ip_address(str(target[0]).split("%")[0]))
        except (ValueError, TypeError, IndexError):
            return False
        if self._fence.lets(found):
            return True
        self.blocked = found
        return False


def send(errand: dict[str, Any]) -> Result:
    """A message by apprise."""
    import apprise

    heard = Ear()
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(heard)
    us = apprise.AppriseAsset(app_id="Veyra", app_desc="Veyra", app_url="", http_redirects=False)
    plugin = apprise.Apprise.instantiate(errand["address"], asset=us)
    if plugin is None:
        return {"ok": False, "status": None, "words": heard.words, "wrong": True}
    ok = bool(plugin.notify(body=errand["body"], title=errand["title"]))
    return {"ok": ok, "status": heard.status, "words": "" if ok else heard.words}


class Ear(logging.Handler):
    """What a plugin complains of. Its other lines may hold secrets."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if record.levelno < logging.WARNING and not line.startswith("Socket Exception"):
            return
        self.words = f"{self.words} {line}".strip()
        if found := STATUS.search(line):
            self.status = int(found[1] or found[2])


def fetch(errand: dict[str, Any]) -> Result:
    """What an address answers. `data`: posted as JSON."""
    import requests

    method = "POST" if "data" in errand else "GET"
    try:
        answer = requests.request(
            method, errand["url"], json=errand.get("data"), timeout=SECONDS, stream=True
        )
        text = answer.raw.read(MOST, decode_content=True).decode("utf-8", "replace")
    except (requests.RequestException, OSError) as error:
        return {"ok": False, "status": None, "words": type(error).__name__}
    return {"ok": answer.ok, "status": answer.status_code, "words": "", "text": text}


def redacted(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, "…")
    return text[:LONGEST]


def main() -> None:
    errand = json.load(sys.stdin)
    guard = Guard(errand["allowed"])
    guard.watch()
    work = send if errand["do"] == "send" else fetch
    try:
        found = work(errand)
    except Exception as error:  # whatever a plugin does, its sender is to be told
        found = {"ok": False, "status": None, "words": f"{type(error).__name__}: {error}"}
    found["blocked"] = guard.blocked
    found["words"] = redacted(cast("str", found["words"]), errand["secrets"])
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
