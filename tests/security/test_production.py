"""A Veyra in production: encrypted, with what browsers need to know, and nothing to complain of."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.test import Client

from veyra.asgi import application
from veyra.headers import policy

# As a shell has it: what a browser test sets for its own process is not production's.
OURS = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "x7" * 30 + "abcdefghij",
    "FIELD_KEYS": Fernet.generate_key().decode(),
    "PUBLIC_URL": "https://desk.example.org",
    "LIVEKIT_PUBLIC_URL": "wss://livekit.example.org",
    "LIVEKIT_API_KEY": "veyra",
    "LIVEKIT_API_SECRET": "s" * 40,
    "ALLOWED_HOSTS": "desk.example.org",
}


def check(tmp_path: Path, **different: str) -> "subprocess.CompletedProcess[str]":
    environment = {**OURS, **PRODUCTION, "VEYRA_STATE": str(tmp_path), **different}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_nothing_is_to_be_said_against_production(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("different", "says"),
    [
        ({"PUBLIC_URL": "http://desk.example.org"}, "veyra.E005"),
        ({"LIVEKIT_PUBLIC_URL": "ws://livekit.example.org"}, "veyra.W002"),
        ({"ALLOWED_HOSTS": "*"}, "veyra.E004"),
    ],
    ids=["pages", "sound", "names"],
)
def test_what_is_open_is_told(tmp_path: Path, different: dict[str, str], says: str) -> None:
    done = check(tmp_path, **different)
    assert done.returncode != 0 and says in done.stderr


def test_production_has_its_cookies_and_its_strict_transport(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s; print(s.SECURE_HSTS_SECONDS > 2e7,"
        " s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,"
        " s.SESSION_COOKIE_SAMESITE, s.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN,"
        " set(s.SECOND_FACTOR_ROLES) == {'Owner', 'Engineer'})"
    )
    environment = {**OURS, **PRODUCTION, "VEYRA_STATE": str(tmp_path)}
    environment["DJANGO_SETTINGS_MODULE"] = "veyra.settings"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    told = ["True", "True", "True", "True", "Lax", "False", "True"]
    assert done.stdout.split() == told, done.stderr


@pytest.mark.django_db
def test_every_page_says_what_it_may_load(settings: LazySettings) -> None:
    settings.LIVEKIT_PUBLIC_URL = "wss://livekit.example.org"
    answer = Client().get("/admin/login/", follow=True)
    rules = answer["Content-Security-Policy"]
    assert "wss://livekit.example.org" in rules and "frame-ancestors 'none'" in rules
    scripts = rules.partition("script-src")[2].partition(";")[0]
    assert "unsafe-inline" not in scripts and "http" not in scripts
    assert answer["X-Frame-Options"] == "DENY" and answer["X-Content-Type-Options"] == "nosniff"
    assert (
        answer["Referrer-Policy"] == "same-origin" and "camera=()" in answer["Permissions-Policy"]
    )


def test_no_template_of_ours_holds_a_script_that_the_policy_stops() -> None:
    assert "'unsafe-inline'" not in policy("wss://x").partition("script-src")[2].partition(";")[0]
    bad = []
    for path in (ROOT / "templates").rglob("*.html"):
        for part in path.read_text().split("<script")[1:]:
            tag = part.partition(">")[0]
            if "src=" not in tag and "application/json" not in tag:
                bad.append(path.name)
    assert bad == []


@pytest.mark.django_db  # where a connection is open, Channels closes it
@pytest.mark.parametrize("path", ["/ws/live/", "/ws/ring/"])
@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", ""], ids=str)
async def test_a_socket_of_another_origin_reaches_none_of_our_code(
    path: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    door = application.application_mapping["websocket"]
    monkeypatch.setattr(door, "application", inside)
    monkeypatch.setattr(door, "allowed_origins", ["desk.example.org"])
    headers = [(b"origin", b"https://desk.example.org")]
    own = {"type": "websocket", "path": path, "headers": headers}
    socket: Any = ApplicationCommunicator(application, own)  # type: ignore[no-untyped-call]  # asgiref's
    await socket.wait()
    assert reached == [path]
    scope = own | {"headers": [(b"origin", origin.encode())] if origin else []}
    socket = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # likewise
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output())["type"] == "websocket.close"
    assert reached == [path]
