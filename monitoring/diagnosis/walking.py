"""The walk along the way of a call, from the name that providers call to the recording. It stops
nowhere: what is away is told, and the next place looked at.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring import synthetic
from monitoring.diagnosis import probing
from monitoring.diagnosis.verdict import Item, Stage, Verdict, verdict
from monitoring.health import every, running
from monitoring.health.base import Status
from telephony import lights, testcalls
from telephony.models import PhoneNumber, TestCall
from veyra.sentences import Sentence

# Where each check stands on the way; whatever is not named carries it all.
STAGES: dict[Stage, Sequence[str]] = {
    Stage.ARRIVES: ("gateway", "load", "registrar", "provider"),
    Stage.ANSWERED: ("livekit", "drift", "worker", "standby"),
    Stage.HEARD: ("addresses", "media", "speech"),
    Stage.RECORDED: ("storage", "recorder", "uploading", "egress"),
    Stage.SEEN: ("tap", "webhooks", "observer", "watchdog"),
}
# These say something of tomorrow, not of the call that comes now.
LEFT_OUT = ("backup", "channels", "versions", "ingress")
TEST_IS_LATE = 240.0
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Part:
    """A stage of the way with what was found in it; its status is that of the worst."""

    stage: Stage
    items: Sequence[Item]

    @property
    def status(self) -> str:
        found = {item.status for item in self.items}
        worse = (Status.FAILED, Status.WARNING, Status.STARTING)
        return next((each for each in worse if each in found), Status.OK)


@dataclass(frozen=True)
class Diagnosis:
    verdict: Verdict
    items: Sequence[Item]

    def parts(self) -> list[Part]:
        found = [Part(stage, [x for x in self.items if x.stage == stage]) for stage in Stage]
        return [part for part in found if part.items]

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.verdict.is_well,
            "verdict": str(self.verdict.sentence),
            "items": [item.to_json() for item in self.items],
        }


def walk(*, by_call: bool = False) -> Diagnosis:
    """All of it, in a few seconds; with a call of our own it takes a minute. Raises nothing."""
    found = [*probing.entrance(), *_checks(), *probing.numbers(), probing.sound_ports()]
    found.append(_call() if by_call else _last_call())
    order = list(Stage)
    items = sorted(found, key=lambda item: order.index(item.stage))
    return Diagnosis(verdict(items), items)


def _checks() -> list[Item]:
    """Every check is made now, whenever it is due, and nothing of it is stored."""
    checks = [each for each in every.CHECKS if each.name not in LEFT_OUT]
    found = running.ask(checks, {}, timezone.now())
    stages = {name: stage for stage, names in STAGES.items() for name in names}
    names = [name for names in STAGES.values() for name in names]
    items = [
        Item(
            each.name,
            each.title,
            stages.get(each.name, Stage.GROUND),
            found[each.name].status,
            found[each.name].sentence,
        )
        for each in checks
    ]
    return sorted(items, key=lambda item: names.index(item.name) if item.name in names else 99)


def _last_call() -> Item:
    """What our own telephone found last, when it called by itself."""
    try:
        row = TestCall.objects.judged(timezone.now() - lights.LATELY).last()
    except DatabaseError:
        row = None
    if row is None:
        msgid = gettext_noop("Our own telephone has not called the line lately. Let it call.")
        return _test(Status.OFF, Sentence(msgid))
    return _of_row(row)


def _of_row(row: TestCall) -> Item:
    is_well = row.state == TestCall.State.DONE
    sentence = Sentence.from_json(row.result)
    return _test(Status.OK if is_well else Status.FAILED, sentence)


def _test(status: str, sentence: Sentence) -> Item:
    return Item("call", _("Call by our own telephone"), Stage.HEARD, status, sentence)


def _call() -> Item:
    """Place one now, in this process: the queue may be what is dead."""
    try:
        number = next(iter(synthetic.numbers()), None) if synthetic.is_possible() else None
        return _test(Status.OFF, Sentence(NO_NUMBER)) if number is None else _placed(number)
    except DatabaseError:
        return _test(Status.FAILED, Sentence(running.NO_DATABASE))


NO_NUMBER = gettext_noop("There is no number that our own telephone may call.")
BUSY = gettext_noop("Another test call goes on just now. Try again in a minute.")


def _placed(number: PhoneNumber) -> Item:
    row = TestCall.objects.create(number=number, why=TestCall.Why.ASKED)
    if not testcalls.claim(row):
        row.delete()
        return _test(Status.OFF, Sentence(BUSY))
    testcalls.run(row)
    end = time.monotonic() + TEST_IS_LATE
    while time.monotonic() < end:
        synthetic.judge_all(timezone.now())
        row.refresh_from_db()
        if row.judged_at:
            break
        time.sleep(LOOK_SECONDS)
    return _of_row(row)
