"""A disk that is full for a while."""

import resource
from collections.abc import Iterator

import pytest


class Disk:
    """What this process writes is refused between `fill` and `free`, as on a full disk."""

    def __init__(self) -> None:
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, self._limits[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@pytest.fixture
def full_disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.free()
