"""Keys for other programs: made, seen once, listed, and ended."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from veyra.doors import staff_page
from veyra.models import ApiKey, User
from veyra.rest import keys
from veyra.role_names import called

SEES, ADDS, ENDS = (f"veyra.{verb}_apikey" for verb in ("view", "add", "delete"))
LEAST = "Viewer"
# Days; 0: it does not end by itself.
LASTS = [
    ("30", gettext_lazy("a month")),
    ("90", gettext_lazy("three months")),
    ("365", gettext_lazy("a year")),
    ("0", gettext_lazy("until somebody ends it")),
]


class KeyForm(forms.Form):
    """`as_whom`: "" is whoever makes it, else the id of a role that a new service gets."""

    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Such as “CRM” or “the report of the night”."),
    )
    as_whom = forms.ChoiceField(
        label=gettext_lazy("What the key may do"),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy(
            "A service of its own stays when you leave, and everybody sees what it did. Give it the"
            " smallest role that will do."
        ),
    )
    days = forms.ChoiceField(
        label=gettext_lazy("How long it lets in"),
        choices=LASTS,
        initial="365",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles = {str(group.pk): group for group in keys.offered_roles(user)}
        services = [
            (pk, _("A service with the role “%(role)s”") % {"role": called(group.name)})
            for pk, group in self.roles.items()
        ]
        least = next((pk for pk, group in self.roles.items() if group.name == LEAST), "")
        # What is chosen without thinking may only look.
        self.initial.setdefault("as_whom", least)
        myself = ("", _("Everything that I may do"))
        self.fields["as_whom"].choices = [*services, myself]  # type: ignore[attr-defined]  # a ChoiceField


def shown(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    frame = {**admin.site.each_context(request), "title": _("Keys for programs")}
    return render(request, f"veyra/keys/{template}.html", frame | context, status=status)


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    rows = ApiKey.objects.visible_to(user).shown().newest()
    found = [(row, ", ".join(called(each.name) for each in row.user.groups.all())) for row in rows]
    return shown(request, "list", {"rows": found, "now": timezone.now()})


@never_cache
@staff_page(SEES, ADDS)
def add(request: HttpRequest, user: User) -> HttpResponse:
    """The secret is on the answer to the form, and on no other page."""
    form = KeyForm(request.POST or None, user=user)
    if request.method != "POST" or not form.is_valid():
        return shown(request, "form", {"form": form}, 400 if form.errors else 200)
    given = form.cleaned_data
    role = form.roles.get(given["as_whom"])
    row, secret = keys.make(given["name"], user, int(given["days"]) or None, role)
    address = settings.PUBLIC_URL + reverse("api-call-list")
    return shown(request, "made", {"row": row, "secret": secret, "address": address})


@require_POST
@staff_page(SEES, ENDS)
def end(request: HttpRequest, user: User, uid: Any) -> HttpResponse:
    row = get_object_or_404(ApiKey.objects.visible_to(user).shown(), uid=uid)
    if not _may_end(row, user):
        raise PermissionDenied
    keys.end(row)
    said = _("“%(name)s” lets nobody in any more.") % {"name": row.name}
    messages.success(request, said)
    return redirect("api-keys")


def _may_end(row: ApiKey, user: User) -> bool:
    """His own and those that he made; who looks after people ends all of them."""
    return user.pk in (row.user_id, row.made_by_id) or user.has_perm("veyra.change_user")
