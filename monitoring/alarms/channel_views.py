"""Pages of the channels: who is told, on which way, and whether it works."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring.alarms import guiding, reading, working
from monitoring.alarms.forms import ChannelForm
from monitoring.alarms.kinds import KINDS
from monitoring.alarms.models import AlertChannel, Delivery
from monitoring.alarms.telegram import TelegramError
from veyra.doors import staff_page
from veyra.models import User

SEES, ADDS, CHANGES, DELETES = (
    f"monitoring.{verb}_alertchannel" for verb in ("view", "add", "change", "delete")
)
Kind = AlertChannel.Kind
# In the list of what was sent.
SHOWN = 100


def shown(
    request: HttpRequest, template: str, context: dict[str, Any], wrong: bool = False
) -> HttpResponse:
    frame = admin.site.each_context(request)
    name = f"monitoring/alarms/{template}.html"
    return render(request, name, {**frame, **context}, status=400 if wrong else 200)


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    channels = list(AlertChannel.objects.visible_to(user).shown())
    last = reading.newest_trials(Delivery.objects.visible_to(user), channels)
    context = {
        "title": _("Alarms"),
        "tab": "channels",
        "rows": [(channel, last.get(channel.pk)) for channel in channels],
        "kinds": reading.kinds(channels),
    }
    return shown(request, "channels", context)


@staff_page(ADDS)
def choose(request: HttpRequest, user: User) -> HttpResponse:
    kinds = [(slug, Kind(slug).label, kind.summary) for slug, kind in KINDS.items()]
    context = {"title": _("How shall people be told?"), "tab": "channels", "kinds": kinds}
    return shown(request, "choose", context)


@staff_page(ADDS)
def add(request: HttpRequest, user: User, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    initial = {"language": get_language(), "person": user.pk}
    form = ChannelForm(request.POST or None, kind=kind, initial=initial)
    if form.is_valid():
        channel = AlertChannel(kind=kind)
        form.fill(channel)
        if _saved(request, channel, form):
            LogEntry.objects.log_actions(user.pk, [channel], ADDITION, change_message="")
            return _next(request, channel)
    return _form(request, form, kind, None)


@staff_page(CHANGES)
def change(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    channel = get_object_or_404(AlertChannel.objects.visible_to(user), pk=pk)
    form = ChannelForm(request.POST or None, kind=channel.kind, channel=channel)
    if form.is_valid():
        form.fill(channel)
        if _saved(request, channel, form):
            LogEntry.objects.log_actions(user.pk, [channel], CHANGE, change_message="")
            return _next(request, channel)
    return _form(request, form, channel.kind, channel)


def _saved(request: HttpRequest, channel: AlertChannel, form: ChannelForm) -> bool:
    """Telegram is asked whether it knows the bot; what it says stands at the token."""
    try:
        guiding.begin(channel)
    except TelegramError as error:
        form.add_error("token", str(error.sentence))
        return False
    channel.save()
    return True


def _next(request: HttpRequest, channel: AlertChannel) -> HttpResponse:
    if not channel.is_ready:
        return redirect("alarm-telegram", channel.pk)
    messages.success(request, _("Saved. Press “Try it” and see whether the message arrives."))
    return redirect("alarm-channels")


def _form(
    request: HttpRequest, form: ChannelForm, kind: str, channel: AlertChannel | None
) -> HttpResponse:
    title = channel.name if channel else Kind(kind).label
    context = {"title": title, "tab": "channels", "form": form, "channel": channel}
    return shown(request, "channel", context, wrong=bool(form.errors))


@require_POST
@staff_page(CHANGES)
def try_out(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    channel = get_object_or_404(AlertChannel.objects.visible_to(user), pk=pk)
    if not working.try_out(channel, user, timezone.now()):
        messages.warning(request, _("A trial was sent a moment ago. See below what came of it."))
    return redirect("alarm-channels")


@require_POST
@staff_page(CHANGES)
def switch(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """In use, or not for now."""
    channel = get_object_or_404(AlertChannel.objects.visible_to(user), pk=pk)
    channel.is_on = not channel.is_on
    channel.changed_at = timezone.now()
    channel.save(update_fields=["is_on", "changed_at"])
    LogEntry.objects.log_actions(user.pk, [channel], CHANGE, change_message="")
    return redirect("alarm-channels")


@require_POST
@staff_page(DELETES)
def remove(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    channel = get_object_or_404(AlertChannel.objects.visible_to(user), pk=pk)
    with transaction.atomic():
        LogEntry.objects.log_actions(user.pk, [channel], DELETION, change_message="")
        channel.delete()
    messages.success(request, _("Nobody is told that way any more."))
    return redirect("alarm-channels")


@staff_page(CHANGES)
def telegram(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """From the bot to the chat: press Start, the chat is found, the code is typed back."""
    telegrams = AlertChannel.objects.visible_to(user).of_kind(Kind.TELEGRAM)
    channel = get_object_or_404(telegrams, pk=pk)
    wrong = ""
    if request.method == "POST":
        try:
            if code := request.POST.get("code", ""):
                wrong = guiding.type_code(channel, code)
            else:
                guiding.look(channel)
        except TelegramError as error:
            wrong = str(error.sentence)
        if channel.is_ready:
            LogEntry.objects.log_actions(user.pk, [channel], CHANGE, change_message="")
            messages.success(request, _("It works: the code was right."))
            return redirect("alarm-channels")
        if not wrong:
            return redirect("alarm-telegram", channel.pk)
    context = {"title": channel.name, "tab": "channels", "channel": channel, "wrong": wrong}
    return shown(request, "telegram", {**context, **guiding.told(channel)}, wrong=bool(wrong))


@staff_page(SEES)
def log(request: HttpRequest, user: User) -> HttpResponse:
    """What was sent to whom."""
    context = {
        "title": _("Sent alarms"),
        "tab": "log",
        "deliveries": Delivery.objects.visible_to(user).newest()[:SHOWN],
        "count": SHOWN,
    }
    return shown(request, "log", context)
