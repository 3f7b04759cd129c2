"""What happened to a call, from the facts that its witnesses told. Pure: no I/O, no clock.

The fold is a merge, not a replay: each field has its own rule (best witness first, then earliest
or latest), and times come from what the facts say, never from when they arrived. So the order of
facts, their repetition and their lateness cannot matter.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from telephony.outverdict import OutEvidence, judge_outbound
from telephony.verdict import Ending, Evidence, Verdict, deeds_of, judge

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A refused caller may try again under the same call id (another password): only silence ends it.
SILENCE = timedelta(seconds=5)
# Asked for his login, he may take half a minute to send it: the gateway waits that long.
LOGIN_SILENCE = timedelta(seconds=40)
# He is typing a PIN: the gateway says nothing meanwhile.
PIN_SILENCE = timedelta(seconds=60)
# Longer than LiveKit ever lets a caller ring (three minutes).
RINGING_SILENCE = timedelta(seconds=240)
# Rooms and their callers are told by different witnesses, some of whom know whole seconds only.
MARGIN = timedelta(seconds=1)

# What LiveKit tells of a participant's tracks; who he is it tells in other facts.
SOUND = ("track_published", "track_unpublished")
OURS, GATEWAYS = ("agent", "staff"), ("tap", "webhook")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A CallEvent's values. `source` and `kind` as there; texts are empty where unknown."""

    id: str
    source: str
    kind: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    sip_call_id: str = ""
    participant_sid: str = ""
    room_sid: str = ""
    room_name: str = ""


@dataclass(frozen=True, kw_only=True)
class CallState:
    """A call as the facts tell it. `trunk_id` and `rule_id` are LiveKit's, `rule_key` and
    `agent_key` are ours; `provider_ip` is the registrar's word. Each is empty where nobody said it.
    """

    # The other side's leg. A telephone has the gateway's call id; the id of the Call was claimed
    # beforehand for a browser, and for a telephone that we called.
    role: Literal["caller", "browser", "callee"] = "caller"
    sip_call_id: str = ""
    claimed_id: UUID | None = None
    participant_sid: str = ""
    identity: str = ""
    joined_at: datetime | None = None

    state: str
    outcome: str = ""
    reason: str = ""
    detail: str = ""
    sip_status: int | None = None
    started_at: datetime
    rang: bool | None = False
    answered_at: datetime | None = None
    answered_is_approximate: bool = False
    ended_at: datetime | None = None

    from_number: str = ""
    to_number: str = ""
    source_ip: str = ""
    provider_ip: str = ""
    codec: str = ""
    room_sid: str = ""
    room_name: str = ""
    trunk_id: str = ""
    rule_id: str = ""
    rule_key: str = ""
    agent_key: str = ""

    @property
    def is_placed(self) -> bool:
        """It has come to a room, or it is over: before that it may be a knock at the door."""
        return self.has_room or self.ended_at is not None

    @property
    def has_room(self) -> bool:
        return bool(self.room_sid or self.room_name)


@dataclass(frozen=True)
class UnitState:
    """The calls of one unit, by their start; and when time alone may change them."""

    calls: tuple[CallState, ...] = ()
    look_again_at: datetime | None = None


def fold(facts: Iterable[Fact], now: datetime, about: Collection[str] | None = None) -> UnitState:
    """The calls that `facts` of one unit tell of, as they stand at `now`.

    `about`: only those of these callers (call ids or participants' sids); None: all.
    """
    parties = [
        party for party in _parties(_ordered(facts)) if about is None or party.is_one_of(about)
    ]
    calls = sorted(
        (party.state(now) for party in parties),
        key=lambda call: (call.started_at, call.sip_call_id, call.participant_sid),
    )
    looks = [look for party in parties if (look := party.look_again_at(now))]
    return UnitState(tuple(calls), min(looks, default=None))


def earliest_coming(facts: Iterable[Fact]) -> datetime | None:
    """When the first of these callers came; None: `facts` tell of no caller."""
    return min((party.came_at for party in _parties(_ordered(facts))), default=None)


def _ordered(facts: Iterable[Fact]) -> list[Fact]:
    unique = {fact.id: fact for fact in facts}
    return sorted(unique.values(), key=lambda fact: (fact.at, fact.id))


def _parties(facts: Sequence[Fact]) -> "Iterator[Party]":
    """Everybody in the unit who is a call: his own facts, and the room's."""
    keys: dict[str, str] = {}
    for fact in facts:
        key = fact.sip_call_id or browser_call(fact)
        if key and fact.participant_sid and fact.source != "agent":
            keys[fact.participant_sid] = key
    own: dict[str, list[Fact]] = {}
    for fact in facts:
        key = fact.sip_call_id or keys.get(fact.participant_sid, "")
        if key:
            own.setdefault(key, []).append(fact)
    room = RoomFacts([fact for fact in facts if _is_about_room(fact, keys)])
    for key, mine in own.items():
        if any(_is_caller(fact) for fact in mine):
            yield Party(key, mine, room)


