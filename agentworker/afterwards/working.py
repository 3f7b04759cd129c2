"""Conversations that are over are summed up: each by its own assistant's mind, in one request."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from livekit.agents import APIConnectOptions, llm
from livekit.agents.metrics import ModelUsageCollector

from agentworker.accesses import accesses_of
from agentworker.afterwards.due import due
from agentworker.afterwards.question import Line, Noted, is_worth_it, question, read
from agentworker.models import AgentVersion, Session, Speaker, Turn
from agentworker.providers import net
from agentworker.providers.built import Providers
from agentworker.providers.catalog import Access, Part
from agentworker.providers.choosing import OURS
from agentworker.providers.errors import Kind, ProviderError
from agentworker.script import Script
from agentworker.spending.rates import spent
from agentworker.trying.rehearsal import mind_of
from agentworker.usage import slugs_of, told
from agentworker.versions import script_of
from veyra import live

log = logging.getLogger(__name__)

TOGETHER = 10
SECONDS = 15.0
AGAIN = timedelta(hours=1)
ASKING = APIConnectOptions(max_retry=0, timeout=SECONDS)
Store = Callable[[], None]


@dataclass(frozen=True)
class Talk:
    row: Session
    script: Script
    accesses: Mapping[str, Access]
    lines: tuple[Line, ...]


def work() -> int:
    """All that is due; how many. Others may work at the same time."""
    count = 0
    with asyncio.Runner() as runner:
        while talks := list(_claimed(timezone.now())):
            for store in filter(None, runner.run(_together(talks))):
                store()
            count += len(talks)
    return count


def _claimed(now: datetime) -> Iterator[Talk]:
    rows = due(now).select_related("version__agent")
    for row in rows[:TOGETHER]:
        mine = Session.objects.filter(pk=row.pk, sum_up_at=row.sum_up_at)
        if mine.update(sum_up_at=now + AGAIN) and row.version:
            yield _talk(row, row.version)


def _talk(row: Session, version: AgentVersion) -> Talk:
    turns = Turn.objects.filter(session=row).values_list("speaker", "text", "digit")
    lines = tuple(
        Line(speaker == Speaker.CALLER, text, digit)
        for speaker, text, digit in turns
        if text or digit
    )
    script = script_of(version)
    return Talk(row, script, accesses_of(script), lines)


async def _together(talks: list[Talk]) -> list[Store | None]:
    try:
        return await asyncio.gather(*map(_do, talks))
    finally:
        await net.close_all()


async def _do(talk: Talk) -> Store | None:
    """None: it is tried again. The database is not touched while the loop runs."""
    if not is_worth_it(talk.lines):
        return partial(_store, talk, {})
    counted = ModelUsageCollector()
    try:
        mind = mind_of(talk.script, talk.accesses)
        async with asyncio.timeout(SECONDS):
            text = await _asked(mind, talk, counted)
    except Exception as error:  # whatever a provider's library makes of it
        log.info("a conversation is not summed up yet: %s", type(error).__name__)
        return None
    noted = read(text, talk.script.noting)
    if noted is None:
        log.info("a conversation is not summed up: its mind answered something else")
    return partial(_store, talk, told(counted.flatten(), slugs_of(mind)), noted)


async def _asked(mind: Providers, talk: Talk, counted: ModelUsageCollector) -> str:
    """By the first that answers. No caller waits, so each has more time than in a call."""
    asked = llm.ChatContext.empty()
    words = question(talk.script.language, talk.lines, talk.script.noting)
    asked.add_message(role="user", content=words)
    failure: Exception = ProviderError.of(Kind.GONE)
    for member in mind.members:
        if member.part is Part.MIND and member.provider != OURS:
            member.instance.on("metrics_collected", counted.collect)
            try:
                async with member.instance.chat(chat_ctx=asked, conn_options=ASKING) as stream:
                    said = [each.delta.content or "" async for each in stream if each.delta]
                return "".join(said)
            except Exception as error:  # as above: the next one may know better
                failure = error
    raise failure


def _store(talk: Talk, used: Mapping[str, list[Any]], noted: Noted | None = None) -> None:
    """Nothing of who was erased meanwhile: his words are gone."""
    rows = Session.objects.filter(pk=talk.row.pk)
    usage = dict(talk.row.usage)
    for part, more in used.items():
        usage[part] = [*usage.get(part, ()), *more]
    fields = {"sum_up_at": None, "usage": usage, **asdict(spent(usage))}
    remembered = rows.filter(Exists(Turn.objects.filter(session=OuterRef("pk"))))
    if noted is None or not remembered.update(**fields, **noted.fields()):
        rows.update(**fields)
    live.changed("session", talk.row.pk)
