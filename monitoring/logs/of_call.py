"""What the programs wrote of one call, read when somebody looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from monitoring.callpage import was_turned_away
from monitoring.logs.foreign import ForeignLine, files, lines_about
from monitoring.logs.ladder import Rung, ladder, with_reason
from telephony import reasons
from telephony.models import Call, CallEvent
from telephony.routetest import why_refused
from veyra.logs.redacting import Redactor
from veyra.sentences import Sentence


@dataclass(frozen=True)
class Wire:
    """`has_files`: can this host read what LiveKit's programs write?"""

    rungs: Sequence[Rung]
    lines: Sequence[ForeignLine]
    has_files: bool
    folder: Path

    @property
    def rows(self) -> list[tuple[ForeignLine, dict[str, Any]]]:
        """Keys and PINs hidden; the call's numbers stand on its page anyway."""
        return [(line, _shown(line)) for line in self.lines]


# The same in each line of a call.
DULL = {
    "nodeID",
    "fromHost",
    "toHost",
    "transport",
    "direction",
    "jitterBuf",
    "traceID",
    "tid",
    "sipTag",
    "callID",
    "caller",
    "logger",
    "sipCallID",
}


def _shown(line: ForeignLine) -> dict[str, Any]:
    hides = Redactor(settings.OWN_SECRETS)
    fields = {name: value for name, value in line.fields.items() if name not in DULL}
    return {name: hides.secret_or_value(value, name) for name, value in fields.items()}


def wire_of(call: Call) -> Wire:
    """`call` comes with its legs."""
    legs, folder = list(call.legs.all()), Path(settings.LINE_LOGS)
    ids = {leg.sip_call_id or "" for leg in legs} | {call.room_sid, call.room_name}
    until = call.ended_at or timezone.now()
    lines = lines_about(folder, ids, call.started_at, until)
    events = CallEvent.objects.of_call(call, legs)
    rungs = ladder(call, events, lines)
    if was_turned_away(call):
        rungs = with_reason(rungs, _why(call))
    return Wire(rungs, lines, bool(files(folder)), folder)


def _why(call: Call) -> Sentence:
    """As far as the line tells now; else in general."""
    step = why_refused(call)
    return step.sentence if step else reasons.sentence(call.reason)
