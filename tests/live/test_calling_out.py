"""Real calls out: our dialler, livekit-sip, and telephones on this machine."""

import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.live.callee import Provider, StreamProvider, Telephone
from tests.live.certificate import certify
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

ANSWERS, BUSY, DECLINES, RINGS, DOWN, SILENT, FORBIDDEN, FAILS_RINGING, TALKS, PLAIN = (
    f"791600000{n:02}" for n in range(1, 11)
)
BEHAVIOUR = {
    ANSWERS: "answer",
    BUSY: "busy",
    DECLINES: "decline",
    RINGS: "ring",
    DOWN: "out of order",
    SILENT: "dead",
    FORBIDDEN: "forbidden",
    FAILS_RINGING: "ring, then out of order",
    TALKS: "answer",
    PLAIN: "answer in clear",
}
# What only the reserve can put through.
PASSED_ON = (DOWN, SILENT, FORBIDDEN)
# Said while the gateway's record or the webhook is still to come.
UNSURE = ("not_wanted", "hung_up")
LOGIN = ("veyra-7", "the right one")

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import PhoneNumber, Trunk
    from veyra.celery import wake

    agent = Agent.objects.create(name="Сервис")
    words = "Здравствуйте! Ваш заказ готов, приезжайте за ним."
    save_words(agent, Words("ru", words, [], []), None)
    common = {{"addresses": "127.0.0.1/32", "out_spelling": "digits", "out_pace": 50}}
    reserve = Trunk.objects.create(name="reserve", out_address="{reserve}", **common)
    common |= {{"out_next": reserve}}
    login = {{"out_username": "veyra-7", "out_password": "the right one"}}
    lines = {{
        "main": dict(out_address="{main}", out_identity="P-Asserted-Identity"),
        "login": dict(
            out_address="{login}", out_from_login=True, out_from_host="pbx.example",
            out_identity="Remote-Party-ID", out_codecs="PCMA", out_ringing=5, **login),
        "other login": dict(out_address="{other_login}", out_spelling="plus", **login),
        "wrong login": dict(out_address="{login}", **login | {{"out_password": "another one"}}),
        "no login": dict(out_address="{login}"),
        "short": dict(out_address="{main}", out_minutes=1),
        "tcp": dict(out_address="{tcp}", out_transport="tcp", out_codecs="G722"),
        "tls": dict(out_address="{tls}", out_transport="tls", out_encryption="require"),
        "clear": dict(out_address="{main}", out_encryption="require"),
        "offered": dict(out_address="{main}", out_encryption="allow"),
        "strange": dict(out_address="{strange}", out_transport="tls"),
        "unknown": dict(out_address="no-such-server.invalid"),
    }}
    PhoneNumber.objects.create(number="+74991124149", trunk=reserve)
    for place, (name, values) in enumerate(lines.items()):
        trunk = Trunk.objects.create(name=name, **common | values)
        PhoneNumber.objects.create(number=f"+749911241{{50 + place}}", trunk=trunk)
    wake("telephony.apply")
"""
PUBLISHED = """
    from telephony.models import PublishedObject
    states = PublishedObject.objects.filter(kind="outbound").values_list("state", flat=True)
    result = list(states) == ["live"] * 13
