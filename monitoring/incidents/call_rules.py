"""Rules about what happens to callers. Pure.

They look at the newest calls whose fate is known, not at a stretch of time: so they see a busy
line's trouble within seconds, and a quiet line's with its first calls.
"""

from collections.abc import Collection, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from monitoring.health.base import Limit
from monitoring.incidents.facts import Facts, Fate
from monitoring.incidents.models import Severity
from monitoring.incidents.rule import Limits, Rule, Trouble
from veyra.sentences import Sentence

SILENT, FAILED, GAVE_UP, REFUSED = "silent", "failed", "gave_up", "refused"


def _newest(facts: Facts, count: float, without: Collection[str] = (REFUSED,)) -> Sequence[Fate]:
    kept = [fate for fate in facts.fates if fate.what not in without]
    return kept[-int(count) :]


def _hit(found: Sequence[Fate], of: Collection[str]) -> list[Fate]:
    return [fate for fate in found if fate.what in of]


def _is_much(hit: Sequence[Fate], found: Sequence[Fate], limits: Limits) -> bool:
    return len(hit) >= limits["calls"] and 100 * len(hit) >= limits["percent"] * len(found)


def _last(default: int) -> Limit:
    return Limit(
        "last",
        _("How many of the last calls count"),
        _("So many calls are looked at, of the last ten minutes at most."),
        default,
        3,
        100,
    )


def _percent(default: int) -> Limit:
    return Limit(
        "percent",
        _("Percent of them that end so"),
        _("A smaller part of the calls may end so without an incident."),
        default,
        1,
        100,
    )


def _calls(default: int) -> Limit:
    return Limit("calls", _("At least so many calls"), _("Fewer are no incident."), default, 1, 100)


def no_agent(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    found = _newest(facts, limits["last"])
    hit = _hit(found, [SILENT])
    if not _is_much(hit, found, limits):
        return ()
    msgid = gettext_noop(
        "Nobody answers: %(hit)s of the last %(all)s callers heard no assistant and nobody else."
    )
    sentence = Sentence(msgid, {"hit": len(hit), "all": len(found)})
    return [Trouble(sentence, calls=[fate.call for fate in hit])]


def calls_failed(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    found = _newest(facts, limits["last"])
    hit = _hit(found, [FAILED])
    if not _is_much(hit, found, limits):
        return ()
    msgid = gettext_noop("Calls break off: %(hit)s of the last %(all)s calls failed.")
    sentence = Sentence(msgid, {"hit": len(hit), "all": len(found)})
    return [Trouble(sentence, calls=[fate.call for fate in hit])]


def callers_lost(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    found = _newest(facts, limits["last"])
    hit = _hit(found, [SILENT, FAILED, GAVE_UP])
    if not _is_much(hit, found, limits):
        return ()
    msgid = gettext_noop(
        "Callers are lost: nobody talked to %(hit)s of the last %(all)s. Most of them waited and"
        " hung up, or their calls broke off."
    )
    sentence = Sentence(msgid, {"hit": len(hit), "all": len(found)})
    return [Trouble(sentence, calls=[fate.call for fate in hit])]


def calls_refused(facts: Facts, limits: Limits) -> Sequence[Trouble]:
    """Those that strangers place at our numbers are not our provider's, and less grave."""
    found = _newest(facts, limits["last"], without=())
    hit = _hit(found, [REFUSED])
    if not _is_much(hit, found, limits):
        return ()
    calls = [fate.call for fate in hit]
    values = {"hit": len(hit), "all": len(found)}
    if any(fate.by_provider for fate in hit):
        msgid = gettext_noop(
            "Calls are refused: %(hit)s of the last %(all)s were turned away before anybody could"
            " answer. “Turned away” says why."
        )
        return [Trouble(Sentence(msgid, values), calls=calls)]
    msgid = gettext_noop(
        "Strangers call our numbers past the provider: %(hit)s of the last %(all)s calls, all"
        " refused. Callers are not harmed."
    )
    return [Trouble(Sentence(msgid, values), calls=calls, severity=Severity.LOW, is_hint=True)]


RULES = (
    Rule(
        "no_agent",
        _("Callers hear nobody"),
        _("A caller was let in, and neither an assistant nor anybody else spoke to him."),
        Severity.CRITICAL,
        no_agent,
        damping=0,
        limits=(_last(16), _percent(50), _calls(1)),
        is_loud=True,
    ),
    Rule(
        "calls_failed",
        _("Calls break off"),
        _("Calls that were answered, or were about to be, ended by a fault."),
        Severity.HIGH,
        calls_failed,
        damping=0,
        limits=(_last(12), _percent(30), _calls(3)),
        is_loud=True,
    ),
    Rule(
        "callers_lost",
        _("Callers are lost"),
        _("Callers who waited for us and to whom nobody talked, for whatever reason."),
        Severity.CRITICAL,
        callers_lost,
        damping=5,
        limits=(_last(20), _percent(60), _calls(3)),
        is_loud=True,
    ),
    Rule(
        "calls_refused",
        _("Calls are refused"),
        _("Calls that were turned away at the entrance, because no number or rule fits them."),
        Severity.HIGH,
        calls_refused,
        damping=5,
        limits=(_last(20), _percent(50), _calls(5)),
        is_loud=True,
    ),
)
