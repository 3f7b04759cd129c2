"""One of us places a call by his own telephone: it rings first, and the call ends with either."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.callee import Provider, Telephone
from tests.live.sound import beeps, share
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = [pytest.mark.live, pytest.mark.prove]

MINE, THEIRS, BUSY, MINE_TOO, SILENT = (f"7916000000{n}" for n in range(1, 6))
# What each telephone says.
TONE = 700
# No assistant is there at all.
PROGRAMS = ("web", "worker", "beat", "tap")
LINE = """
    from django.contrib.auth.models import Permission
    from telephony.models import PhoneNumber, Trunk
    from veyra.celery import wake
    from veyra.models import User

    anna = User.objects.create_user("anna", is_staff=True)
    anna.user_permissions.set(Permission.objects.filter(codename="add_outboundcall"))
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="{provider}",
        out_spelling="digits", out_codecs="PCMU", out_ringing=10)
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    wake("telephony.apply")
"""
PUBLISHED = """
    from telephony.models import PublishedObject
    rows = PublishedObject.objects.filter(kind="outbound", state="live")
    result = rows.exists()
"""
ASK = """
    from uuid import UUID
    from telephony.dialling import Wish, ask
    from telephony.models import PhoneNumber
    from veyra.models import User
    wish = Wish("+{to}", PhoneNumber.objects.get(), None, "phone", "+{mine}")
    result = str(ask(wish, User.objects.get(), UUID("{ticket}")).pk)
"""
STANDS = """
    from telephony.models import Call, OutboundCall
    from veyra.livekit.client import LiveKit
    from veyra.livekit.types import LiveKitError
    row = OutboundCall.objects.get(pk="{row}")
    call = Call.objects.filter(pk=row.pk).first()
    with LiveKit.from_settings() as livekit:
        rooms = [room.name for room in livekit.list_rooms()]
    result = {{
        "state": row.state, "over": bool(row.over_at), "seconds": row.seconds,
        "why": row.result.get("msgid", "") if row.result else "",
        "call": call and [call.state, call.outcome, call.reason],
        "calls": Call.objects.filter(room_name=row.room).count(), "room": row.room in rooms,
    }}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    behaviour = {MINE: "answer", MINE_TOO: "answer", THEIRS: "answer", BUSY: "busy"}
    with Provider({**behaviour, SILENT: "ring"}, sound=beeps(TONE)) as provider:
        yield provider


@pytest.fixture(scope="module")
def system(provider: Provider) -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS) as system:
        system.ask(LINE.format(provider=provider.address))
        wait_until(lambda: bool(system.ask(PUBLISHED)), "the line was not published", 60)
        yield system


def ask(system: System, to: str, mine: str) -> str:
    row: str = system.ask(ASK.format(to=to, mine=mine, ticket=uuid.uuid4()))
    return row


def stands(system: System, row: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask(STANDS.format(row=row))
    return found


def rings(provider: Provider, number: str) -> Telephone:
    wait_until(lambda: bool(provider.of(number)), "nobody called", 30)
    return provider.of(number)[-1]


def hears(telephone: Telephone, theirs: Telephone) -> bool:
    """The other one's tone, once both were picked up; before that it rings in mine."""
    begins = (theirs.answered or 0) + 1
    heard = b"".join(sound for at, sound in telephone.heard if at > begins)
    return len(heard) > 8000 and share(heard, TONE) > 0.5


def is_over(system: System, row: str) -> None:
    def over() -> bool:
        found = stands(system, row)
        return bool(found["over"] and not found["room"])

    wait_until(over, "it goes on", 30)


def test_my_telephone_is_called_first_and_who_hangs_up_it_ends_the_call(
    system: System, provider: Provider
) -> None:
    row = ask(system, THEIRS, MINE)
    mine, theirs = rings(provider, MINE), rings(provider, THEIRS)
    wait_until(lambda: theirs.answered is not None, "it was not answered", 15)
    assert mine.answered is not None and theirs.answered is not None
    assert mine.answered < theirs.answered
    wait_until(lambda: stands(system, row)["call"] is not None, "it is not seen", 15)
    assert stands(system, row)["calls"] == 1
    wait_until(lambda: hears(mine, theirs) and hears(theirs, theirs), "they hear nothing", 15)
    provider.hang_up(mine)
    wait_until(theirs.over.is_set, "the other one was left alone", 15)
    is_over(system, row)
    found = stands(system, row)
    assert found["call"] == ["ended", "answered", "hung_up_by_staff"]
    # A begun minute of each telephone.
    assert found["seconds"] == 120


def test_when_the_person_called_hangs_up_my_telephone_is_not_left_alone(
    system: System, provider: Provider
) -> None:
    row = ask(system, THEIRS, MINE_TOO)
    mine = rings(provider, MINE_TOO)
    wait_until(lambda: len(provider.of(THEIRS)) == 2, "nobody called", 30)
    theirs = provider.of(THEIRS)[-1]
    wait_until(lambda: theirs.answered is not None, "it was not answered", 15)
    wait_until(lambda: stands(system, row)["call"] is not None, "it is not seen", 15)
    provider.hang_up(theirs)
    wait_until(mine.over.is_set, "mine was left alone", 15)
    is_over(system, row)
    assert stands(system, row)["call"][2] == "hung_up_by_callee"


@pytest.mark.parametrize("mine", [BUSY, SILENT])
def test_nobody_is_called_where_my_telephone_is_not_picked_up(
    system: System, provider: Provider, mine: str
) -> None:
    before = len(provider.of(THEIRS))
    row = ask(system, THEIRS, mine)
    is_over(system, row)
    found = stands(system, row)
    assert (found["state"], found["seconds"], found["call"]) == ("failed", 0, None)
    assert len(provider.of(THEIRS)) == before
