"""Lines that sign in: what the registrar should hold, and what its answers mean. Pure.

The registrar is told what it lacks and asked how each line stands, every second or two. Nothing is
remembered in between but what it holds itself and the row that staff see: so it may be killed, or
we may be, between any two steps.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, Self

from django.utils.translation import gettext_noop

from telephony.numbers import spellings
from telephony.routing import wish
from telephony.routing.addresses import network, unknown_host
from telephony.routing.signin import Server, fault, networks, sent_to, server
from veyra.kamailio.types import Line, LineState, Place, Transport
from veyra.sentences import Sentence

Verb = Literal["put", "admit", "remove", "retry"]

# Seconds that we ask for; we ask anew before they are over. A provider that was started anew and
# forgot us hears of us again within them, unless it grants longer terms only.
EXPIRES = 120
# So long a server may keep us waiting; then the next address of its name is asked.
PATIENCE = timedelta(seconds=6)
# An address that is out of order says so at once; the next one has its turn a little later.
TURN = timedelta(seconds=4)
AGAIN = timedelta(seconds=10)
# A login that was refused is tried again ever more seldom: providers lock out who hammers.
BACKOFF = (
    (timedelta(seconds=20), timedelta(seconds=30)),
    (timedelta(seconds=75), timedelta(minutes=1)),
    (timedelta(minutes=3), timedelta(minutes=2)),
)
SELDOM = timedelta(minutes=5)
# Answers that the registrar makes up itself, where it could not send or was not answered.
UNANSWERED = (408, 477, 478)
FAILING = (480, 491)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """As Registration.State says them to staff."""

    REGISTERED = "registered"
    TRYING = "trying"
    REFUSED = "refused"
    SILENT = "silent"
    UNKNOWN = "unknown"
    WRONG = "wrong"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class Try:
    """A line at one of its server's addresses. `account`: the seal of all that the sign-in is."""

    line: Line
    account: str
    seal: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A connection that signs in. `tries` in the order in which they are made; none where the row
    says why (`fault`).
    """

    id: str
    key: str
    host: str
    login: str
    tries: tuple[Try, ...] = ()
    fault: Sentence | None = None
    state: State = State.TRYING


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a line stands, as its row says it. `address` is the one that is asked."""

    state: State
    code: int = 0
    reason: str = ""
    address: str = ""
    until: datetime | None = None
    result: Sentence = field(default_factory=lambda: Sentence(""))


@dataclass(frozen=True)
class Row:
    """What was told of a line last, and since when. `again_at`: a person asked for a try then."""

    told: Told
    since: datetime
    again_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """One thing to do at the registrar. `line` and `seal` of what is put, or admits other calls."""

    verb: Verb
    id: str
    line: Line | None = None
    seal: str = ""


@dataclass(frozen=True)
class Verdict:
    told: Told
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do, removals first, and what to tell of each connection, by its key."""

    steps: tuple[Step, ...]
    told: Mapping[str, Told]

    @classmethod
    def of(
        cls,
        wanted: Iterable[Wanted],
        held: Mapping[str, LineState],
        rows: Mapping[str, Row],
        now: datetime,
    ) -> Self:
        """`held` by the line's id, `rows` by the connection's key."""
        wanted = sorted(wanted, key=lambda each: each.id)
        known = {each.id for each in wanted}
        gone = [Step("remove", each) for each in sorted(held.keys() - known)]
        found = {w.key: verdict(w, held.get(w.id), rows.get(w.key), now) for w in wanted}
        steps = [step for each in found.values() for step in each.steps]
        return cls(steps=(*gone, *steps), told={key: each.told for key, each in found.items()})


# What we want


def wanted(line: wish.Line, resolved: wish.Resolved) -> list[Wanted]:
    """Of each connection in use that signs in. `line` has its numbers, too."""
    numbers: dict[str, list[str]] = {}
    for number in line.numbers:
        for key in filter(None, {number.trunk, number.reserve} if number.in_use else ()):
            numbers.setdefault(key, []).append(number.number)
    return [
        _wanted(trunk, numbers.get(trunk.key, []), resolved, line.seal)
        for trunk in line.trunks
        if trunk.in_use and trunk.registers
    ]


def id_of(key: str) -> str:
    """A line's id: what the provider is given as our name there, so nobody may guess it."""
    return key.replace("-", "")


