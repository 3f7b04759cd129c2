"""Encryption of what a storage holds, so that a part of a file can still be read.

A sealed file is 16 random bytes, then frames: each is 64 KiB of the plain file (the last one less)
by AES-256-GCM, with 16 bytes of its tag. A file's own key is made from the key that its row holds
and those random bytes, so one key may seal any number of files. A frame's nonce is its number and
whether it is the last: frames cannot be exchanged, left out or cut off unseen.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext_noop

from recordings.storing import FileError, Store
from veyra.sentences import Sentence

FRAME = 64 * 1024
TAG = 16
SALT = 16
SEALED_FRAME = FRAME + TAG
# The way it is done: what is done otherwise one day begins with something else.
FORMAT = "gcm1:"

DAMAGED = gettext_noop(
    "The file in the storage was changed or damaged, and cannot be opened any more. If the storage "
    "has a copy from before, have that put back."
)


def new_key() -> str:
    return FORMAT + b64encode(os.urandom(32)).decode()


def seal(chunks: Iterable[bytes], key: str) -> Iterator[bytes]:
    """The sealed file, for a plain one that is given in chunks of any size."""
    salt = os.urandom(SALT)
    box = _box(key, salt)
    yield salt
    waiting, number = bytearray(), 0
    for chunk in chunks:
        waiting += chunk
        # Whether a frame is the last is known when there is something after it.
        while len(waiting) > FRAME:
            yield box.encrypt(_nonce(number, False), bytes(waiting[:FRAME]), None)
            del waiting[:FRAME]
            number += 1
    yield box.encrypt(_nonce(number, True), bytes(waiting), None)


def plain_size(sealed: int) -> int:
    """How many bytes a sealed file of so many opens to."""
    frames = max(1, -(-(sealed - SALT) // SEALED_FRAME))
    return max(0, sealed - SALT - frames * TAG)


@dataclass(frozen=True)
class SealedFile:
    """Reads a sealed file in a store."""

    store: Store
    name: str
    size: int  # of the plain file
    key: str = field(repr=False)

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As Store.read, of the plain file. Raises StoreError, also for a file that was damaged."""
        end = self.size if end is None else min(end, self.size)
        salt = b"".join(self.store.read(self.name, 0, SALT))
        return self._open(_box(self.key, salt), start, end) if start < end else iter(())

    def _open(self, box: AESGCM, start: int, end: int) -> Iterator[bytes]:
        number, last = start // FRAME, (self.size - 1) // FRAME
        until = (end - 1) // FRAME
        begin = SALT + number * SEALED_FRAME
        chunks = self.store.read(self.name, begin, SALT + (until + 1) * SEALED_FRAME)
        for frame in _frames(chunks):
            try:
                plain = box.decrypt(_nonce(number, number == last), frame, None)
            except InvalidTag as error:
                raise FileError(Sentence(DAMAGED)) from error
            at = number * FRAME
            yield plain[max(0, start - at) : end - at]
            number += 1
        if number <= until:
            raise FileError(Sentence(DAMAGED))


def _frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= SEALED_FRAME:
            yield bytes(waiting[:SEALED_FRAME])
            del waiting[:SEALED_FRAME]
    if waiting:
        yield bytes(waiting)


def _box(key: str, salt: bytes) -> AESGCM:
    """Raises ValueError where the key is none of ours."""
    if not key.startswith(FORMAT):
        raise ValueError("no key of a sealed file")
    secret = b64decode(key[len(FORMAT) :])
    return AESGCM(HKDF(SHA256(), 32, salt, b"veyra file").derive(secret))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
