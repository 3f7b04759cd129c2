"""Access tokens: what a browser needs to enter one room for a short while."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from livekit import api

from veyra.livekit.types import AgentDispatch

# Only entering needs the token; whoever is inside stays.
VALID_FOR = timedelta(minutes=2)


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
    token = (
        api.AccessToken(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
        .with_identity(identity)
        .with_name(name)
        .with_attributes(dict(attributes))
        .with_grants(grants)
        .with_room_config(api.RoomConfiguration(agents=[sent]))
        .with_ttl(VALID_FOR)
    )
    return str(token.to_jwt())
