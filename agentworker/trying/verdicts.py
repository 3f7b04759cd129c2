"""Did an assistant do what it must? Pure, but for what only a mind can judge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from agentworker.trying.answer import Answer, Used
from agentworker.trying.steps import Kind, Must, alternatives, seconds_of
from veyra.sentences import Sentence
from veyra.wordforms import stems

TOO_SLOW = _("It took %(seconds)s s.")
USED = _("It used: %(names)s.")
USED_NOTHING = _("It used nothing.")
CONNECTED = _("It connected with “%(whom)s”.")
DID_NOT = _("It did not.")
SAYS_IT = _("It says “%(words)s”.")
WITHOUT_MIND = _(
    "Not judged: it has no language model. Choose who thinks for it, or take this line out."
)
NOTHING = Sentence("")


@dataclass(frozen=True)
class Verdict:
    """`ok` is None where nobody can tell. `why`: empty where there is nothing to add."""

    ok: bool | None
    why: Sentence = field(default=NOTHING)

    def to_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "why": self.why.to_json()}


def judge(must: Must, answer: Answer) -> Verdict:
    """Of what a mind must judge it says that nobody has."""
    if must.kind is Kind.SAYS:
        return Verdict(first_said(must.text, answer.text) != "")
    if must.kind is Kind.NOT_SAYS:
        found = first_said(must.text, answer.text)
        return Verdict(not found, Sentence(SAYS_IT, {"words": found}) if found else NOTHING)
    if must.kind is Kind.TOOL:
        return _used(must, answer.used)
    if must.kind is Kind.TRANSFERS:
        return _transferred(must, answer)
    if must.kind is Kind.ENDS:
        return _plain(answer.ended)
    if must.kind is Kind.WITHIN:
        return _in_time(must, answer)
    return Verdict(None, Sentence(WITHOUT_MIND))


def passed(verdicts: Iterable[Verdict]) -> bool:
    """What nobody can judge keeps nothing from being published."""
    return all(verdict.ok is not False for verdict in verdicts)


def first_said(wanted: str, said: str) -> str:
    """Which of the alternatives in `wanted` stands in what was said, its words one after another,
    in any form; "": none.
    """
    spoken = stems(said)
    return next((each for each in alternatives(wanted) if _stands(stems(each), spoken)), "")


def _stands(wanted: Sequence[str], spoken: Sequence[str]) -> bool:
    places = range(len(spoken) - len(wanted) + 1)
    return bool(wanted) and any(spoken[at : at + len(wanted)] == wanted for at in places)


def _plain(ok: bool) -> Verdict:
    return Verdict(ok, NOTHING if ok else Sentence(DID_NOT))


def _used(must: Must, used: Sequence[Used]) -> Verdict:
    if any(_is_meant(must, each) for each in used):
        return Verdict(True)
    if not used:
        return Verdict(False, Sentence(USED_NOTHING))
    return Verdict(False, Sentence(USED, {"names": "; ".join(map(_told, used))}))


def _is_meant(must: Must, used: Used) -> bool:
    told = " ".join(map(str, used.asked.values()))
    fits = not must.text.strip() or first_said(must.text, told) != ""
    return used.name == must.tool and fits


def _told(used: Used) -> str:
    """A tool and what it was told: "message (text: …)"."""
    filled = ", ".join(f"{name}: {value}" for name, value in used.asked.items() if value)
    return f"{used.name} ({filled})" if filled else used.name


def _transferred(must: Must, answer: Answer) -> Verdict:
    if not answer.transferred or not must.text.strip():
        return _plain(bool(answer.transferred))
    if first_said(must.text, answer.transferred):
        return Verdict(True)
    return Verdict(False, Sentence(CONNECTED, {"whom": answer.transferred}))


def _in_time(must: Must, answer: Answer) -> Verdict:
    spent = answer.ms / 1000
    ok = spent <= seconds_of(must.text)
    return Verdict(ok, NOTHING if ok else Sentence(TOO_SLOW, {"seconds": round(spent, 1)}))
