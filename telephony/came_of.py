"""What came of calls, as their assistants' minds wrote it down (agentworker.afterwards)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from agentworker.models import Session
from telephony.facts import Leg


@dataclass(frozen=True)
class CameOf:
    """`noted`: (what staff call it, what was said of it)."""

    summary: str
    outcome: str
    noted: tuple[tuple[str, str], ...] = ()

    @property
    def noted_line(self) -> str:
        """ "Name: Anna; Order: 15"."""
        return "; ".join(f"{label}: {words}" for label, words in self.noted)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"noted": dict(self.noted)}


def of_sessions(sessions: Iterable[Session]) -> list[CameOf]:
    """Of those of which something was written down. They come with their versions."""
    return [_of(each) for each in sessions if each.summary or each.outcome or each.noted]


def _of(session: Session) -> CameOf:
    labels = _labels(session.version.noting if session.version else ())
    noted = tuple((labels.get(name, name), str(words)) for name, words in session.noted.items())
    return CameOf(session.summary, session.outcome, noted)


def _labels(noting: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(each["name"]): str(each["label"]) for each in noting}


def of_calls(keys: Collection[UUID]) -> dict[UUID, list[CameOf]]:
    """Two queries, however many calls; the oldest conversation first."""
    if not keys:
        return {}
    calls: dict[str, UUID] = {}
    legs = Leg.objects.filter(call__in=keys)
    for call, phone, sid in legs.values_list("call", "sip_call_id", "participant_sid"):
        calls |= {name: call for name in (phone, sid) if name}
    rows = Session.objects.of_callers(calls).exclude(summary="", outcome="", noted={})
    found: dict[UUID, list[CameOf]] = {}
    for session in rows.select_related("version").order_by("started_at"):
        key = calls.get(session.sip_call_id) or calls.get(session.participant_sid)
        if key:
            found.setdefault(key, []).append(_of(session))
    return found
