"""Looks that no check makes by itself: names and ports as a provider sees them, and each number."""

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.diagnosis.verdict import Item, Stage
from monitoring.health.base import Status
from monitoring.health.running import NO_DATABASE
from telephony import probes, routetest
from telephony.models import PhoneNumber
from telephony.routing.route import Question
from veyra.livekit.probe import gateway_answers
from veyra.sentences import Sentence

# A name server that is away would hold up everything for half a minute.
SECONDS = 3.0
# So many numbers are looked at; a fault of the line shows on the first ones.
NUMBERS = 50

NO_NAME = gettext_noop(
    "The name %(host)s, which providers call, leads nowhere. Correct its record at your domain, or"
    " SIP_HOST."
)
NO_UDP = gettext_noop(
    "The call entrance is not reachable on UDP %(port)s of %(host)s. Start it, and let this port"
    " through the firewall."
)
NO_TCP = gettext_noop(
    "The call entrance is not reachable on TCP %(port)s of %(host)s. Providers that use TCP cannot"
    " call; let this port through the firewall."
)
NOT_FROM_HERE = gettext_noop(
    "The call entrance answers inside, but not under %(host)s:%(port)s as seen from this server. If"
    " calls come nevertheless, all is well: some routers do not lead back in."
)


def entrance() -> list[Item]:
    """The name and the ports that providers use."""
    if settings.LIVEKIT_SIMULATED or not settings.SIP_TEST_TO:
        sentence = Sentence(
            gettext_noop("There is no call entrance: calls come from browsers only.")
        )
        return [Item("name", _("Name of the server"), Stage.ARRIVES, Status.OFF, sentence)]
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(look) for look in (_address, _udp_answers, _tcp_listens)]
        address, outside, tcp = (_result(each.result, SECONDS + 1) for each in asked)
    is_there = bool(probes.entrance_answers(SECONDS))
    return [_name(str(address or "")), _udp(is_there, bool(outside)), _tcp(is_there, bool(tcp))]


def _result(result: Callable[..., object], seconds: float) -> object:
    try:
        return result(timeout=seconds)
    except (TooLate, OSError):
        return None


def _address() -> str:
    return str(socket.getaddrinfo(settings.SIP_HOST, None)[0][4][0])


def _udp_answers() -> bool:
    return gateway_answers(settings.SIP_HOST, settings.SIP_PORT, SECONDS)


def _tcp_listens() -> bool:
    with socket.create_connection((settings.SIP_HOST, settings.SIP_PORT), SECONDS):
        return True


def _name(address: str) -> Item:
    values = {"host": settings.SIP_HOST, "address": address}
    if not address:
        return _item("name", _("Name of the server"), Status.FAILED, Sentence(NO_NAME, values))
    msgid = gettext_noop("Providers call %(host)s, which leads to %(address)s.")
    return _item("name", _("Name of the server"), Status.OK, Sentence(msgid, values))


def _udp(is_there: bool, is_reached: bool) -> Item:
    title = f"UDP {settings.SIP_PORT}"
    if not is_there:
        host, _colon, port = settings.SIP_TEST_TO.rpartition(":")
        return _item("udp", title, Status.FAILED, Sentence(NO_UDP, {"host": host, "port": port}))
    if not is_reached:
        return _item("udp", title, Status.WARNING, Sentence(NOT_FROM_HERE, _here()))
    msgid = gettext_noop("The call entrance answers on UDP %(port)s of %(host)s.")
    return _item("udp", title, Status.OK, Sentence(msgid, _here()))


def _tcp(is_there: bool, listens: bool) -> Item:
    title = f"TCP {settings.SIP_PORT}"
    if not listens:
        status = Status.WARNING if is_there else Status.FAILED
        return _item("tcp", title, status, Sentence(NO_TCP, _here()))
    msgid = gettext_noop("The call entrance listens on TCP %(port)s of %(host)s.")
    return _item("tcp", title, Status.OK, Sentence(msgid, _here()))


def _here() -> dict[str, object]:
    return {"host": settings.SIP_HOST, "port": settings.SIP_PORT}


def _item(name: str, title: object, status: str, sentence: Sentence) -> Item:
    return Item(name, title, Stage.ARRIVES, status, sentence)  # type: ignore[arg-type]  # lazy text


def sound_ports() -> Item:
    """One port a call: too few of them turn callers away."""
    first, last = settings.RTP_PORTS
    calls, places = last - first + 1, _places()
    values = {"ports": f"{first}-{last}", "calls": calls}
    if places > calls:
        msgid = gettext_noop(
            "Sound comes over UDP %(ports)s: enough for %(calls)s calls at once, but assistants"
            " could take %(places)s. Give RTP_PORTS more ports, and open them in the firewall."
        )
        sentence = Sentence(msgid, {**values, "places": places})
        return Item("ports", _("Ports of sound"), Stage.HEARD, Status.WARNING, sentence)
    msgid = gettext_noop(
        "Sound comes over UDP %(ports)s, enough for %(calls)s calls at once. The firewall must let"
        " them in."
    )
    return Item("ports", _("Ports of sound"), Stage.HEARD, Status.OK, Sentence(msgid, values))


def _places() -> int:
    try:
        found = probes.places()
    except DatabaseError:
        return 0
    return found.all if found else 0


def numbers() -> list[Item]:
    """Each number that leads nowhere; or one item that says that all lead to somebody."""
    try:
        rows = list(PhoneNumber.objects.in_use().order_by("pk")[:NUMBERS])
        wrong = list(_wrong(rows))
    except DatabaseError:
        return [_route(Status.FAILED, Sentence(NO_DATABASE))]
    if wrong:
        return wrong
    if not rows:
        msgid = gettext_noop("There is no number in use, so nobody can call. Add one.")
        return [Item("numbers", _("Numbers"), Stage.ARRIVES, Status.FAILED, Sentence(msgid))]
    msgid = gettext_noop("All numbers lead to somebody who answers (%(count)s looked at).")
    return [_route(Status.OK, Sentence(msgid, {"count": len(rows)}))]


def _wrong(rows: Iterable[PhoneNumber]) -> Iterable[Item]:
    for row in rows:
        report = routetest.ask(Question(called=row.number, exact=True))
        # That it is closed at this hour is no fault.
        if not report.route.answers:
            why = report.stop.sentence if report.stop else report.headline
            yield _route(Status.FAILED, _of_number(row, why))
        elif report.not_live:
            yield _route(Status.WARNING, _of_number(row, report.not_live))


def _of_number(row: PhoneNumber, why: Sentence) -> Sentence:
    return Sentence("%(number)s: %(why)s", {"number": row.number, "why": why})


def _route(status: str, sentence: Sentence) -> Item:
    return Item("numbers", _("Numbers"), Stage.ANSWERED, status, sentence)