"""


@dataclass(frozen=True)
class Providers:
    main: Provider
    reserve: Provider
    # Ask for a login, one by 407 and one by 401.
    login: Provider
    other_login: Provider
    tcp: StreamProvider
    tls: StreamProvider
    # Its certificate is of an authority that nobody knows.
    strange: StreamProvider
    # The authority whose certificates the gateway trusts.
    authority: Path


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    folder = tmp_path_factory.mktemp("certificates")
    authority, known = certify(folder, "known")
    _other, strange = certify(folder, "strange")
    with ExitStack() as stack:
        enter = stack.enter_context
        yield Providers(
            main=enter(Provider(BEHAVIOUR)),
            reserve=enter(Provider(dict.fromkeys(PASSED_ON, "answer"))),
            login=enter(Provider(BEHAVIOUR, login=LOGIN)),
            other_login=enter(Provider(BEHAVIOUR, login=LOGIN, challenge=401)),
            tcp=enter(StreamProvider(BEHAVIOUR)),
            tls=enter(StreamProvider(BEHAVIOUR, known)),
            strange=enter(StreamProvider(BEHAVIOUR, strange)),
            authority=authority,
        )


def zone_of_midday() -> str:
    """Minutes are counted by the day: none may end while they are counted here."""
    east = 12 - datetime.now(UTC).hour
    # POSIX counts the hours west of Greenwich.
    return f"Etc/GMT{-east:+d}" if east else "Etc/GMT"


@pytest.fixture(scope="module")
def system(providers: Providers) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    names = ("main", "reserve", "login", "other_login", "tcp", "tls", "strange")
    addresses = {name: getattr(providers, name).address for name in names}
    variables = {"SSL_CERT_FILE": str(providers.authority), "TIME_ZONE": zone_of_midday()}
    with running(**variables) as system:
        system.ask(LINE.format(**addresses))
        wait_until(lambda: bool(system.ask(PUBLISHED)), "the line was not published", 60)
        yield system


@pytest.fixture(scope="module")
def unanswered(system: System) -> str:
    """A call to a server that says nothing, placed before all others: LiveKit waits long."""
    return ask(system, SILENT)


def ask(system: System, number: str, line: str = "main", times: int = 1) -> str:
    """Have a number called, by so many clicks on one form; the id of the call.

    Where this machine has no processor to spare, for the gateway or for the assistant, nothing is
    placed: then it is asked anew.
    """
    for _ in range(5):
        call = _ask(system, number, line, times)
        wait_until(partial(has_begun, system, call), "it was not placed", 45)
        why = row_of(system, call)["why"]
        if "too busy" not in why and "did not come" not in why:
            break
    return call


def has_begun(system: System, call: str) -> bool:
    return bool(call_of(system, call) or row_of(system, call)["over"])


def _ask(system: System, number: str, line: str, times: int) -> str:
    found: str = system.ask(f"""
        from uuid import UUID
        from agentworker.models import Agent
        from telephony.dialling import Wish, ask
        from telephony.models import PhoneNumber
        ours = PhoneNumber.objects.get(trunk__name="{line}")
        wish = Wish("+{number}", ours, Agent.objects.get())
        ticket = UUID("{uuid.uuid4()}")
        result = str([ask(wish, None, ticket) for _ in range({times})][-1].pk)
    """)
    return found


FIELDS = (
    "state outcome reason detail sip_status rang from_number to_number direction answered_at"
    " ended_at answered_is_approximate"
)


def call_of(system: System, call: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(f"""
        from telephony.models import Call
        call = Call.objects.filter(pk="{call}").first()
        result = call and {{name: getattr(call, name) for name in {FIELDS.split()}}}
        if call:
            result |= dict(trunk=str(call.trunk), agent=str(call.agent))
            result |= dict(number=call.number and call.number.number)
            result |= dict(legs=list(call.legs.values_list("role", flat=True)))
            result |= dict(talked=call.answered_at and call.ended_at
                and (call.ended_at - call.answered_at).total_seconds())
    """)
    return found or {}


def row_of(system: System, call: str) -> dict[str, Any]:
    """What was asked for, as the books have it; `next` is the reserve's try."""
    found: dict[str, Any] = system.ask(f"""
        from django.utils import translation
        from telephony.models import OutboundCall
        row = OutboundCall.objects.get(pk="{call}")
        retry = OutboundCall.objects.filter(retry_of=row).first()
        with translation.override("en"):
            why = str(row.sentence)
        result = dict(state=row.state, over=row.over_at, seconds=row.seconds, why=why,
                      next=retry and str(retry.pk))
    """)
    return found


