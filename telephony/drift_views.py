"""Pages about what LiveKit has that is not as saved here."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget

from agentworker.models import Agent
from telephony import deciding
from telephony.changes import ChangeError, Impact, preview
from telephony.deciding import Answer
from telephony.keeping import panel
from telephony.links import DECIDES
from telephony.models import Difference
from telephony.routing.refusals import sentence_of
from telephony.routing.taking import CannotError
from telephony.sync import TASK
from veyra.celery import wake
from veyra.doors import staff_page
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.sentences import Sentence

TAKES = (*DECIDES, "telephony.change_phonenumber")
MAKES = ("telephony.add_trunk", "telephony.add_phonenumber", "telephony.add_dispatchrule")


class TakeOverForm(forms.Form):
    """Which objects, and who answers their calls from then on."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ids"] = forms.ModelMultipleChoiceField(
            Difference.objects.visible_to(user).not_ours(),
            to_field_name="livekit_id",
            widget=forms.MultipleHiddenInput(),
        )
        self.fields["agent"] = forms.ModelChoiceField(
            Agent.objects.visible_to(user).kept(),
            label=_("Which assistant answers these calls from then on?"),
            widget=UnfoldAdminSelectWidget(),
            empty_label=None,
        )


@staff_page(*DECIDES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """Everything that differs, from the last look: LiveKit is not asked."""
    rows = Difference.objects.visible_to(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Differences"),
        "changed": [_shown(row) for row in rows.changed_by_hand()],
        "on_its_way": [_shown(row) for row in rows.being_decided()],
        "not_ours": [_shown(row) for row in rows.not_ours()],
        "ignored": rows.ignored(),
        "others": rows.of_other_installations(),
        "may_take": user.has_perms(TAKES),
        "may_take_over": user.has_perms((*TAKES, *MAKES)),
    }
    return render(request, "telephony/differences.html", context)


def _shown(row: Difference) -> dict[str, Any]:
    return {"row": row, "fields": [_field(each) for each in row.fields]}


def _field(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": _(stored["label"]),
        "ours": [Sentence.from_json(each) for each in stored["ours"]],
        "theirs": [Sentence.from_json(each) for each in stored["theirs"]],
        "alike": stored["alike"],
    }


@require_POST
@staff_page(*DECIDES)
def restore(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """What is saved here goes to LiveKit; only over what the person saw."""
    row = get_object_or_404(Difference.objects.visible_to(user).changed_by_hand(), pk=pk)
    if request.POST.get("fingerprint") != row.fingerprint:
        messages.error(request, _(deciding.GONE))
        return redirect("differences")
    deciding.restore(row)
    text = _("“%(name)s” goes to LiveKit as it is saved here.")
    messages.success(request, text % {"name": row})
    return redirect("differences")


@staff_page(*TAKES)
def take(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """First what it would change for callers; then, on a yes, it is saved."""
    row = get_object_or_404(Difference.objects.visible_to(user).changed_by_hand(), pk=pk)
    context: dict[str, Any] = {"title": _("Take what is in LiveKit"), "shown": _shown(row)}
    try:
        edit = deciding.taking(row)
        if request.method != "POST":
            return _confirm(request, context, preview(edit))
        found = deciding.take_theirs(row, edit, _answer(request))
    except (CannotError, ChangeError, LiveKitError) as error:
        return _confirm(request, context | {"faults": _why(error)})
    if found is not None:
        return _confirm(request, context, found)
    messages.success(request, _("Saved here as it stands in LiveKit."))
    return redirect("differences")


@require_POST
@staff_page(*DECIDES)
def ignore(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Somebody else's object is right as it is; with ignored=0 it is counted again."""
    row = get_object_or_404(Difference.objects.visible_to(user), pk=pk)
    deciding.ignore(row, request.POST.get("ignored") != "0")
    return redirect("differences")


@staff_page(*TAKES, *MAKES)
def take_over(request: HttpRequest, user: User) -> HttpResponse:
    """Rows for objects that are not ours: ?ids=…, or all of them. Shown first, then made."""
    free = Difference.objects.visible_to(user).not_ours().that_take_calls()
    asked = request.GET.getlist("ids") or list(free.values_list("livekit_id", flat=True))
    context: dict[str, Any] = {
        "title": _("Take over"),
        "has_agents": Agent.objects.visible_to(user).kept().exists(),
    }
    if request.method != "POST":
        form = TakeOverForm(user, initial={"ids": asked})
        rows = [_shown(row) for row in free.with_ids(asked)]
        return _confirm(request, context | {"form": form, "rows": rows})
    form = TakeOverForm(user, request.POST)
    context["form"] = form
    if not form.is_valid():
        return _confirm(request, context | {"faults": [Sentence(deciding.GONE)]})
    context["rows"] = [_shown(row) for row in form.cleaned_data["ids"]]
    ids = [row.livekit_id for row in form.cleaned_data["ids"]]
    try:
        adoption = deciding.taking_over(ids, str(form.cleaned_data["agent"].key))
        context["refused"] = list(dict.fromkeys(map(str, adoption.refused.values())))
        if not adoption.claims:
            return _confirm(request, context | {"faults": [Sentence(deciding.NOTHING)]})
        found = deciding.take_over(adoption, _answer(request))
    except (ChangeError, LiveKitError) as error:
        return _confirm(request, context | {"faults": _why(error)})
    if found is not None:
        return _confirm(request, context, found)
    text = _("Taken over. Each is marked as ours in LiveKit within a minute.")
    messages.success(request, text)
    return redirect("differences")


def _answer(request: HttpRequest) -> Answer:
    return Answer(seen=request.POST.get("seen", ""), accepted="accepted" in request.POST)


def _why(error: CannotError | ChangeError | LiveKitError) -> Iterable[Sentence]:
    if isinstance(error, ChangeError):
        return error.sentences
    return [error.sentence if isinstance(error, CannotError) else sentence_of(error)]


def _confirm(
    request: HttpRequest, context: dict[str, Any], found: Impact | None = None
) -> HttpResponse:
    """What it would do for callers, or why it cannot be done."""
    seen = request.POST.get("seen", "")
    context = {
        **admin.site.each_context(request),
        **context,
        "impact": found,
        "panel": panel(found) if found else None,
        "lacks_tick": bool(found and seen == found.token),
    }
    status = 400 if context.get("faults") else 200
    return render(request, "telephony/difference_confirm.html", context, status=status)


@require_POST
@staff_page(*DECIDES)
def look(request: HttpRequest, user: User) -> HttpResponse:
    """Look at LiveKit now, not in half a minute."""
    wake(TASK)
    messages.success(request, _("LiveKit is being looked at. What differs appears here by itself."))
    return redirect("differences")
