"""The library's session, as a telephone wants it: when turns begin and end, and what is heard."""

from typing import Any

from livekit.agents import NOT_GIVEN, AgentSession, room_io, vad

from agentworker.providers import Providers
from agentworker.providers.chain import CONNECTING
from agentworker.silence import SECONDS

TELEPHONE_RATE = 16000
# Shorter than this, a sound of the caller's does not stop us: a cough, or "uh-huh".
INTERRUPT_SECONDS = 0.3
# Who is silent for so long has finished.
FINISHED_SECONDS = 0.5
# Words of a caller who has finished are there by then, or do not come.
UNHEARD_SECONDS = 4.0
# The library's own model of the end of a turn knows no Russian, and would keep each caller waiting
# for two and a half seconds: silence decides.
TURNS: Any = {
    "turn_detection": "vad",
    "endpointing": {"min_delay": FINISHED_SECONDS},
    "interruption": {"enabled": True, "mode": "vad", "min_duration": INTERRUPT_SECONDS},
}


def session_of(providers: Providers, hearing: vad.VAD | None) -> AgentSession[None]:
    return AgentSession(
        vad=hearing or NOT_GIVEN,
        llm=providers.mind,
        tts=providers.voice,
        stt=providers.recogniser or NOT_GIVEN,
        turn_handling=TURNS,
        # Otherwise the first three seconds of what the caller says are not heard.
        aec_warmup_duration=None,
        # Who spoke and was not understood is asked to say it again.
        transcription_timeout=UNHEARD_SECONDS,
        conn_options=CONNECTING,
        user_away_timeout=SECONDS,
    )


def ears_for(identity: str) -> room_io.RoomOptions:
    """This participant is heard; the session outlives him."""
    return room_io.RoomOptions(
        participant_identity=identity,
        audio_input=room_io.AudioInputOptions(sample_rate=TELEPHONE_RATE),
        text_input=False,
        close_on_disconnect=False,
    )
