"""Pages of the rooms that there are now, and doors by which staff act in them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from recordings import egress, rooms
from recordings.livekit_words import sentence_of
from recordings.models import Recording
from recordings.rooms import Deed, GoneError, Kind
from veyra.doors import staff_page
from veyra.livekit.types import LiveKitError, Participant, Track
from veyra.models import User
from veyra.sentences import Sentence

SEES = "recordings.view_roomaction"
RECORDS = "recordings.record_call"
LONGEST_MESSAGE = 1000
DONE = {
    Kind.MUTE: gettext_lazy("Nobody hears or sees it any more."),
    Kind.UNMUTE: gettext_lazy("It is there again for everybody."),
    Kind.REMOVE: gettext_lazy("Removed from the room."),
    Kind.MESSAGE: gettext_lazy("Sent to those in the room."),
    Kind.CLOSE: gettext_lazy("The room is closed."),
}


class RoomForm(forms.Form):
    """A room as the reader saw it."""

    room = forms.CharField(max_length=300)
    sid = forms.CharField(max_length=64)
    identity = forms.CharField(max_length=300, required=False)
    track = forms.CharField(max_length=64, required=False)


class PersonForm(RoomForm):
    identity = forms.CharField(max_length=300)


class TrackForm(PersonForm):
    track = forms.CharField(max_length=64)


class MessageForm(RoomForm):
    text = forms.CharField(
        max_length=LONGEST_MESSAGE,
        error_messages={
            "required": gettext_lazy("Write what you want to say."),
            "max_length": gettext_lazy(
                "A message has at most %(limit_value)s characters. Say it shorter."
            ),
        },
    )


@dataclass(frozen=True)
class ShownTrack:
    track: Track
    name: Sentence


@dataclass(frozen=True)
class ShownPerson:
    person: Participant
    role: Sentence
    tracks: list[ShownTrack]


@staff_page(SEES)
def page(request: HttpRequest, user: User) -> HttpResponse:
    """All rooms, or those whose name has ?q= in it."""
    search = request.GET.get("q", "").strip()
    context: dict[str, Any] = {"title": _("Rooms"), "search": search}
    try:
        context["shown"], context["more"] = rooms.now(user, search)
    except LiveKitError as error:
        context["problem"] = sentence_of(error)
    return _page(request, "recordings/rooms.html", context)


@staff_page(SEES)
def one(request: HttpRequest, user: User) -> HttpResponse:
    """Who is in a room, and what each sends: ?id=, since most names have a caller's number in them,
    or ?name=.
    """
    context: dict[str, Any] = {"title": _("Room")}
    try:
        if found := rooms.one(request.GET.get("name", ""), request.GET.get("id", "")):
            room, people = found
            context["room"] = rooms.with_calls(user, [room])[0]
            context["people"] = [_shown(person) for person in people]
            context["recorded"] = Recording.objects.visible_to(user).of_room(room.sid)
            context["no_recording"] = egress.obstacle(room.sid)
    except LiveKitError as error:
        context["problem"] = sentence_of(error)
    return _page(request, "recordings/room.html", context)


def _shown(person: Participant) -> ShownPerson:
    tracks = [ShownTrack(track, rooms.name_of(track)) for track in person.tracks]
    return ShownPerson(person, rooms.role_of(person), tracks)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context})


@require_POST
@staff_page(SEES, RECORDS)
def record(request: HttpRequest, user: User) -> HttpResponse:
    """The picture of the room, or one track of it, by LiveKit's own program."""
    form = RoomForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            _record(given["room"], given["sid"], given["track"], user)
        except GoneError as error:
            messages.error(request, str(error.sentence))
        except LiveKitError as error:
            messages.error(request, str(sentence_of(error)))
    return _back(request)


def _record(name: str, sid: str, track: str, user: User) -> None:
    found = rooms.one(name, sid)
    if found is None:
        raise GoneError
    if egress.obstacle(sid) is None:
        kind = Recording.Kind.TRACK if track else Recording.Kind.VIDEO
        egress.begin(kind, found[0], track, user)


@require_POST
@staff_page(SEES, RECORDS)
def stop_recording(request: HttpRequest, user: User, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Recording.objects.visible_to(user).by_egress(), pk=pk)
    egress.stop(row, user)
    return redirect(f"{reverse('room')}?{urlencode({'id': row.room_sid})}")


@require_POST
@staff_page(SEES, "recordings.mute_participant")
def mute(request: HttpRequest, user: User) -> HttpResponse:
    return _do(request, user, Kind.MUTE, TrackForm(request.POST))


@require_POST
@staff_page(SEES, "recordings.mute_participant")
def unmute(request: HttpRequest, user: User) -> HttpResponse:
    return _do(request, user, Kind.UNMUTE, TrackForm(request.POST))


@require_POST
@staff_page(SEES, "recordings.remove_participant")
def remove(request: HttpRequest, user: User) -> HttpResponse:
    return _do(request, user, Kind.REMOVE, PersonForm(request.POST))


@require_POST
@staff_page(SEES, "recordings.message_room")
def message(request: HttpRequest, user: User) -> HttpResponse:
    return _do(request, user, Kind.MESSAGE, MessageForm(request.POST))


@require_POST
@staff_page(SEES, "recordings.close_room")
def close(request: HttpRequest, user: User) -> HttpResponse:
    return _do(request, user, Kind.CLOSE, RoomForm(request.POST))


def _do(request: HttpRequest, user: User, kind: Kind, form: RoomForm) -> HttpResponse:
    if form.is_valid():
        given = form.cleaned_data
        deed = Deed(
            kind,
            given["room"],
            given["sid"],
            given["identity"],
            given["track"],
            given.get("text", ""),
        )
        try:
            rooms.carry_out(deed, user)
            messages.success(request, str(DONE[kind]))
        except GoneError as error:
            messages.error(request, str(error.sentence))
        except LiveKitError as error:
            messages.error(request, str(sentence_of(error)))
    else:
        wrong = form.errors.get("text", [_("This page is out of date. Look at the room anew.")])
        messages.error(request, str(wrong[0]))
    return redirect("rooms") if kind is Kind.CLOSE else _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    if not request.POST.get("sid"):
        return redirect("rooms")
    return redirect(f"{reverse('room')}?{urlencode({'id': request.POST['sid']})}")
