"""The page of a recording, its sound for players, and the recording as a file."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from recordings import converting, listening
from recordings.handing import source_of, type_of
from recordings.listening import Form
from recordings.models import Recording
from recordings.player import Player
from recordings.stores import Source
from recordings.storing import Absent, StoreError
from veyra.doors import staff_page
from veyra.models import User
from veyra.ranges import flow, range_response

log = logging.getLogger(__name__)

# What is converted costs a core for as long as it takes: the rest wait their turn, piece by piece.
_converters = ThreadPoolExecutor(2, "converting")


@require_safe
@staff_page("recordings.view_recording")
def page(request: HttpRequest, user: User, pk: UUID) -> HttpResponseBase:
    """A recording on a page of its own; with ?part=1 only its player."""
    recording = _found(user, pk)
    context: dict[str, Any] = {"player": Player.of(recording, user), "call": recording.call}
    if "part" in request.GET:
        return render(request, "recordings/_player.html", context)
    context |= {**admin.site.each_context(request), "title": _("Recording")}
    return render(request, "recordings/recording.html", context)


@require_safe
@staff_page("recordings.view_recording", "recordings.hear_recording")
def sound(request: HttpRequest, user: User, pk: UUID) -> HttpResponseBase:
    """Parts of the sound (or of the picture) for a player; ?visit= is the same for all that it asks
    for. Without one, or with one that is over, it is sent here again with a new one.
    """
    recordings = Recording.objects.visible_to(user).for_players()
    recording, visit = get_object_or_404(recordings, pk=pk), _visit(request)
    etag = f'"{recording.sha256[:32]}"' if recording.sha256 else ""
    try:
        answer = range_response(request, source_of(recording), type_of(recording), etag)
    except StoreError as error:
        return _refused(error)
    if visit and (request.method == "HEAD" or listening.hear(recording, user, visit)):
        return answer
    return redirect(f"{request.path}?visit={uuid4()}")


@require_safe
@staff_page("recordings.view_recording", "recordings.download_recording")
def download(request: HttpRequest, user: User, pk: UUID, form: str) -> HttpResponseBase:
    """The recording as a file: as it lies (OGG), or made into another form on its way."""
    recording = _found(user, pk)
    if form not in recording.forms:
        raise Http404
    try:
        source = source_of(recording)
        next(source.read(0, 1), None)  # else it would only be told on the way that it is gone
        answer = _taken(request, recording, source, form)
    except StoreError as error:
        return _refused(error)
    if request.method != "HEAD":
        listening.take(recording, user, Form(form))
    name = f"recording-{localtime(recording.moment):%Y-%m-%d-%H%M}-{recording.pk.hex[:8]}"
    ending = PurePosixPath(recording.file).suffix if form == Form.OGG else f".{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}{ending}"'
    return answer


def _taken(
    request: HttpRequest, recording: Recording, source: Source, form: str
) -> HttpResponseBase:
    if form == Form.OGG:
        return range_response(request, source, type_of(recording))
    told = {"Cache-Control": "private, no-store"}
    if form == Form.WAV:
        told["Content-Length"] = str(converting.wav_size(recording.seconds or 0))
    content_type = {Form.MP3.value: "audio/mpeg", Form.WAV.value: "audio/wav"}[form]
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type, headers=told)
    made = converting.made(source, form, recording.seconds or 0)
    body = flow(_noted(made, recording), _converters)
    return StreamingHttpResponse(body, content_type=content_type, headers=told)


def _noted(chunks: Iterator[bytes], recording: Recording) -> Iterator[bytes]:
    """What breaks off under way ends the file short; nobody can be told any more."""
    try:
        yield from chunks
    except (StoreError, converting.NoSound):
        log.warning("recording %s could not be handed out to its end", recording.pk)
        raise


def _found(user: User, pk: UUID) -> Recording:
    return get_object_or_404(Recording.objects.visible_to(user).with_call(), pk=pk)


def _visit(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("visit", ""))
    except ValueError:
        return None


def _refused(error: StoreError) -> HttpResponse:
    status = 404 if isinstance(error, Absent) else 503
    text = str(error.sentence)
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
