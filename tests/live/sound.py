"""Sound as a telephone's far end gets it: how loud it is, and what SRTP hides (RFC 3711, 4568)."""

import base64
import hmac
import os
import re
import wave
from hashlib import sha1
from pathlib import Path
from typing import Any, Self

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

SUITE = "AES_CM_128_HMAC_SHA1_80"
TAG = 10
# Louder than this is a voice; sound is looked at in parts of so many samples.
VOICED_RMS, PART = 200, 1600
HEADER = 12


def samples(payload: bytes, kind: int = 0) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """µ-law (0) or A-law (8) made linear."""
    codes = np.frombuffer(payload, np.uint8) ^ np.uint8(0xFF if kind == 0 else 0x55)
    fine, exponent = (codes & 0x0F).astype(int), ((codes >> 4) & 7).astype(int)
    if kind == 0:
        magnitude = ((fine * 8 + 0x84) << exponent) - 0x84
    else:
        magnitude = np.where(
            exponent == 0, fine * 16 + 8, (fine * 16 + 0x108) << (exponent - 1).clip(0)
        )
    signed: np.ndarray[Any, np.dtype[np.int64]] = np.where(codes & 0x80, -magnitude, magnitude)
    return signed


def loudness(payload: bytes, kind: int) -> float:
    """Root mean square of µ-law (0) or A-law (8) samples."""
    return float(np.sqrt(np.mean(samples(payload, kind).astype(float) ** 2)))


def beeps(hertz: int, seconds: float = 0.5) -> bytes:
    """Beeps in µ-law, a pause after each: a steady tone would be taken for noise."""
    times = np.arange(int(8000 * seconds)) / 8000
    wanted = np.sin(2 * np.pi * hertz * times) * (times < 0.7 * seconds) * 12000
    every = np.arange(256, dtype=np.uint8)
    values = samples(every.tobytes())
    nearest = np.abs(wanted[:, None] - values[None, :]).argmin(axis=1)
    return bytes(every[nearest].tobytes())


def share(payload: bytes, hertz: int) -> float:
    """How much of this sound, in µ-law, is at this frequency, 0 to 1."""
    return share_of(samples(payload), hertz)


def share_of(heard: "np.ndarray[Any, Any]", hertz: int) -> float:
    """The same of linear samples, 8000 a second."""
    power = np.abs(np.fft.rfft(heard.astype(float))) ** 2
    near = np.abs(np.fft.rfftfreq(len(heard), 1 / 8000) - hertz) < 30
    return float(power[near].sum() / max(power.sum(), 1.0))


def beeping(path: Path, hertz: int, seconds: int) -> Path:
    """What a caller says: a WAV of beeps."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples(beeps(hertz)).astype(np.int16).tobytes() * (2 * seconds))
    return path


def of_wav(path: Path) -> "np.ndarray[Any, Any]":
    """Linear samples, 8000 a second."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def beeped(heard: "np.ndarray[Any, Any]", hertz: int) -> list[float]:
    """The seconds at which this was heard, of linear samples, 8000 a second."""
    parts = [heard[at : at + PART].astype(float) for at in range(0, len(heard) - PART, PART)]
    return [
        index * PART / 8000
        for index, part in enumerate(parts)
        if np.sqrt(np.mean(part**2)) > VOICED_RMS and share_of(part, hertz) > 0.5
    ]


class Secret:
    """One direction of a call whose sound is encrypted, by the key of an SDP's a=crypto line."""

    def __init__(self, key: bytes) -> None:
        self._master, self._salt = key[:16], key[16:30]
        self._cipher = self._derive(0, 16)
        self._auth = self._derive(1, 20)
        self._session_salt = int.from_bytes(self._derive(2, 14), "big")

    @classmethod
    def offered(cls, sdp: str) -> Self | None:
        found = re.search(rf"^a=crypto:\d+ {SUITE} inline:([A-Za-z0-9+/=]+)", sdp, re.MULTILINE)
        return cls(base64.b64decode(found.group(1))) if found else None

    def open(self, packet: bytes) -> bytes:
        """The packet in clear. Raises ValueError where it was not encrypted by this key."""
        body, tag = packet[:-TAG], packet[-TAG:]
        # Half a minute of 50 packets a second: the counter of turns (ROC) is still 0, or just 1.
        for turns in (0, 1):
            right = hmac.new(self._auth, body + turns.to_bytes(4, "big"), sha1).digest()[:TAG]
            if hmac.compare_digest(right, tag):
                return body[:HEADER] + self._clear(body, turns)
        raise ValueError("not by this key")

    def _clear(self, body: bytes, turns: int) -> bytes:
        number, source = int.from_bytes(body[2:4], "big"), int.from_bytes(body[8:12], "big")
        start = (self._session_salt << 16) ^ (source << 64) ^ ((turns << 16 | number) << 16)
        return self._stream(self._cipher, start, body[HEADER:])

    def _derive(self, label: int, length: int) -> bytes:
        start = (int.from_bytes(self._salt, "big") ^ label << 48) << 16
        return self._stream(self._master, start, bytes(length))

    @staticmethod
    def _stream(key: bytes, start: int, data: bytes) -> bytes:
        return Cipher(AES(key), CTR(start.to_bytes(16, "big"))).encryptor().update(data)


def new_key() -> str:
    """The key that we offer for our own direction, as an a=crypto line writes it."""
    return base64.b64encode(os.urandom(30)).decode()
