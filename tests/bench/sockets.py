"""Browsers' sockets, as staff who are logged in open them."""

import subprocess
import sys

import aiohttp

from tests.bench.ground import Ground
from tests.live.stack import ROOT

# Prints a session key of a new superuser: the server's database is not this process's.
LOGIN = """
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from veyra.models import User
user = User.objects.create_superuser("bench", password="bench", set_up_at=timezone.now())
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print("key:" + session.session_key)
"""


def in_database(arena: Ground, code: str) -> str:
    """What `code` prints, run by manage.py shell on the servers' database."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env=arena.system.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def log_in(arena: Ground) -> str:
    """The cookie of a person who sees everything."""
    key = in_database(arena, LOGIN).split("key:")[1].strip()
    return f"sessionid={key}"


def headers(arena: Ground, cookie: str) -> dict[str, str]:
    return {"Cookie": cookie, "Origin": arena.system.url}


async def until(socket: aiohttp.ClientWebSocketResponse, text: str, seconds: float = 10) -> str:
    """The first message that has `text` in it."""
    while True:
        message: str = await socket.receive_str(timeout=seconds)
        if text in message:
            return message
