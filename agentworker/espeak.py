"""The espeak-ng library by ctypes: text to samples, without a program on PATH and without apt.

The wheel espeakng-loader carries the library and its voices. Ten seconds of speech take about ten
milliseconds, so a lock around the one engine of a process is no bottleneck.
"""

import ctypes
import threading
from functools import lru_cache

import espeakng_loader

SYNCHRONOUS = 2
CHARS_UTF8 = 1
POSITION_CHARACTER = 1
PARAMETER_RATE = 1
VOICES = {"ru": "ru", "en": "en-us"}
WORDS_PER_MINUTE = 155

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakError(Exception):
    """The library could not start, or lacks the voice."""


class Engine:
    """One a process: the library keeps its state in globals. `rate` is in Hz."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, 0)
        if self.rate <= 0:
            raise EspeakError("espeak-ng did not start")
        self._lock = threading.Lock()
        self._samples = bytearray()
        # Kept here: the library holds only a pointer to it.
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: str, words_per_minute: int) -> bytes:
        """16 bit mono samples at `rate`. Raises EspeakError."""
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.encode()):
                raise EspeakError(f"espeak-ng has no voice {voice}")
            self._library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
            self._samples = bytearray()
            raw = text.encode()
            failed = self._library.espeak_Synth(
                raw, len(raw) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
            )
            if failed:
                raise EspeakError("espeak-ng could not speak")
            return bytes(self._samples)

    def _collect(self, samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)  # type: ignore[arg-type]  # a C pointer
        return 0


@lru_cache(maxsize=1)
def engine() -> Engine:
    return Engine()
