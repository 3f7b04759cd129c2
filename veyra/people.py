"""The person's own language and time zone on every page, and the questions of the first login."""

import zoneinfo
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.defaults import server_error
from django.views.i18n import set_language

from veyra.doors import staff_page
from veyra.models import User
from veyra.rest import problems
from veyra.zones import zones


class PersonMiddleware:
    """Pages speak the person's language and show times in his zone.

    Whoever has not answered the questions of the first login is led to them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        # A person is told so in his language also where DEBUG has a page for programmers.
        lost = response.status_code == 404 and opened_by_a_person(request)
        return not_found(request) if lost else response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        if user.language:
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        if must_be_set_up(request, user):
            return redirect(f"{reverse('setup')}?{urlencode({'next': request.get_full_path()})}")
        zone = zoneinfo.ZoneInfo(user.time_zone) if user.time_zone else None
        with timezone.override(zone):
            return self.get_response(request)


def must_be_set_up(request: HttpRequest, user: User) -> bool:
    """Only pages that a person opens are redirected: never a form that he sends, nor a script."""
    if user.set_up_at or not user.is_staff or request.method != "GET":
        return False
    return opened_by_a_person(request) and request.path != reverse("setup")


def opened_by_a_person(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


class SetupForm(forms.Form):
    """Language, time zone, and for the first person a promise about the recovery sheet."""

    language = forms.ChoiceField(label=_("Language of the pages"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Your time zone"), choices=zones)
    kept = forms.BooleanField(label=_("I have kept the recovery sheet"), required=False)

    def __init__(self, *args: Any, must_keep: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if must_keep:
            self.fields["kept"].required = True
            self.fields["kept"].error_messages["required"] = _(
                "Print or copy the recovery sheet first, then tick here."
            )
        else:
            del self.fields["kept"]


@never_cache
@staff_page()
def setup(request: HttpRequest, user: User) -> HttpResponse:
    """The questions of the first login. The keys are shown once, to the first superuser."""
    first = user.is_superuser and not User.objects.filter(set_up_at__isnull=False).exists()
    initial = {
        "language": user.language or translation.get_language(),
        "time_zone": user.time_zone or settings.TIME_ZONE,
    }
    form = SetupForm(request.POST or None, initial=initial, must_keep=first)
    if form.is_valid():
        user.language = form.cleaned_data["language"]
        user.time_zone = form.cleaned_data["time_zone"]
        user.set_up_at = timezone.now()
        user.save(update_fields=["language", "time_zone", "set_up_at"])
        return HttpResponseRedirect(_next_step(request))
    context = {
        **admin.site.each_context(request),
        "title": _("Welcome to Veyra"),
        "form": form,
        "keys": settings.FIELD_KEYS if first else [],
        "next": request.GET.get("next", ""),
    }
    return render(request, "veyra/setup.html", context, status=400 if form.errors else 200)


def _next_step(request: HttpRequest) -> str:
    """The second factor, where the line has one; then the page that was wanted."""
    wanted = wanted_page(request, request.POST.get("next", ""))
    if not settings.SECOND_FACTOR_ROLES:
        return wanted
    return f"{reverse('second-factor')}?{urlencode({'next': wanted})}"


def wanted_page(request: HttpRequest, wanted: str) -> str:
    """A page of ours to go on to; the first page, where it is none."""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else reverse("admin:index")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language switch of every page; it is remembered with the person."""
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return set_language(request)


def start(request: HttpRequest) -> HttpResponse:
    """The bare address."""
    return redirect("admin:index")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, in the frame of the other pages."""
    return render(request, "403.html", admin.site.each_context(request), status=403)


def not_sent(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token of this browser. `reason`: Django's own words, for programmers."""
    return render(request, "not_sent.html", admin.site.each_context(request), status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, in the frame of the other pages."""
    return render(request, "404.html", admin.site.each_context(request), status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500; of a program's request told as its other errors are."""
    return problems.broken() if request.path.startswith("/api/") else server_error(request)
