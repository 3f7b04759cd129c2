"""Test calls that nobody listens to: by night, after changes, and when somebody checks the line.

Our own telephone (telephony.testcalls) places them; here it is decided when, to which numbers, and
what came of them: was the greeting heard, did our words reach the assistant, was it recorded?
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.models import AgentVersion, Session, Speaker, Turn
from recordings.models import Recording
from telephony import lights, probes, routetest, testcalls
from telephony.models import (
    Call,
    DispatchRule,
    Leg,
    PhoneNumber,
    PublishedObject,
    PublishedState,
    TestCall,
    Trunk,
)
from telephony.routing.route import Question
from veyra.models import User
from veyra.sentences import Sentence

TASK = "monitoring.test_calls"
# In the time zone of the line; a night in which nothing ran until the end of it is left out.
NIGHT, MORNING = time(2, 30), time(5, 0)
# After changes: a round at most so often.
PAUSE = timedelta(minutes=10)
# So many numbers a round, of different rules.
NUMBERS = 5
LOOKED_AT = 20
# A recording that was due stands in the list so long after the end of its call, be it there or not.
EXPECTED = timedelta(seconds=45)
# Webhooks, the fold and the joining of a recording have so long after the call.
PATIENCE = timedelta(minutes=4)

Why = TestCall.Why


@dataclass(frozen=True)
class Rounds:
    """What was done before: when the last round of a kind began, and what the line was then."""

    night: datetime | None = None
    any: datetime | None = None
    line: str = ""


def due(now: datetime, rounds: Rounds, line: str, *, is_settled: bool) -> str | None:
    """Why a round of test calls is to begin now; None: it is not. Pure. `now` is local."""
    starts = now.replace(hour=NIGHT.hour, minute=NIGHT.minute, second=0, microsecond=0)
    if NIGHT <= now.time() < MORNING and (rounds.night is None or rounds.night < starts):
        return Why.NIGHTLY
    if line == rounds.line or not is_settled:
        return None
    has_paused = rounds.any is None or now - rounds.any >= PAUSE
    return Why.CHANGE if has_paused else None


def ask_due(now: datetime) -> list[TestCall]:
    """Begin a round where one is due."""
    if not (settings.TEST_CALLS and is_possible() and has_places()):
        return []
    line = line_now()
    waits = PublishedObject.objects.filter(state=PublishedState.WAITING).exists()
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    why = due(local, rounds(), line, is_settled=not waits)
    return begin(why, line=line) if why else []


def begin(
    why: str, number: PhoneNumber | None = None, user: User | None = None, line: str = ""
) -> list[TestCall]:
    """Call `number`, or one number of each rule that may be called."""
    rows = [testcalls.ask(each, user, why) for each in ([number] if number else numbers())]
    if number is None:
        TestCall.objects.filter(pk__in=[row.pk for row in rows]).update(line=line or line_now())
    return rows


def is_possible() -> bool:
    """Is there an entrance that our own telephone can call?"""
    return bool(settings.SIP_TEST_TO) and not settings.LIVEKIT_SIMULATED


def has_places() -> bool:
    """A test call keeps no caller waiting."""
    places = probes.places()
    return places is not None and places.free > 1


def numbers() -> list[PhoneNumber]:
    """One number of each rule that an assistant answers at once, whoever calls."""
    found: dict[str, PhoneNumber] = {}
    rules = DispatchRule.objects.in_use().filter(pin="", callers="")
    rules = rules.filter(first_colleague=None, first_team=None, is_demo=False)
    keys = {str(key) for key in rules.values_list("key", flat=True)}
    for number in PhoneNumber.objects.in_use().order_by("pk")[:LOOKED_AT] if keys else ():
        report = routetest.ask(Question(called=number.number, exact=True))
        # Outside its hours nobody would hear our words.
        ways = report.route.ways if not report.ruling.is_closed else ()
        rule = ways[0].rule.key if ways and ways[0].answers and ways[0].pin is None else ""
        if rule in keys and rule not in found:
            found[rule] = number
        if len(found) in (len(keys), NUMBERS):
            break
    return list(found.values())


def line_now() -> str:
    """Changes whenever somebody changes the line or what an assistant says."""
    totals: list[Any] = [AgentVersion.objects.aggregate(Max("pk"))]
    for model in (Trunk, PhoneNumber, DispatchRule):
        totals.append(
            model._default_manager.aggregate(Count("pk"), Sum("revision"), Count("archived_at"))
        )
    return hashlib.sha256(repr(totals).encode()).hexdigest()


def rounds() -> Rounds:
    asked = TestCall.objects.by_itself().order_by("-asked_at")
    last = asked.exclude(line="").first()
    return Rounds(
        night=asked.filter(why=Why.NIGHTLY).values_list("asked_at", flat=True).first(),
        any=last.asked_at if last else None,
        line=last.line if last else "",
    )


@dataclass(frozen=True)
class Seen:
    """What we know of a test call. `recorded`: None where no recording was due. `is_lost`: nobody
    talked in it, and the voice that it heard was an apology.
    """

    is_known: bool
    is_over: bool
    heard: bool
    recorded: bool | None
    is_lost: bool = False


def judge_all(now: datetime) -> None:
    """Say of each call that is over what came of it, as soon as all of it is known."""
    for row in TestCall.objects.to_judge():
        seen = look(row, now)
        verdict = judge(row.measured, seen, is_late=now - row.asked_at > PATIENCE)
        if verdict is None:
            continue
        is_well, sentence = verdict
        TestCall.objects.filter(pk=row.pk, judged_at=None).update(
            state=TestCall.State.DONE if is_well else TestCall.State.FAILED,
            result=sentence.to_json(),
            measured=row.measured | {"heard": seen.heard, "recorded": seen.recorded},
            judged_at=now,
        )


def look(row: TestCall, now: datetime) -> Seen:
    caller = testcalls.USER_PREFIX + row.pk.hex[:8]
    call = Call.objects.from_callers([caller]).first()
    if call is None:
        return Seen(is_known=False, is_over=False, heard=False, recorded=None)
    legs = Leg.objects.filter(call=call).exclude(sip_call_id="")
    sessions = Session.objects.of_callers([leg.sip_call_id or "" for leg in legs])
    # Our caller presses no key; where nobody understands his words, they are heard nevertheless.
    said = Turn.objects.filter(session__in=sessions, speaker=Speaker.CALLER)
    states = set(Recording.objects.filter(call=call).values_list("state", flat=True))
    return Seen(
        is_known=True,
        is_over=bool(call.ended_at and (states or call.ended_at <= now - EXPECTED)),
        heard=said.exists(),
        recorded=states == {Recording.State.READY} if states else None,
        is_lost=call.outcome in Call.LOST,
    )


def judge(measured: dict[str, Any], seen: Seen, *, is_late: bool) -> tuple[bool, Sentence] | None:
    """Is it well, and the sentence; None: that is not known yet. Pure."""
    values = {
        "answer": round(measured.get("answer") or 0, 1),
        "greeting": round(measured.get("greeting") or 0, 1),
    }
    if seen.is_over and seen.is_lost:
        return False, Sentence(LOST, values)
    # Where the assistant ended the call first, nobody can have heard us.
    is_heard = seen.heard or measured.get("said") is None
    if seen.is_over and is_heard and seen.recorded is not False:
        msgid = WELL if seen.recorded is None else WELL_RECORDED
        return True, Sentence(msgid, values)
    if not is_late:
        return None
    if not seen.is_known:
        return False, Sentence(UNKNOWN, values)
    if not is_heard:
        return False, Sentence(UNHEARD, values)
    return False, Sentence(UNRECORDED if seen.is_over else ENDLESS, values)


WELL = _("Answered after %(answer)s s, greeted after %(greeting)s s, and our words were heard.")
WELL_RECORDED = _(
    "Answered after %(answer)s s, greeted after %(greeting)s s, our words were heard, and the call"
    " was recorded."
)
LOST = _(
    "Answered after %(answer)s s, but no assistant talked: callers hear an apology. The page of"
    " this call says why."
)
UNKNOWN = _(
    "Answered after %(answer)s s, but the list of calls does not know this call. Look whether"
    " webhooks arrive and the queue works."
)
UNHEARD = _(
    "Answered after %(answer)s s and greeted, but the assistant did not hear our words. Look"
    " whether sound from callers gets in."
)
UNRECORDED = _(
    "Answered after %(answer)s s and talked to, but there is no recording of it. Look at the"
    " storage of recordings."
)
ENDLESS = _(
    "Answered after %(answer)s s and talked to, but the call still stands in the list as going on."
    " Look whether webhooks arrive."
)


def failing(now: datetime) -> list[str]:
    """The numbers whose last two test calls by themselves failed, as they are written: one alone
    may have come at a bad moment, and is repeated at once.
    """
    return sorted(
        rows[-1].number.number
        for rows in _by_number(now)
        if len(rows) > 1 and all(row.state == TestCall.State.FAILED for row in rows[-2:])
    )


def repeat_failed(now: datetime) -> None:
    """A test call that failed, and the one before did not, is placed once more."""
    for rows in _by_number(now):
        last, before = rows[-1], rows[-2] if len(rows) > 1 else None
        is_new = last.state == TestCall.State.FAILED and last.asked_at > now - PAUSE
        if not is_new or (before and before.state == TestCall.State.FAILED):
            continue
        if not TestCall.objects.filter(number=last.number, asked_at__gt=last.asked_at).exists():
            testcalls.ask(last.number, last.asked_by, last.why)


def _by_number(now: datetime) -> list[list[TestCall]]:
    """Those judged lately, by number, the newest last."""
    found: dict[int, list[TestCall]] = {}
    for row in TestCall.objects.judged(now - lights.LATELY).select_related("number"):
        found.setdefault(row.number_id, []).append(row)
    return list(found.values())


def work(now: datetime | None = None) -> None:
    """What beat asks for each half minute."""
    now = now or timezone.now()
    judge_all(now)
    if settings.TEST_CALLS and is_possible():
        repeat_failed(now)
    ask_due(now)
