"""The page on which an engineer makes a token for LiveKit, and sees who made which."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from monitoring.access.models import AccessToken
from veyra.doors import staff_page
from veyra.livekit.tokens import OF_A_ROOM, Grant, engineer_token
from veyra.models import SecurityEvent, User
from veyra.sentences import Sentence

SEES, ADDS = "monitoring.view_accesstoken", "monitoring.add_accesstoken"
SHOWN = 100
LIFETIMES = [
    (10, gettext_lazy("ten minutes")),
    (60, gettext_lazy("an hour")),
    (360, gettext_lazy("six hours")),
    (1440, gettext_lazy("a day")),
]
MADE = gettext_noop("A token for “%(identity)s” was made, for %(minutes)s minutes: %(note)s")


class TokenForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=200,
        help_text=gettext_lazy("Others read this in the list of tokens."),
    )
    identity = forms.RegexField(
        r"^[\w.@-]+$",
        label=gettext_lazy("Name in the room"),
        max_length=100,
        help_text=gettext_lazy("Letters, digits and . @ - _"),
    )
    room = forms.CharField(label=gettext_lazy("Room"), max_length=200, required=False)
    grants = forms.MultipleChoiceField(
        label=gettext_lazy("It allows to"),
        choices=Grant.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Grant.JOIN, Grant.HEAR],
    )
    minutes = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"), choices=LIFETIMES, coerce=int, initial=10
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # Such names say who somebody is to the line, and a token must not claim them.
        if str(cleaned.get("identity", "")).startswith(("sip_", "agent-", "veyra")):
            self.add_error("identity", _("Choose another name: the line itself uses such ones."))
        needs = OF_A_ROOM & set(cleaned.get("grants", []))
        if needs and not cleaned.get("room"):
            self.add_error("room", _("Name the room: what you chose is about one."))
        return cleaned


@staff_page(SEES, ADDS)
def page(request: HttpRequest, user: User) -> HttpResponse:
    form = TokenForm(request.POST or None)
    token = _made(form, user) if form.is_bound and form.is_valid() else ""
    context = {
        **admin.site.each_context(request),
        "title": _("Tokens for LiveKit"),
        "form": form,
        "token": token,
        "rows": AccessToken.objects.visible_to(user).newest()[:SHOWN],
        "now": timezone.now(),
    }
    status = 400 if form.errors else 200
    answer = render(request, "monitoring/access/tokens.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _made(form: TokenForm, user: User) -> str:
    given = dict(form.cleaned_data)
    minutes = given.pop("minutes")
    lifetime = timedelta(minutes=minutes)
    told = {"identity": given["identity"], "minutes": minutes, "note": given["note"]}
    with transaction.atomic():
        AccessToken.objects.create(**given, made_by=user, expires_at=timezone.now() + lifetime)
        SecurityEvent.objects.create(
            kind=SecurityEvent.Kind.TOKEN_MADE, user=user, detail=Sentence(MADE, told).to_json()
        )
    given.pop("note")
    return engineer_token(**given, valid_for=lifetime)
