"""What a message says, in the language and with the hours of its channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitoring.alarms.models import AlertChannel, Delivery
from monitoring.incidents.models import Incident
from veyra.look import link

# Of the signature, so that nothing else that is signed opens this door.
SALT = "monitoring.alarms.answer"
# A digest names so many; the rest stands on the page.
MOST = 12
Word = Delivery.Word


@dataclass(frozen=True)
class Message:
    title: str
    body: str


def message(
    delivery: Delivery, channel: AlertChannel, incidents: Sequence[Incident], now: datetime
) -> Message:
    """`incidents`: those that it speaks of. A telephone's short message is short."""
    with translation.override(channel.language), timezone.override(channel.zone):
        found = _of(delivery, incidents, now)
    if channel.kind == AlertChannel.Kind.SMS:
        lines = [line for line in found.body.splitlines() if line]
        return Message("", "\n".join([found.title, *lines[-1:]]))
    return found


def _of(delivery: Delivery, incidents: Sequence[Incident], now: datetime) -> Message:
    if delivery.word == Word.ALARM:
        return _alarm(delivery, incidents)
    if delivery.word == Word.OVER:
        return _over(incidents, now)
    if delivery.word == Word.BROKEN:
        return _broken(delivery)
    if delivery.word == Word.WEEKLY:
        body = _("Once a week Veyra tries each channel. Nothing is wrong; nothing is to be done.")
        return Message(_("Veyra: the trial of the week"), body)
    body = _("Alarms of your phone line will arrive here. Nothing is wrong.")
    return Message(_("Veyra: a trial"), body)


def _alarm(delivery: Delivery, incidents: Sequence[Incident]) -> Message:
    answer = _("I am on it: %(url)s") % {"url": answer_url(delivery)}
    if len(incidents) == 1:
        one = incidents[0]
        since = _("Since %(time)s.") % {"time": _time(one.opened_at)}
        what = _("What to do: %(url)s") % {"url": page_of(one)}
        return Message(_titled(one), "\n".join([since, "", what, answer]))
    count = len(incidents)
    title = ngettext("%(count)s trouble on the line", "%(count)s troubles on the line", count)
    listed = [f"• {_titled(one)}" for one in incidents[:MOST]]
    if count > MOST:
        listed.append(_("and %(count)s more.") % {"count": count - MOST})
    what = _("What to do: %(url)s") % {"url": list_of_all()}
    return Message(title % {"count": count}, "\n".join([*listed, "", what, answer]))


def _titled(incident: Incident) -> str:
    return f"{incident.get_severity_display()}: {incident.told}"


def _over(incidents: Sequence[Incident], now: datetime) -> Message:
    if len(incidents) == 1:
        title = _("It is over: %(what)s") % {"what": incidents[0].told}
        return Message(title, "\n".join([_span(incidents[0], now), page_of(incidents[0])]))
    count = len(incidents)
    title = ngettext("%(count)s trouble is over", "%(count)s troubles are over", count)
    listed = [f"• {one.told}" for one in incidents[:MOST]]
    if count > MOST:
        listed.append(_("and %(count)s more.") % {"count": count - MOST})
    return Message(title % {"count": count}, "\n".join([*listed, "", list_of_all()]))


def _span(incident: Incident, now: datetime) -> str:
    end = incident.resolved_at or now
    return _("From %(begin)s to %(end)s.") % {
        "begin": _time(incident.opened_at),
        "end": _time(end),
    }


def _broken(delivery: Delivery) -> Message:
    about = delivery.about
    name, why = (about.name, str(about.why)) if about else (delivery.name, "")
    title = _("The alarm channel “%(name)s” does not work") % {"name": name}
    what = _("Alarms do not arrive there. To put it right: %(url)s") % {
        "url": f"{settings.PUBLIC_URL}{reverse('alarm-channels')}"
    }
    return Message(title, "\n".join([why, what]))


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j E, H:i")


def page_of(incident: Incident) -> str:
    return f"{settings.PUBLIC_URL}{link('incident', incident.pk)}"


def list_of_all() -> str:
    return f"{settings.PUBLIC_URL}{link('incidents')}"


def answer_url(delivery: Delivery) -> str:
    """Opens for whoever has the message, without a login."""
    token = signing.dumps(delivery.pk, salt=SALT, compress=False)
    return f"{settings.PUBLIC_URL}{reverse('alarm-answer', args=[token])}"
