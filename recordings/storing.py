"""What every storage can do, whatever it is made of, and what it says where it cannot."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext_noop

from veyra.sentences import Sentence

# The most that a reader holds in memory.
CHUNK = 256 * 1024
# How files of ours are called, whatever else lies in the same place.
OURS = re.compile(
    r"(?:recordings/\d{4}/\d{2}|egress|incoming|forgotten)/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
ABSENT = gettext_noop("The file is not in the storage any more.")


class StoreError(Exception):
    """The storage did not do what it was asked for; `sentence` says why, and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


class FileError(StoreError):
    """It is this file alone that cannot be had: the storage itself is well."""


class Absent(FileError):
    """There is no such file."""

    def __init__(self) -> None:
        super().__init__(Sentence(ABSENT))


class Store(Protocol):
    """Files by name, such as "recordings/2026/11/….ogg". Every method may raise StoreError."""

    def write(self, name: str, chunks: Iterable[bytes]) -> int:
        """The whole file or none of it, in place of what had the name; how many bytes."""

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes from `start` to before `end` (None: the file's end), CHUNK or fewer at a time.

        Raises Absent at once, and StoreError at once or while it is read.
        """

    def size(self, name: str) -> int: ...

    def exists(self, name: str) -> bool: ...

    def delete(self, name: str) -> None:
        """What is not there is deleted already."""

    def names(self, prefix: str, before: datetime | None = None) -> Iterator[str]:
        """All files whose names begin so; with `before` only those that were written before it."""

    def free(self) -> int | None:
        """Bytes that still fit; None: nobody can tell."""

    def tidy(self, before: datetime) -> None:
        """Removes what writers left half done that were killed before that moment."""
