"""The page behind the link in an alarm: one button, which says that somebody is on it."""

from django.contrib import admin
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache

from monitoring.alarms import working
from monitoring.alarms.models import AlertChannel, Delivery
from monitoring.alarms.writing import SALT, list_of_all
from monitoring.incidents import services
from monitoring.incidents.models import Incident, IncidentNote
from monitoring.incidents.story import title_of
from veyra.pace import Pace
from veyra.sentences import Sentence

DAY = 24 * 3600
BY_LINK = gettext_noop("Answered by the link in the message to “%(channel)s”.")
# Nobody guesses the signature; this only spares work.
pace = Pace(30, 60.0)


@never_cache
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever has the message may open it, without a login. Only a press of the button counts:
    programs that look into messages open every link.
    """
    if not pace.allows(request.META.get("REMOTE_ADDR", "")):
        return HttpResponse(status=429, headers={"Retry-After": "60"})
    delivery = _delivery(token)
    if delivery is None or delivery.channel is None:
        frame = admin.site.each_context(request)
        return render(request, "monitoring/alarms/answer_old.html", frame, status=410)
    channel = delivery.channel
    with translation.override(channel.language), timezone.override(channel.zone):
        if request.method == "POST":
            take(delivery, channel)
        incidents = working.named_in(delivery)
        context = {
            **admin.site.each_context(request),
            "lines": [(title_of(one), one) for one in incidents],
            "is_open": any(one.state == Incident.State.OPEN for one in incidents),
            "url": list_of_all(),
        }
        return render(request, "monitoring/alarms/answer.html", context)


def _delivery(token: str) -> Delivery | None:
    try:
        pk = signing.loads(token, salt=SALT, max_age=DAY)
    except signing.BadSignature:
        return None
    return Delivery.objects.answerable().filter(pk=pk).first()


def take(delivery: Delivery, channel: AlertChannel) -> None:
    """He is on everything that the message named and that is open."""
    for incident in working.named_in(delivery):
        if services.acknowledge(incident, channel.person):
            told = Sentence(BY_LINK, {"channel": channel.name})
            services.note(incident, IncidentNote.Kind.FACT, told)
