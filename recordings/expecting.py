"""Recordings that there must be: their rows are made, and kept in step with what is known of calls.

The recorder looks every second, beat every half a minute: so the rows are there without the
recorder, too. Whatever is found, an order, a fact, a policy, goes the same way: `look`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone

from agentworker.models import Agent, Session, Worker
from agentworker.recording import RecordingPolicy
from recordings.deciding import BEGAN, EGRESS, Fact, Other, Story, Verdict, decide
from recordings.models import Part, Recorder, Recording
from telephony.models import Call, CallEvent, DispatchRule
from veyra.live import changed

TASK = "recordings.expect"
AGENT = CallEvent.Source.AGENT
# A look of the recorder goes back so far; one of beat finds what nobody looked at for a day.
QUICK, THOROUGH = timedelta(minutes=1), timedelta(days=1)
# Whose row is older than that lives no more; as the watchdog has it.
WORKER_IS_LOST = timedelta(seconds=4)
# What makes a row where the policy alone does not.
ASKING = ("recording_agreed", "recording_started", "recording_resumed", "record_start")


def look(now: datetime, back: timedelta = QUICK) -> list[tuple[Recording, Verdict]]:
    """Make the rows that are missing and bring the others up to date; those whose call goes on.

    A fixed number of queries, however many calls.
    """
    fresh = list(_without_row(now, back))
    rows = list(_open(now - back))
    calls = [*fresh, *(row.call for row in rows if row.call)]
    known = Known.of(calls, now, fresh)
    doubtful = _changed_since(fresh)
    for call in fresh:
        if call.pk not in doubtful or known.tells_of(call):
            _make(call, known.verdict(call))
    found = []
    for row in rows:
        verdict = known.verdict(row.call, row) if row.call else None
        if verdict:
            _update(row, verdict)
            found += [(row, verdict)] if verdict.due is None else []
    return found


def look_at(call: Call) -> Recording | None:
    """The same for one call; None: it is not recorded, and need not be."""
    row = row_of(call)
    verdict = Known.of([call], timezone.now(), [] if row else [call]).verdict(call, row)
    if row is None:
        _make(call, verdict)
        return row_of(call)
    if verdict and row.state in Recording.OPEN:
        _update(row, verdict)
    return row


def row_of(call: Call) -> Recording | None:
    return Recording.objects.of_call(call.pk).filter(kind=Recording.Kind.TALK).first()


def story_of(call: Call, row: Recording | None = None) -> Story | None:
    """What is known of a call; None: nobody has answered it."""
    return Known.of([call], timezone.now(), [] if row else [call]).story(call, row)


def policy_of(call: Call) -> RecordingPolicy:
    """As it is saved now. Where one of us speaks, and no assistant says anything of it, it is ours
    to decide.
    """
    rule, agent = call.rule, call.agent
    if not (rule or agent):
        return RecordingPolicy.PRESSED
    return RecordingPolicy.of_call(rule.recording if rule else "", agent.recording if agent else "")


# Which calls


def _of_real_people() -> QuerySet[Call]:
    found = Call.objects.filter(is_demo=False, erased_at=None, answered_at__isnull=False)
    return found.exclude(room_sid="").select_related("rule", "agent")


def _without_row(now: datetime, back: timedelta) -> Iterable[Call]:
    """Calls that may have to be recorded and have no row: by their policy, or because somebody asks
    for it, or does it already.
    """
    none = _of_real_people().exclude(recordings__kind=Recording.Kind.TALK)
    by_rule = Q(rule__recording=RecordingPolicy.ALWAYS)
    by_agent = Q(agent__recording=RecordingPolicy.ALWAYS) & (Q(rule=None) | Q(rule__recording=""))
    of_policy = none.filter(by_rule | by_agent)
    facts = CallEvent.objects.of_recording().filter(received_at__gte=now - back, kind__in=ASKING)
    units = facts.annotate(unit=Concat(Value("room:"), "room_sid")).values("unit")
    told = none.filter(unit__in=units)
    # Each by an index of its own.
    now_talking = of_policy.exclude(state=Call.State.ENDED)
    found = [now_talking, of_policy.filter(ended_at__gte=now - back), told]
    if back >= THOROUGH:
        # Whoever was to make the row may have been away for longer: what was heard is here.
        sound = Part.objects.here().exclude(room_sid="").values("room_sid")
        found.append(none.filter(room_sid__in=sound))
    return {call.pk: call for calls in found for call in calls}.values()


def _open(since: datetime) -> QuerySet[Recording]:
    """Of calls that go on, or ended since then: of older ones hardly anything more becomes known,
    and many may wait for a host that is away.
    """
    rows = Recording.objects.open().filter(kind=Recording.Kind.TALK, call__isnull=False)
    is_new = Q(call__ended_at=None) | Q(call__ended_at__gte=since)
    rows = rows.filter(is_new | ~Q(state=Recording.State.SAVING))
    return rows.filter(call__answered_at__isnull=False).select_related("call__rule", "call__agent")


def _changed_since(calls: Iterable[Call]) -> set[UUID]:
    """Keys of those that are over, and whose rule or assistant somebody has changed since: what is
    saved now says nothing of what they had to be.
    """
    over = {call.pk: call for call in calls if call.ended_at}
    if not over:
        return set()
    kinds = ContentType.objects.get_for_models(DispatchRule, Agent)
    since = min(call.ended_at for call in over.values() if call.ended_at)
    log = LogEntry.objects.filter(content_type__in=kinds.values(), action_time__gte=since)
    edits = list(log.values_list("content_type", "object_id", "action_time"))
    rules, agents = kinds[DispatchRule].pk, kinds[Agent].pk
    return {
        call.pk
        for call in over.values()
        for kind, key, at in edits
        if (kind, key) in ((rules, str(call.rule_id)), (agents, str(call.agent_id)))
        and call.ended_at
        and at > call.ended_at
    }


# What is known


@dataclass
class Known:
    """The facts of some rooms, read at once."""

    facts: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    lost: frozenset[str] = frozenset()
    with_parts: frozenset[str] = frozenset()
    # Answered calls, by their room.
    calls: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, calls: Iterable[Call], now: datetime, fresh: Iterable[Call]) -> "Known":
        """`fresh`: of which what their assistants were told is not on a row yet."""
        rooms = {call.room_sid for call in calls if call.room_sid}
        known = cls()
        if not rooms:
            return known
        of_rooms = CallEvent.objects.filter(room_sid__in=rooms).of_recording()
        unread = {call.room_sid for call in fresh}
        began = CallEvent.objects.filter(room_sid__in=unread, kind=BEGAN, source=AGENT)
        for event in chain(of_rooms, began if unread else ()):
            known.facts[event.room_sid].append(_fact(event))
        jobs = {fact.by for facts in known.facts.values() for fact in facts} - {"", EGRESS}
        known.lost = frozenset(jobs - _living(jobs, now))
        # Of what LiveKit's program writes the facts tell whether it has begun.
        parts = Part.objects.filter(room_sid__in=rooms).exclude(recorder=Recorder.EGRESS)
        known.with_parts = frozenset(parts.values_list("room_sid", flat=True))
        for call in _in_rooms(rooms):
            known.calls[call.room_sid].append(call)
        return known

    def tells_of(self, call: Call) -> bool:
        """Did an assistant, or a recorder, say or leave anything?"""
        return bool(self.facts.get(call.room_sid)) or call.room_sid in self.with_parts

    def story(self, call: Call, row: Recording | None = None) -> Story | None:
        if call.answered_at is None:
            return None
        return Story(
            policy=RecordingPolicy(row.policy) if row else policy_of(call),
            answered_at=call.answered_at,
            ended_at=call.ended_at,
            facts=tuple(self.facts.get(call.room_sid, ())),
            lost=self.lost,
            has_part=call.room_sid in self.with_parts,
            others=tuple(_other(each) for each in self._others(call)),
            came_first=all(call.started_at <= each.started_at for each in self._others(call)),
        )

    def _others(self, call: Call) -> list[Call]:
        return [each for each in self.calls.get(call.room_sid, ()) if each.pk != call.pk]

    def verdict(self, call: Call, row: Recording | None = None) -> Verdict | None:
        story = self.story(call, row)
        return decide(story) if story else None


def _in_rooms(rooms: Collection[str]) -> QuerySet[Call]:
    """Calls in which somebody spoke, each with the policy that its recording was begun with."""
    talks = Recording.objects.filter(kind=Recording.Kind.TALK, call=OuterRef("pk"))
    found = Call.objects.filter(room_sid__in=rooms, answered_at__isnull=False)
    kept = Subquery(talks.values("policy")[:1])
    return found.select_related("rule", "agent").annotate(kept_policy=kept)


def _other(call: Call) -> Other:
    is_exact = call.answered_at is not None and not call.answered_is_approximate
    kept = getattr(call, "kept_policy", None)
    return Other(
        came_at=call.answered_at if is_exact and call.answered_at else call.started_at,
        left_at=call.ended_at,
        policy=RecordingPolicy(kept) if kept else policy_of(call),
    )


def _fact(event: CallEvent) -> Fact:
    told = event.payload if isinstance(event.payload, dict) else {}
    by = EGRESS if event.event_id.startswith(f"{EGRESS}:") else ""
    if event.source == AGENT:
        by = event.event_id.removeprefix("agent:").rpartition(":")[0]
    return Fact(
        at=event.at,
        kind=event.kind,
        by=by,
        policy=str(told.get("recording", "")) if event.kind == BEGAN else "",
        error=str(told.get("error", "")),
    )


def _living(jobs: Collection[str], now: datetime) -> set[str]:
    """Whose worker says so, and who did not say goodbye."""
    if not jobs:
        return set()
    workers = Worker.objects.seen_since(now - WORKER_IS_LOST).values_list("jobs", flat=True)
    living = {str(each.get("job")) for found in workers for each in found}
    over = Session.objects.filter(job_id__in=jobs, ended_at__isnull=False)
    return (living & set(jobs)) - set(over.values_list("job_id", flat=True))


# Rows


def _values(call: Call, verdict: Verdict) -> dict[str, Any]:
    return {
        "state": verdict.state,
        "wanted": verdict.wanted,
        "wanted_at": verdict.wanted_at,
        "doing": verdict.doing,
        "due_seconds": None if verdict.due is None else verdict.due.total_seconds(),
        "room_name": call.room_name,
        "room_sid": call.room_sid,
    }


def _make(call: Call, verdict: Verdict | None) -> None:
    """Somebody else may make it at the same moment: then it is there."""
    if verdict is None or not verdict.is_due:
        return
    row = Recording(call=call, policy=verdict.policy, **_values(call, verdict))
    Recording.objects.bulk_create([row], ignore_conflicts=True)
    changed("call", call.pk)


def _update(row: Recording, verdict: Verdict) -> None:
    """What it became, unless somebody took it on meanwhile: whoever saves it, for one."""
    call = row.call
    if call is None:
        return
    before = row.state
    new = {k: v for k, v in _values(call, verdict).items() if getattr(row, k) != v}
    if not new:
        return
    if Recording.objects.filter(pk=row.pk, state=before).update(**new):
        for name, value in new.items():
            setattr(row, name, value)
        changed("call", call.pk)
