"""Recordings and rooms for other programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from recordings import listening, rooms
from recordings.handing import source_of, type_of
from recordings.livekit_words import sentence_of
from recordings.models import Recording
from recordings.rooms import Deed, GoneError, Kind
from recordings.storing import Absent, StoreError
from veyra.livekit.types import LiveKitError, Participant
from veyra.ranges import range_response
from veyra.rest.doors import Door, Names
from veyra.rest.problems import Problem
from veyra.rest.renderers import Sound
from veyra.sentences import Sentence

SEES = "recordings.view_recording"


SID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="Its id, RM_…")


class RecordingSerializer(serializers.ModelSerializer[Recording]):
    sentence = serializers.SerializerMethodField(help_text="Why it is missing, or what it lacks.")

    class Meta:
        model = Recording
        fields = [
            *("id", "call", "kind", "state", "seconds", "lost_seconds", "size", "sha256"),
            *("created_at", "started_at", "ended_at", "is_held", "deleted_at", "sentence"),
        ]

    def get_sentence(self, row: Recording) -> str:
        return str(Sentence.from_json(row.reason))


class RecordingFilter(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    call = filters.UUIDFilter(field_name="call")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Recording
        fields = ["state", "kind"]


class RecordingViewSet(Names[Recording]):
    """What was recorded of calls, newest first."""

    serializer_class = RecordingSerializer
    filterset_class = RecordingFilter
    ordering = ("-created_at", "-pk")
    queryset = Recording.objects.none()
    rights = {
        "list": (SEES,),
        "retrieve": (SEES,),
        "sound": (SEES, "recordings.hear_recording"),
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().listed()

    @extend_schema(
        responses={
            (200, "audio/ogg"): OpenApiTypes.BINARY,
            (206, "audio/ogg"): OpenApiTypes.BINARY,
            304: None,
            416: None,
        },
        parameters=[
            OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=0-65535")
        ],
        filters=False,
    )
    @action(detail=True, renderer_classes=[Sound], pagination_class=None, filterset_class=None)
    def sound(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The sound, or the part that Range asks for. That somebody heard it is written down."""
        rows = Recording.objects.visible_to(request.user).for_players()
        row = get_object_or_404(rows, pk=pk)
        etag = f'"{row.sha256[:32]}"' if row.sha256 else ""
        try:
            found = range_response(request._request, source_of(row), type_of(row), etag)
        except Absent as error:
            raise Problem(404, error.sentence) from error
        except StoreError as error:
            raise Problem(503, error.sentence) from error
        # One line for all that a program asks for within an hour.
        hour = f"{self.person.pk}:{timezone.now():%Y-%m-%dT%H}"
        if not listening.hear(row, self.person, uuid5(row.pk, hour)):
            listening.hear(row, self.person, uuid4())
        return found


class PersonSerializer(serializers.Serializer[Participant]):
    identity = serializers.CharField()
    kind = serializers.CharField()
    role = serializers.SerializerMethodField(help_text="What he is there, in words.")
    joined_at = serializers.DateTimeField(allow_null=True)
    has_sound = serializers.BooleanField()

    def get_role(self, person: Participant) -> str:
        return str(rooms.role_of(person))


class RoomSerializer(serializers.Serializer[Any]):
    sid = serializers.CharField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    participants = serializers.IntegerField()
    call = serializers.UUIDField(allow_null=True)


class OneRoomSerializer(RoomSerializer):
    people = PersonSerializer(many=True)


def told(shown: rooms.Shown) -> dict[str, Any]:
    room, call = shown.room, shown.call
    return {
        **{name: getattr(room, name) for name in ("sid", "name", "created_at", "participants")},
        "call": str(call.pk) if call else None,
    }


class RoomViewSet(Door, viewsets.ViewSet):
    """The rooms that LiveKit has now, newest first, all of them."""

    lookup_value_converter = "str"
    rights = {
        "list": ("recordings.view_roomaction",),
        "retrieve": ("recordings.view_roomaction",),
        "destroy": ("recordings.view_roomaction", "recordings.close_room"),
    }

    @extend_schema(
        responses=RoomSerializer(many=True),
        parameters=[OpenApiParameter("q", str, description="A part of their names.")],
    )
    def list(self, request: Request) -> Response:
        with asked():
            shown, _more = rooms.now(self.person, request.query_params.get("q", ""), most=None)
        return Response([told(each) for each in shown])

    @extend_schema(responses=OneRoomSerializer, parameters=[SID])
    def retrieve(self, request: Request, pk: str) -> Response:
        """A room by its id (RM_…), and who is in it."""
        with asked():
            found = rooms.one(sid=pk)
        if found is None:
            raise Http404
        room, people = found
        shown = told(rooms.with_calls(self.person, [room])[0])
        return Response({**shown, "people": [PersonSerializer(each).data for each in people]})

    @extend_schema(request=None, responses={204: None}, parameters=[SID])
    def destroy(self, request: Request, pk: str) -> Response:
        """Close it: everybody in it is put out, callers too."""
        with asked():
            found = rooms.one(sid=pk)
            if found is None:
                raise Http404
            rooms.carry_out(Deed(Kind.CLOSE, found[0].name, found[0].sid), self.person)
        return Response(status=204)


@contextmanager
def asked() -> Iterator[None]:
    """What LiveKit does not do is told as a problem."""
    try:
        yield
    except GoneError as error:
        raise Problem(404, error.sentence) from error
    except LiveKitError as error:
        raise Problem(503, sentence_of(error)) from error