def ended(system: System, call: str, seconds: float = 20) -> dict[str, Any]:
    """The call once it is over, all witnesses have told why, and its books are closed."""

    def is_over() -> bool:
        found = call_of(system, call)
        if found.get("state") != "ended" or found["reason"] in UNSURE:
            return False
        return bool(row_of(system, call)["over"])

    wait_until(is_over, "the call goes on", seconds)
    return call_of(system, call)


def rings(provider: Provider, number: str, seconds: float = 45) -> Telephone:
    wait_until(lambda: bool(provider.of(number)), "nobody called", seconds)
    return provider.of(number)[0]


def hears(provider: Provider, number: str, seconds: float = 45) -> Telephone:
    """The telephone, once something was said into it for a second."""
    telephone = rings(provider, number, seconds)
    wait_until(lambda: telephone.voiced > 1, "nothing was said", 15)
    return telephone


def passed_on(system: System, providers: Providers, call: str, number: str) -> Telephone:
    """The reserve's telephone, which was called once and spoken to; it hangs up."""
    telephone = hears(providers.reserve, number)
    assert "sip:74991124149@" in telephone.header("From")
    second = row_of(system, call)["next"]
    providers.reserve.hang_up(telephone)
    assert ended(system, second)["outcome"] == "answered"
    assert len(providers.reserve.of(number)) == 1
    return telephone


def test_who_picks_up_hears_the_greeting_and_a_double_click_calls_once(
    system: System, providers: Providers, unanswered: str
) -> None:
    provider = providers.main
    call = ask(system, ANSWERS, times=3)
    telephone = hears(provider, ANSWERS)
    assert telephone.answered is not None and telephone.first_voice is not None
    assert 0 < telephone.first_voice - telephone.answered < 3
    assert call_of(system, call)["state"] == "answered"
    assert "sip:74991124150@" in telephone.header("From")
    assert telephone.header("P-Asserted-Identity").startswith("<sip:74991124150@127.0.0.1>")
    provider.hang_up(telephone)
    found = ended(system, call)
    assert (found["outcome"], found["reason"]) == ("answered", "hung_up_by_callee")
    assert (found["direction"], found["legs"]) == ("outbound", ["callee"])
    assert (found["from_number"], found["to_number"]) == ("+74991124150", f"+{ANSWERS}")
    assert (found["number"], found["trunk"], found["agent"]) == ("+74991124150", "main", "Сервис")
    assert found["rang"] and not found["answered_is_approximate"]
    assert len(provider.of(ANSWERS)) == 1


def test_what_leaves_names_login_number_and_formats_as_they_were_set(
    system: System, providers: Providers
) -> None:
    call = ask(system, ANSWERS, "login")
    telephone = hears(providers.login, ANSWERS)
    # The first INVITE was asked for the login, and the second one had it.
    assert providers.login.turned_away == 1 and "veyra-7" in telephone.header("Proxy-Authorization")
    assert telephone.invite.startswith(f"INVITE sip:{ANSWERS}@{providers.login.address} SIP/2.0")
    assert "<sip:veyra-7@pbx.example>" in telephone.header("From")
    assert telephone.header("Remote-Party-ID") == "<sip:74991124151@pbx.example>;party=calling"
    assert telephone.codecs == ["PCMA/8000", "telephone-event/8000"]
    assert "the right one" not in telephone.invite
    providers.login.hang_up(telephone)
    assert ended(system, call)["from_number"] == "+74991124151"


def test_a_login_is_given_to_who_asks_for_it_by_401_too(
    system: System, providers: Providers
) -> None:
    call = ask(system, ANSWERS, "other login")
    telephone = hears(providers.other_login, ANSWERS)
    assert providers.other_login.turned_away == 1 and telephone.header("Authorization")
    assert telephone.invite.startswith(f"INVITE sip:+{ANSWERS}@")
    assert "<sip:+74991124152@" in telephone.header("From")
    assert telephone.codecs[:3] == ["G722/8000", "PCMU/8000", "PCMA/8000"]
    providers.other_login.hang_up(telephone)
    assert ended(system, call)["outcome"] == "answered"


