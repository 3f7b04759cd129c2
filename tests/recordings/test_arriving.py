"""Parts come in, in pieces: whole and the same, or they are not here."""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core import signing
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentworker.uploading import SALT
from recordings import arriving
from recordings.models import Part, Storage
from recordings.stores import store_of
from telephony.models import Call

pytestmark = pytest.mark.django_db

SOUND = bytes(range(256)) * 10
STEP = 300
OFFSETS = range(0, len(SOUND), STEP)
SHA256 = hashlib.sha256(SOUND).hexdigest()
BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)
FACTS = {
    "room_name": "support-1",
    "room_sid": "RM_1",
    "job_id": "AJ_1",
    "recorder": "assistant",
    "began_at": BEGAN.isoformat(),
}
ENDING = {"size": len(SOUND), "sha256": SHA256}


def piece(offset: int) -> bytes:
    return SOUND[offset : offset + STEP]


class Host:
    """Knocks at the doors, by default as it should."""

    def __init__(self, part: uuid.UUID | None = None) -> None:
        self.part = part or uuid.uuid4()
        self.token = signing.TimestampSigner(salt=SALT).sign(str(self.part))

    def __call__(self, method: str, rest: str, body: Any) -> Any:
        answer = Client(enforce_csrf_checks=True).generic(
            method,
            f"/internal/parts/{self.part}/{rest}",
            body if isinstance(body, bytes) else json.dumps(body),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        if answer.status_code != 200:
            return answer.status_code
        told = answer.json()
        assert datetime.fromisoformat(told.pop("now")) <= timezone.now()
        return told

    def send(self) -> None:
        """As agentworker.uploading does."""
        answer = self("POST", "", FACTS)
        while not answer["done"]:
            if answer["received"] < len(SOUND):
                answer = self("PUT", f"{answer['received']}/", piece(answer["received"]))
            else:
                answer = self("POST", "done/", ENDING)


def sound_of(part: uuid.UUID) -> bytes:
    return b"".join(arriving.read(Part.objects.get(pk=part)))


def test_a_part_comes_in_and_stands_as_its_host_said() -> None:
    host = Host()
    assert host("POST", "", FACTS | {"is_writing": True}) == {"received": 0, "done": False}
    assert Part.objects.get().state == "writing"
    host.send()
    part = Part.objects.get()
    assert (part.state, part.began_at, part.room_sid) == ("arrived", BEGAN, "RM_1")
    assert sound_of(part.pk) == SOUND and part.ended_at is None
    # Who did not hear the answer asks again.
    assert host("POST", "done/", ENDING)["done"] and host("POST", "", FACTS)["done"]


def test_without_the_token_of_this_part_nothing_comes_in() -> None:
    host = Host()
    host.token = signing.TimestampSigner(salt=SALT).sign(str(uuid.uuid4()))
    assert host("POST", "", FACTS) == 403
    host.token = signing.TimestampSigner(salt="another").sign(str(host.part))
    assert host("PUT", "0/", b"x") == 403 and host("POST", "done/", ENDING) == 403
    host.token = ""
    assert host("POST", "", FACTS) == 403 and not Part.objects.exists()


def test_what_is_no_part_is_refused_with_its_reason() -> None:
    host = Host()
    assert host("PUT", "0/", b"x") == host("POST", "done/", ENDING) == 409
    assert host("POST", "", FACTS)["received"] == 0
    assert host("PUT", "0/", bytes(arriving.PIECE + 1)) == 413
    assert host("PUT", "0/", b"") == 400
    assert host("POST", "done/", {"size": -1, "sha256": SHA256}) == 400
    assert host("POST", "done/", []) == host("POST", "", b"{") == 400
    assert host("POST", "", FACTS | {"filler": "x" * 9000}) == 413
    for wrong in ({"recorder": "nobody"}, {"began_at": "2026-11-22T09:00"}, {"room_sid": "\0"}):
        assert host("POST", "", FACTS | wrong) == 400
    assert host("PUT", "0/", piece(0)) == {"received": STEP, "done": False}


def test_what_arrived_wrong_comes_again_from_the_beginning() -> None:
    host = Host()
    host("POST", "", FACTS)
    host("PUT", "0/", b"x" * len(SOUND))
    assert host("POST", "done/", ENDING) == {"received": 0, "done": False}
    host.send()
    assert sound_of(host.part) == SOUND


def test_where_staff_chose_another_storage_it_begins_again_there() -> None:
    old = Storage.objects.current()
    host = Host()
    host("POST", "", FACTS)
    host("PUT", "0/", piece(0))
    Storage.objects.update(is_current=False)
    new = Storage.objects.create(is_current=True, folder=f"{old.folder or '.'}/other")
    assert host("POST", "", FACTS) == {"received": 0, "done": False}
    assert Part.objects.get().storage == new


def test_pieces_are_sealed_where_the_storage_is() -> None:
    storage = Storage.objects.create(is_current=True, is_encrypted=True)
    host = Host()
    host.send()
    store = store_of(storage)
    stored = [b"".join(store.read(name)) for name in store.names("incoming/")]
    assert len(stored) == len(OFFSETS) and not any(SOUND[:50] in each for each in stored)
    assert sound_of(host.part) == SOUND


def test_a_storage_that_is_away_loses_nothing() -> None:
    storage = Storage.objects.create(is_current=True, folder="/proc/none")
    host = Host()
    assert host("POST", "", FACTS)["received"] == 0 and host("PUT", "0/", piece(0)) == 503
    Storage.objects.filter(pk=storage.pk).update(folder="")
    host.send()
    assert sound_of(host.part) == SOUND


STEPS = st.tuples(
    # A piece; one that was stored when the web was killed; one that the storage lost; the end.
    st.sampled_from(["piece", "killed", "lost", "done", "announced"]),
    st.sampled_from(list(OFFSETS)),
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=15))
def test_pieces_in_any_order_and_again_make_the_part_or_none(steps: list[tuple[str, int]]) -> None:
    pk = uuid.uuid4()
    arriving.announce(pk, arriving.Announced.read(FACTS))
    part = Part.objects.get(pk=pk)
    assert part.storage
    store = store_of(part.storage)
    for step, offset in steps:
        if step == "piece":
            arriving.take(pk, offset, piece(offset))
        elif step == "announced":
            arriving.announce(pk, arriving.Announced.read(FACTS))
        elif step == "done":
            told = arriving.finish(pk, arriving.Ending.read(ENDING))
            if told and told.done:
                break
        elif step == "lost":
            store.delete(arriving.name_of(part, offset))
        elif step == "killed":
            store.write(arriving.name_of(part, offset), [piece(offset)])
    Host(pk).send()
    assert sound_of(pk) == SOUND and Part.objects.get(pk=pk).sha256 == SHA256


