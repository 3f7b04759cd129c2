"""What a recording is handed out from, and as what."""

from pathlib import PurePosixPath

from recordings.models import Recording
from recordings.stores import Source, open_recording
from recordings.storing import Absent

TYPES = {".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".webm": "video/webm"}


def source_of(recording: Recording) -> Source:
    """What is deleted is heard by nobody, though its storage may not have deleted the file yet.

    Raises StoreError.
    """
    if not recording.has_sound:
        raise Absent
    return open_recording(recording)


def type_of(recording: Recording) -> str:
    return TYPES.get(PurePosixPath(recording.file).suffix, "application/octet-stream")
