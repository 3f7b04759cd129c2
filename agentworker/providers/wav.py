"""A moment of silence as a file, by which ears are tried."""

import io
import wave

RATE = 16_000


def silence(seconds: float = 0.5) -> bytes:
    """A WAV file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(2 * int(RATE * seconds)))
    return made.getvalue()