def browser_call(fact: Fact) -> str:
    """The id that was claimed beforehand, if the fact tells of a caller from a browser."""
    attributes = _attributes(fact)
    return attributes.get("veyra.call", "") if attributes.get("veyra.role") == "browser" else ""


def _is_about_room(fact: Fact, keys: Mapping[str, str]) -> bool:
    return not fact.sip_call_id and fact.participant_sid not in keys


def _is_caller(fact: Fact) -> bool:
    """Does this fact show that its party called us, or that we called him, rather than that he only
    listened or was called by somebody else's program?
    """
    attributes = _attributes(fact)
    role = attributes.get("veyra.role", "")
    if role in ("browser", "callee"):
        return _is_uuid(attributes.get("veyra.call", ""))
    if role not in ("", "caller") or fact.payload.get("direction") == "outbound":
        return False
    if fact.source == "tap":
        return True
    return "sip.callID" in attributes and "sip.ruleID" in attributes


def shows_assistant(fact: Fact) -> bool:
    """Only LiveKit's own words do."""
    return bool(_participant(fact).get("kind") == "AGENT")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _participant(fact: Fact) -> Mapping[str, Any]:
    """What the fact says of its participant: webhooks keep it apart, others in the open."""
    found: Mapping[str, Any] = fact.payload.get("participant") or fact.payload
    return found


def _attributes(fact: Fact) -> Mapping[str, str]:
    found: Mapping[str, str] = _participant(fact).get("attributes") or {}
    return found


@dataclass
class RoomFacts:
    """What is about no caller in particular, by time."""

    facts: list[Fact]

    @cached_property
    def times(self) -> list[datetime]:
        return [fact.at for fact in self.facts]

    def between(self, start: datetime, end: datetime | None) -> list[Fact]:
        last = len(self.times) if end is None else bisect_right(self.times, end)
        return self.facts[bisect_left(self.times, start) : last]

    @cached_property
    def ends(self) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind in ("room_finished", "room_gone")]

    @cached_property
    def agents_tracks(self) -> list[Fact]:
        """What was told of the sound that assistants sent."""
        agents = {fact.participant_sid for fact in self.facts if shows_assistant(fact)}
        return [f for f in self.facts if f.kind in SOUND and f.participant_sid in agents]


