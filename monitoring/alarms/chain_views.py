"""Who is woken, and when the next one is; and who watches from outside."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from monitoring.alarms import calling_out, chain
from monitoring.alarms.channel_views import CHANGES, SEES, shown
from monitoring.alarms.forms import StepForm, WatchForm
from monitoring.alarms.models import AlertChannel, EscalationStep, Watch
from veyra.doors import staff_page
from veyra.models import User


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    return _page(request, user, StepForm())


@require_POST
@staff_page(CHANGES)
def add(request: HttpRequest, user: User) -> HttpResponse:
    form = StepForm(request.POST)
    if not form.is_valid():
        return _page(request, user, form)
    chain.add(form.cleaned_data["person"], form.cleaned_data["minutes"], user)
    return redirect("alarm-chain")


@require_POST
@staff_page(CHANGES)
def remove(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    step = get_object_or_404(EscalationStep.objects.visible_to(user), pk=pk)
    chain.remove(step, user)
    return redirect("alarm-chain")


@require_POST
@staff_page(CHANGES)
def up(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    step = get_object_or_404(EscalationStep.objects.visible_to(user), pk=pk)
    chain.up(step, user)
    return redirect("alarm-chain")


def _page(request: HttpRequest, user: User, form: StepForm) -> HttpResponse:
    steps = list(EscalationStep.objects.visible_to(user).in_order())
    channels = list(AlertChannel.objects.visible_to(user).usable())
    context = {
        "title": _("Who is woken"),
        "tab": "chain",
        "rungs": chain.rungs(steps, channels),
        "shared": [channel for channel in channels if channel.person is None],
        "has_channels": bool(channels),
        "form": form,
    }
    return shown(request, "chain", context, wrong=bool(form.errors))


@staff_page(SEES)
def watch(request: HttpRequest, user: User) -> HttpResponse:
    return _watch(request, WatchForm())


@require_POST
@staff_page(CHANGES)
def save_watch(request: HttpRequest, user: User) -> HttpResponse:
    """Save the address and call it at once; or stop calling."""
    form = WatchForm(request.POST)
    if not form.is_valid():
        return _watch(request, form)
    found = calling_out.set_up(form.cleaned_data["url"], form.cleaned_data["proxy"], user)
    if not found.url:
        messages.success(request, _("Nobody watches from outside any more."))
    elif calling_out.call(found, timezone.now()):
        messages.success(request, _("It was called just now, and it answered."))
    return redirect("alarm-watch")


@require_POST
@staff_page(CHANGES)
def call_now(request: HttpRequest, user: User) -> HttpResponse:
    found = Watch.get()
    if found.is_set and calling_out.call(found, timezone.now()):
        messages.success(request, _("It was called just now, and it answered."))
    return redirect("alarm-watch")


def _watch(request: HttpRequest, form: WatchForm) -> HttpResponse:
    found = Watch.get()
    context = {
        "title": _("Who watches the watcher"),
        "tab": "watch",
        "watch": found,
        "form": form,
        "lookout": chain.lookout_lives(),
    }
    return shown(request, "watch", context, wrong=bool(form.errors))
