"""One job: one room, from the brief to the end. Runs in a process of its own.

Top-level functions, since the worker names them to its children. The database is read once.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from functools import partial

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from livekit.agents import AutoSubscribe, JobContext, JobProcess
from livekit.agents.ipc.log_queue import LogQueueHandler

import agentworker.ready  # noqa: F401  # before any model
from agentworker import accesses, espeak, providers, standin
from agentworker.afterwards import NO_END
from agentworker.brief import Brief, read_brief
from agentworker.consent import Consent
from agentworker.conversation import Conversation, leg
from agentworker.doorman import Doorman
from agentworker.ears import build_ears
from agentworker.filling import filled
from agentworker.hours.reception import Reception, receive
from agentworker.hours.telling import CLOSED, Telling
from agentworker.means import Means
from agentworker.people import Outcome, Person, agent_is_here, first_caller
from agentworker.presence import people
from agentworker.prompt import instructions_of
from agentworker.providers.choosing import has_mind
from agentworker.providers.net import close_all
from agentworker.recording import RecordingPolicy
from agentworker.script import Script
from agentworker.spending.limiting import limited
from agentworker.spool import JobFacts, Leg, Spool, now_text
from agentworker.taping.in_job import CallRecorder
from agentworker.trial_mirror import LENGTH, OVER, Mirror
from agentworker.versions import load
from agentworker.waiting import Waiting
from veyra.models import Pulse

log = logging.getLogger(__name__)

WAIT_FOR_CALLER_SECONDS = 30
ERROR_LENGTH = 300
END_RECORDING_SECONDS = 3.0
# Said by the assistant when it was alone with its caller.
HANGS_UP = frozenset({"goodbye", "silence", OVER, CLOSED})
# Its voice, its mind or its ears broke.
BROKE = "error"
# One of our people has the call now.
HANDED_OVER = "handed over"
# It could not start, and somebody else will speak to the caller: the room stays.
WATCHDOG = "watchdog"
LEFT_TO_LAST_RESORT = "failed, left to the last resort"


def prewarm(process: JobProcess) -> None:
    """Before any job: what would otherwise delay an answer."""
    espeak.engine()
    process.userdata["vad"] = build_ears()
    accesses.warm_up()
    # The parent writes our log lines: our own handlers would write each a second time.
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if isinstance(h, LogQueueHandler)]


async def entrypoint(ctx: JobContext) -> None:
    # Each line that is logged meanwhile says which call it is about.
    ctx.log_context_fields = {"job_id": ctx.job.id, "room_sid": ctx.job.room.sid}
    try:
        await answer(ctx, open_spool(ctx))
    except Exception as error:
        log.exception("job %s could not start", ctx.job.id)
        await give_up(ctx, error)


def open_spool(ctx: JobContext) -> Spool:
    room = ctx.job.room
    facts = JobFacts(ctx.job.id, room.name, room.sid, ctx.worker_id)
    spool = ctx.proc.userdata["spool"] = Spool(settings.SPOOL_DIR, facts)
    return spool


async def give_up(ctx: JobContext, error: Exception) -> None:
    """No caller is left ringing: the last resort tells him; without it, the gateway refuses him as
    soon as his room is gone.
    """
    text = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
    spool: Spool | None = ctx.proc.userdata.get("spool")
    if spool:
        spool.event("failed", leg(first_caller(people(ctx.room))), error=text)
    if await asyncio.to_thread(somebody_else_helps):
        leave(ctx, LEFT_TO_LAST_RESORT)
    else:
        await ctx.delete_room()
        leave(ctx, "failed")


def somebody_else_helps() -> bool:
    """Does the watchdog live, who notices that nobody speaks, and the last resort, who will?"""
    try:
        return all(Pulse.is_felt(name, standin.PULSE_IS_OLD) for name in (WATCHDOG, standin.PULSE))
    except DatabaseError:
        return False
    finally:
        connections.close_all()


async def answer(ctx: JobContext, spool: Spool) -> None:
    """Enter the room, read what to say meanwhile, and start talking."""
    brief, waiting = read_brief(ctx.job.metadata), Waiting(ctx.room)
    recorder = ctx.proc.userdata["recorder"] = CallRecorder(spool)
    (script, blocked), _ = await asyncio.gather(
        read_words(brief, recorder),
        ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY),
    )
    if agent_is_here(people(ctx.room), or_standby=not brief.first):
        leave(ctx, "another assistant is in the room")
        return
    await waiting.until_music_ends()
    doorman = Doorman(ctx.room.name, blocked, spool)
    caller = await wait_for_guest(ctx, doorman)
    if caller is None:
        leave(ctx, "nobody came")
        return
    reception = await received(script, caller, brief)
    if reception.is_turned_away:
        await turn_away(ctx, spool, caller, reception)
        return
    if reception.kind:
        spool.event(reception.kind, leg(caller), **reception.facts)
    now = timezone.localtime(timezone=reception.ruling.zone)
    script = filled(reception.script, now, caller.number)
    policy = policy_of(brief, script)
    recorder.follow(ctx.room)
    await recorder.begin(policy)
    # Outside the hours of those who would be rung first, nobody rings.
    outcome = await waiting.until_turn(brief.wait if reception.is_open else 0)
    if outcome is not Outcome.TURN:
        leave(ctx, HANDED_OVER if outcome is Outcome.TAKEN else "caller left")
        return
    if brief.trial:
        begin_trial(ctx, spool)
    note_start(spool, script, caller, policy, is_trial=bool(brief.trial))
    consent = Consent(script, spool, recorder) if policy is RecordingPolicy.AGREED else None
    means = Means(
        instructions_of(script, now),
        await asyncio.to_thread(accesses.read, script),
        is_trial=bool(brief.trial),
    )
    conversation = Conversation(
        script,
        providers.build(script, means.accesses),
        spool,
        doorman,
        partial(leave, ctx),
        consent,
        recorder,
        means,
    )
    await conversation.start(ctx.room, caller, ctx.proc.userdata["vad"])


async def read_words(brief: Brief, recorder: CallRecorder) -> tuple[Script, frozenset[str]]:
    """What is said, and who does not hear it; `recorder` gets ready for what will be recorded."""
    script, blocked = await asyncio.to_thread(load, brief.agent, brief.trial)
    recorder.prepare(policy_of(brief, script))
    return script, blocked


def policy_of(brief: Brief, script: Script) -> RecordingPolicy:
    """As the call's rule says, or else who speaks, who may stand in for another assistant."""
    if brief.trial:
        return RecordingPolicy.NEVER
    return RecordingPolicy.of_call(brief.recording, script.recording)


