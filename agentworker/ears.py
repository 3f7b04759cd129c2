"""When somebody speaks: the VAD, and the moments it reports late."""

from livekit.agents import inference

# Shorter sounds are clicks and breath: they must not cut the greeting.
SPEECH_SECONDS = 0.2
# Silence for so long means that he has finished.
SILENCE_SECONDS = 0.4


def build_ears() -> inference.VAD:
    return inference.VAD(min_speech_duration=SPEECH_SECONDS, min_silence_duration=SILENCE_SECONDS)


def began(noticed: float) -> float:
    """When speech began that was noticed at `noticed`."""
    return noticed - SPEECH_SECONDS


def stopped(noticed: float) -> float:
    return noticed - SILENCE_SECONDS
