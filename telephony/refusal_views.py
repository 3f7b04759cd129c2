"""The inbox of refused calls, and the buttons that mend what kept them out."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.validators import validate_ipv46_address
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from telephony import arrivals, changes, connecting, mending, refusal_reading, refusal_verdicts
from telephony.asking import save_seen
from telephony.changes import ChangeError, Impact
from telephony.keeping import panel
from telephony.mending import Kind
from telephony.models import IgnoredSource, Trunk
from telephony.refusal_verdicts import Shown
from veyra.doors import staff_page
from veyra.models import User
from veyra.sentences import Sentence

READS = ("telephony.view_call", "telephony.view_refused")
ADDS = (*READS, "telephony.add_phonenumber")
ALLOWS = (*READS, "telephony.change_trunk")
IGNORES = (*READS, "telephony.add_ignoredsource")
RESTORES = (*READS, "telephony.delete_ignoredsource")
ON_A_PAGE, SCANNERS_SHOWN, MOST_TRIES = 25, 20, 50
GONE = gettext_noop("This line is no longer here: somebody has mended or ignored it.")
SCANS = gettext_noop(
    "%(address)s tries number after number, as scanners do, so no button lets it in."
)


@staff_page(*READS)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """The newest first; what a scanner did is one line."""
    inbox = refusal_reading.read(user)
    groups = Paginator(inbox.groups, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        **admin.site.each_context(request),
        "title": _("Turned away"),
        "groups": groups,
        "shown": refusal_verdicts.shown(list(groups), user),
        "scanners": inbox.scanners[:SCANNERS_SHOWN],
        "more_scanners": max(0, len(inbox.scanners) - SCANNERS_SHOWN),
        "ignored": IgnoredSource.objects.visible_to(user).newest_first(),
        "unheard": inbox.unheard,
        "tap_listens": arrivals.tap_listens(),
        "days": refusal_reading.KEPT.days,
        "may_add": user.has_perms(ADDS),
        "may_allow": user.has_perms(ALLOWS),
        "may_ignore": user.has_perms(IGNORES),
        "may_restore": user.has_perms(RESTORES),
    }
    return render(request, "telephony/turned_away.html", context)


def _found(request: HttpRequest, user: User, name: str, kind: Kind) -> Shown | None:
    """The group, where this button still mends it; None: the person is told why not."""
    inbox = refusal_reading.read(user)
    group = refusal_reading.named(inbox, name)
    address = request.POST.get("address", "")
    if group is None:
        scans = address in {scanner.address for scanner in inbox.scanners}
        why = Sentence(SCANS, {"address": address}) if scans else Sentence(GONE)
        messages.error(request, str(why))
        return None
    (found,) = refusal_verdicts.shown([group], user)
    if found.cure.kind != kind:
        messages.info(request, str(found.cure.why))
        return None
    return found


class TrunkForm(forms.Form):
    """Which connection."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["trunk"] = forms.ModelChoiceField(Trunk.objects.visible_to(user).in_use())


def _chosen(request: HttpRequest, user: User) -> Trunk | None:
    form = TrunkForm(user, request.POST if request.method == "POST" else request.GET)
    return form.cleaned_data["trunk"] if form.is_valid() else None


@staff_page(*ADDS)
def add_number(request: HttpRequest, user: User, name: str) -> HttpResponse:
    """The called number becomes one of ours: at once where the inbox said all that it does, else
    after a look.
    """
    found = _found(request, user, name, Kind.NUMBER)
    if found is None:
        return redirect("turned-away")
    trunk, number = _chosen(request, user), mending.number_of(found.group.newest.called)
    context: dict[str, Any] = {"found": found, "trunk": trunk, "title": _("Add a number")}
    if trunk is None:
        return _ask(request, user, "turned_away_number", context)
    try:
        impact = _add(request, trunk, number)
    except ChangeError as error:
        return _ask(request, user, "turned_away_number", context | {"faults": error.sentences})
    if impact is not None:
        return _ask(request, user, "turned_away_number", context, impact)
    added = refusal_verdicts.rows_of(number)
    note = _("Added to “%(trunk)s” from the calls that were turned away.") % {"trunk": trunk}
    LogEntry.objects.log_actions(user.pk, added, ADDITION, change_message=note)
    told = _("%(number)s is added to “%(trunk)s”. Call once more.")
    messages.success(request, told % {"number": found.number, "trunk": trunk})
    return redirect("turned-away")


