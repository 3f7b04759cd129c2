"""What staff ask for when they try an assistant: a talk, a line of it, a play of scenarios.

The agent library is not imported: pages use this, and workers do what is asked.
"""

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.brief import DRAFT, Brief
from agentworker.content import Content
from agentworker.models import Agent, Scenario, ScenarioRun, Trial, TrialLine
from agentworker.services import words_of
from agentworker.versions import NoScriptError, tried
from veyra.celery import wake
from veyra.livekit.tokens import trial_call_token
from veyra.livekit.types import AGENT_NAME, AgentDispatch
from veyra.models import User
from veyra.sentences import Sentence

if TYPE_CHECKING:  # it reads what is said here
    from agentworker.trying.scenario_form import Written

log = logging.getLogger(__name__)

TASK = "agentworker.rehearse"
# Trials that a person may begin in an hour: each costs a place on the line, or a provider's money.
MOST_AN_HOUR = 60
MOST_LINES, LONGEST_LINE = 100, 1000
KEYS = frozenset("0123456789*#")
MOST_SCENARIOS = 100
PLAYS_KEPT = 5
# Plays that a person may ask for in an hour: each asks a provider many times.
MOST_PLAYS = 1000
SAME_NAME = _("There is already a scenario with this name.")
TOO_MANY = _("There are %(most)s scenarios already. Delete one that you do not need.")


class NotNowError(Exception):
    """It cannot be done; `sentence` says why, and what to do."""

    def __init__(self, msgid: str, **values: Any) -> None:
        super().__init__(msgid)
        self.sentence = Sentence(msgid, values)


def begin_text(agent: Agent, what: str, user: User) -> Trial:
    """A talk by text; the greeting is on its way. Raises NotNowError, versions.NoScriptError."""
    trial = _begin(agent, what, Trial.Way.TEXT, user)
    trial.lines.create()
    wake(TASK)
    return trial


def begin_voice(agent: Agent, what: str, user: User) -> str:
    """A token for a room of its own, into which the assistant comes. Raises as `begin_text`."""
    trial = _begin(agent, what, Trial.Way.VOICE, user)
    brief = Brief(str(agent.key), trial=what)
    return trial_call_token(
        identity=f"trial-{trial.pk}",
        name=user.get_full_name() or user.get_username(),
        dispatch=AgentDispatch(agent_name=AGENT_NAME, metadata=brief.to_json()),
    )


def _begin(agent: Agent, what: str, way: Trial.Way, user: User) -> Trial:
    tried(agent, what)
    lately = Trial.objects.of_user(user).since(timezone.now() - timedelta(hours=1))
    if lately.count() >= MOST_AN_HOUR:
        raise NotNowError(_("You have tried assistants very often in this hour. Go on in a while."))
    return Trial.objects.create(agent=agent, what=what, way=way, asked_by=user)


def say(trial: Trial, text: str, key: str = "") -> TrialLine:
    """What somebody typed, or pressed. Raises NotNowError."""
    text = " ".join(text.split())[:LONGEST_LINE]
    if not text and key not in KEYS:
        raise NotNowError(_("Write what the caller says."))
    if trial.is_over:
        raise NotNowError(_("This talk is over. Begin a new one."))
    if trial.lines.filter(done_at=None).exists():
        raise NotNowError(_("The assistant still answers. Wait a moment."))
    if trial.lines.count() >= MOST_LINES:
        raise NotNowError(_("This talk has become very long. Begin a new one."))
    line = trial.lines.create(text=text, key="" if text else key)
    wake(TASK)
    return line


def keep(scenario: Scenario, written: "Written", user: User) -> list[Sentence]:
    """What somebody wrote, and a play of it; or why it cannot be kept."""
    scenario.name, scenario.changed_by = written.name, user
    scenario.steps = written.as_json()
    others = scenario.agent.scenarios.exclude(pk=scenario.pk)
    if others.filter(name=scenario.name).exists():
        return [Sentence(SAME_NAME)]
    if others.count() >= MOST_SCENARIOS:
        return [Sentence(TOO_MANY, {"most": MOST_SCENARIOS})]
    scenario.save()
    try:
        play(scenario.agent, DRAFT, [scenario], user)
    except (NotNowError, NoScriptError) as error:
        log.info("a scenario is kept and not played: %s", type(error).__name__)
    return []


def play(agent: Agent, what: str, scenarios: Iterable[Scenario], user: User) -> uuid.UUID:
    """Ask for these to be played together, but for those that are being played already.

    Raises NotNowError, versions.NoScriptError.
    """
    content, batch = tried(agent, what), uuid.uuid4()
    lately = ScenarioRun.objects.of_user(user).since(timezone.now() - timedelta(hours=1))
    if lately.count() >= MOST_PLAYS:
        raise NotNowError(_("You have tried assistants very often in this hour. Go on in a while."))
    going_on = set(ScenarioRun.objects.going_on().values_list("scenario", "digest"))
    runs = [
        ScenarioRun(
            scenario=each,
            batch=batch,
            what=what,
            digest=digest(content, each.steps),
            asked_by=user,
        )
        for each in scenarios
        if (each.pk, digest(content, each.steps)) not in going_on
    ]
    ScenarioRun.objects.bulk_create(runs)
    for run in runs:
        _forget_old(run.scenario)
    wake(TASK)
    return batch


def _forget_old(scenario: Scenario) -> None:
    kept = scenario.runs.order_by("-pk").values_list("pk", flat=True)[:PLAYS_KEPT]
    scenario.runs.exclude(pk__in=list(kept)).delete()


def digest(content: Content, steps: Sequence[Any]) -> str:
    """The same words and the same steps have the same."""
    whole = json.dumps([asdict(words_of(content)), steps], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


@dataclass(frozen=True)
class Standing:
    """How an assistant's scenarios stand with its draft, as that is now. `unplayed`: nobody has
    played them with exactly these words and steps, or they could not be played.
    """

    count: int = 0
    passed: int = 0
    failed: int = 0
    playing: int = 0
    unplayed: int = 0

    @property
    def done(self) -> int:
        return self.count - self.playing

    @property
    def is_good(self) -> bool:
        return self.passed == self.count


def standing(agent: Agent) -> Standing:
    """Two queries and a few more. Raises versions.NoScriptError where there are no words yet."""
    scenarios = list(agent.scenarios.all())
    if not scenarios:
        return Standing()
    content = tried(agent, DRAFT)
    newest = {run.scenario_id: run for run in ScenarioRun.objects.newest_of(scenarios)}
    counts = dict.fromkeys(["passed", "failed", "playing", "unplayed"], 0)
    for each in scenarios:
        counts[_stands(newest.get(each.pk), digest(content, each.steps))] += 1
    return Standing(count=len(scenarios), **counts)


def _stands(run: ScenarioRun | None, now: str) -> str:
    if run is None or run.digest != now:
        return "unplayed"
    words = {"passed": "passed", "failed": "failed", "waiting": "playing"}
    return words.get(run.verdict, "unplayed")
