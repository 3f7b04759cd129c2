"""Lines that sign in, with all of Veyra as it runs: the pages' rows, real calls, a real gateway."""

import asyncio
import contextlib
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journal.caller import Caller
from tests.live.callee import Provider as Carrier
from tests.live.stack import free_range, missing, wait_until
from tests.live.system import System, running
from tests.registrar.exchange import Exchange
from tests.registrar.kamailio import lacks_kamailio
from tests.registrar.telephone import Telephone
from tests.upgrade.released import Postgres

pytestmark = pytest.mark.live

FIRST, SECOND, CALLED = "74991124148", "74991124149", "79160000001"
HOST, NAME = "127.0.0.4", "sip.provider.example"
# Neither may stand anywhere but in the providers' heads and, sealed, in the database.
PASSWORD, CHANGED = "canary-6f1f0b7d", "canary-2a94c3e8"  # of providers of this test
LOGINS = {"1001": PASSWORD, "1002": PASSWORD}

LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    hours = {{"press": "1", "about": "Часы работы", "say": "Мы работаем с девяти."}}
    agent = Agent.objects.create(name="Поддержка")
    save_words(agent, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [hours], []), None)
    rule = DispatchRule.objects.create(name="Поддержка", agent=agent, room="support-room-")
    for name, login, number in (("first", "1001", "{FIRST}"), ("second", "1002", "{SECOND}")):
        trunk = Trunk.objects.create(
            name=name, register_at="{NAME}:{port}", register_login=login,
            register_password="{PASSWORD}", out_address="{NAME}:{port}", out_spelling="digits")
        PhoneNumber.objects.create(number="+" + number, trunk=trunk)
        rule.trunks.add(trunk)
    wake("telephony.apply")
"""
STATES = """
    from telephony.models import Registration
    result = {row.trunk.name: {
        "state": row.state, "code": row.code, "address": row.address,
        "until": row.until, "sentence": str(row.sentence),
    } for row in Registration.objects.open().select_related("trunk")}
"""
SERVERS = """
    from veyra.livekit.client import LiveKit
    with LiveKit.from_settings() as livekit:
        result = [trunk.address for trunk in livekit.list_outbound_trunks()]
