"""What LiveKit records and sends on (egress), and what it takes in (ingress): values, both ways."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from livekit import api
from livekit.protocol import egress as protocol
from livekit.protocol import ingress

EgressStatus = Literal["starting", "active", "ending", "complete", "failed", "aborted", "limit"]
STATUSES: Sequence[EgressStatus] = (
    *("starting", "active", "ending", "complete"),
    *("failed", "aborted", "limit"),
)
TargetStatus = Literal["active", "finished", "failed"]
TARGETS: Sequence[TargetStatus] = ("active", "finished", "failed")
IngressKind = Literal["rtmp", "whip", "url"]
KINDS: Sequence[IngressKind] = ("rtmp", "whip", "url")
IngressStatus = Literal["inactive", "buffering", "publishing", "error", "complete"]
INGRESS: Sequence[IngressStatus] = ("inactive", "buffering", "publishing", "error", "complete")
# LiveKit's own: rtmp(s)://host(/path)/app/key
RTMP = re.compile(r"^(rtmps?://)(.*/)(.*/)(\S*)( live=1)?$")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A bucket, and a login that may write into it. Without an endpoint: Amazon's."""

    bucket: str
    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    # Never in logs: repr leaves it out.
    secret_key: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a stream goes. LiveKit shows only the ends of the key in `address`: see masked."""

    address: str
    status: TargetStatus
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file. `location` is an address in the storage, or a path on the recorder's own disk."""

    name: str
    location: str
    size: int
    seconds: float
    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Egress:
    """livekit.EgressInfo. A program that was killed leaves it "active" for ever."""

    id: str
    room_sid: str
    room_name: str
    status: EgressStatus
    started_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    error: str = ""
    error_code: int = 0
    # “End reason: …”
    details: str = ""
    backup_used: bool = False
    # Where it was asked to write.
    paths: tuple[str, ...] = ()
    files: tuple[Written, ...] = ()
    targets: tuple[Target, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.status in ("complete", "failed", "aborted", "limit")


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """livekit.IngressInfo. RTMP and WHIP have an address and a key; one by URL runs at once."""

    id: str = ""
    kind: IngressKind = "rtmp"
    name: str = ""
    room: str
    identity: str
    shown_name: str = ""
    metadata: str = ""
    # Where the sender sends to; of kind "url": where LiveKit fetches from.
    address: str = ""
    # Never in logs: repr leaves it out.
    key: str = field(default="", repr=False)
    is_enabled: bool = True
    status: IngressStatus = "inactive"
    error: str = ""
    room_sid: str = ""


def masked(address: str) -> str:
    """An address of a stream as LiveKit shows it: only the ends of its key."""
    found = RTMP.match(address)
    if found is None:
        return address
    scheme, host, app, key, live = found.groups(default="")
    ends = next((n for n in (3, 2, 1) if len(key) >= n * 3), 0)
    shown = f"{key[:ends]}...{key[len(key) - ends :]}"
    return f"{scheme}{host}{app}{{{shown}}}{live}"


def egress_from(info: protocol.EgressInfo) -> Egress:
    return Egress(
        id=info.egress_id,
        room_sid=info.room_id,
        room_name=info.room_name,
        status=STATUSES[info.status],
        started_at=_moment(info.started_at),
        ended_at=_moment(info.ended_at),
        updated_at=_moment(info.updated_at),
        error=info.error,
        error_code=info.error_code,
        details=info.details,
        backup_used=info.backup_storage_used,
        paths=_paths(info),
        files=tuple(_written(each) for each in info.file_results),
        targets=tuple(
            Target(address=each.url, status=TARGETS[each.status], error=each.error)
            for each in info.stream_results
        ),
    )


def _paths(info: protocol.EgressInfo) -> tuple[str, ...]:
    room, other = info.room_composite, [output.file.filepath for output in info.egress.outputs]
    paths = [file.filepath for file in (*room.file_outputs, room.file)]
    return tuple(path for path in (*paths, info.track.file.filepath, *other) if path)


def _written(info: protocol.FileInfo) -> Written:
    seconds = info.duration / 1_000_000_000
    return Written(
        name=info.filename,
        location=info.location,
        size=info.size,
        seconds=seconds,
        started_at=_moment(info.started_at),
    )


def _moment(nanoseconds: int) -> datetime | None:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds else None


def bucket_to(upload: Upload) -> api.S3Upload:
    return api.S3Upload(
        bucket=upload.bucket,
        endpoint=upload.endpoint,
        region=upload.region,
        access_key=upload.access_key,
        secret=upload.secret_key,
        # Not every storage answers at bucket.host.
        force_path_style=bool(upload.endpoint),
    )


def sound_of_room(room: str, path: str, upload: Upload | None) -> api.RoomCompositeEgressRequest:
    """Assistants on one channel, everybody else on the other. Without a bucket, `path` lies on the
    recorder's own disk.
    """
    return api.RoomCompositeEgressRequest(
        room_name=room,
        audio_only=True,
        audio_mixing=protocol.AudioMixing.DUAL_CHANNEL_AGENT,
        file_outputs=[_file(path, upload, "OGG")],
    )


def picture_of_room(room: str, path: str, upload: Upload | None) -> api.RoomCompositeEgressRequest:
    file = _file(path, upload, "MP4")
    return api.RoomCompositeEgressRequest(room_name=room, layout="grid", file_outputs=[file])


def one_track(room: str, track: str, path: str, upload: Upload | None) -> api.TrackEgressRequest:
    given: dict[str, Any] = {"s3": bucket_to(upload)} if upload else {}
    file = protocol.DirectFileOutput(filepath=path, disable_manifest=True, **given)
    return api.TrackEgressRequest(room_name=room, track_id=track, file=file)


def _file(path: str, upload: Upload | None, kind: str) -> protocol.EncodedFileOutput:
    given: dict[str, Any] = {"s3": bucket_to(upload)} if upload else {}
    return protocol.EncodedFileOutput(file_type=kind, filepath=path, disable_manifest=True, **given)


def stream_of_room(
    room: str, addresses: Sequence[str], *, has_picture: bool
) -> api.RoomCompositeEgressRequest:
    output = protocol.StreamOutput(protocol=protocol.StreamProtocol.RTMP, urls=addresses)
    return api.RoomCompositeEgressRequest(
        room_name=room,
        layout="grid" if has_picture else "",
        audio_only=not has_picture,
        stream_outputs=[output],
    )


def ingress_to(wish: Ingress) -> api.CreateIngressRequest:
    return api.CreateIngressRequest(
        input_type=f"{wish.kind.upper()}_INPUT",
        url=wish.address if wish.kind == "url" else "",
        name=wish.name,
        room_name=wish.room,
        participant_identity=wish.identity,
        participant_name=wish.shown_name,
        participant_metadata=wish.metadata,
        enabled=wish.is_enabled,
    )


def ingress_from(info: ingress.IngressInfo) -> Ingress:
    return Ingress(
        id=info.ingress_id,
        kind=KINDS[info.input_type],
        name=info.name,
        room=info.room_name,
        identity=info.participant_identity,
        shown_name=info.participant_name,
        metadata=info.participant_metadata,
        address=info.url,
        key=info.stream_key,
        is_enabled=info.enabled or not info.HasField("enabled"),
        status=INGRESS[info.state.status],
        error=info.state.error,
        room_sid=info.state.room_id,
    )
