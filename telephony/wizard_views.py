"""The wizard: pick the provider, say which numbers and who answers, call from one's own phone."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.models import Agent
from telephony import arrivals, changes, connecting, signing, wizard
from telephony.keeping import panel
from telephony.models import ExpectedCall, Gateway, PhoneNumber, Trunk
from telephony.providers import PRESETS, Preset, find
from telephony.sign_in_forms import CorrectionForm
from telephony.wizard_forms import ConnectForm, LineForm, LoginForm, PhoneForm
from veyra.doors import staff_page
from veyra.models import User
from veyra.sentences import Sentence

MAKES_LINES = ("telephony.add_trunk", "telephony.add_phonenumber", "telephony.add_dispatchrule")


@staff_page(*MAKES_LINES)
def choose(request: HttpRequest, user: User) -> HttpResponse:
    """Step 1: the providers."""
    return _page(request, "connect", step="pick", presets=PRESETS)


@staff_page(*MAKES_LINES)
def provider(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    """How calls of this provider reach us, where it has two ways."""
    preset = _preset(slug)
    if preset.sends and preset.sign_in:
        name = Sentence(preset.name)
        return _page(request, "connect_way", step="say", preset=preset, provider_name=name)
    return redirect("connect-address" if preset.sends else "connect-login", slug)


@staff_page(*MAKES_LINES)
def by_address(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    """Step 2: what to do at the provider so that it sends calls to us, and whose they are."""
    preset = _preset(slug)
    if not preset.sends:
        raise Http404
    form = ConnectForm(request.POST or None, preset=preset, user=user)
    context = wizard.guide(preset, wizard.Entrance.of(Gateway.get()))
    return _connect(request, user, "connect_address", form, context)


@staff_page(*MAKES_LINES)
def by_login(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    """Step 2: the login and the password that the provider gave, and whose calls they bring."""
    preset = _preset(slug)
    if preset.sign_in is None:
        raise Http404
    form = LoginForm(request.POST or None, preset=preset, user=user)
    context = wizard.login_guide(preset) | signing.lacks()
    return _connect(request, user, "connect_login", form, context)


def _preset(slug: str) -> Preset:
    preset = find(slug)
    if preset is None:
        raise Http404
    return preset


def _connect(
    request: HttpRequest, user: User, template: str, form: LineForm, context: dict[str, Any]
) -> HttpResponse:
    """What will change for callers is shown before it is saved."""
    impact = None
    if form.is_valid():
        try:
            impact, first = connecting.connect(
                form.asked(), request.POST.get("seen", ""), "accepted" in request.POST
            )
        except changes.ChangeError as error:
            form.add_error(None, [str(sentence) for sentence in error.sentences])
        else:
            if first is not None and first.trunk.register_at:
                return redirect("connect-sign-in", pk=first.trunk.pk)
            if first is not None:
                return redirect("connect-call", pk=first.pk)
    context |= {
        "preset": form.preset,
        "step": "say",
        "impact": impact,
        "panel": panel(impact) if impact else None,
        "lacks_tick": bool(impact and request.POST.get("seen") == impact.token),
        "has_agent": Agent.objects.visible_to(user).kept().exists(),
    }
    return _page(request, template, form=form, **context)


@staff_page("telephony.change_trunk")
def sign_in(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Step 3 of a login: how the sign-in stands, and what was typed, to be typed better. With
    ?part=1 only what changes.
    """
    lines = Trunk.objects.visible_to(user).kept().exclude(register_at="")
    trunk = get_object_or_404(lines, pk=pk)
    form = CorrectionForm(request.POST or None, trunk=trunk)
    if form.is_valid():
        try:
            connecting.correct(trunk, form.sign_in())
        except changes.ChangeError as error:
            form.add_error(None, [str(sentence) for sentence in error.sentences])
        else:
            return redirect("connect-sign-in", pk=pk)
    context = {
        "trunk": trunk,
        "number": trunk.numbers.visible_to(user).in_use().first(),
        "signing": signing.of(trunk),
        "step": "sign in",
        "by_login": True,
        **signing.lacks(),
    }
    if "part" in request.GET:
        return render(request, "telephony/_sign_in.html", context)
    return _page(request, "connect_sign_in", form=form, **context)


@staff_page("telephony.change_trunk")
def call(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Step 3: whose call to this number shall be waited for."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user).with_trunk(), pk=pk)
    form = PhoneForm(request.POST or None)
    if form.is_valid():
        expected = arrivals.expect(number, form.cleaned_data["caller"], user)
        return redirect("connect-wait", pk=expected.pk)
    return _page(
        request, "connect_call", form=form, number=number, step="call", **wizard.target_of(number)
    )


@staff_page("telephony.change_trunk")
def wait(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """The call as it comes; with ?part=1 only what changes."""
    expected = _expected(user, pk)
    context = {"expected": expected, "number": expected.number, "step": "call"}
    context |= wizard.target_of(expected.number) | wizard.seen(expected)
    if "part" in request.GET:
        return render(request, "telephony/_arrival.html", context)
    return _page(request, "connect_wait", **context)


@require_POST
@staff_page("telephony.change_trunk")
def admit(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """Let the address that the awaited call came from in, and wait for the next call."""
    expected = _expected(user, pk)
    arrival = arrivals.the_one(arrivals.of(expected))
    if arrival is None:
        raise Http404
    try:
        refused = connecting.admit(
            expected.number.trunk,
            arrival.address,
            arrival.origin,
            request.POST.get("typed", ""),
        )
    except changes.ChangeError as error:
        refused = error.sentences[0]
    if refused:
        messages.error(request, str(refused))
        return redirect("connect-wait", pk=pk)
    messages.success(
        request,
        _("%(address)s is added. Call once more: now it will be let in.")
        % {"address": arrival.address},
    )
    again = arrivals.expect(expected.number, expected.caller, user)
    return redirect("connect-wait", pk=again.pk)


def _expected(user: User, pk: uuid.UUID) -> ExpectedCall:
    return get_object_or_404(ExpectedCall.objects.visible_to(user).with_number(), pk=pk)


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    context |= {**admin.site.each_context(request), "title": _("Connect a provider")}
    form = context.get("form")
    status = 400 if form is not None and form.errors else 200
    return render(request, f"telephony/{template}.html", context, status=status)
