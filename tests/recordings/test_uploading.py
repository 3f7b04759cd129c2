"""The sender of parts, against the real doors."""

import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain, repeat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from agentworker import uploading
from agentworker.uploading import PIECE, NotYet, SentElsewhere, Uploader
from recordings import arriving
from recordings.models import Part, Storage
from recordings.stores import folder_of, store_of
from tests.recordings.test_arriving import FACTS

SOUND = bytes(range(256)) * 4096 * 2 + b"end"


def put(folder: Path, sound: bytes | None, **facts: object) -> Path:
    """A part as its writer leaves it; its facts."""
    folder.mkdir(exist_ok=True)
    part = str(uuid.uuid4())
    path = folder / f"{part}.json"
    path.write_text(json.dumps({"id": part, **FACTS, **facts}))
    if sound is not None:
        path.with_suffix(".ogg").write_bytes(sound)
    return path


def nothing_in(folder: Path) -> bool:
    return list(folder.iterdir()) == []


@pytest.mark.django_db(transaction=True)
class TestAgainstTheDoors:
    """A server of its own for all of them, which is what takes its time."""

    def test_finished_parts_go_and_leave_nothing(
        self, live_server: LiveServer, tmp_path: Path
    ) -> None:
        folder = tmp_path / "sound"
        ended = {"ended_at": "2026-11-22T09:01:00+00:00"}
        whole, killed, silent = put(folder, SOUND, **ended), put(folder, b"x"), put(folder, None)
        assert Uploader(folder, live_server.url).look() == 3 and nothing_in(folder)
        parts = {part.pk: part for part in Part.objects.all()}
        assert {part.state for part in parts.values()} == {"arrived"}
        whole_part = parts[uuid.UUID(whole.stem)]
        assert b"".join(arriving.read(whole_part)) == SOUND and whole_part.ended_at
        assert parts[uuid.UUID(killed.stem)].ended_at is None
        assert parts[uuid.UUID(silent.stem)].size == 0

    def test_one_that_is_written_is_only_told_of(
        self, live_server: LiveServer, tmp_path: Path
    ) -> None:
        path = put(tmp_path / "sound", b"x")
        uploader = Uploader(path.parent, live_server.url)
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            assert uploader.look() == 0 and Part.objects.get().state == "writing"
        assert path.exists() and uploader.look() == 1 and Part.objects.get().state == "arrived"

    def test_it_goes_on_where_it_stopped(self, live_server: LiveServer, tmp_path: Path) -> None:
        path = put(tmp_path / "sound", SOUND)
        part = uuid.UUID(path.stem)
        arriving.announce(part, arriving.Announced.read(FACTS))
        arriving.take(part, 0, SOUND[:PIECE])
        first = arriving.name_of(Part.objects.get(), 0)
        store = store_of(Storage.objects.current())
        made = (store.folder / first).stat().st_mtime_ns  # type: ignore[attr-defined]  # a folder
        Uploader(path.parent, live_server.url).look()
        assert b"".join(arriving.read(Part.objects.get())) == SOUND
        assert (store.folder / first).stat().st_mtime_ns == made  # type: ignore[attr-defined]  # likewise

    def test_one_that_is_refused_holds_up_no_other(
        self, live_server: LiveServer, tmp_path: Path
    ) -> None:
        folder = tmp_path / "sound"
        strange = put(folder, SOUND, recorder="nobody")
        torn = put(folder, b"x")
        torn.write_text('{"id"')
        put(folder, SOUND)
        assert Uploader(folder, live_server.url).look() == 1
        left = {path.name for path in folder.iterdir()}
        assert left == {
            *(strange.name, strange.with_suffix(".ogg").name),
            *(f"{torn.name}.lost", f"{torn.stem}.ogg.lost"),
        }

    def test_one_that_cannot_be_opened_holds_up_no_other(
        self, live_server: LiveServer, tmp_path: Path
    ) -> None:
        folder = tmp_path / "sound"
        bad = [put(folder, None) for _ in range(2)]
        for path in bad:
            path.with_suffix(".ogg").mkdir()
        put(folder, SOUND)
        uploader = Uploader(folder, live_server.url)
        with pytest.raises(NotYet):
            uploader.look()
        assert sorted(folder.glob("*.json")) == sorted(bad)

    def test_one_that_the_web_cannot_take_holds_up_no_other(
        self, live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(uploading, "PAUSE_SECONDS", 0.0)
        folder = tmp_path / "sound"
        put(folder, SOUND)
        # More than it takes to think that the whole web is away.
        bad = sorted(put(folder, b"x") for _ in range(uploading.ENOUGH + 1))
        incoming = folder_of(Storage.objects.current()) / "incoming"
        incoming.mkdir(parents=True)
        for path in bad:
            (incoming / path.stem).write_text("no folder")
        uploader = Uploader(folder, live_server.url)
        for _ in range(3):
            with pytest.raises(NotYet):
                uploader.look()
        assert sorted(folder.glob("*.json")) == bad


def test_a_web_that_is_away_takes_nothing_from_the_disk(tmp_path: Path) -> None:
    path = put(tmp_path / "sound", SOUND)
    with pytest.raises(NotYet):
        Uploader(path.parent, "http://127.0.0.1:9").look()
    assert path.exists() and path.with_suffix(".ogg").read_bytes() == SOUND


def test_a_web_that_sends_it_elsewhere_is_told_of_and_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/else")  # type: ignore[attr-defined]  # HTTPServer has it
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    path = put(tmp_path / "sound", b"x")
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(SentElsewhere):
            Uploader(path.parent, f"http://127.0.0.1:{server.server_port}").look()
        server.shutdown()
    assert asked == [f"/internal/parts/{path.stem}/"] and path.exists()


@contextmanager
def a_web(ahead: float, waits: Iterator[float]) -> Iterator[tuple[str, list[Any]]]:
    """Whose clock is ahead of ours, and that takes its time: its address, and what it is told."""
    told: list[Any] = []

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(next(waits))
            now = datetime.now(UTC) + timedelta(seconds=ahead)
            self.send_response(200)
            self.end_headers()
            answer = {"received": 0, "done": "sha256" in told[-1], "now": now.isoformat()}
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Web) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()


def test_a_web_that_answers_slowly_is_told_of_the_clock_anew(tmp_path: Path) -> None:
    put(tmp_path / "sound", None)
    with a_web(90, chain([0.3], repeat(0))) as (url, told):
        assert Uploader(tmp_path / "sound", url).look() == 1
    clocks = [each["clock"] for each in told if "clock" in each]
    assert clocks[0] is None and [clock["ahead"] for clock in clocks[1:]] == [
        pytest.approx(-90, abs=0.4),
        pytest.approx(-90, abs=0.05),
    ]
    assert clocks[1]["unsure"] > 0.14 > 0.1 > clocks[2]["unsure"]


def test_a_clock_that_is_known_is_told_once(tmp_path: Path) -> None:
    for _ in range(3):
        put(tmp_path / "sound", None)
    with a_web(0, repeat(0)) as (url, told):
        assert Uploader(tmp_path / "sound", url).look() == 3
    assert len([each for each in told if "clock" in each]) == 4


def test_what_was_begun_and_has_no_name_goes_after_a_while(tmp_path: Path) -> None:
    old, young = tmp_path / "1.new", tmp_path / "2.new"
    for each in (old, young):
        each.touch()
    long_ago = time.time() - 3600
    os.utime(old, (long_ago, long_ago))
    Uploader(tmp_path, "http://127.0.0.1:9").look()
    assert young.exists() and not old.exists()
