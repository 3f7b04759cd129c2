"""What is encrypted opens to the same, in any part of it, or to nothing."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.folder_store import FolderStore
from recordings.models import Recording, Storage
from recordings.sealing import FRAME, SALT, SEALED_FRAME, new_key, plain_size, seal
from recordings.stores import open_file, open_recording, store_of, write_file
from recordings.storing import StoreError

KEY = new_key()
SOUND = bytes(range(251)) * 1100
SIZES = st.sampled_from([0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 7, 200_000])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    size=SIZES,
    start=st.integers(0, 210_000),
    end=st.none() | st.integers(0, 210_000),
    step=st.integers(1, 90_000),
)
def test_any_part_of_a_sealed_file_is_that_part(
    tmp_path: Path, size: int, start: int, end: int | None, step: int
) -> None:
    store = FolderStore(tmp_path)
    plain = SOUND[:size]
    write_file(store, "a", [plain[at : at + step] for at in range(0, size, step)], KEY)
    source = open_file(store, "a", key=KEY)
    assert source.size == size == plain_size(store.size("a"))
    assert b"".join(source.read(start, end)) == plain[start:end]


@pytest.mark.parametrize(
    "harm",
    [
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[: SALT + SEALED_FRAME],
        lambda sealed: sealed[:SALT],
        lambda sealed: sealed[: SALT + 5] + b"\0" + sealed[SALT + 6 :],
        lambda sealed: sealed[:SALT] + sealed[SALT + SEALED_FRAME :],
    ],
)
def test_what_was_changed_or_cut_is_not_opened(tmp_path: Path, harm: object) -> None:
    store = FolderStore(tmp_path)
    store.write("a", [harm(b"".join(seal([SOUND], KEY)))])  # type: ignore[operator]  # one of the above
    with pytest.raises(StoreError):
        b"".join(open_file(store, "a", len(SOUND), KEY).read())


@pytest.mark.django_db
def test_a_sealed_recording_needs_its_key(settings: LazySettings) -> None:
    storage = Storage.objects.create(is_encrypted=True, is_current=True)
    written = write_file(store_of(storage), "a.ogg", [SOUND], KEY)
    recording = Recording.objects.create(
        storage=storage, file="a.ogg", file_key=KEY, size=written.size
    )
    stored = b"".join(store_of(storage).read("a.ogg"))
    assert SOUND[:64] not in stored and len(stored) > len(SOUND)
    recording = Recording.objects.get()
    assert b"".join(open_recording(recording).read()) == SOUND
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(StoreError):
        open_recording(recording)