def test_pieces_that_cannot_be_opened_come_again_by_another_key(
    settings: LazySettings,
) -> None:
    Storage.objects.create(is_current=True, is_encrypted=True)
    host = Host()
    host("POST", "", FACTS)
    host("PUT", "0/", piece(0))
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert host("PUT", f"{STEP}/", piece(STEP)) == {"received": 0, "done": False}
    host.send()
    assert sound_of(host.part) == SOUND


def test_a_piece_that_was_damaged_comes_again() -> None:
    storage = Storage.objects.create(is_current=True, is_encrypted=True)
    host = Host()
    host("POST", "", FACTS)
    for offset in OFFSETS:
        host("PUT", f"{offset}/", piece(offset))
    store = store_of(storage)
    store.write(arriving.name_of(Part.objects.get(), STEP), [bytes(400)])
    assert host("POST", "done/", ENDING) == {"received": 0, "done": False}
    host.send()
    assert sound_of(host.part) == SOUND


def test_a_part_that_got_shorter_leaves_no_piece_behind_its_end() -> None:
    host = Host()
    host("POST", "", FACTS)
    for offset in OFFSETS:
        host("PUT", f"{offset}/", piece(offset))
    short = SOUND[: 2 * STEP]
    ending = {"size": len(short), "sha256": hashlib.sha256(short).hexdigest()}
    assert host("POST", "done/", ending) == {"received": 0, "done": False}
    host("PUT", "0/", piece(0))
    host("PUT", f"{STEP}/", piece(STEP))
    assert host("POST", "done/", ending)["done"] and sound_of(host.part) == short


def test_nothing_comes_in_of_whom_was_erased() -> None:
    call = Call.objects.create(room_sid="RM_1", started_at=BEGAN, erased_at=BEGAN)
    assert Host()("POST", "", FACTS) == {"received": 0, "done": True}
    assert not Part.objects.exists()
    # Somebody else is in the room, too.
    Call.objects.create(room_sid="RM_1", started_at=BEGAN)
    host = Host()
    host.send()
    assert call and sound_of(host.part) == SOUND


SURE, GUESSED = 0.01, 5.2


@pytest.mark.parametrize(
    ("told", "off"),
    [
        pytest.param([(90, SURE)], 90, id="ahead"),
        pytest.param([(-3, SURE)], -3, id="behind"),
        pytest.param([(0.4, SURE)], 0, id="right enough"),
        pytest.param([(-5, GUESSED)], 0, id="a slow web"),
        pytest.param([(-90, GUESSED)], -90, id="a slow web and a wrong clock"),
        pytest.param([(84, GUESSED), (90, SURE)], 90, id="known better later"),
        pytest.param([(90, SURE), (84, GUESSED)], 90, id="a slow web later"),
        pytest.param([(90, 2 * SURE), (0, SURE)], 90, id="set right while it recorded"),
    ],
)
def test_a_clock_that_is_wrong_is_allowed_for(told: list[tuple[float, float]], off: float) -> None:
    host = Host()
    host("POST", "", FACTS | {"clock": None})
    for ahead, unsure in told:
        host("POST", "", FACTS | {"clock": {"ahead": ahead, "unsure": unsure}})
    assert BEGAN - Part.objects.get().at == timedelta(seconds=off)


def test_a_clock_that_shows_nonsense_is_no_clock() -> None:
    host = Host()
    for clock in ("soon", {"ahead": 1}, {"ahead": float("nan"), "unsure": 1}):
        assert host("POST", "", FACTS | {"clock": clock}) == 400