@pytest.mark.parametrize("line", ["wrong login", "no login"])
@pytest.mark.prove
def test_a_login_that_is_not_accepted_is_told_as_one(
    system: System, providers: Providers, line: str
) -> None:
    found = ended(system, ask(system, BUSY, line))
    assert (found["outcome"], found["reason"]) == ("failed", "provider_login")
    assert not providers.login.of(BUSY) and not found["rang"]


@pytest.mark.parametrize(
    ("number", "status", "outcome"), [(BUSY, 486, "rejected"), (DECLINES, 603, "rejected")]
)
@pytest.mark.prove
def test_a_no_is_the_end_of_the_call_with_its_own_sentence(
    system: System, providers: Providers, number: str, status: int, outcome: str
) -> None:
    found = ended(system, ask(system, number))
    assert (found["outcome"], found["reason"]) == (outcome, f"answer_{status}")
    assert found["sip_status"] == status and found["answered_at"] is None
    assert len(providers.main.of(number)) == 1


@pytest.mark.prove
def test_who_never_picks_up_is_let_alone_when_the_room_is_closed(
    system: System, providers: Providers
) -> None:
    call = ask(system, RINGS)
    telephone = rings(providers.main, RINGS)
    wait_until(lambda: call_of(system, call).get("state") == "ringing", "it does not ring", 10)
    system.ask(f"""
        from veyra.livekit.client import LiveKit
        with LiveKit.from_settings() as livekit:
            livekit.delete_room("out-{call}")
    """)
    assert telephone.over.wait(5), "it still rings"
    # Who closed it a webhook says, a moment after the gateway's record.
    wait_until(lambda: call_of(system, call).get("reason") == "ended_here", "no reason", 10)
    assert call_of(system, call)["outcome"] == "abandoned"
    assert telephone.voiced == 0


@pytest.mark.prove
def test_it_rings_as_long_as_the_connection_says_and_then_stops(
    system: System, providers: Providers
) -> None:
    call = ask(system, RINGS, "login")
    telephone = rings(providers.login, RINGS)
    assert not telephone.over.wait(3), "it stopped too early"
    # Told to nobody, the gateway would let it ring for much longer.
    assert telephone.over.wait(10), "it still rings"
    found = ended(system, call, 40)
    assert (found["outcome"], found["reason"]) == ("abandoned", "not_picked_up")
    assert found["rang"] and row_of(system, call)["next"] is None


@pytest.mark.parametrize(
    ("number", "status"), [(DOWN, 503), pytest.param(FORBIDDEN, 403, marks=pytest.mark.prove)]
)
def test_the_reserve_places_the_call_that_the_provider_could_not(
    system: System, providers: Providers, number: str, status: int
) -> None:
    call = ask(system, number)
    passed_on(system, providers, call, number)
    first = ended(system, call)
    assert first["sip_status"] == status and first["reason"] == f"answer_{status}"
    assert first["rang"] is False and len(providers.main.of(number)) == 1


@pytest.mark.prove
def test_once_it_rang_no_reserve_tries(system: System, providers: Providers) -> None:
    call = ask(system, FAILS_RINGING)
    found = ended(system, call)
    assert (found["sip_status"], found["rang"]) == (503, True)
    assert row_of(system, call)["next"] is None and not providers.reserve.of(FAILS_RINGING)


@pytest.mark.prove
def test_a_server_that_nobody_knows_is_told_as_one(system: System) -> None:
    found = ended(system, ask(system, BUSY, "unknown"))
    assert (found["outcome"], found["reason"]) == ("failed", "server_unknown")