"""
TRANSFER = """
    import asyncio
    from django.conf import settings
    from livekit import api

    async def pass_on():
        url = settings.LIVEKIT_URL, settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET
        async with api.LiveKitAPI(*url) as livekit:
            rooms = (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms
            room = next(room.name for room in rooms if "{user}" in room.name)
            request = api.TransferSIPParticipantRequest(
                participant_identity="sip_{user}", room_name=room, transfer_to="tel:+79160000009")
            await livekit.sip.transfer_sip_participant(request)

    asyncio.run(pass_on())
"""
# How whoever was asked to call somebody else tells that he was answered.
TAKEN = "SIP/2.0 200 OK\r\n"


@dataclass
class House:
    system: System
    exchange: Exchange
    # Takes the calls that we place over the same lines.
    carrier: Carrier

    def states(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.system.ask(STATES)
        return found

    @property
    def own_address(self) -> str:
        """From where the gateway sees Kamailio call."""
        found = self.system.ask(
            "from django.conf import settings; result = settings.REGISTRAR_FROM"
        )
        return str(found).removesuffix("/32")

    def wait_for(self, state: str, name: str = "first", seconds: float = 10) -> dict[str, Any]:
        wait_until(
            lambda: self.states().get(name, {}).get("state") == state,
            f"{name} was not {state}: {self.states()}",
            seconds,
        )
        return self.states()[name]

    def change(self, name: str, **values: str) -> None:
        self.system.ask(f"""
            from telephony.models import Trunk
            from veyra.celery import wake
            trunk = Trunk.objects.get(name="{name}")
            for field, value in {values!r}.items():
                setattr(trunk, field, value)
            trunk.save()
            wake("telephony.apply")
        """)

    def kill_kamailio(self) -> None:
        """All its processes at once; its keeper starts it again."""
        main = self.system.processes["kamailio"]
        for process in [
            *psutil.Process(main.pid).children(recursive=True),
            psutil.Process(main.pid),
        ]:
            with contextlib.suppress(psutil.NoSuchProcess):  # the others end when one is missing
                process.kill()
        main.wait(5)
        self.system.start_program("kamailio")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if lacking := missing() + lacks_kamailio():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    hosts = tmp_path_factory.mktemp("names") / "hosts.json"
    hosts.write_text(json.dumps({NAME: [HOST]}))
    names = {"HOSTS_FILE": str(hosts), "PYTHONPATH": str(Path(__file__).with_name("names"))}
    with ExitStack() as stack:
        exchange = stack.enter_context(Exchange(LOGINS, {FIRST: "1001", SECOND: "1002"}, host=HOST))
        carrier = stack.enter_context(Carrier({CALLED: "answer"}, login=("1001", PASSWORD)))
        exchange.service_route = f"sip:{carrier.address};lr"
        system = stack.enter_context(running(REGISTRAR_PORT=str(free_range(3)[0]), **names))
        house = House(system, exchange, carrier)
        system.start_program("kamailio")
        system.start_program("registrar")
        system.ask(LINE.format(**globals(), port=exchange.wire.port))
        system.wait_for_line()
        yield house


def call_of(house: House, user: str) -> dict[str, Any]:
    code = f"""
        from telephony.models import Call
        call = Call.objects.filter(from_number__contains="{user}").first()
        result = call and {{"state": call.state, "outcome": call.outcome,
            "trunk": call.trunk and call.trunk.name, "number": call.number and call.number.number,
            "from": call.provider_ip, "by": call.source_ip}}
    """
    wait_until(
        lambda: (house.system.ask(code) or {}).get("state") == "ended", "the call goes on", 20
    )
    found: dict[str, Any] = house.system.ask(code)
    return found


def pressed(house: House, user: str) -> list[str]:
    """The keys that a caller pressed, as the assistant heard them."""
    found: list[str] = house.system.ask(f"""
        from agentworker.models import Turn
        turns = Turn.objects.filter(session__room_name__contains="{user}", speaker="caller")
        result = [turn.digit for turn in turns]
    """)
    return found


def test_a_line_signs_in_and_a_call_over_it_is_answered(house: House) -> None:
    state = house.wait_for("registered", seconds=20)
    assert state["address"].startswith(HOST) and state["until"]
    user = "79161110001"
    heard = house.system.call(
        FIRST, "listen:20", "press:1", "wait:1", "listen:10", user=user, way=house.exchange.address
    )
    assert heard["status"] == 200 and heard["voiced_seconds"] > 2
    assert len(heard["voices"]) >= 2
    assert call_of(house, user) == {
        "state": "ended",
        "outcome": "answered",
        "trunk": "first",
        "number": f"+{FIRST}",
        "from": HOST,
        "by": house.own_address,
    }
    assert pressed(house, user) == ["1"]


def test_both_lines_of_one_provider_are_signed_in(house: House) -> None:
    house.wait_for("registered", "second", 20)
    heard = house.system.call(SECOND, "wait:2", user="79161110002", way=house.exchange.address)
    assert heard["status"] == 200
    assert call_of(house, "79161110002")["trunk"] == "second"


def test_a_call_out_uses_the_login_of_the_sign_in_and_the_way_that_its_answer_named(
    house: House,
) -> None:
    house.wait_for("registered", seconds=20)
    wait_until(lambda: house.carrier.address in house.system.ask(SERVERS), "the way is not known")
    house.system.ask(f"""
        from uuid import UUID
        from agentworker.models import Agent
        from telephony.dialling import Wish, ask
        from telephony.models import PhoneNumber
        ours = PhoneNumber.objects.get(number="+{FIRST}")
        ask(Wish("+{CALLED}", ours, Agent.objects.get()), None, UUID("{uuid.uuid4()}"))
    """)
    wait_until(lambda: bool(house.carrier.of(CALLED)), "nobody called", 30)
    telephone = house.carrier.of(CALLED)[0]
    wait_until(lambda: telephone.voiced > 1, "nothing was said", 15)
    house.carrier.hang_up(telephone)
    assert house.carrier.turned_away == 1


def test_the_gateway_passes_a_caller_on_by_the_way_that_he_came(house: House) -> None:
    house.wait_for("registered", seconds=20)
    user = "79161110004"
    call = house.exchange.ring("1001", FIRST, sender=user)
    call.expect(200, 20)
    call.ack()
    passing = threading.Thread(target=house.system.ask, args=(TRANSFER.format(user=user),))
    passing.start()
    refer = call.expect("REFER", 10)
    assert refer.get("Refer-To") == "tel:+79160000009"
    call.reply(refer, 202)
    call.send("NOTIFY", ("Event", "refer"), ("Subscription-State", "terminated"), body=TAKEN)
    call.expect(200)
    call.expect("BYE", 10)
    passing.join(20)
    assert call_of(house, user)["outcome"] == "answered"


def test_a_new_password_is_told_within_ten_seconds(house: House) -> None:
    house.wait_for("registered", seconds=20)
    house.exchange.accounts = {"1001": CHANGED, "1002": PASSWORD}
    start = time.monotonic()
    house.change("first", register_password=CHANGED)
    house.exchange.wait_for("1001", 10, after=start)
    house.wait_for("registered")
    house.change("first", register_password="a wrong one")  # likewise
    refused = house.wait_for("refused")
    assert refused["code"] == 403 and "403" in refused["sentence"]
    assert house.states()["second"]["state"] == "registered"
    house.change("first", register_password=CHANGED)
    house.wait_for("registered")


def test_kamailio_killed_comes_back_and_the_call_goes_on(house: House) -> None:
    house.wait_for("registered", seconds=20)
    caller = house.system.dial(
        FIRST,
        "wait:6",
        "press:1",
        "wait:1",
        "listen:10",
        user="79161110003",
        way=house.exchange.address,
    )
    wait_until(
        lambda: bool(
            house.system.ask("""
        from telephony.models import Call
        result = Call.objects.filter(from_number__contains="79161110003", state="answered").exists()
    """)
        ),
        "nobody answered",
        20,
    )
    start = time.monotonic()
    house.kill_kamailio()
    for login in LOGINS:
        house.exchange.wait_for(login, 30, after=start)
    heard = caller.result()
    assert (heard["status"], heard["ended_by"]) == (200, "us")
    assert call_of(house, "79161110003")["outcome"] == "answered"
    # Pressed after Kamailio was killed.
    assert pressed(house, "79161110003") == ["1"]
    house.wait_for("registered")


@pytest.mark.prove
def test_strangers_are_counted_where_scanners_are(house: House) -> None:
    with Telephone(host="127.0.0.66") as stranger:
        for _ in range(3):
            stranger.call(f"sip:100@127.0.0.1:{house.system.environment['REGISTRAR_PORT']}")
        code = """
            from telephony.models import Refused
            rows = Refused.objects.filter(address="127.0.0.66")
            result = sum(row.count for row in rows)
        """
        wait_until(lambda: house.system.ask(code) == 3, "they were not counted", 15)


def test_nobody_gets_past_kamailio_by_writing_our_address_into_his_call(house: House) -> None:
    """LiveKit takes a caller's word for where he calls from, so he must not know what to write."""
    house.wait_for("registered", seconds=20)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but its own")
        outside = probe.getsockname()[0]

    async def call(host: str, seconds: float) -> int:
        port = house.system.stack.sip_port
        call = await Caller(port, FIRST, "79161110007", source=outside, host=host).call()
        try:
            return await asyncio.wait_for(asyncio.shield(call.final), seconds)
        except TimeoutError:
            return 0
        finally:
            call.hang_up()

    for host in ("127.0.0.1/32", "127.0.0.1", "127.0.0.0/8", HOST, f"{HOST}/32"):
        assert asyncio.run(call(host, 1.5)) != 200
    # What he would have to write:
    assert asyncio.run(call(f"{house.own_address}/32", 15)) == 200


def contents(folder: Path) -> dict[Path, bytes]:
    """Of all files below; what a conversation noted is gone as soon as it is in the database."""
    found = {}
    for path in filter(Path.is_file, folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            found[path] = path.read_bytes()
    return found


def test_passwords_stand_in_no_file_no_log_and_no_list_of_processes(house: House) -> None:
    house.wait_for("registered", seconds=20)
    canaries = [word.encode() for word in (PASSWORD, CHANGED)]
    files = contents(house.system.folder)
    if house.system.is_twice:
        files[Path("dump")] = Postgres(house.system.environment["DATABASE_URL"]).dump()
    assert any(path.name in ("db.sqlite3", "dump") for path in files)
    assert [path for path, data in files.items() if any(word in data for word in canaries)] == []
    lines = [
        " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    ]
    assert not [line for line in lines if "canary-" in line]


def test_a_line_put_away_says_goodbye(house: House) -> None:
    house.wait_for("registered", "second", 20)
    house.system.ask("""
        from django.utils import timezone
        from telephony.models import Trunk
        Trunk.objects.filter(name="second").update(archived_at=timezone.now())
    """)
    wait_until(lambda: "1002" not in house.exchange.bindings, "it stays signed in", 10)
    assert "1001" in house.exchange.bindings
