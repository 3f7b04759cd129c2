"""Hands on real calls: hung up, hinted, connected elsewhere by REFER, and blocked."""

import asyncio
import re
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from telephony import hands
from tests.journal.caller import Caller
from tests.live.stack import missing, wait_until
from tests.live.system import System, running

pytestmark = pytest.mark.live

NUMBER, TARGET = "74991124148", "+79160000001"
LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    hours = {"press": "1", "about": "Hours", "say": "We are open from nine."}
    agent = Agent.objects.create(name="Support")
    save_words(agent, Words("en", "Hello!", [hours], []), None)
    trunk = Trunk.objects.create(
        name="trunk1", addresses="127.0.0.1/32", out_address="127.0.0.1:9", out_refer=True,
        out_ringing=5)
    PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(name="Support", agent=agent, room="call-")
    rule.trunks.add(trunk)
    wake("telephony.apply")
"""


class Telephone(Caller):
    """Says `answer` to a REFER, and where that is 202 tells `outcome` of it when it is set."""

    answer_to_refer = 202
    outcome = 200

    def answer(self, lines: list[str], headers: dict[str, str]) -> None:
        if not lines[0].startswith("REFER"):
            super().answer(lines, headers)
            return
        self.refer_to = headers["refer-to"]
        names = ("via", "from", "to", "call-id", "cseq")
        kept = [line for line in lines[1:] if line.partition(":")[0].lower() in names]
        status = f"SIP/2.0 {self.answer_to_refer} Said"
        reply = "\r\n".join([status, *kept, "Content-Length: 0", "", ""])
        self.signals.sendto(reply.encode(), self.gateway)
        if self.answer_to_refer == 202:
            self.notify(100)
            self.notify(self.outcome)
            if self.outcome == 200:  # connected elsewhere, a telephone hangs up here
                asyncio.get_running_loop().call_later(0.3, self.hang_up)

    def notify(self, status: int) -> None:
        self.sequence += 1
        self.branch = "z9hG4bK" + secrets.token_hex(6)
        headers = ("Event: refer", "Subscription-State: active", "Content-Type: message/sipfrag")
        self.send("NOTIFY", self.target, *headers, body=f"SIP/2.0 {status} Said")


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running() as system:
        system.ask(LINE)
        system.wait_for_line()
        yield system


class Line:
    """A call from `number` that goes on, and what Veyra knows of it."""

    def __init__(self, system: System, number: str) -> None:
        self.system, self.number = system, number
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.phone = self.do(self._call())

    async def _call(self) -> Telephone:
        phone = Telephone(self.system.stack.sip_port, NUMBER, self.number)
        await phone.call()
        return phone

    def do(self, work: Any, seconds: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def status(self) -> int:
        """How the call was answered."""
        return int(self.do(asyncio.wait_for(asyncio.shield(self.phone.final), 50)))

    def hang_up(self) -> None:
        if not self.phone.gone.is_set():
            self.loop.call_soon_threadsafe(self.phone.hang_up)

    def press(self, key: str) -> None:
        self.loop.call_soon_threadsafe(self.phone.digits.append, key)

    def ask(self, code: str) -> Any:
        """In the system, with this call's newest row as `call`."""
        head = f"""
from agentworker.models import Turn
from telephony.models import Call, CallEvent
call = Call.objects.filter(from_number__contains="{self.number}").first()
"""
        return self.system.ask(head + code)

    def until(self, code: str, what: str, seconds: float = 30) -> Any:
        wait_until(lambda: bool(self.ask(f"result = {code}")), what, seconds)

    def act(self, kind: str, **params: str) -> tuple[str, str]:
        """Have it done; state and sentence of what came of it."""
        ticket = uuid.uuid4()
        asked = f"import uuid\nfrom telephony.acting import ask\nticket = uuid.UUID('{ticket}')\n"
        self.ask(f"{asked}ask(call, '{kind}', {params}, None, ticket)")
        row = f"call.actions.get(ticket='{ticket}')"
        self.until(f"not {row}.is_open", f"{kind} was not done", 60)
        found = self.ask(f"row = {row}\nresult = [row.state, row.result['msgid']]")
        return found[0], found[1]


@pytest.fixture
def dial(system: System) -> Iterator[Callable[[], Any]]:
    """An answered call from a number of its own."""

    @contextmanager
    def call(number: str = "") -> Iterator[Line]:
        line = Line(system, number or f"7916{uuid.uuid4().int % 10**7:07}")
        try:
            yield line
        finally:
            line.hang_up()

    yield call


