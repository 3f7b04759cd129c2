"""Access tokens: what a browser needs to enter one room for a short while."""

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from livekit import api

from veyra.livekit.pairs import pairs
from veyra.livekit.types import AgentDispatch

# Only entering needs the token; whoever is inside stays.
VALID_FOR = timedelta(minutes=2)
# Rooms in which a browser tries whether it reaches LiveKit, or somebody of us tries an assistant;
# nothing is told of them.
TRIAL_ROOM = "veyra-trial-"


def visitor_token(
    *,
    identity: str,
    name: str,
    room: str,
    attributes: Mapping[str, str],
    speaks: bool,
    presses_keys: bool = False,
) -> str:
    """For a member of staff at a call. Who does not speak is hidden: nobody in the room is told
    of him, and nothing that he sends is taken. Who speaks in place of an assistant may press keys.
    """
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        hidden=not speaks,
        can_publish=speaks,
        can_publish_sources=["microphone"] if speaks else [],
        can_publish_data=presses_keys,
        can_subscribe=True,
    )
    return _signed(identity, name, attributes, grants).to_jwt()


def standby_token(*, identity: str, room: str) -> str:
    """For the voice of last resort: it is heard, and hears nobody."""
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_publish_data=False,
        can_subscribe=False,
    )
    return _signed(identity, "", {"veyra.role": "standby"}, grants).to_jwt()


def recorder_token(*, identity: str, room: str) -> str:
    """For what records a talk: it hears everybody, nobody is told of it, and no room stays open for
    its sake.
    """
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        hidden=True,
        recorder=True,
        can_publish=False,
        can_publish_data=False,
        can_subscribe=True,
    )
    return _signed(identity, "", {"veyra.role": "recorder"}, grants).to_jwt()


def trial_token() -> str:
    """For a browser that tries its way to LiveKit, in a room of its own."""
    name = TRIAL_ROOM + secrets.token_hex(8)
    grants = api.VideoGrants(room_join=True, room=name, can_publish=False, can_publish_data=False)
    room_config = api.RoomConfiguration(departure_timeout=1, max_participants=1)
    return _signed(name, "", {}, grants).with_room_config(room_config).to_jwt()


def trial_call_token(*, identity: str, name: str, dispatch: AgentDispatch) -> str:
    """For a browser that tries an assistant: as `caller_token`, in a new room of whose talk nothing
    is told.
    """
    room = TRIAL_ROOM + secrets.token_hex(8)
    return caller_token(
        identity=identity,
        name=name,
        room=room,
        attributes={"veyra.role": "browser"},
        dispatch=dispatch,
    )


def _signed(
    identity: str, name: str, attributes: Mapping[str, str], grants: api.VideoGrants
) -> api.AccessToken:
    pair = pairs().first
    token = api.AccessToken(pair.name, pair.secret)
    named = token.with_identity(identity).with_name(name).with_attributes(dict(attributes))
    return named.with_grants(grants).with_ttl(VALID_FOR)


def caller_token(
    *,
    identity: str,
    name: str,
    room: str,
    attributes: Mapping[str, str],
    dispatch: AgentDispatch,
) -> str:
    """For a browser that calls: it may speak, hear and press keys in `room`, and nothing else.

    Where the room does not exist yet, entering makes it and sends `dispatch` into it.
    """
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_subscribe=True,
        can_publish_data=True,
    )
    sent = api.RoomAgentDispatch(agent_name=dispatch.agent_name, metadata=dispatch.metadata)
    room_config = api.RoomConfiguration(agents=[sent])
    return _signed(identity, name, attributes, grants).with_room_config(room_config).to_jwt()


class Grant(TextChoices):
    """What an engineer's token may allow. None of them opens the telephone line."""

    JOIN = "join", _("enter the room")
    HEAR = "hear", _("hear and see the others")
    SPEAK = "speak", _("speak and show")
    DATA = "data", _("send data")
    HIDDEN = "hidden", _("be seen by nobody")
    LIST = "list", _("list the rooms")
    ADMIN = "admin", _("lead the room: mute, remove, change")
    CREATE = "create", _("open and close rooms")
    RECORD = "record", _("record rooms and send them on")


# They are about one room.
OF_A_ROOM = {Grant.JOIN, Grant.HEAR, Grant.SPEAK, Grant.DATA, Grant.HIDDEN, Grant.ADMIN}


def engineer_token(
    *, identity: str, room: str, grants: Collection[str], valid_for: timedelta
) -> str:
    """For whoever tries something out. What is not in `grants` it does not allow."""
    video = api.VideoGrants(
        room=room,
        room_join=Grant.JOIN in grants,
        can_subscribe=Grant.HEAR in grants,
        can_publish=Grant.SPEAK in grants,
        can_publish_data=Grant.DATA in grants,
        can_update_own_metadata=False,
        hidden=Grant.HIDDEN in grants,
        room_list=Grant.LIST in grants,
        room_admin=Grant.ADMIN in grants,
        room_create=Grant.CREATE in grants,
        room_record=Grant.RECORD in grants,
    )
    token = _signed(identity, "", {"veyra.role": "engineer"}, video)
    return token.with_ttl(valid_for).to_jwt()
