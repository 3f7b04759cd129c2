"""Ten thousand recordings whose days are over go, in the memory that a thousand need.

It runs inside a process of ours, on PostgreSQL, over the files of a folder; beside it the barest
program that deletes as many files and looks whether they are gone.
"""

import json
import os
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, promised
from tests.bench.ground import Ground
from tests.bench.sockets import in_database

FEW, MANY = 1_000, 10_000
SOUND = b"x" * 1024
# What the many may need more than the few, and how long one may take.
MOST_MIB, MOST_MS = 10.0, 10.0
INSIDE = "from tests.bench.keeping import inside\nprint(inside())"


def measure(arena: Ground) -> list[Figure]:
    found: dict[str, Any] = json.loads(in_database(arena, INSIDE))
    return [
        promised(
            f"retention deletes {MANY} recordings: memory beyond that for {FEW}",
            "MiB",
            found["grown"],
            MOST_MIB,
        ),
        promised(
            f"one of {MANY}, with its proof; its file alone takes {found['bare']:.2g} ms",
            "ms",
            found["each"],
            MOST_MS,
        ),
    ]


def inside() -> str:
    """{"grown": MiB, "each": ms, "bare": ms}. Called in a process that has the arena's database."""
    from recordings.keeping_models import Term

    Term.objects.create(days=30)
    _delete(FEW)
    before = _memory()
    took = _delete(MANY)
    grown = max(0.0, _memory() - before)
    return json.dumps({"grown": grown, "each": took / MANY * 1000, "bare": _bare() / MANY * 1000})


def _delete(count: int) -> float:
    """Seconds that it took to be rid of so many."""
    from django.utils import timezone

    from recordings import keeping
    from recordings.keeping_models import Deletion
    from recordings.models import Recording

    _make(count)
    begun = time.perf_counter()
    keeping.work(timezone.now())
    took = time.perf_counter() - begun
    left = Recording.objects.exclude(state="deleted").count() + Deletion.objects.open().count()
    assert left == 0, left
    return took


def _make(count: int) -> None:
    from django.utils import timezone

    from recordings.models import Recording, Storage
    from recordings.stores import store_of

    storage = Storage.objects.current()
    store = store_of(storage)
    for _ in range(0, count, FEW):
        rows = [Recording(storage=storage, state="ready", size=len(SOUND)) for _ in range(FEW)]
        for row in rows:
            row.file = f"recordings/2026/01/{row.pk}.ogg"
            store.write(row.file, [SOUND])
        Recording.objects.bulk_create(rows)
    old = timezone.now() - timedelta(days=40)
    Recording.objects.filter(state="ready").update(created_at=old)


def _bare() -> float:
    """Seconds to unlink as many files and look for each."""
    from django.conf import settings

    folder = Path(settings.MEDIA_ROOT) / "bare"
    folder.mkdir(parents=True)
    files = [folder / str(uuid.uuid4()) for _ in range(MANY)]
    for file in files:
        file.write_bytes(SOUND)
    begun = time.perf_counter()
    for file in files:
        file.unlink()
        assert not file.exists()
    return time.perf_counter() - begun


def _memory() -> float:
    """MiB that this process has in memory."""
    import psutil

    return float(psutil.Process(os.getpid()).memory_info().rss / 2**20)