def _wanted(
    trunk: wish.Trunk, numbers: Sequence[str], resolved: wish.Resolved, secret: str
) -> Wanted:
    domain, proxy = server(trunk.register_at), sent_to(trunk)
    found = Wanted(
        id=id_of(trunk.key),
        key=trunk.key,
        host=proxy.host if proxy else trunk.register_at,
        login=trunk.register_login,
    )
    if wrong := fault(trunk):
        return replace(found, fault=wrong, state=State.WRONG)
    if domain is None or proxy is None:
        raise ValueError("a connection without a fault has servers")
    addresses = _addresses(proxy, resolved)
    if not addresses:
        return replace(found, fault=unknown_host(proxy.host), state=State.UNKNOWN)
    line = Line(
        id=found.id,
        login=trunk.register_login,
        domain=domain.host,
        password=trunk.register_password or "",
        proxy_ip=addresses[0],
        proxy_port=proxy.port,
        transport=Transport(trunk.register_transport),
        expires=EXPIRES,
        networks=networks(trunk, resolved),
        numbers=_digits(numbers),
        place=Place(trunk.writes_number_in),
    )
    lines = [replace(line, proxy_ip=address) for address in addresses]
    return replace(found, tries=tuple(_sealed(each, secret) for each in lines))


def _addresses(proxy: Server, resolved: wish.Resolved) -> list[str]:
    """The server's addresses; ours listens to IPv4 alone."""
    if proxy.is_address:
        return [proxy.host]
    known = (network(each) for each in resolved.get(proxy.host, ()))
    return sorted(cidr.removesuffix("/32") for cidr in known if cidr and cidr.endswith("/32"))


