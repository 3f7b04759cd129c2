"""One log file for many programs of a host, which any of them turns over when it is full."""

import fcntl
import logging
import os
import sys
from pathlib import Path

MOST_BYTES = 20_000_000
KEPT = 5


class SharedFile(logging.Handler):
    """Each line is one write at the end of the file, which the kernel does not mix with another's.

    Before a line it is looked whether the file is still the same one. Whoever finds it full takes
    a lock and moves it to `.1`; what another writes in that moment stands at the end of `.1`.
    A disk that is full or a folder that may not be written stops no program: it is told once.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES, kept: int = KEPT) -> None:
        super().__init__()
        self.path, self.most_bytes, self.kept = path, most_bytes, kept
        self._file: int | None = None
        self._inode = (0, 0)
        self._complained = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode(errors="backslashreplace") + b"\n"
            os.write(self._current(), line)
            self._complained = False
        except OSError as error:
            self._complain(error)
        except Exception:
            self.handleError(record)

    def _current(self) -> int:
        file = self._file
        if file is None or not self._is_same():
            file = self._open()
        if os.fstat(file).st_size >= self.most_bytes:
            self._turn_over()
            file = self._open()
        return file

    def _is_same(self) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._inode

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        opened = os.open(self.path, flags, 0o640)
        self._shut()
        found = os.fstat(opened)
        self._file, self._inode = opened, (found.st_dev, found.st_ino)
        return opened

    def _turn_over(self) -> None:
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another one was faster.
            if not self.path.exists() or self.path.stat().st_size < self.most_bytes:
                return
            for number in range(self.kept - 1, 0, -1):
                if (old := self._old(number)).exists():
                    old.replace(self._old(number + 1))
            self.path.replace(self._old(1))
        finally:
            os.close(lock)

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def _complain(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            sys.stderr.write(f"{self.path} is not written: {error.strerror}\n")

    def _shut(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def close(self) -> None:
        self._shut()
        super().close()