def _add(request: HttpRequest, trunk: Trunk, number: str) -> Impact | None:
    edit = mending.adding(number, str(trunk.key))
    if request.method != "POST":
        return changes.preview(edit)
    if "at_once" in request.POST:
        return mending.at_once(edit, number)
    return save_seen(edit, request.POST.get("seen", ""), "accepted" in request.POST)


@staff_page(*ALLOWS)
def allow(request: HttpRequest, user: User, name: str) -> HttpResponse:
    """A connection takes calls from the address: after a look at whose it is, and what it did."""
    found = _found(request, user, name, Kind.ADDRESS)
    if found is None:
        return redirect("turned-away")
    trunk = refusal_verdicts.trunk_of(found, user) or _chosen(request, user)
    context: dict[str, Any] = {"found": found, "trunk": trunk, "title": _("Allow an address")}
    if trunk is None:
        return _ask(request, user, "turned_away_address", context)
    context["origin"] = origin = arrivals.origin(found.address, trunk)
    edit, typed = connecting.admission(trunk, found.address), request.POST.get("typed", "")
    if request.method != "POST":
        return _ask(request, user, "turned_away_address", context, changes.preview(edit))
    if fault := connecting.admission_fault(found.address, origin, typed):
        context |= {"faults": [fault], "typed": typed}
        return _ask(request, user, "turned_away_address", context, changes.preview(edit))
    try:
        impact = save_seen(edit, request.POST.get("seen", ""), "accepted" in request.POST)
    except ChangeError as error:
        return _ask(request, user, "turned_away_address", context | {"faults": error.sentences})
    if impact is not None:
        return _ask(request, user, "turned_away_address", context | {"typed": typed}, impact)
    IgnoredSource.objects.let_go(found.address)
    note = _("Allowed %(address)s.") % {"address": found.address}
    LogEntry.objects.log_actions(user.pk, [trunk], CHANGE, change_message=note)
    told = _("“%(trunk)s” takes calls from %(address)s now. Call once more.")
    messages.success(request, told % {"trunk": trunk, "address": found.address})
    return redirect("turned-away")


def _ask(
    request: HttpRequest,
    user: User,
    template: str,
    context: dict[str, Any],
    impact: Impact | None = None,
) -> HttpResponse:
    """What it would do, and what is known of whoever called; or which connection it is."""
    sources = refusal_verdicts.connections(user)
    address = context["found"].address
    tries = refusal_reading.tries_of(address, user) if address else []
    context = {
        **admin.site.each_context(request),
        **context,
        "connections": sources,
        "whose": mending.whose(address, sources) if address else [],
        "tries": tries[:MOST_TRIES],
        "has_more_tries": len(tries) > MOST_TRIES,
        "impact": impact,
        "panel": panel(impact) if impact else None,
        "lacks_tick": bool(impact and request.POST.get("seen") == impact.token),
    }
    status = 400 if context.get("faults") else 200
    return render(request, f"telephony/{template}.html", context, status=status)


@require_POST
@staff_page(*IGNORES)
def ignore(request: HttpRequest, user: User) -> HttpResponse:
    """Whoever calls from there is not ours: he is only counted."""
    address = request.POST.get("address", "")
    try:
        validate_ipv46_address(address)
    except ValidationError:
        messages.error(request, _("This is no address, so nobody can be told by it."))
        return redirect("turned-away")
    if refusal_reading.is_listed(address):
        msgid = _("%(address)s is an address of a connection of ours, so it is not ignored.")
        messages.error(request, msgid % {"address": address})
        return redirect("turned-away")
    row, is_new = IgnoredSource.objects.get_or_create(
        address=address, defaults={"ignored_by": user}
    )
    if is_new:
        LogEntry.objects.log_actions(user.pk, [row], ADDITION)
    told = _("Refused calls from %(address)s are only counted from now on.")
    messages.success(request, told % {"address": address})
    return redirect("turned-away")


@require_POST
@staff_page(*RESTORES)
def restore(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Undo of `ignore`."""
    row = get_object_or_404(IgnoredSource.objects.visible_to(user), pk=pk)
    LogEntry.objects.log_actions(user.pk, [row], DELETION)
    row.delete()
    told = _("Refused calls from %(address)s are shown again.")
    messages.success(request, told % {"address": row.address})
    return redirect("turned-away")
