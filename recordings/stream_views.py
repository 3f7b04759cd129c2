"""Pages of rooms that are sent on."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from recordings import rooms, streaming
from recordings.available import obstacle
from recordings.livekit_words import sentence_of
from recordings.outside import NOWHERE
from recordings.stream_models import Stream
from veyra.doors import staff_page
from veyra.livekit.media import RTMP, masked
from veyra.livekit.types import LiveKitError
from veyra.models import User
from veyra.outside import host_of, leads_nowhere
from veyra.sentences import Sentence

SEES, BEGINS, CHANGES = (f"recordings.{verb}_stream" for verb in ("view", "add", "change"))
# Those that are over, on the page.
SHOWN = 20
# LiveKit sends a room to no more.
MOST_TARGETS = 10
LOGIN_IS_SHOWN = gettext_lazy(
    "A login in the address would be shown to everybody who opens this page. Leave it out here; if"
    " the service needs it, write it at the end of the key: key?user=…&password=…"
)


class AddressForm(forms.Form):
    """Where to: as most services show it, in two parts."""

    server = forms.CharField(
        label=gettext_lazy("address (server)"),
        max_length=300,
        help_text=gettext_lazy("As the service shows it: rtmp://… or rtmps://…"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "rtmps://…"}),
    )
    key = forms.CharField(
        label=gettext_lazy("stream key"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("It is kept encrypted and shown to nobody again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if server := cleaned.get("server"):
            key = (cleaned.get("key") or "").strip()
            address = f"{server.rstrip('/')}/{key}" if key else server
            found = RTMP.match(address)
            if found is None or not found[4] or any(map(str.isspace, address)):
                wrong = _("Write an address such as rtmps://example.org/live, and its key.")
                self.add_error("server", wrong)
            elif "@" in found[2].partition("/")[0]:
                self.add_error("server", LOGIN_IS_SHOWN)
            elif leads_nowhere(host := host_of(address)):
                self.add_error("server", str(Sentence(NOWHERE, {"host": host})))
            cleaned["address"] = address
        return cleaned


class StreamForm(AddressForm):
    room = forms.CharField(label=gettext_lazy("room"), max_length=200)
    has_picture = forms.BooleanField(
        label=gettext_lazy("with picture"),
        required=False,
        help_text=gettext_lazy("A picture takes about two processors of the server."),
    )
    field_order = ("room", "server", "key", "has_picture")


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """What goes out now, what went out lately, and a form for more; ?id= of a room fills it in."""
    why = obstacle("egress")
    may_begin = user.has_perm(BEGINS) and why is None
    asked = request.POST if request.method == "POST" and may_begin else None
    form = StreamForm(asked, initial={"room": _name_of(request.GET.get("id", ""))})
    if form.is_bound and form.is_valid() and _begin(form, user):
        messages.success(request, _("It begins. How it stands, you see here."))
        return redirect("streams")
    mine = Stream.objects.visible_to(user).prefetch_related("targets").select_related("user")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Streams"),
        "form": form,
        "address": AddressForm(auto_id=False),
        "obstacle": why,
        "going_on": mine.going_on(),
        "over": mine.over()[:SHOWN],
    }
    status = 400 if form.errors else 200
    return render(request, "recordings/streams.html", context, status=status)


def _name_of(room_sid: str) -> str:
    """ "" for a room that is over, or cannot be asked for."""
    try:
        found = rooms.one(sid=room_sid)
    except LiveKitError:
        return ""
    return found[0].name if found else ""


def _begin(form: StreamForm, user: User) -> bool:
    """False: the form says why not."""
    given = form.cleaned_data
    try:
        found = rooms.one(given["room"])
    except LiveKitError as error:
        form.add_error(None, str(sentence_of(error)))
        return False
    if found is None:
        form.add_error("room", _("No room of this name is open."))
        return False
    if why := streaming.obstacle(found[0].sid):
        form.add_error("room", str(why))
        return False
    streaming.begin(found[0], given["address"], given["has_picture"], user)
    return True


@require_POST
@staff_page(SEES, CHANGES)
def add(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """One more address, while it runs."""
    stream, form = _stream(user, pk), AddressForm(request.POST)
    wrong = _wrong(stream, form)
    if wrong:
        messages.error(request, wrong)
    else:
        streaming.add(stream, form.cleaned_data["address"], user)
    return redirect("streams")


def _wrong(stream: Stream, form: AddressForm) -> str:
    if not form.is_valid():
        return next(str(error) for errors in form.errors.values() for error in errors)
    wanted = [target.shown for target in stream.targets.all() if target.is_wanted]
    if masked(form.cleaned_data["address"]) in wanted:
        return _("It goes there already.")
    if len(wanted) >= MOST_TARGETS:
        return _("A room goes to %(count)s addresses at most.") % {"count": MOST_TARGETS}
    return "" if stream.is_open and stream.is_wanted else _("This stream is over.")


@require_POST
@staff_page(SEES, CHANGES)
def remove(request: HttpRequest, user: User, pk: uuid.UUID, target: int) -> HttpResponse:
    stream = _stream(user, pk)
    streaming.remove(get_object_or_404(stream.targets.visible_to(user), pk=target), user)
    return redirect("streams")


@require_POST
@staff_page(SEES, CHANGES)
def stop(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    streaming.stop(_stream(user, pk), user)
    return redirect("streams")


def _stream(user: User, pk: uuid.UUID) -> Stream:
    return get_object_or_404(Stream.objects.visible_to(user), pk=pk)