@dataclass
class Party:
    """One caller: the facts that name him, and those of the room that he was in."""

    key: str
    own: list[Fact]
    room: RoomFacts

    def is_one_of(self, names: Collection[str]) -> bool:
        return self.key in names or any(fact.participant_sid in names for fact in self.own)

    def state(self, now: datetime) -> CallState:
        ending = self.ending(now)
        answered_at, approximate = self.answered(ending)
        ended_at = max(ending.at, answered_at or ending.at, self.started_at) if ending else None
        verdict = Verdict()
        if ending and ended_at:
            talked = ended_at - answered_at if answered_at else None
            verdict = self.verdict(ending, talked)
        return CallState(
            role=self.role,
            sip_call_id="" if self.role == "browser" else self.key,
            claimed_id=None if self.role == "caller" else UUID(self.attributes["veyra.call"]),
            participant_sid=next((fact.participant_sid for fact in self.descriptions), ""),
            identity=self.first("identity"),
            joined_at=self.joined_at,
            state="ended" if ending else "answered" if answered_at else "ringing",
            outcome=verdict.outcome,
            reason=verdict.reason,
            detail=verdict.detail,
            sip_status=verdict.sip_status,
            started_at=self.started_at,
            rang=self.rang,
            answered_at=answered_at,
            answered_is_approximate=approximate,
            ended_at=ended_at,
            from_number=self.numbers[0],
            to_number=self.numbers[1],
            source_ip="" if self.is_callee else self.first("source_ip"),
            provider_ip="" if self.is_callee else self.attributes.get("veyra.source", ""),
            codec=self.first("codec"),
            room_sid=next((fact.room_sid for fact in self.own if fact.room_sid), ""),
            room_name=next((fact.room_name for fact in self.own if fact.room_name), ""),
            trunk_id=self.first("trunk_id") or self.attributes.get("sip.trunkID", ""),
            rule_id=self.first("rule_id") or self.attributes.get("sip.ruleID", ""),
            rule_key=self.attributes.get("veyra.rule", ""),
            agent_key=self.agent_key(ending),
        )

    # who and where

    @cached_property
    def role(self) -> Literal["caller", "browser", "callee"]:
        role = self.attributes.get("veyra.role", "")
        return "browser" if role == "browser" else "callee" if role == "callee" else "caller"

    @property
    def is_callee(self) -> bool:
        return self.role == "callee"

    @property
    def numbers(self) -> tuple[str, str]:
        """From whom and to whom. A call of ours says both: its From may hold a login."""
        told = self.attributes.get
        if self.is_callee:
            return told("veyra.from", ""), told("veyra.to", "")
        return (
            self.first("from") or told("sip.phoneNumber", ""),
            self.first("to") or told("sip.trunkPhoneNumber", ""),
        )

    @cached_property
    def rang(self) -> bool | None:
        """Did the telephone that we called begin to ring? None: nobody saw whether it did."""
        seen = {_attributes(fact).get("sip.callStatus") for fact in self.own}
        if not self.is_callee or seen & {"ringing", "automation", "active"}:
            return self.is_callee
        left = [_attributes(f) for f in self.own if f.kind == "participant_left"]
        return False if any(told.get("sip.callStatus") == "dialing" for told in left) else None

    @cached_property
    def knocks(self) -> list[Fact]:
        """Everything that the gateway asked or said of this call."""
        return [fact for fact in self.own if fact.source == "tap"]

    @cached_property
    def records(self) -> list[Fact]:
        return [fact for fact in self.knocks if fact.kind == "call_state"]

    @cached_property
    def descriptions(self) -> list[Fact]:
        """Facts in which LiveKit shows the participant himself."""
        kinds = ("participant_joined", "participant_left", "present")
        return [fact for fact in self.own if fact.kind in kinds]

    @cached_property
    def attributes(self) -> dict[str, str]:
        """Everything that was ever known of him; the latest word counts."""
        found: dict[str, str] = {}
        for fact in self.own:
            found |= _attributes(fact)
        return found

    def first(self, name: str) -> str:
        """The first that was said of `name`."""
        told = (_participant(fact).get(name) for fact in self.own)
        return next((str(value) for value in told if value), "")

    # when it began

    @cached_property
    def started_at(self) -> datetime:
        times = [fact.at for fact in self.own if fact.source not in OURS]
        times += [_time(f, "created_ns") for f in self.records if "created_ns" in f.payload]
        return min([*times, self.joined_at] if self.joined_at else times)

    @cached_property
    def joined_at(self) -> datetime | None:
        times = [fact.at for fact in self.own if fact.kind == "participant_joined"]
        seen = [str(f.payload["joined_at"]) for f in self.own if f.payload.get("joined_at")]
        return min(times, default=None) or min(map(datetime.fromisoformat, seen), default=None)

    @cached_property
    def came_at(self) -> datetime:
        return self.joined_at or self.started_at

    # how it ended

    @cached_property
    def final(self) -> Fact | None:
        """The gateway's closing record, if there is one that stands.

        It sends SCS_ACTIVE once more after the end, so an end outranks what comes after it; but
        a caller who was refused and then let in under the same call id was not refused.
        """
        ends = [fact for fact in self.records if "ended_ns" in fact.payload]
        if self.is_callee:  # what could not even be begun has no time of its end
            ends += [fact for fact in self.records if fact.payload.get("status") == "error"]
        if not ends:
            return None
        refused = _is_refusal(ends[-1])
        let_in = any(fact.room_name and fact.at > ends[-1].at for fact in self.records)
        return None if refused and let_in else ends[-1]

    @cached_property
    def falls_silent_at(self) -> datetime | None:
        """When the gateway's silence says that the call is over; None: other witnesses will."""
        in_room = any(fact.room_sid for fact in self.own)
        if not self.knocks or in_room or (self.final and not _is_refusal(self.final)):
            return None
        return self.knocks[-1].at + self.patience()

    def patience(self) -> timedelta:
        if self.final or self.knocks[-1].kind != "call_state":
            return SILENCE
        if any(fact.room_name for fact in self.records):
            return RINGING_SILENCE
        return PIN_SILENCE if self.asked_for_rule else LOGIN_SILENCE

    @property
    def asked_for_rule(self) -> bool:
        return any(fact.kind == "dispatch" for fact in self.knocks)

    def look_again_at(self, now: datetime) -> datetime | None:
        at = self.falls_silent_at
        return at if at and at > now else None

    def ending(self, now: datetime) -> Ending | None:
        """How and when it ended; None while it goes on."""
        if self.look_again_at(now):
            return None
        if self.final:
            told = "ended_ns" in self.final.payload
            return Ending(_time(self.final, "ended_ns") if told else self.final.at, "tap")
        if left := [fact.at for fact in self.own if fact.kind == "participant_left"]:
            return Ending(min(left), "webhook")
        gone = [fact.at for fact in self.own if fact.kind == "participant_gone"]
        gone += [fact.at for fact in self.room.ends if fact.at >= self.came_at - MARGIN]
        if gone:
            return Ending(min(gone), "room")
        return Ending(self.knocks[-1].at, "silence") if self.falls_silent_at else None

    # what the assistant did

    def around(self, ending: Ending | None) -> list[Fact]:
        """His own facts, and the room's between his coming and going."""
        end = ending.at + MARGIN if ending else None
        return self.own + self.room.between(self.came_at - MARGIN, end)

    def answered(self, ending: Ending | None) -> tuple[datetime | None, bool]:
        """When somebody's sound reached him, and whether that is only about right."""
        started = [
            _time(fact, "started_ns") for fact in self.records if "started_ns" in fact.payload
        ]
        if started:
            return min(started), False
        if self.final:  # the gateway's record is whole, and has no answer in it
            return None, False
        heard = [f.at for f in self.around(ending) if f.kind == "audio_heard_by_caller"]
        if heard:  # of a call out it is told when the assistant learned of the answer
            return min(heard), self.is_callee
        times = [
            f.at for f in self.descriptions if _attributes(f).get("sip.callStatus") == "active"
        ]
        # LiveKit answers as soon as an assistant's sound is in the room, 20 ms later.
        if not self.is_callee:
            times += [max(at, self.came_at) for at in self.voices(ending)]
        return min(times, default=None), bool(times)

    def voices(self, ending: Ending | None) -> list[datetime]:
        """When assistants began to send sound that was there during his stay."""
        mine = self.room.agents_tracks
        stopped = {
            _track(fact).get("sid")
            for fact in mine
            if fact.kind == "track_unpublished" and fact.at < self.came_at - MARGIN
        }
        return [
            fact.at
            for fact in mine
            if fact.kind == "track_published"
            and str(_track(fact).get("mimeType", "")).startswith("audio/")
            and _track(fact).get("sid") not in stopped
            and not (ending and fact.at > ending.at)
        ]

    def of_agent(self, ending: Ending | None) -> list[Fact]:
        return [fact for fact in self.around(ending) if fact.source == "agent"]

    def agent_key(self, ending: Ending | None) -> str:
        told = (fact.payload.get("agent") for fact in self.of_agent(ending))
        sent = self.attributes.get("veyra.agent", "")
        return next((str(key) for key in told if key), sent)

    def verdict(self, ending: Ending, talked: timedelta | None) -> Verdict:
        ours = self.of_agent(ending)
        left = next((fact for fact in self.own if fact.kind == "participant_left"), None)
        errors = (fact.payload.get("error") for fact in ours if fact.kind == "failed")
        told = [(f.kind, f.payload.get("by")) for f in self.own if f.source not in GATEWAYS]
        came = any(_attributes(f).get("veyra.role") == "colleague" for f in self.around(ending))
        common: dict[str, Any] = {
            "witness": ending.witness,
            "talked": talked,
            "error": str(self.final.payload.get("error", "")) if self.final else "",
            "departure": str(_participant(left).get("disconnectReason", "")) if left else "",
            "status_at_leaving": _attributes(left).get("sip.callStatus", "") if left else "",
            "agent_came": any(fact.kind != "closed" for fact in ours),
            "agent_spoke": any(fact.kind == "speech_started" for fact in ours),
            "agent_error": next((str(error) for error in errors if error), ""),
            "deeds": deeds_of(told, colleague_came=came),
        }
        if self.is_callee:
            status = self.final.payload.get("status_code") if self.final else None
            return judge_outbound(OutEvidence(**common, rang=self.rang, status=status))
        evidence = Evidence(
            **common,
            has_trunk=bool(self.first("trunk_id")),
            has_room=any(fact.room_name for fact in self.records),
            last_knock=self.knocks[-1].kind if self.knocks else "",
            asked_for_rule=self.asked_for_rule,
        )
        return judge(evidence)


def _time(fact: Fact, name: str) -> datetime:
    """A time of the gateway's record, which counts nanoseconds."""
    return EPOCH + timedelta(microseconds=int(fact.payload[name]) // 1000)


def _is_refusal(record: Fact) -> bool:
    return record.payload.get("status") == "error" and not record.room_name


def _track(fact: Fact) -> Mapping[str, Any]:
    found: Mapping[str, Any] = fact.payload.get("track") or {}
    return found