async def received(script: Script, caller: Person, brief: Brief) -> Reception:
    """Who speaks to him at this hour, and for what is left of the day's money. Who tries an
    assistant hears it always.
    """
    if brief.trial:
        return Reception(script)
    reception = await asyncio.to_thread(receive, script, caller, brief.came_at)
    return await asyncio.to_thread(limited, reception, caller.number)


async def turn_away(ctx: JobContext, spool: Spool, caller: Person, reception: Reception) -> None:
    """It is closed: our people are rung by others, or he is told so. Nothing of it is recorded."""
    spool.event(reception.kind, leg(caller), **reception.facts)
    if reception.is_for_people and await asyncio.to_thread(somebody_else_helps):
        leave(ctx, LEFT_TO_LAST_RESORT)
        return
    note_start(spool, reception.script, caller, RecordingPolicy.NEVER, is_trial=False)
    found = await asyncio.to_thread(accesses.read, reception.script)
    voice = providers.build(reception.script, found)
    telling = Telling(reception, voice, spool, partial(leave, ctx))
    await telling.start(ctx.room, caller)


def begin_trial(ctx: JobContext, spool: Spool) -> None:
    """Who tries the assistant sees what it does, and does so for a while, not for ever."""
    spool.mirror = Mirror(ctx.room).tell
    asyncio.get_running_loop().call_later(LENGTH.total_seconds(), leave, ctx, OVER)


def note_start(
    spool: Spool, script: Script, caller: Person, policy: RecordingPolicy, *, is_trial: bool
) -> None:
    is_summed_up = has_mind(script.speech) and not is_trial
    spool.session(
        version_id=script.version,
        started_at=now_text(),
        is_trial=is_trial,
        sum_up_at=now_text(time.time() + NO_END.total_seconds()) if is_summed_up else None,
        **leg(caller).__dict__,
    )
    spool.event(
        "started",
        leg(caller),
        agent=script.agent,
        version=script.version,
        recording=policy.value,
    )


async def wait_for_guest(ctx: JobContext, doorman: Doorman) -> Person | None:
    """The first caller who is not blocked; None: there is none."""
    caller = await wait_for_caller(ctx)
    while caller and not await doorman.lets_in(caller):
        gone = caller.identity
        caller = first_caller(each for each in people(ctx.room) if each.identity != gone)
    return caller


async def wait_for_caller(ctx: JobContext) -> Person | None:
    """Whoever is there, or comes within half a minute; then the room was left empty."""
    arrived = asyncio.Event()
    ctx.room.on("participant_connected", lambda _: arrived.set())
    try:
        async with asyncio.timeout(WAIT_FOR_CALLER_SECONDS):
            while (caller := first_caller(people(ctx.room))) is None:
                await arrived.wait()
                arrived.clear()
            return caller
    except TimeoutError:
        return None


def leave(ctx: JobContext, reason: str) -> None:
    """End the job; the first reason given is the one that counts."""
    ctx.proc.userdata.setdefault("reason", reason)
    ctx.shutdown(reason)


async def on_session_end(ctx: JobContext) -> None:
    """The last lines of the spool, and the end of a room that nobody is in any more."""
    reason = ctx.proc.userdata.get("reason", "shutdown")
    spool: Spool | None = ctx.proc.userdata.get("spool")
    recorder: CallRecorder | None = ctx.proc.userdata.get("recorder")
    if recorder and reason != HANDED_OVER:
        await end_recording(recorder)
    if spool:
        spool.event("closed", Leg(), reason=reason)
        spool.session(ended_at=now_text(), close_reason=reason)
    helped = reason == BROKE and await asyncio.to_thread(somebody_else_helps)
    if ends_the_call(reason, people(ctx.room), helped=helped):
        await ctx.delete_room()
    if recorder and reason == HANDED_OVER:
        await ctx.room.disconnect()
        await recorder.hand_over()
    await close_all()
    if spool:
        spool.close()


async def end_recording(recorder: CallRecorder) -> None:
    """Whatever becomes of it, the room ends after it, and nobody is left in silence there."""
    try:
        async with asyncio.timeout(END_RECORDING_SECONDS):
            await recorder.end()
    except Exception:
        log.exception("the end of a recording failed")


def ends_the_call(reason: str, staying: Iterable[Person], *, helped: bool = False) -> bool:
    """The room goes with its last party, or when the assistant itself ended the call.

    When it broke, only where nobody else will speak to the caller. `helped`: the last resort will.
    """
    staying = list(staying)
    if reason == LEFT_TO_LAST_RESORT:
        return False
    if reason in HANGS_UP or not any(someone.is_party for someone in staying):
        return True
    return reason == BROKE and not (helped or any(someone.speaks_for_us for someone in staying))
