"""Between the password and the second factor no door is open, whatever kind of door it is."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver

from recordings import sound_door
from tests.people import matrix
from tests.people.test_matrix import person
from veyra.accounts.second_factor import OPEN_TO_HIM
from veyra.accounts.sockets import FORBIDDEN, SecondFactorSockets
from veyra.asgi import application
from veyra.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _needed(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECOND_FACTOR_ROLES = ("Owner", "Engineer")
    plain: Any = lambda *_, **__: HttpResponse(status=403)  # noqa: E731  # a page of a line
    monkeypatch.setattr("veyra.accounts.second_factor.forbidden", plain)


@pytest.fixture
def owner() -> User:
    found = person("Owner")
    assert found
    return found


def test_a_password_alone_opens_no_address(owner: User) -> None:
    client, told = Client(raise_request_exception=False), {}
    client.force_login(owner)
    for route in dict.fromkeys(matrix.doors(get_resolver().url_patterns)):
        address = matrix.filled(route, uuid4())
        if not address.startswith(OPEN_TO_HIM):
            for method in ("GET", "POST", "DELETE"):
                told[method, route] = client.generic(method, address).status_code
    assert len(told) > 500 and {what for what, status in told.items() if status != 403} == set()


def say(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What a socket says to who knocks. Inside it would say hello."""
    said: list[dict[str, Any]] = []

    async def inside(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "hello"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    async_to_sync(SecondFactorSockets(inside))(scope, receive, send)
    return said


# Sockets close the connection of their thread between two questions.
@pytest.mark.django_db(transaction=True)
def test_a_password_alone_opens_no_socket(owner: User) -> None:
    said = say({"user": owner, "session": {}})
    assert said == [
        {"type": "websocket.accept"},
        {"type": "websocket.close", "code": FORBIDDEN},
    ]
    viewer = person("Viewer")
    assert say({"user": viewer, "session": {}}) == [{"type": "hello"}]


def test_every_socket_stands_behind_that() -> None:
    door, seen = application.application_mapping["websocket"], []
    while door is not None:
        seen.append(type(door).__name__)
        door = getattr(door, "application", None) or getattr(door, "inner", None)
    assert SecondFactorSockets.__name__ in seen


def test_a_password_alone_plays_no_recording(owner: User) -> None:
    def status(user: User) -> int:
        client = Client()
        client.force_login(user)
        cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
        headers = [(b"host", b"testserver"), (b"cookie", cookie)]
        scope = {"type": "http", "method": "GET", "path": "/x", "headers": headers}
        return sound_door.answer(scope | {"query_string": b""}, uuid4()).status_code

    assert status(owner) == 403
    supervisor = person("Supervisor")
    assert supervisor and status(supervisor) == 404
