"""When somebody speaks: the VAD."""

from livekit.agents import inference

# A "yes" in Russian lasts for less than 0.2 s, and on a bad line a few frames of it are all that
# looks like speech. Clicks do not; and what cuts us off has to last (see turn_taking).
SPEECH_SECONDS = 0.05
# Silence for so long ends what a recogniser is given, and the mind begins to think meanwhile; the
# turn itself ends later (see turn_taking).
SILENCE_SECONDS = 0.25


def build_ears() -> inference.VAD:
    return inference.VAD(min_speech_duration=SPEECH_SECONDS, min_silence_duration=SILENCE_SECONDS)
