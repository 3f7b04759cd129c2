"""What a page needs to let somebody hear a recording."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from recordings.listening_models import Listening
from recordings.models import Recording
from recordings.silence import silences
from veyra.models import User

# The lanes of the loudest voice are filled from this on.
FULL_LEAST = 15
# Before a line and behind it: its first sound was over when somebody noticed that he speaks.
MARGIN = 0.3
# A key that was pressed.
KEY_SECONDS = 1.0

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Player:
    recording: Recording
    may_hear: bool
    may_take: bool
    # For the script: {"peaks": [caller's, ours], 0..1, "seconds", "silences": [[from, to], …]}
    facts: Mapping[str, Any]
    listenings: Sequence[Listening]
    # What else was recorded of the same call.
    others: Sequence[Recording]

    @classmethod
    def of_call(cls, recordings: Iterable[Recording], user: User) -> "Player | None":
        """Of the talk, where it was recorded, else of whatever was."""
        found = sorted(recordings, key=_is_no_talk)
        return cls.of(found[0], user, found[1:]) if found else None

    @classmethod
    def of(cls, recording: Recording, user: User, others: Sequence[Recording] = ()) -> "Player":
        may_hear = user.has_perm("recordings.hear_recording")
        return cls(
            recording=recording,
            may_hear=may_hear and recording.has_sound,
            may_take=user.has_perm("recordings.download_recording") and recording.has_sound,
            facts=facts(recording) if may_hear and recording.has_sound else {},
            listenings=list(Listening.objects.visible_to(user).newest_of(recording)),
            others=others,
        )

    @property
    def is_video(self) -> bool:
        return self.recording.kind == Recording.Kind.VIDEO


def _is_no_talk(recording: Recording) -> bool:
    return recording.kind != Recording.Kind.TALK


def facts(recording: Recording) -> dict[str, Any]:
    lanes = [recording.peaks.get(side, []) for side in ("caller", "agent")]
    seconds = recording.seconds or 0.0
    # A quiet line fills its lane, too; one with nothing but a hum does not.
    full = max((peak for lane in lanes for peak in lane if peak > FULL_LEAST), default=FULL_LEAST)
    return {
        "peaks": [[round(peak / full, 3) for peak in lane] for lane in lanes],
        "seconds": seconds,
        "silences": _silences(recording, [lane for lane in lanes if lane], seconds),
    }


def _silences(recording: Recording, lanes: list[list[int]], seconds: float) -> Sequence[Any]:
    """As they were found in the sound; of one that was joined before they were, as far as the few
    points of its waveform tell.
    """
    found: Sequence[Any] | None = recording.peaks.get("silences")
    return silences(lanes, seconds) if found is None else found


def stretch(recording: Recording, at: datetime, seconds: float | None) -> Stretch | None:
    """Where in the file this is heard that was said; None: it is not in it."""
    end = at + timedelta(seconds=seconds or KEY_SECONDS)
    parts = [part for span in recording.spans if (part := _within(span, at, end))]
    return (parts[0][0], parts[-1][1]) if parts else None


def _within(span: Mapping[str, Any], at: datetime, end: datetime) -> Stretch | None:
    """The part of the span, in seconds of the file, in which this is heard, and a little around."""
    start = datetime.fromisoformat(span["at"])
    first, last = (at - start).total_seconds(), (end - start).total_seconds()
    if first >= span["seconds"] or last <= 0:
        return None
    first, last = max(first - MARGIN, 0.0), min(last + MARGIN, span["seconds"])
    return round(span["from"] + first, 2), round(span["from"] + last, 2)
