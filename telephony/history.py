"""A call that is over: the facts that LiveKit and the worker would have told of it. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from agentworker.models import Session, SessionEvent, Turn
from agentworker.script import Script
from telephony import intake
from telephony.imagined import ImaginedCall, Utterance, imagine_talk
from telephony.models import CallEvent
from veyra.livekit import tap, webhooks
from veyra.livekit.matching import Invite
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.bus import BusMessage
from veyra.livekit.simulator.ids import new_id
from veyra.livekit.simulator.sequence import Said, SimulatedAgent, SimulatedCall
from veyra.livekit.types import AGENT_NAME, AgentDispatch, DispatchRule, InboundTrunk, Room

# LiveKit's ids have one underscore, after the prefix: these can never be LiveKit's.
ROOM_IDS, CALL_IDS, JOB_IDS, PEOPLE_IDS = "RM_demo_", "SCL_demo_", "AJ_demo_", "PA_demo_"

RINGING_TIMEOUT = timedelta(seconds=30)
# From the INVITE to a refusal or the answer, and from the hang-up to the end of the room.
REFUSAL, ANSWER = timedelta(milliseconds=5), timedelta(milliseconds=390)
CLOSING = timedelta(seconds=1)
# A room that had no agent is closed by LiveKit.
DEPARTURE_TIMEOUT = timedelta(seconds=20)


@dataclass(frozen=True)
class Line:
    """The line that was called, as LiveKit and the worker know it."""

    called: str
    source_ip: str
    rule_key: str
    room: str
    brief: str
    script: Script


@dataclass(frozen=True)
class PastCall:
    """Unsaved rows. A call that nobody answered has no session, no turns and no facts."""

    events: list[CallEvent]
    session: Session | None = None
    turns: list[Turn] = field(default_factory=list)
    facts: list[SessionEvent] = field(default_factory=list)


def past_call(line: Line, imagined: ImaginedCall, at: datetime, dice: Random) -> PastCall:
    """`imagined`, begun at `at` and over since."""
    call = _dial(line, imagined, at)
    said = sequence.invited(call, at)
    if imagined.ending == "wrong_number":
        refused = sequence.refused(call, sequence.NOT_AUTHORIZED, at + REFUSAL)
        return PastCall(_events([*said, *sequence.let_in(call, at), *refused]))
    call = _enter(call, line, at)
    said += sequence.let_in(call, at)
    said += sequence.rings(call, at, new_room=True)
    if imagined.ending == "answered":
        return _answered(call, line, said, dice)
    if imagined.ending == "gave_up":
        end = at + timedelta(seconds=imagined.patience)
        said += sequence.hung_up(call, end)
    else:
        end = at + RINGING_TIMEOUT
        said += sequence.nobody_came(call, end)
    return PastCall(_events([*said, *sequence.room_closes(call, end + DEPARTURE_TIMEOUT)]))


def _dial(line: Line, imagined: ImaginedCall, at: datetime) -> SimulatedCall:
    wrong = imagined.ending == "wrong_number"
    called = line.called[:-1] + str((int(line.called[-1]) + 1) % 10) if wrong else line.called
    return SimulatedCall(
        id=new_id(CALL_IDS),
        participant_sid=new_id(PEOPLE_IDS),
        invite=Invite(imagined.caller, called, line.source_ip),
        created_at=at,
    )


def _enter(call: SimulatedCall, line: Line, at: datetime) -> SimulatedCall:
    agents = (AgentDispatch(agent_name=AGENT_NAME, metadata=line.brief),)
    attributes = (("veyra.rule", line.rule_key),)
    rule = DispatchRule(id="SDR_demo", room=line.room, attributes=attributes, agents=agents)
    call = replace(call, trunk=InboundTrunk(id="ST_demo"), rule=rule)
    room = Room(sid=new_id(ROOM_IDS), name=call.wanted_room(), created_at=at)
    return replace(call, room=room)


def _answered(call: SimulatedCall, line: Line, said: list[Said], dice: Random) -> PastCall:
    answered_at = call.created_at + ANSWER
    call = replace(call, answered_at=answered_at)
    dispatch = AgentDispatch(agent_name=AGENT_NAME, metadata=line.brief)
    agent = SimulatedAgent(dispatch, job_id=new_id(JOB_IDS), sid=new_id(PEOPLE_IDS))
    session = Session(
        job_id=agent.job_id,
        version_id=line.script.version,
        worker="demo",
        room_name=call.room_name,
        sip_call_id=call.id,
        participant_sid=call.participant_sid,
        room_sid=call.room.sid if call.room else "",
        started_at=call.created_at,
        close_reason="caller left",
    )
    turns = list(_turns(session, imagine_talk(line.script, dice), answered_at))
    last = turns[-1]
    end = last.at + timedelta(seconds=(last.seconds or 0) + dice.uniform(0.3, 1))
    session.ended_at = end + CLOSING
    said += sequence.agent_joins(call, agent, answered_at - timedelta(milliseconds=20))
    said += sequence.answered(call, answered_at)
    said += sequence.hung_up(call, end)
    said += sequence.agent_leaves(call, agent, end + CLOSING)
    said += sequence.room_closes(call, end + CLOSING)
    return PastCall(_events(said), session, turns, list(_facts(session, line.script, turns)))


def _turns(session: Session, talk: list[Utterance], at: datetime) -> Iterator[Turn]:
    for number, spoken in enumerate(talk, 1):
        at += timedelta(seconds=spoken.pause)
        answers = spoken.speaker == "agent" and number > 1
        yield Turn(
            session=session,
            turn_id=f"{session.job_id}:{number}",
            speaker=spoken.speaker,
            text=spoken.text,
            digit=spoken.digit,
            at=at,
            seconds=None if spoken.digit else round(spoken.seconds, 2),
            delay_ms=round(spoken.pause * 1000) if answers else None,
            interrupted=spoken.interrupted,
        )
        at += timedelta(seconds=spoken.seconds)


def _facts(session: Session, script: Script, turns: list[Turn]) -> Iterator[SessionEvent]:
    """What the job saw, as it would have written it into its spool."""
    keys = [("dtmf", turn.at, {"digit": turn.digit}) for turn in turns if turn.digit]
    told: list[tuple[str, datetime, dict[str, Any]]] = [
        ("started", session.started_at, {"agent": script.agent, "version": script.version}),
        ("audio_heard_by_caller", turns[0].at - timedelta(milliseconds=300), {}),
        ("speech_started", turns[0].at, {}),
        *keys,
        ("closed", session.ended_at or turns[-1].at, {"reason": session.close_reason}),
    ]
    for number, (kind, at, payload) in enumerate(told, 1):
        yield SessionEvent(
            event_id=f"{session.job_id}:event:{number}",
            job_id=session.job_id,
            room_name=session.room_name,
            room_sid=session.room_sid,
            sip_call_id="" if kind == "closed" else session.sip_call_id,
            participant_sid="" if kind == "closed" else session.participant_sid,
            kind=kind,
            at=at,
            payload=payload,
        )


def _events(said: list[Said]) -> list[CallEvent]:
    """As our webhook view and our tap would have taken them in."""
    return [_event(message) for message in said]


def _event(message: Said) -> CallEvent:
    if not isinstance(message, BusMessage):
        return intake.of_webhook(webhooks.parse(json.loads(sequence.body(message))))
    found = tap.read(message.channel, message.raw)
    if found is None:
        raise ValueError("the simulator wrote a message that is about no call")
    return intake.of_tap(found)
