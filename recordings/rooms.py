"""The rooms that there are now, and what staff do in them by hand."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from recordings.room_models import RoomAction
from telephony import intake
from telephony.models import Call, CallEvent
from veyra.livekit.client import LiveKit
from veyra.livekit.types import Participant, Room, Track
from veyra.models import User
from veyra.sentences import Sentence

Kind = RoomAction.Kind
SEES_CALLS = "telephony.view_call"
# Pages wait no longer for LiveKit.
PATIENCE_SECONDS = 4.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# More rooms than anybody reads; whoever looks for one more searches by its name.
SHOWN = 100
# What LiveKit's own pages read as a chat message.
CHAT = "lk-chat-topic"

ROLES: Mapping[str, str] = {
    "browser": _("caller in the browser"),
    "colleague": _("colleague"),
    "callee": _("person called"),
    "supervisor": _("supervisor, in the talk"),
    "listener": _("listener, hidden"),
    "standby": _("voice of last resort"),
    "recorder": _("our recorder, hidden"),
}
KINDS: Mapping[str, str] = {
    "sip": _("telephone"),
    "agent": _("assistant"),
    "egress": _("LiveKit's recording service"),
    "ingress": _("incoming stream"),
    "standard": _("participant"),
    "other": _("participant"),
}
TRACKS: Mapping[str, str] = {
    "microphone": _("microphone"),
    "camera": _("camera"),
    "screen_share": _("screen"),
    "screen_share_audio": _("sound of the screen"),
}
KINDS_OF_TRACK: Mapping[str, str] = {"audio": _("sound"), "video": _("picture"), "data": _("data")}
GONE = _("This room is over. There may be a newer one of the same name.")


class GoneError(Exception):
    """The room that was meant is not there."""

    sentence = Sentence(GONE)


@dataclass(frozen=True)
class Deed:
    """What is to be done in the room `room_name`, as it was seen: with the id `room_sid`."""

    kind: str
    room_name: str
    room_sid: str
    identity: str = ""
    track: str = ""
    text: str = ""


@dataclass(frozen=True)
class Shown:
    """A room, and the call that it belongs to, where it has one that the reader may see."""

    room: Room
    call: Call | None


def now(user: User, search: str = "", most: int | None = SHOWN) -> tuple[list[Shown], int]:
    """The rooms whose name has `search` in it, newest first, and how many more there are than
    `most`. Raises LiveKitError.
    """
    with LiveKit.from_settings(PATIENCE_SECONDS) as livekit:
        rooms = livekit.list_rooms()
    found = [room for room in rooms if search.casefold() in room.name.casefold()]
    found.sort(key=lambda room: (room.created_at, room.name), reverse=True)
    shown = with_calls(user, found[:most])
    return shown, len(found) - len(shown)


def with_calls(user: User, rooms: Sequence[Room]) -> list[Shown]:
    sids = [room.sid for room in rooms]
    calls = Call.objects.visible_to(user).filter(room_sid__in=sids)
    by_room = {call.room_sid: call for call in calls if user.has_perm(SEES_CALLS)}
    return [Shown(room, by_room.get(room.sid)) for room in rooms]


def one(name: str = "", sid: str = "") -> tuple[Room, list[Participant]] | None:
    """The room of this name, this id, or both, and who is in it; None: there is none. Raises
    LiveKitError.
    """
    if not (name or sid):
        return None
    with LiveKit.from_settings(PATIENCE_SECONDS) as livekit:
        rooms = livekit.list_rooms([name] if name else [])
        found = next((room for room in rooms if not sid or room.sid == sid), None)
        if found is None:
            return None
        people = livekit.list_participants(found.name)
    return found, sorted(people, key=lambda person: (person.joined_at or EPOCH, person.sid))


def role_of(person: Participant) -> Sentence:
    """What somebody is there, in words."""
    role = person.attributes.get("veyra.role", "")
    return Sentence(ROLES.get(role) or KINDS[person.kind])


def name_of(track: Track) -> Sentence:
    return Sentence(TRACKS.get(track.source) or KINDS_OF_TRACK[track.kind])


def carry_out(deed: Deed, user: User) -> None:
    """Do it now, and write down who did. Raises GoneError and LiveKitError."""
    with LiveKit.from_settings(PATIENCE_SECONDS) as livekit:
        # A newer room of the same name is somebody else's.
        if [room.sid for room in livekit.list_rooms([deed.room_name])] != [deed.room_sid]:
            raise GoneError
        _do(livekit, deed)
    _note(deed, user)


def _do(livekit: LiveKit, deed: Deed) -> None:
    match Kind(deed.kind):
        case Kind.MUTE | Kind.UNMUTE:
            muted = deed.kind == Kind.MUTE
            livekit.mute(deed.room_name, deed.identity, deed.track, muted)
        case Kind.REMOVE:
            livekit.remove_participant(deed.room_name, deed.identity)
        case Kind.MESSAGE:
            identities = [deed.identity] if deed.identity else []
            livekit.send_data(deed.room_name, identities, CHAT, chat_message(deed.text))
        case Kind.CLOSE:
            livekit.delete_room(deed.room_name)


def chat_message(text: str) -> bytes:
    """As LiveKit's own pages write and read it."""
    at = round(timezone.now().timestamp() * 1000)
    return json.dumps({"id": str(uuid.uuid4()), "timestamp": at, "message": text}).encode()


def _note(deed: Deed, user: User) -> None:
    """In the log of who did what, and in the stories of the calls of this room."""
    row = RoomAction(
        kind=deed.kind,
        user=user,
        room_name=deed.room_name,
        room_sid=deed.room_sid,
        identity=deed.identity,
    )
    note = str(Kind(deed.kind).label)
    with transaction.atomic():
        row.save()
        LogEntry.objects.log_actions(user.pk, [row], ADDITION, change_message=note)
        event = CallEvent(
            event_id=f"staff:room:{row.pk}",
            source=CallEvent.Source.STAFF,
            kind=f"staff_room_{deed.kind}",
            at=row.at,
            payload={"who": user.get_full_name() or user.get_username()},
            room_sid=deed.room_sid,
            room_name=deed.room_name[:200],
        )
        intake.store([event])
