"""Whoever has the README and the documents, and nothing else: presses what they name, and types
their commands.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page

from tests.live.stack import ROOT
from tests.live.up import Up

# What is typed before a button is pressed, by its name.
Typed = Mapping[str, Callable[[Page], None]]
PERIOD = 30


def press(page: Page, name: str) -> None:
    """A link, a button, or what opens and closes. Pictures of the menu are words, too."""
    picture = r"(?:\s*[a-z_]+\s*)?"
    worded = re.compile(rf"^{picture}\s*{re.escape(name)}\s*{picture}$")
    found = page.locator("a, button, summary, h2.cursor-pointer").filter(has_text=worded)
    # What is meant stands on the page itself, behind the menu.
    found.locator("visible=true").last.click()


def walk(
    page: Page, names: list[str], typed: Typed | None = None, then: Typed | None = None
) -> None:
    """Press one after the other; `then` is what is left to do behind a button."""
    for name in names:
        (typed or {}).get(name, nothing)(page)
        press(page, name)
        (then or {}).get(name, nothing)(page)


def nothing(page: Page) -> None:
    pass


def log_in(page: Page, desk: Up, name: str, password: str) -> None:
    page.goto(f"{address(desk)}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    press(page, "Войти")


class App:
    """The app of codes on a telephone. A code is taken once, so each is another one."""

    def __init__(self, secret: str) -> None:
        self._secret, self._last = secret, 0

    def code(self) -> str:
        now = int(time.time()) // PERIOD
        # The next one is taken, too; the one behind it is not.
        while self._last > now:
            time.sleep(1)
            now = int(time.time()) // PERIOD
        self._last = max(now, self._last + 1)
        return str(totp.format_hotp_value(totp.hotp_value(self._secret, self._last)))


# What a start prints


def address(desk: Up) -> str:
    return _printed(desk, r"Veyra is ready: (http\S+)/admin/")


def first_login(desk: Up) -> tuple[str, str]:
    found = _printed(desk, r"First login: (.+)")
    name, password = found.split(", password: ")
    return name, password


def _printed(desk: Up, pattern: str) -> str:
    found = re.search(pattern, desk.output())
    assert found, desk.output()
    return found[1].strip()


# By telephone and in a terminal


class Softphone:
    """One call to the line, to where the start says that calls go."""

    def __init__(self, desk: Up, number: str, user: str, *steps: str) -> None:
        way = _printed(desk, r"sip:NUMBER@([\w.:-]+)")
        command = [sys.executable, "-m", "telephony.sip_caller", f"sip:{number}@{way}"]
        command += ["--user", user, "--do", *(steps or ("wait:15",))]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def result(self) -> dict[str, Any]:
        """telephony.sip_caller.Result."""
        found: dict[str, Any] = json.loads(self.process.communicate(timeout=90)[0])
        return found


def type_in(desk: Up, command: str, says: str = "", **variables: str) -> str:
    """Into a terminal in the project's folder; what it prints. `says` answers its questions."""
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=ROOT,
        env={**desk.environment, **variables},
        input=says,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
