"""What the pages of trials and scenarios show."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from agentworker.brief import DRAFT
from agentworker.content import Content
from agentworker.models import (
    Agent,
    AgentDraft,
    AgentVersion,
    Scenario,
    ScenarioRun,
    Trial,
    TrialLine,
)
from agentworker.providers.catalog import Part
from agentworker.providers.choosing import has_mind
from agentworker.tools import KINDS, configs_of
from agentworker.trying.asking import digest
from agentworker.trying.steps import LABELS, Kind, Must, read_steps
from agentworker.versions import script_of
from veyra.sentences import Sentence

# Nobody feels it.
SHORT_MS = 50
Written = AgentDraft | AgentVersion


@dataclass(frozen=True)
class Choice:
    """What can be tried, as Brief.trial names it."""

    what: str
    label: str
    is_heard: bool
    hears_words: bool
    has_mind: bool


def choices(agent: Agent) -> list[Choice]:
    """Its draft, if there is one, and its newest version."""
    draft, newest = AgentDraft.objects.filter(agent=agent).first(), agent.newest()
    found = [_choice(DRAFT, _("Draft"), draft, is_heard=False)] if draft else []
    if newest:
        label = _("Version %(number)s") % {"number": newest.number}
        found.append(_choice(str(newest.pk), label, newest, is_heard=agent.is_published))
    return found


def _choice(what: str, label: str, content: Content, *, is_heard: bool) -> Choice:
    return Choice(
        what, label, is_heard, bool(content.speech.get(Part.EARS)), has_mind(content.speech)
    )


def chosen(choices: Sequence[Choice], what: str) -> Choice | None:
    """None: nothing is written yet."""
    first = choices[0] if choices else None
    return next((each for each in choices if each.what == what), first)


def talk(trial: Trial) -> dict[str, Any]:
    """{"lines": [{"id", "text", "key", "answer": Answer as JSON or null, "trouble"}], "is_over"}"""
    trial.refresh_from_db(fields=["is_over"])
    return {"lines": [_line(each) for each in trial.lines.all()], "is_over": trial.is_over}


def _line(line: TrialLine) -> dict[str, Any]:
    return {
        "id": line.pk,
        "text": line.text,
        "key": line.key,
        "answer": line.answer or None,
        "trouble": str(Sentence.from_json(line.trouble)),
    }


@dataclass(frozen=True)
class Shown:
    """A scenario, and its last play with what is written now; `run` is None: there is none."""

    scenario: Scenario
    run: ScenarioRun | None
    steps: Sequence[dict[str, Any]]
    # It was played with other words, or other steps, than those that are written now.
    is_old: bool = False

    @property
    def state(self) -> str:
        return self.run.verdict if self.run else "unplayed"

    @property
    def seconds(self) -> str:
        took = self.run.took_ms if self.run else None
        return number_format(took / 1000, 1) if took and took >= SHORT_MS else ""

    @property
    def trouble(self) -> str:
        return str(Sentence.from_json(self.run.trouble)) if self.run else ""


def must_text(must: dict[str, Any] | Must, tools: dict[str, str]) -> str:
    """ "says “free”", "uses what it may do: Take a message"."""
    found = must if isinstance(must, Must) else Must(Kind(must["kind"]), must["text"], must["tool"])
    text = _("“%(text)s”") % {"text": found.text} if found.text else ""
    if found.kind is Kind.TOOL:
        used = tools.get(found.tool, found.tool)
        return " ".join(filter(None, [f"{found.label}: {used}", text]))
    if found.kind is Kind.WITHIN:
        return _("answers within %(seconds)s s") % {"seconds": found.text}
    return " ".join(filter(None, [found.label, text]))


def tools_of(content: Written | None) -> dict[str, str]:
    """What it may do: its name, and how people call it."""
    found = {}
    for one in configs_of(script_of(content)) if content else ():
        kind = KINDS.get(one["kind"])
        label = str(kind.label) if kind else one["kind"]
        whom = one.get("whom") or one.get("label") or ""
        found[one["name"]] = f"{label}: {whom}" if whom else label
    return found


def shown(agent: Agent, content: Written | None) -> list[Shown]:
    """Its scenarios, each with its newest play."""
    scenarios = list(agent.scenarios.all())
    newest = {run.scenario_id: run for run in ScenarioRun.objects.newest_of(scenarios)}
    tools = tools_of(content)
    found = []
    for each in scenarios:
        run = newest.get(each.pk)
        is_old = bool(run and content and run.digest != digest(content, each.steps))
        found.append(Shown(each, run, list(_steps(each, run, tools)), is_old))
    return found


def _steps(
    scenario: Scenario, run: ScenarioRun | None, tools: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """What was played, or what will be."""
    if run is None or not run.told:
        for step in read_steps(scenario.steps):
            musts = [{"label": must_text(must, tools), "ok": "", "why": ""} for must in step.must]
            yield {"say": step.say, "press": step.press, "answer": None, "must": musts}
        return
    for told in run.told:
        musts = [
            {
                "label": must_text(must, tools),
                "ok": must["ok"],
                "why": str(Sentence.from_json(must["why"])),
            }
            for must in told["must"]
        ]
        yield {**told, "must": musts, "answer": _named(told["answer"], tools)}


def _named(answer: dict[str, Any] | None, tools: dict[str, str]) -> dict[str, Any] | None:
    """With what it used as people call it."""
    if answer is None:
        return None
    used = [{**use, "label": tools.get(use["name"], use["name"])} for use in answer["used"]]
    return {**answer, "used": used}


KIND_CHOICES = [(kind.value, LABELS[kind]) for kind in Kind]
