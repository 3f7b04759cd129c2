"""Who is in a room, as LiveKit's SDK shows it, in our own words."""

from livekit import rtc

from agentworker.people import Kind, Person

KINDS: dict[int, Kind] = {
    rtc.ParticipantKind.PARTICIPANT_KIND_SIP: "sip",
    rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD: "standard",
    rtc.ParticipantKind.PARTICIPANT_KIND_AGENT: "agent",
}


def person(participant: rtc.RemoteParticipant) -> Person:
    kind = KINDS.get(participant.kind, "other")
    attributes = dict(participant.attributes)
    return Person(participant.identity, participant.sid, kind, attributes)


def people(room: rtc.Room) -> list[Person]:
    """Everybody but ourselves."""
    return [person(participant) for participant in room.remote_participants.values()]
