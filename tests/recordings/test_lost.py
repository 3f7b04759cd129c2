"""Sound that cannot leave its host goes when its caller is erased, and some day in any case."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from agentworker.uploading import SALT, NotYet, Uploader, Uploading
from recordings import lost
from recordings.models import Part
from telephony.models import Call
from tests.recordings.test_arriving import FACTS
from tests.recordings.test_uploading import put

pytestmark = pytest.mark.django_db
DAY = 86400.0


def set_aside(folder: Path, facts: str = "{", days_ago: float = 0.0) -> str:
    """Sound whose facts cannot be read; its name."""
    folder.mkdir(exist_ok=True)
    name = str(uuid.uuid4())
    (folder / f"{name}.json.lost").write_text(facts)
    sound = folder / f"{name}.ogg.lost"
    sound.write_bytes(b"a voice")
    for path in (sound, sound.with_name(f"{name}.json.lost")):
        os.utime(path, (time.time() - days_ago * DAY,) * 2)
    return name


def call(room_sid: str, *, erased: bool, hours_ago: float = 1.0, minutes: float = 10) -> Call:
    started_at = timezone.now() - timedelta(hours=hours_ago)
    return Call.objects.create(
        room_sid=room_sid,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=minutes),
        erased_at=timezone.now() if erased else None,
    )


def names_in(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.iterdir()}


@pytest.mark.django_db(transaction=True)
def test_a_host_deletes_what_the_web_wants_deleted_and_keeps_the_rest(
    live_server: LiveServer, tmp_path: Path
) -> None:
    folder = tmp_path / "sound"
    call("RM_gone", erased=True)
    call("RM_here", erased=False)
    his = set_aside(folder, '{"id": "x", "room_sid": "RM_gone", "job_')
    another, old = set_aside(folder, '{"room_sid":"RM_here"'), set_aside(folder, days_ago=31)
    # Only its row tells of which room it is, and only its sound is left.
    alone = folder / f"{uuid.uuid4()}.ogg"
    alone.write_bytes(b"a voice")
    os.utime(alone, (time.time() - DAY,) * 2)
    told = {"room_name": "r", "room_sid": "RM_gone", "recorder": "ours"}
    Part.objects.create(pk=alone.stem, began_at=timezone.now(), **told)
    refused = put(folder, b"a voice", recorder="nobody", room_sid="RM_gone")
    kept = put(folder, b"a voice", recorder="nobody", room_sid="RM_here")
    (folder / "notes.lost").write_text("of an engineer")
    uploader = Uploader(folder, live_server.url)
    uploader.look()
    assert uploader.let_go() == 4 and uploader.let_go() == 0
    assert names_in(folder) == {another, kept.stem, "notes"}
    assert not {his, old, refused.stem, alone.stem} & names_in(folder)


@pytest.mark.django_db(transaction=True)
def test_a_part_that_never_goes_keeps_no_other_here(
    live_server: LiveServer, tmp_path: Path
) -> None:
    folder = tmp_path / "sound"
    stuck = put(folder, None)
    stuck.with_suffix(".ogg").mkdir()
    set_aside(folder, days_ago=31)
    uploading = Uploading(Uploader(folder, live_server.url))
    uploading.start()
    uploading.stop()
    assert names_in(folder) == {stuck.stem}


def test_nothing_is_deleted_while_the_web_says_nothing(tmp_path: Path) -> None:
    name = set_aside(tmp_path / "sound", days_ago=99)
    with pytest.raises(NotYet):
        Uploader(tmp_path / "sound", "http://127.0.0.1:9").let_go()
    assert names_in(tmp_path / "sound") == {name}


def lying(room_sid: str = "", age: timedelta = timedelta(hours=1)) -> list[lost.Lying]:
    return [lost.Lying(uuid.uuid4(), room_sid, age)]


@pytest.mark.parametrize(
    ("hours_ago", "goes"),
    [(1.05, True), (30.0, False), (0.5, False)],
    ids=["in", "before", "after"],
)
def test_what_nobody_knows_goes_with_who_was_erased_and_called_then(
    hours_ago: float, goes: bool
) -> None:
    call("RM_1", erased=True, hours_ago=hours_ago)
    call("RM_2", erased=False, hours_ago=1)
    assert bool(lost.to_go(lying(), timezone.now())) is goes


def test_of_a_room_in_which_somebody_else_was_it_stays_until_it_is_old() -> None:
    call("RM_1", erased=True)
    call("RM_1", erased=False)
    assert not lost.to_go(lying("RM_1"), timezone.now())
    assert lost.to_go(lying("RM_1", lost.KEPT + timedelta(hours=1)), timezone.now())


def test_only_a_host_is_answered_and_only_sense(client: Client) -> None:
    def ask(body: Any, named: str = "lost") -> int:
        token = signing.TimestampSigner(salt=SALT).sign(named)
        headers = {"Authorization": f"Bearer {token}"}
        path = "/internal/parts/lost/"
        answer = client.post(path, body, content_type="application/json", headers=headers)
        return answer.status_code

    now = timezone.now().isoformat()
    part = {"id": str(uuid.uuid4()), "room_sid": "RM", "written_at": now}
    assert ask({"now": now, "parts": [part]}) == 200
    assert ask({"now": now, "parts": [part]}, str(uuid.uuid4())) == 403
    assert client.post("/internal/parts/lost/").status_code == 403
    wrongs: tuple[Any, ...] = (
        {},
        [],
        {"now": now, "parts": [part] * 200},
        {"now": now, "parts": [FACTS]},
    )
    assert [ask(wrong) for wrong in wrongs] == [400, 400, 413, 400]