@contextmanager
def answered(dial: Callable[..., Any]) -> Iterator[Line]:
    with dial() as line:
        assert line.status() == 200
        line.until("call and call.state == 'answered'", "Veyra does not know the call")
        kinds = "CallEvent.objects.filter(room_sid=call.room_sid).values_list('kind', flat=True)"
        line.until(f"'speech_started' in {kinds}", "the assistant did not speak")
        yield line


def ended(line: Line) -> list[str]:
    line.until("call.state == 'ended'", "the call goes on")
    found: list[str] = line.ask("result = [call.outcome, call.reason]")
    return found


def test_a_call_is_hung_up(dial: Callable[..., Any]) -> None:
    with answered(dial) as line:
        assert line.act("hang_up") == ("done", "The call was ended.")
        line.do(asyncio.wait_for(line.phone.gone.wait(), 10))
        line.until("call.reason == 'hung_up_by_staff'", "the reason is another one")
        assert ended(line) == ["answered", "hung_up_by_staff"]
        assert line.act("hang_up") == ("failed", "The call is over already.")


@pytest.mark.prove
def test_a_hint_is_said_in_the_assistant_s_next_answer(dial: Callable[..., Any]) -> None:
    with answered(dial) as line:
        state, _sentence = line.act("hint", text="Today we are closed.")
        assert state == "done"
        kinds = "list(CallEvent.objects.of_hints(call).values_list('kind', flat=True))"
        line.until(f"{kinds} == ['hint_heard']", "the hint was not heard")
        line.press("1")
        line.until(f"{kinds} == ['hint_heard', 'hint_used']", "the hint was not used")
        said = "Turn.objects.filter(speaker='agent', text__startswith='Today we are closed.')"
        line.until(f"{said}.exists()", "the hint was not said")
        assert line.ask(f"result = {said}.get().text") == (
            "Today we are closed. We are open from nine."
        )


@pytest.mark.prove
def test_the_provider_is_asked_to_take_a_call_over(dial: Callable[..., Any]) -> None:
    with answered(dial) as line:
        state, sentence = line.act("transfer", target=TARGET)
        assert state == "done" and "taken the call" in sentence
        assert re.search(r"<?sip:\+79160000001@127\.0\.0\.1:9>?", line.phone.refer_to)
        line.do(asyncio.wait_for(line.phone.gone.wait(), 10))
        # Where the gateway missed the answer (telephony.hands), nobody says that he was connected.
        reason = "transferred" if sentence == hands.TRANSFERRED else "hung_up"
        line.until(f"call.reason.startswith('{reason}')", "the reason is another one")
        assert ended(line)[0] == "answered"


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [(202, 603, "was declined"), (202, 486, "is busy"), (405, 0, "does not transfer calls")],
)
@pytest.mark.prove
def test_who_is_not_taken_over_stays_with_us(
    dial: Callable[..., Any], answer: int, outcome: int, words: str
) -> None:
    with answered(dial) as line:
        line.phone.answer_to_refer, line.phone.outcome = answer, outcome
        state, sentence = line.act("transfer", target=TARGET)
        # The gateway misses an answer now and then (telephony.hands).
        assert state == "failed" and (words in sentence or "did not say" in sentence)
        line.press("1")
        of_call = "session__room_sid=call.room_sid, text__contains='from nine'"
        line.until(f"Turn.objects.filter({of_call}).exists()", "the assistant answers no more")


def test_a_blocked_caller_hears_nothing_until_he_is_let_in_again(
    dial: Callable[..., Any], system: System
) -> None:
    with answered(dial) as line:
        number = line.number
    ended(line)
    head = "import uuid\nfrom telephony import blocking\nfrom veyra.models import User\n"
    who = "user = User.objects.get_or_create(username='anna')[0]\n"
    line.ask(f"{head}{who}blocking.block(call, user, None, uuid.uuid4())")
    with dial(number) as again:
        assert again.status() == 486
    again.until("call.reason == 'blocked'", "the block is not told")
    assert ended(again) == ["rejected", "blocked"]
    again.ask(f"{head}{who}blocking.unblock(call, user, uuid.uuid4())")
    with dial(number) as third:
        assert third.status() == 200
