"""Host names of providers: whom they name, and for how long that counts."""

import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from telephony import hosts
from telephony.models import HostAddress
from telephony.routing.wish import Line
from tests.wish.lines import trunk

pytestmark = pytest.mark.django_db
HOST = "sip.provider.example"
LINE = Line(trunks=(trunk(addresses=("203.0.113.9", f"{HOST.title()}.")),))


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The world's names: what each answers now."""
    names: dict[str, list[str]] = {}

    def answer(name: str, *_: Any, **__: Any) -> list[Any]:
        if name not in names:
            raise socket.gaierror
        return [(2, 2, 17, "", (address, 0)) for address in names[name]]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


def grow_older(by: timedelta) -> None:
    HostAddress.objects.update(seen_at=timezone.now() - by)


def test_a_name_that_answers_differently_each_time_has_all_its_addresses(
    dns: dict[str, list[str]],
) -> None:
    dns[HOST] = ["198.51.100.1", "198.51.100.2"]
    assert hosts.resolve(LINE) == {HOST: ("198.51.100.1", "198.51.100.2")}
    dns[HOST] = ["198.51.100.2", "198.51.100.3"]
    everything = {HOST: ("198.51.100.1", "198.51.100.2", "198.51.100.3")}
    assert hosts.resolve(LINE) == everything
    dns[HOST] = ["198.51.100.1"]
    assert hosts.resolve(LINE) == everything


def test_an_address_that_was_not_named_for_an_hour_is_forgotten(
    dns: dict[str, list[str]],
) -> None:
    dns[HOST] = ["198.51.100.1"]
    hosts.resolve(LINE)
    grow_older(hosts.REMEMBERED + timedelta(minutes=1))
    dns[HOST] = ["198.51.100.2"]
    assert hosts.resolve(LINE) == {HOST: ("198.51.100.2",)}
    assert HostAddress.objects.count() == 1


def test_a_name_server_that_is_away_changes_nothing_for_a_week(
    dns: dict[str, list[str]],
) -> None:
    dns[HOST] = ["198.51.100.1"]
    hosts.resolve(LINE)
    dns.clear()
    grow_older(hosts.UNANSWERED - timedelta(minutes=1))
    assert hosts.resolve(LINE) == {HOST: ("198.51.100.1",)}
    lookups = hosts.Lookups()
    assert lookups.known({HOST}) == {HOST: ("198.51.100.1",)}
    grow_older(hosts.UNANSWERED + timedelta(minutes=1))
    assert hosts.resolve(LINE) == {HOST: ()}


def test_what_another_name_answers_makes_nobody_forget_this_one(
    dns: dict[str, list[str]],
) -> None:
    dns[HOST] = ["198.51.100.1"]
    hosts.resolve(LINE)
    grow_older(hosts.REMEMBERED + timedelta(minutes=1))
    del dns[HOST]
    dns["other.example"] = ["198.51.100.9"]
    lookups = hosts.Lookups()
    assert lookups.known({HOST, "other.example"})[HOST] == ("198.51.100.1",)


def test_a_connection_out_of_use_is_not_looked_up(dns: dict[str, list[str]]) -> None:
    dns[HOST] = ["198.51.100.1"]
    off = Line(trunks=(trunk(addresses=(HOST,), is_active=False),))
    assert hosts.resolve(off) == {}
    assert not HostAddress.objects.exists()


def test_a_name_that_nobody_answers_for_holds_up_no_other(
    dns: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the background: it is waited for only when it is new, and asked for again in time."""
    dns[HOST] = ["198.51.100.1"]
    answer, woken = socket.getaddrinfo, threading.Event()

    def answer_late(name: str, *rest: Any, **more: Any) -> Any:
        if name != HOST:
            woken.wait(30)
        return answer(name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer_late)
    lookups, began = hosts.Lookups(), time.monotonic()
    wanted = {HOST, "late.example"}
    assert lookups.known(wanted) == {HOST: ("198.51.100.1",), "late.example": ()}
    assert time.monotonic() - began < 2 * hosts.WAIT_SECONDS
    began = time.monotonic()
    lookups.known(wanted)
    assert time.monotonic() - began < hosts.WAIT_SECONDS / 2
    dns["late.example"] = ["198.51.100.2"]
    woken.set()
    while not lookups.known(wanted)["late.example"]:
        assert time.monotonic() - began < 10
        time.sleep(0.05)


def test_no_names_are_looked_up_without_asking_anybody(dns: dict[str, list[str]]) -> None:
    assert hosts.Lookups().known(set()) == {}