def _digits(numbers: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each number with the digits that any of its spellings has. Of a Russian one also without the
    first of them, as long as that is no other number of the line.
    """
    numbers = sorted(numbers)
    found = {number[2:]: number for number in numbers if len(spellings(number)) > 1}
    found |= {text.removeprefix("+"): number for number in numbers for text in spellings(number)}
    return tuple(sorted(found.items()))


def _sealed(line: Line, secret: str) -> Try:
    """The seal has two parts: of what the sign-in is, and of what may come in by it."""
    fields = asdict(line)
    access = {name: fields.pop(name) for name in ("networks", "numbers", "place")}
    account = _hash(fields, secret)
    return Try(line=line, account=account, seal=f"{account}.{_hash(access, secret)}")


def _hash(fields: Mapping[str, object], secret: str) -> str:
    text = json.dumps(fields, sort_keys=True)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]


# What became of it


def verdict(wish: Wanted, held: LineState | None, row: Row | None, now: datetime) -> Verdict:
    """What to tell of one line, and what to do about it."""
    if wish.fault:
        told = Told(state=wish.state, result=wish.fault)
        # A name without an address may be our own name server's fault: what works goes on.
        is_over = held and wish.state != State.UNKNOWN
        return Verdict(told, (Step("remove", wish.id),) if is_over else ())
    account = held.seal.partition(".")[0] if held else ""
    index = next((i for i, each in enumerate(wish.tries) if each.account == account), None)
    if held is None or index is None:
        return _put_anew(wish, row)
    return _of_answers(wish, held, index, row, now)


def _put_anew(wish: Wanted, row: Row | None) -> Verdict:
    """The registrar has it not, or signs in otherwise."""
    last = row.told.address if row else ""
    chosen = next((each for each in wish.tries if each.line.proxy_ip == last), wish.tries[0])
    return Verdict(_trying(wish, chosen), (_put(chosen),))


def _of_answers(
    wish: Wanted, held: LineState, index: int, row: Row | None, now: datetime
) -> Verdict:
    this = wish.tries[index]
    following = wish.tries[(index + 1) % len(wish.tries)]
    waited = now - held.asked_at if held.asked_at else timedelta()
    told = _told(wish, this, held, row, late=waited >= PATIENCE)
    enough = waited >= (PATIENCE if _is_open(held) else TURN)
    if following is not this and enough and _is_failing(told, held):
        told = _trying(wish, following) if told.state == State.REGISTERED else told
        told = replace(told, address=following.line.proxy_ip)
        return Verdict(told, (_put(following),))
    steps = []
    if held.seal != this.seal:
        # Only what may come in is new: the sign-in goes on.
        steps.append(Step("admit", wish.id, this.line, this.seal))
    if held.paused and now >= _rests_until(held, row):
        steps.append(Step("retry", wish.id))
    return Verdict(told, tuple(steps))


def _is_open(held: LineState) -> bool:
    """It was asked, and has not answered since."""
    return held.asked_at is not None and (held.heard_at is None or held.heard_at < held.asked_at)


def _told(wish: Wanted, this: Try, held: LineState, row: Row | None, *, late: bool) -> Told:
    if held.registered:
        return _registered(this, held)
    answered = None if _is_open(held) else _answered(wish, this, held.code, held.reason)
    if answered:
        return answered
    if late:
        return _silent(wish, this)
    # Nothing is answered yet: what was told last still holds, where it was about answers.
    if row and row.told.state in (State.REGISTERED, State.REFUSED, State.SILENT):
        return replace(row.told, address=this.line.proxy_ip)
    return _trying(wish, this)


def _is_failing(told: Told, held: LineState) -> bool:
    """Another address of the server may do better: this one is silent, or out of order."""
    if told.state == State.REGISTERED:
        return _is_open(held)
    return told.state == State.SILENT or (
        told.state == State.REFUSED and not _is_refusal(told.code)
    )


def _rests_until(held: LineState, row: Row | None) -> datetime:
    """When a line that the registrar lets rest is tried again."""
    heard = held.heard_at or held.asked_at or EVER
    if not _is_refusal(held.code):
        return heard + AGAIN
    if row and row.again_at and row.again_at > heard:
        return row.again_at
    since = row.since if row and row.told.state == State.REFUSED else heard
    pauses = (pause for until, pause in BACKOFF if heard - since < until)
    return heard + next(pauses, SELDOM)


def _is_refusal(answer: int) -> bool:
    """The provider does not want this login; what else it answers may be over in a moment."""
    return 300 <= answer < 500 and answer not in (*UNANSWERED, *FAILING)


def _put(what: Try) -> Step:
    return Step("put", what.line.id, what.line, what.seal)


# In words


def _trying(wish: Wanted, what: Try) -> Told:
    msgid = gettext_noop("Signing in at %(host)s.")
    result = Sentence(msgid, {"host": wish.host})
    return Told(state=State.TRYING, address=what.line.proxy_ip, result=result)


def _registered(this: Try, held: LineState) -> Told:
    msgid = gettext_noop("Signed in until %(until)s; the provider answers from %(address)s.")
    address = this.line.proxy_ip
    result = Sentence(msgid, {"address": address})
    return Told(
        state=State.REGISTERED,
        code=held.code,
        reason=held.reason,
        address=address,
        until=held.expires_at,
        result=result,
    )


def _silent(wish: Wanted, this: Try) -> Told:
    msgid = gettext_noop(
        "No answer from %(host)s since %(since)s. Check how the server's name is written; if it is"
        " right, the provider's server is away, or a firewall keeps its answers from us. We go on"
        " trying."
    )
    result = Sentence(msgid, {"host": wish.host})
    return Told(state=State.SILENT, address=this.line.proxy_ip, result=result)


LOGIN = gettext_noop(
    "%(host)s refused the login or its password (%(code)s). Type both again as the provider gave"
    " them."
)
UNKNOWN_LOGIN = gettext_noop(
    "%(host)s does not know the login “%(login)s” (%(code)s). Check the login and the server's"
    " name in what the provider sent you."
)
NO_SIGN_IN = gettext_noop(
    "%(host)s takes no sign-ins (%(code)s). Check the server's name: it is the one that stands"
    " beside the login."
)
OUT_OF_ORDER = gettext_noop(
    "%(host)s cannot sign us in at the moment (%(code)s): the fault is at the provider. We go on"
    " trying; if it lasts, tell the provider's support."
)
OTHER = gettext_noop(
    "%(host)s does not sign us in: it answers “%(code)s %(reason)s”. Show this to the provider's"
    " support."
)
ANSWERS = {
    401: LOGIN,
    403: LOGIN,
    407: LOGIN,
    404: UNKNOWN_LOGIN,
    405: NO_SIGN_IN,
    501: NO_SIGN_IN,
}
AWAY = gettext_noop(
    "The part of Veyra that signs in at providers does not run, so no call of this connection comes"
    " in. It is started again by itself; if this stays, start Veyra again."
)


def _answered(wish: Wanted, this: Try, code: int, reason: str) -> Told | None:
    """What a final answer means; None: there was none."""
    if code in UNANSWERED:
        return _silent(wish, this)
    if code < 300:
        return None
    msgid = ANSWERS.get(code, OTHER if _is_refusal(code) else OUT_OF_ORDER)
    values = {"host": wish.host, "login": wish.login, "code": code, "reason": reason}
    address = this.line.proxy_ip
    result = Sentence(msgid, values)
    return Told(state=State.REFUSED, code=code, reason=reason, address=address, result=result)


def away(rows: Mapping[str, Row], wishes: Iterable[Wanted]) -> dict[str, Told]:
    """The registrar does not answer: what to tell of each connection."""
    return {each.key: _away(each, rows.get(each.key)) for each in wishes}


def _away(wish: Wanted, row: Row | None) -> Told:
    if wish.fault:
        return Told(state=wish.state, result=wish.fault)
    address = row.told.address if row else ""
    return Told(state=State.AWAY, address=address, result=Sentence(AWAY))


def not_taken() -> Told:
    """The registrar answers, and would not hold this line."""
    msgid = gettext_noop(
        "Veyra cannot hold this connection as it is saved, so it does not sign in as it should. If"
        " it has hundreds of numbers or addresses, spread them over several connections; if not,"
        " show the log of “registrar” to whoever looks after Veyra."
    )
    return Told(state=State.WRONG, result=Sentence(msgid))


def same_period(one: Told, other: Told) -> bool:
    """Is the second a continuation of the first, rather than a new line of the history?"""
    moved = one.state == State.REGISTERED and one.address != other.address
    return (one.state, one.code, one.result.msgid) == (
        other.state,
        other.code,
        other.result.msgid,
    ) and not moved
