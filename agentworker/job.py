"""One job: one room, from the brief to the end. Runs in a process of its own.

Top-level functions, since the worker names them to its children. The database is read once.
"""

import asyncio
import logging
from functools import partial

from django.conf import settings
from livekit.agents import AutoSubscribe, JobContext, JobProcess, inference

from agentworker import espeak, providers, ready  # noqa: F401  # ready: before any model
from agentworker.brief import read_brief
from agentworker.conversation import Conversation, leg, people
from agentworker.people import Person, agent_is_here, first_caller
from agentworker.script import Script
from agentworker.spool import JobFacts, Leg, Spool, now_text
from agentworker.versions import load_script

log = logging.getLogger(__name__)

WAIT_FOR_CALLER_SECONDS = 30
# Shorter sounds are clicks and breath: they must not cut the greeting.
SPEECH_SECONDS = 0.2
SILENCE_SECONDS = 0.4
ERROR_LENGTH = 300


def prewarm(process: JobProcess) -> None:
    """Before any job: what would otherwise delay an answer."""
    espeak.engine()
    process.userdata["vad"] = inference.VAD(
        min_speech_duration=SPEECH_SECONDS, min_silence_duration=SILENCE_SECONDS
    )
    # The parent writes our log lines: our own handlers would write each a second time.
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if type(h) is not logging.StreamHandler]


async def entrypoint(ctx: JobContext) -> None:
    job = ctx.job
    facts = JobFacts(job.id, job.room.name, job.room.sid, ctx.worker_id)
    spool = ctx.proc.userdata["spool"] = Spool(settings.SPOOL_DIR, facts)
    try:
        await answer(ctx, spool)
    except Exception as error:
        log.exception("job %s could not start", job.id)
        await give_up(ctx, spool, error)


async def give_up(ctx: JobContext, spool: Spool, error: Exception) -> None:
    """No caller is left ringing: the gateway refuses him as soon as his room is gone."""
    text = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
    spool.event("failed", leg(first_caller(people(ctx.room))), error=text)
    await ctx.delete_room()
    leave(ctx, "failed")


async def answer(ctx: JobContext, spool: Spool) -> None:
    """Enter the room, read what to say meanwhile, and start talking."""
    brief = read_brief(ctx.job.metadata)
    script, _ = await asyncio.gather(
        asyncio.to_thread(load_script, brief.agent),
        ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY),
    )
    if agent_is_here(people(ctx.room)):
        leave(ctx, "another assistant is in the room")
        return
    caller = await wait_for_caller(ctx)
    if caller is None:
        leave(ctx, "nobody came")
        return
    note_start(spool, script, caller)
    conversation = Conversation(script, providers.build(script), spool, partial(leave, ctx))
    await conversation.start(ctx.room, caller, ctx.proc.userdata["vad"])


def note_start(spool: Spool, script: Script, caller: Person) -> None:
    spool.session(version_id=script.version, started_at=now_text(), **leg(caller).__dict__)
    spool.event("started", leg(caller), agent=script.agent, version=script.version)


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
    spool: Spool = ctx.proc.userdata["spool"]
    reason = ctx.proc.userdata.get("reason", "shutdown")
    spool.event("closed", Leg(), reason=reason)
    spool.session(ended_at=now_text(), close_reason=reason)
    spool.close()
    said_goodbye = reason in ("goodbye", "silence", "error")
    if said_goodbye or not any(someone.is_party for someone in people(ctx.room)):
        await ctx.delete_room()
