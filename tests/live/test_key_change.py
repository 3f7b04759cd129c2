"""LiveKit's key and a provider's password change on the real stack, and calls go on."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.line import Line
from tests.live.stack import ROOT, missing
from tests.live.up import Up

pytestmark = [pytest.mark.live, pytest.mark.prove]

MAKE_LINE = """
desk.make_line()
from agentworker.models import Agent
from agentworker.services import Words, save_words
hours = {"press": "1", "about": "Hours", "say": "We work from nine to eighteen every day."}
save_words(Agent.objects.get(), Words("en", "Hello! This is the support.", [hours], []), None)
"""
KEYS = """
from veyra.livekit.pairs import pairs
from veyra.models import KeyRotation, Program, User
from veyra import livekit_keys
desk.settings.SECOND_FACTOR_ROLES = ()
client = desk.browser(User.objects.get(username="engineer"))
def press(step):
    return client.post("/livekit-keys/act/", {"step": step}).status_code
"""
STILL = "listen:6"
ENDED = "__import__('veyra.models').models.KeyRotation.objects.get().ended_at is not None"


LOGIN_LINE = """
from telephony import sync
from telephony.models import DispatchRule, PhoneNumber, Trunk
trunk = Trunk.objects.create(name="with login", username="provider", password="the-old-password")
number = PhoneNumber.objects.create(number="+74991124147", trunk=trunk)
DispatchRule.objects.get().numbers.add(number)
sync.apply()
"""
# LiveKit has what is saved.
MODELS = "__import__('telephony.models').models"
APPLIED = f"not {MODELS}.PublishedObject.objects.exclude(state='live').exists()"
PASSWORD = """
import re
from telephony.models import Trunk
from veyra.models import User
desk.settings.SECOND_FACTOR_ROLES = ()
client = desk.browser(User.objects.get(username="engineer"))
door = f"/lines/{Trunk.objects.get(name='with login').pk}/password/"
"""
CHANGE = """
words = {"which": "password", "password": "the-new-password", "again": "the-new-password"}
page = client.post(door, words).content.decode()
kept = dict(re.findall(r'name="(kept_password|seen)" value="([^"]*)"', page))
result = client.post(door, {"which": "password", "sure": "1", **kept}).status_code
"""
PUT_BACK = """
result = client.post(f"{door}back/", {"which": "password"}).status_code
"""


class Whole(Line):
    """All programs as `make run` keeps them, without what a fault needs besides."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.media = folder, folder / "s", folder / "s" / "media"
        self.state.mkdir()
        self.up = Up(self.state, TEST_CALLS="false", DEBUG="true")
        self.up.environment["DJANGO_SETTINGS_MODULE"] = "veyra.settings"
        self._desk: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.up.start()
        self.do(MAKE_LINE)
        self.wait_for("desk.Worker.objects.filter(registered=True).exists()", 90)

    def knock(self, password: str, *steps: str) -> "subprocess.Popen[str]":
        """The provider whose calls have a login calls."""
        uri = f"sip:74991124147@127.0.0.1:{self.up.sip_port}"
        heard = ["--heard", str(self.folder / "login.wav"), "--do", *steps]
        command = [sys.executable, "-m", "telephony.sip_caller", uri, "--user", "79160000000"]
        return subprocess.Popen(
            [*command, "--login", "provider", *heard],
            cwd=ROOT,
            env=os.environ | {"SIP_PASSWORD": password},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def accepts(self, password: str) -> bool:
        found = result(self.knock(password, "listen:8"))
        return found["status"] == 200 and found["first_voice"] is not None


@pytest.fixture(scope="module")
def line() -> Iterator[Whole]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        line = Whole(Path(folder))
        try:
            line.start()
            yield line
        finally:
            line.stop()


def result(caller: "subprocess.Popen[str]") -> dict[str, Any]:
    output, _errors = caller.communicate(timeout=120)
    found: dict[str, Any] = json.loads(output)
    return found


def test_a_call_goes_on_while_livekits_key_changes(line: Whole) -> None:
    former = line.do(f"{KEYS}\nresult = str(pairs().first)")
    began = time.monotonic()
    caller = line.call("listen:8", *["press:1", STILL] * 14)
    line.wait_for("desk.talks()", 30)

    assert line.do(f"{KEYS}\nresult = press('switch')") == 302
    new = line.do(f"{KEYS}\nresult = pairs().first.name")
    assert not former.startswith(new)
    line.wait_for(
        "set(desk.Program.objects.exclude(livekit_key='').exclude(name='livekit-sip')"
        f".values_list('livekit_key', flat=True)) == {{{new!r}}}",
        30,
    )
    second = result(line.call("listen:8", "press:1", STILL))
    assert second["status"] == 200 and second["voices"], second
    log = (line.state / "logs" / "livekit-server.log").read_text()
    assert f'"apiKey": "{new}"' in log or f'"apiKey":"{new}"' in log

    assert line.do(f"{KEYS}\nresult = press('drop')") == 302
    dropped = time.monotonic() - began
    server = line.process("livekit-server").pid
    assert caller.poll() is None, "the call is over before its test"
    heard = result(caller)
    assert heard["status"] == 200 and len(heard["pressed"]) == 14
    assert heard["voices"][-1] > dropped, "the assistant says nothing any more"

    line.wait_for(ENDED, 60)
    assert line.process("livekit-server").pid != server
    asked = f"{KEYS}\nfrom veyra.livekit.pairs import Pair\n"
    assert line.do(f"{asked}result = livekit_keys.accepts(Pair.read({former!r}))") is False
    assert line.do(f"{asked}result = livekit_keys.accepts(pairs().first)") is True
    line.wait_for("desk.Worker.objects.filter(registered=True).exists()", 30)
    last = result(line.call("listen:8", "press:1", STILL))
    assert last["status"] == 200 and last["voices"], last


def test_a_call_goes_on_while_its_providers_password_changes(line: Whole) -> None:
    line.do(LOGIN_LINE)
    assert line.accepts("the-old-password")
    began = time.monotonic()
    caller = line.knock("the-old-password", "listen:8", *["press:1", STILL] * 8)
    line.wait_for("desk.talks()", 30)

    assert line.do(PASSWORD + CHANGE) == 302
    line.wait_for(APPLIED, 30)
    changed = time.monotonic() - began
    assert line.accepts("the-new-password")
    assert not line.accepts("the-old-password")
    heard = result(caller)
    assert heard["status"] == 200 and len(heard["pressed"]) == 8
    assert heard["voices"][-1] > changed, "the assistant says nothing any more"

    assert line.do(PASSWORD + PUT_BACK) == 302
    line.wait_for(APPLIED, 30)
    assert line.accepts("the-old-password")
