"""What staff asked for is done: lines of trials are answered, scenarios are played, all at once."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.accesses import accesses_of
from agentworker.models import AgentDraft, AgentVersion, ScenarioRun, Session, Trial, TrialLine
from agentworker.providers import net
from agentworker.providers.catalog import Access
from agentworker.providers.errors import ProviderError
from agentworker.script import Script
from agentworker.spending.rates import spent
from agentworker.trying.answer import Answer
from agentworker.trying.playing import Told, play
from agentworker.trying.rehearsal import Rehearsal, Unanswered
from agentworker.trying.steps import read_steps
from agentworker.versions import NoScriptError, script_of, tried
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

# So many at the same time; the others wait for their turn.
TOGETHER = 10
PLAY_SECONDS = 120
# Who has not answered by then has died.
STALE = timedelta(seconds=PLAY_SECONDS + 60)
KEPT = timedelta(days=1)
# New lines are looked for so often while others are answered.
LOOK_SECONDS = 0.5
GONE = _("What was to be tried is not there any more. Reload the page.")
ENDLESS = _("It took longer than %(seconds)s seconds.")
BROKE = _("Something went wrong here. Try again; if it happens again, tell your engineer.")
# As agentworker.usage tells it.
Used = dict[str, list[dict[str, Any]]]
Talk = tuple[Script, Mapping[str, Access]]
# Stores what came of a piece of work; the database is not touched while the loop runs.
Store = Callable[[], None]


def work() -> int:
    """Everything that waits; how much that was. Others may work at the same time."""
    count = 0
    with asyncio.Runner() as runner:
        going: set[asyncio.Task[Store]] = set()
        while True:
            for job, talk in _claim(TOGETHER - len(going), timezone.now()):
                going.add(runner.get_loop().create_task(_do(job, talk)))
                count += 1
            if not going:
                runner.run(net.close_all())
                return count
            for store in runner.run(_some(going)):
                store()


def tidy() -> None:
    """Trials of days ago go: what staff typed is nobody's business any more."""
    Trial.objects.before(timezone.now() - KEPT).delete()


async def _some(going: set[asyncio.Task[Store]]) -> list[Store]:
    """What is done by now, taken out of `going`."""
    done, _still = await asyncio.wait(
        going, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    going -= done
    return [task.result() for task in done]


async def _do(job: "Line | Play", talk: Talk) -> Store:
    try:
        return await job.do(talk)
    except (Unanswered, ProviderError) as error:
        return partial(job.fail, error.sentence)
    except Exception:  # one that breaks holds up none of the others
        log.exception("a trial of an assistant broke")
        return partial(job.fail, Sentence(BROKE))


def _claim(count: int, now: datetime) -> "Iterator[tuple[Line | Play, Talk]]":
    lines = TrialLine.objects.waiting(now - STALE).select_related("trial__agent")
    plays = ScenarioRun.objects.waiting(now - STALE).select_related("scenario__agent")
    for row in [*lines[:count], *plays[:count]][:count]:
        taken = type(row)._default_manager.filter(pk=row.pk, taken_at=row.taken_at)
        if not taken.update(taken_at=now):
            continue
        job = Line(row) if isinstance(row, TrialLine) else Play(row)
        try:
            yield job, _talk(job.content())
        except NoScriptError:
            job.fail(Sentence(GONE))


def _talk(content: AgentDraft | AgentVersion) -> Talk:
    script = script_of(content)
    return script, accesses_of(script)


@dataclass
class Line:
    """Answers one line of a trial."""

    row: TrialLine
    used: Used = field(default_factory=dict)

    def content(self) -> AgentDraft | AgentVersion:
        """Raises NoScriptError."""
        return tried(self.row.trial.agent, self.row.trial.what)

    async def do(self, talk: Talk) -> Store:
        """Raises Unanswered, ProviderError."""
        script, accesses = talk
        memory = self.row.trial.memory
        async with Rehearsal(script, accesses, timezone.localtime(), memory) as rehearsal:
            try:
                answer = await self._answer(rehearsal)
            finally:
                self.used = rehearsal.used
            return partial(self._keep, answer, rehearsal.memory())

    async def _answer(self, rehearsal: Rehearsal) -> Answer:
        if self.row.key:
            return await rehearsal.press(self.row.key)
        if self.row.text:
            return await rehearsal.hear(self.row.text)
        return await rehearsal.greeting()

    def _keep(self, answer: Answer, memory: dict[str, Any]) -> None:
        trial = Trial.objects.filter(pk=self.row.trial_id)
        trial.update(memory=memory, is_over=answer.ended)
        self._done(answer=answer.to_json())

    def fail(self, why: Sentence) -> None:
        self._done(trouble=why.to_json())

    def _done(self, **fields: Any) -> None:
        TrialLine.objects.filter(pk=self.row.pk).update(done_at=timezone.now(), **fields)
        pay(self.used)


@dataclass
class Play:
    """Plays one scenario."""

    row: ScenarioRun
    used: Used = field(default_factory=dict)

    def content(self) -> AgentDraft | AgentVersion:
        """Raises NoScriptError."""
        return tried(self.row.scenario.agent, self.row.what)

    async def do(self, talk: Talk) -> Store:
        """Raises Unanswered, ProviderError."""
        began, (script, accesses) = time.perf_counter(), talk
        try:
            async with asyncio.timeout(PLAY_SECONDS):
                async with Rehearsal(script, accesses, timezone.localtime()) as rehearsal:
                    try:
                        told = await play(rehearsal, read_steps(self.row.scenario.steps))
                    finally:
                        self.used = rehearsal.used
        except TimeoutError:
            raise Unanswered(Sentence(ENDLESS, {"seconds": PLAY_SECONDS})) from None
        return partial(self._keep, told, round(1000 * (time.perf_counter() - began)))

    def _keep(self, told: list[Told], took_ms: int) -> None:
        has_passed = all(each.passed for each in told)
        verdict = ScenarioRun.Verdict.PASSED if has_passed else ScenarioRun.Verdict.FAILED
        self._done(verdict=verdict, told=[each.to_json() for each in told], took_ms=took_ms)

    def fail(self, why: Sentence) -> None:
        """It could not be played."""
        self._done(verdict=ScenarioRun.Verdict.BROKEN, trouble=why.to_json())

    def _done(self, **fields: Any) -> None:
        ScenarioRun.objects.filter(pk=self.row.pk).update(done_at=timezone.now(), **fields)
        pay(self.used)


def pay(used: Used) -> None:
    """What a trial used of paid providers counts in what a day costs, as a talk that is in no
    figures of calls.
    """
    if used:
        now = timezone.now()
        own = {"job_id": f"text-{uuid.uuid4().hex}", "started_at": now, "ended_at": now}
        Session.objects.create(**own, is_trial=True, usage=used, **asdict(spent(used)))