@pytest.mark.prove
def test_a_call_by_tcp_ends_for_both_sides(system: System, providers: Providers) -> None:
    call = ask(system, ANSWERS, "tcp")
    telephone = rings(providers.tcp, ANSWERS)
    assert telephone.codecs == ["G722/8000", "telephone-event/8000"]
    assert "SIP/2.0/TCP" in telephone.header("Via")
    wait_until(lambda: telephone.packets > 50, "nothing was sent", 15)
    providers.tcp.hang_up(telephone)
    assert ended(system, call)["reason"] == "hung_up_by_callee"


def test_signalling_and_sound_are_encrypted_where_that_is_set(
    system: System, providers: Providers
) -> None:
    call = ask(system, ANSWERS, "tls")
    telephone = hears(providers.tls, ANSWERS)
    assert "SIP/2.0/TLS" in telephone.header("Via") and "transport=tls" in telephone.invite
    assert re.search(r"m=audio \d+ RTP/SAVP ", telephone.sdp) and telephone.unreadable == 0
    providers.tls.hang_up(telephone)
    assert ended(system, call)["outcome"] == "answered"


@pytest.mark.prove
def test_sound_that_must_be_encrypted_is_never_sent_in_clear(
    system: System, providers: Providers
) -> None:
    """The provider picks up without encryption: it is hung up, and told why."""
    call = ask(system, PLAIN, "clear")
    telephone = rings(providers.main, PLAIN)
    found = ended(system, call)
    assert (found["outcome"], found["reason"]) == ("failed", "no_accord")
    assert found["answered_at"] is None and telephone.voiced == 0 and telephone.over.is_set()
    assert row_of(system, call)["next"] is None


@pytest.mark.prove
def test_sound_that_is_offered_encrypted_goes_on_in_clear_where_the_provider_answers_so(
    system: System, providers: Providers
) -> None:
    before = len(providers.main.of(PLAIN))
    call = ask(system, PLAIN, "offered")
    wait_until(lambda: len(providers.main.of(PLAIN)) > before, "nobody called", 30)
    telephone = providers.main.of(PLAIN)[-1]
    wait_until(lambda: telephone.voiced > 1, "nothing was said", 15)
    # To a provider that has no encryption this is no offer of sound in clear.
    assert "RTP/SAVP" in telephone.sdp and "RTP/AVP" not in telephone.sdp
    providers.main.hang_up(telephone)
    assert ended(system, call)["outcome"] == "answered"


@pytest.mark.prove
def test_a_certificate_of_nobody_known_is_not_trusted(system: System, providers: Providers) -> None:
    found = ended(system, ask(system, BUSY, "strange"))
    assert not providers.strange.calls and providers.strange.broken_off
    assert (found["outcome"], found["reason"]) == ("failed", "no_tls")


@pytest.mark.prove
def test_the_reserve_places_the_call_when_the_server_says_nothing_at_all(
    system: System, providers: Providers, unanswered: str
) -> None:
    """LiveKit's gateway gives a silent server 32 seconds."""
    wait_until(lambda: bool(providers.reserve.of(SILENT)), "the reserve did not try", 60)
    passed_on(system, providers, unanswered, SILENT)
    assert ended(system, unanswered)["reason"] == "no_response"


def test_a_call_is_ended_when_its_minutes_are_over(system: System, providers: Providers) -> None:
    call = ask(system, TALKS, line="short")
    telephone = hears(providers.main, TALKS)
    assert row_of(system, call)["seconds"] == 60
    # A minute is too long for a test: only a quarter of it shall have been set aside.
    system.ask(f"""
        from telephony.models import OutboundCall
        OutboundCall.objects.filter(pk="{call}").update(seconds=15)
    """)
    assert telephone.over.wait(20), "it goes on"
    found = ended(system, call)
    assert 5 < found["talked"] < 15 and found["outcome"] == "answered"
    row = row_of(system, call)
    assert row["seconds"] == 60 and "as long as it may" in row["why"]
    refused = ask(system, TALKS, line="short")
    assert row_of(system, refused)["state"] == "refused"
    assert "used up" in row_of(system, refused)["why"]
