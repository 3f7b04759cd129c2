"""The words of a message about a number's calls, read from the rows at the moment of sending."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from monitoring.notices.models import NumberNotice
from telephony import came_of
from telephony.came_of import CameOf
from telephony.models import Call, CallBack
from telephony.numbers import pretty
from telephony.reasons import sentence


@dataclass(frozen=True)
class Message:
    title: str
    body: str


def told(rule: NumberNotice, sources: Sequence[str]) -> Message | None:
    """In the channel's language and time zone. None: nothing is left to tell."""
    channel = rule.channel
    with translation.override(channel.language), timezone.override(channel.zone):
        parts = [*_calls(sources), *_backs(sources)]
        if not parts:
            return None
        about = f"{pretty(rule.number.number)} {rule.number.label}".strip()
        count = ngettext("%(count)s notice", "%(count)s notices", len(parts)) % {
            "count": len(parts)
        }
        return Message(f"{about}: {count}", "\n\n".join(parts))


def _calls(sources: Iterable[str]) -> list[str]:
    keys = [UUID(each.removeprefix("call:")) for each in sources if each.startswith("call:")]
    calls = Call.objects.filter(pk__in=keys, erased_at=None).order_by("started_at")
    came = came_of.of_calls(keys)
    return [_call(call, came[call.pk]) for call in calls if call.pk in came]


def _call(call: Call, came: Iterable[CameOf]) -> str:
    who = pretty(call.from_number) or gettext("withheld number")
    lines = [f"{date_format(localtime(call.started_at), 'H:i')} {who}"]
    for each in came:
        lines += filter(None, (each.summary, each.outcome, each.noted_line))
    return "\n".join([*lines, f"{settings.PUBLIC_URL}/calls/{call.pk}/"])


def _backs(sources: Iterable[str]) -> list[str]:
    keys = [int(each.split(":")[1]) for each in sources if each.startswith("back:")]
    rows = CallBack.objects.waiting().filter(pk__in=keys).order_by("last_at")
    return [_back(row) for row in rows]


def _back(row: CallBack) -> str:
    when = date_format(localtime(row.last_at), "H:i")
    asked = gettext("To be called back: %(who)s") % {"who": pretty(row.caller)}
    why = row.message or str(sentence(row.reason))
    page = f"{settings.PUBLIC_URL}/admin/telephony/callback/"
    return "\n".join(filter(None, [f"{when} {asked}", why, page]))
