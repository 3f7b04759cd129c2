"""The examples do what they say, each started as a person would."""

import hashlib
import hmac
import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer
from pathlib import Path
from types import ModuleType
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from agentworker.models import Agent
from monitoring.incidents.models import Incident
from monitoring.incidents.services import note
from recordings.models import Ingress
from telephony.models import DispatchRule, OutboundCall, Trunk
from tests.api.conftest import Let, member
from tests.listening.conftest import MakeRecording, make_recording
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.models import User
from veyra.rest import keys

__all__ = ["Let", "make_recording", "simulated"]

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
# Which test runs which script: none is left out.
RUN = {"api_usage_examples", "auth", "security", "monitoring", "egress", "ingress"}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(live_server: LiveServer) -> Run:
    """Start a script as a service with that role."""

    def start(script: str, *args: str, role: str = "Owner") -> "subprocess.CompletedProcess[str]":
        owner = User.objects.filter(username="boss").first() or member("Owner", "boss")
        row, secret = keys.make("an example", owner, 1, Group.objects.get(name=role))
        User.objects.filter(pk=row.user_id).update(language="en")
        told = {"VEYRA_URL": live_server.url, "VEYRA_KEY": secret, "PATH": os.environ["PATH"]}
        command = [sys.executable, str(EXAMPLES / f"livekit_{script}.py"), *args]
        return subprocess.run(
            command, env=told, capture_output=True, text=True, timeout=60, check=False
        )

    return start


def test_every_script_has_its_test() -> None:
    found = {path.stem for path in EXAMPLES.glob("livekit_*.py")}
    names = {f"livekit_{name}" for name in RUN - {"api_usage_examples"}}
    assert found == {f"{name}_example" for name in names} | {"livekit_api_usage_examples"}


def test_the_api_is_used_to_read_the_line_and_to_call(run: Run, line: DispatchRule) -> None:
    Trunk.objects.update(out_address="sip.example")
    OutboundCall.objects.all().delete()
    settle = threading.Timer(2, lambda: OutboundCall.objects.update(state="dialled"))
    settle.start()
    done = run("api_usage_examples", "+79161234567")
    settle.join()
    assert done.returncode == 0, done.stderr
    assert "+74991124148: Waiting" in done.stdout and "Support: Hello" in done.stdout
    row = OutboundCall.objects.get()
    assert f"call {row.pk} dialled" in done.stdout and row.to_number == "+79161234567"


def test_a_key_learns_what_it_may(run: Run, line: DispatchRule) -> None:
    done = run("auth_example", role="Viewer")
    assert done.returncode == 0, done.stderr
    answers = dict(text.split(maxsplit=1) for text in done.stdout.splitlines())
    assert answers["calls/"] == answers["numbers/"] == "yes"
    assert answers["trunks/"] == "The role of this account does not allow this."


def test_the_line_s_health_is_a_verdict(run: Run) -> None:
    now = timezone.now()
    row = Incident.objects.create(rule="x", cause="x", severity=1, opened_at=now, seen_at=now)
    note(row, "opened")
    done = run("monitoring_example")
    assert done.returncode == 2 and done.stdout.startswith("P1")


def test_recordings_are_fetched_in_parts(
    run: Run, make_recording: MakeRecording, tmp_path: Path
) -> None:
    sound = os.urandom(3_000_000)
    row = make_recording(data=sound)
    done = run("egress_example", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{row.pk}.ogg").read_bytes() == sound


def test_an_incoming_stream_is_followed_to_its_room(
    run: Run, simulated: Simulated, settings: LazySettings
) -> None:
    settings.LIVEKIT_URL = simulated.url.replace("http", "ws")
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    Ingress.objects.create(
        name="Camera", kind="rtmp", room_name="hall", address="rtmp://x/live", state="live"
    )
    done = run("ingress_example", "Camera")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["live", "nobody is there"]


@pytest.fixture
def security(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module("livekit_security_example")


@pytest.fixture
def receiver(security: ModuleType) -> Iterator[str]:
    security.Receiver.secret = "a secret"
    security.Receiver.seen, security.Receiver.taken = set(), []
    server = HTTPServer(("127.0.0.1", 0), security.Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def signed(secret: str, at: int, body: bytes) -> str:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def send(url: str, signature: str, body: bytes) -> int:
    headers = {"X-Veyra-Signature": signature, "X-Veyra-Id": "1"}
    try:
        with urlopen(Request(url, body, headers), timeout=5) as answer:  # noqa: S310  # loopback
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_a_receiver_of_webhooks_takes_ours_once_and_no_others(
    receiver: str, security: ModuleType
) -> None:
    body, now = b'{"event": "call.ended"}', int(time.time())
    assert send(receiver, signed("a secret", now, body), body) == 204
    assert send(receiver, signed("a secret", now, body), body) == 204
    assert security.Receiver.taken == [{"event": "call.ended"}]
    wrong = [signed("another", now, body), signed("a secret", now - 600, body), "", "t=x,v1=é"]
    assert [send(receiver, each.encode("latin-1").decode("latin-1"), body) for each in wrong] == [
        401
    ] * len(wrong)


def test_an_assistant_is_read_by_its_newest_words(run: Run, agent: Agent) -> None:
    agent.versions.create(number=2, language="en", greeting="Hello again")
    done = run("api_usage_examples")
    assert "Support: Hello again" in done.stdout
