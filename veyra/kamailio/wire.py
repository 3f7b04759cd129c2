"""Lines as Kamailio is told them, and its tables as line states. Pure."""

import codecs
import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from veyra.kamailio.types import Line, LineState

# Tables of deploy/registrar/kamailio.cfg: those that we write beside the seal, those that we read.
OURS = ("nets", "only", "prefer", "way", "socket")
HEARD = ("asked", "answer", "place", "route", "paused")
# One message to Kamailio may be twice as long. So many numbers are told by one.
LONGEST, PART = 32_000, 500
# The seals of a line that is saying goodbye, and of one that is not all there yet.
LEAVING, UNFINISHED = "leaving", "unfinished"
ID = re.compile(r"[0-9A-Za-z]{8,64}")
# A login stands in quotes as it is, and escaped in an address, where these need not be.
LOGIN = re.compile(r'[^"\\\x00-\x1f\x7f]{1,128}')
AS_IT_IS = "!~*'()&=+$,"
PASSWORD = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
DOMAIN = re.compile(r"[0-9A-Za-z._-]{1,253}(:[0-9]{1,5})?")


def is_login(text: str) -> bool:
    """Can it be sent to a provider?"""
    return bool(LOGIN.fullmatch(text))


def is_password(text: str) -> bool:
    """Can it be told to Kamailio?"""
    # Kamailio takes a dot for no password.
    return bool(PASSWORD.fullmatch(text)) and text != "."


def what_is_wrong(line: Line) -> str:
    """Why this line cannot be told to Kamailio, without its secrets; empty where it can."""
    if not ID.fullmatch(line.id):
        return "The line's id cannot be the user of a SIP address."
    if not is_login(line.login):
        return "The login is empty, too long, or has characters that cannot stand in quotes."
    if not DOMAIN.fullmatch(line.domain):
        return "The provider's host is not a host name."
    if not is_password(line.password):
        return "The password is empty, too long, or has characters that cannot be typed."
    if len(",".join(line.networks)) > LONGEST:
        return "The provider has more networks than can be told."
    if any(len(text) > LONGEST for text in parts(line)):
        return "The line has numbers that are too long."
    if ipaddress.ip_address(line.proxy_ip).version != 4:
        return "Providers are reached by IPv4 only."
    return ""


def registration(line: Line, contact: str, socket: str) -> tuple[str | int, ...]:
    """The parameters of uac.reg_add, in its order. `contact`: where the provider reaches us."""
    who = quote(line.login, safe=AS_IT_IS)
    local, remote = (line.id, line.domain), (who, line.domain)
    realm = digest = ""
    login = (line.login, line.password, digest)
    flags = delay = 0
    times = (line.expires, flags, delay)
    return (line.id, *local, *remote, realm, *login, way(line), *times, socket, contact)


def way(line: Line) -> str:
    return f"sip:{line.proxy_ip}:{line.proxy_port};transport={line.transport}"


def values(line: Line, socket: str) -> dict[str, str]:
    """What stands of a line in our tables; a table that is left out has nothing of it."""
    meant = {e164 for _digits, e164 in line.numbers}
    found = {
        "nets": ",".join(line.networks),
        "only": meant.pop() if len(meant) == 1 else "",
        "prefer": line.place,
        "way": way(line),
        "socket": socket,
    }
    return {table: value for table, value in found.items() if value}


def parts(line: Line) -> list[str]:
    """Its numbers as texts that are short enough to be told: the table "numbers" holds them with
    the keys of `part`.
    """
    found = [f"{digits}={e164}" for digits, e164 in line.numbers]
    return [";".join(found[i : i + PART]) for i in range(0, len(found), PART)]


def part(line_id: str, index: int) -> str:
    return f"{line_id}:{index}"


def read_state(line_id: str, seal: str, heard: Mapping[str, str], now: datetime) -> LineState:
    """`heard` has a text for each table of HEARD, empty where that has nothing of the line."""
    code, at, until, address, reason = (*heard["answer"].split(" ", 4), *[""] * 5)[:5]
    expires_at = _time(until)
    return LineState(
        id=line_id,
        seal=seal,
        registered=code == "200" and expires_at is not None and expires_at > now,
        paused=bool(heard["paused"]),
        code=int(code or 0),
        reason=_words(reason),
        address=address,
        asked_at=_time(heard["asked"]),
        heard_at=_time(at),
        expires_at=expires_at,
        place=heard["place"],
        service_route=heard["route"][:200],
    )


def _words(encoded: str) -> str:
    """A reason phrase, from its bytes in hex: UTF-8 as it should be, or as old Russian exchanges
    write. The end of a long one is cut off, maybe within a letter.
    """
    data = bytes.fromhex(encoded)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    return "".join(letter for letter in text if letter.isprintable())


def _time(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds not in {"", "0"} else None
