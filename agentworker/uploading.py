"""Takes the sound that recorders wrote on this host to the web, which keeps it.

A part goes in pieces of 1 MiB, and goes on where it stopped: after a dead network, web, or sender.
Its files stay until the web says that all of it is stored and has the right checksum. Sending a
piece twice is harmless, so a restarted sender sends whatever it finds. See agentworker.taping.parts
for the files, and recordings.arriving for the other end.
"""

import fcntl
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from django.core import signing

from agentworker import lost
from agentworker.clock import Clock
from veyra.outage import Outage

log = logging.getLogger(__name__)

SALT = "veyra.part"
TOKEN_SECONDS = 3600
PIECE = 1024 * 1024
# A part that is still written is told again so often, that it is known to live.
TELL_SECONDS = 20.0
TICK_SECONDS = 1.0
# One that cannot be told well, since the web is slow, is told no more often at once.
TELLINGS = 3
# After an error of the network, the web or the storage behind it.
PAUSE_SECONDS = 3.0
# So many parts in a row of which nothing went say that it is the web which takes nothing.
ENOUGH = 3
# The web reads all of a part back before it says that it is stored.
ANSWER_SECONDS = 120.0
# What was begun so long ago and has no name yet gets none.
HALF_SECONDS = 60.0
REFUSED_SECONDS = 60.0


class _NoRedirects(HTTPRedirectHandler):
    """A part and its token go to the web that was named, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


# Nobody stands between us and the web: no proxy of the environment is asked.
_opener = build_opener(ProxyHandler({}), _NoRedirects())


class Refused(Exception):
    """The web does not take this part as it is; it will not take it a second later either."""


class NotYet(Exception):
    """The web or its storage takes nothing now, or not this part."""


class SentElsewhere(NotYet):
    """INTERNAL_URL is not the web's own address, but of something that redirects to it."""


class Hold(Enum):
    """Who has a file, when we wanted it for ourselves."""

    OURS = "ours"
    OTHERS = "others"
    GONE = "gone"


class Uploader:
    """Sends the parts of one folder, again and again, to the web at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self._clock = Clock()
        # When the web was told of a part that is written; until when one is left alone.
        self._told: dict[Path, float] = {}
        self._later: dict[Path, float] = {}
        # What the web will not take as it is; and when it was asked what is to be deleted here.
        self._refused: set[Path] = set()
        self._asked = float("-inf")

    def look(self) -> int:
        """Send what is finished and tell of what is written; how many parts went.

        Raises NotYet, when the others were tried: one part that is not taken holds up none of them.
        """
        self._forget()
        gone, failed, last = 0, 0, None
        # Those that failed come last, and of them the one that was not tried for longest first.
        for path in sorted(self.folder.glob("*.json"), key=lambda path: (self._due(path), path)):
            if self._due(path) > time.monotonic():
                break
            try:
                gone += self._try(path)
                failed = 0
            except NotYet as error:
                self._later[path] = time.monotonic() + PAUSE_SECONDS
                failed, last = failed + 1, error
                if failed == ENOUGH:
                    break
        if last:
            raise last
        return gone

    def _due(self, path: Path) -> float:
        return self._later.get(path, 0.0)

    def _try(self, path: Path) -> bool:
        try:
            return self._tend(path)
        except Refused as error:
            log.error("part %s is refused (%s), and stays where it is", path.stem, error)
            self._later[path] = time.monotonic() + REFUSED_SECONDS
            self._refused.add(path)
            return False
        except (OSError, ValueError, KeyError, TypeError) as error:
            # Its files cannot be opened, or what the web answers cannot be read.
            raise NotYet(f"{path.stem}: {type(error).__name__}") from error

    def _tend(self, path: Path) -> bool:
        """True: it was sent, and is gone from here."""
        with _hold(path) as hold:
            if hold is Hold.OTHERS:
                self._tell_of_writing(path)
            if hold is not Hold.OURS:
                return False
            facts, sound = _facts(path), path.with_suffix(".ogg")
            if facts is None:
                _set_aside(path)
                return False
            if not self._send(path.stem, facts, sound):
                self._later[path] = time.monotonic() + PAUSE_SECONDS
                return False
            sound.unlink(missing_ok=True)
            path.unlink()
            return True

    def _tell_of_writing(self, path: Path) -> None:
        if time.monotonic() - self._told.get(path, float("-inf")) < TELL_SECONDS:
            return
        if facts := _facts(path):
            self._announce(path.stem, facts | {"is_writing": True})
            self._told[path] = time.monotonic()

    def _send(self, part: str, facts: dict[str, Any], sound: Path) -> bool:
        """False: the web wants some of it again."""
        answer = self._announce(part, facts)
        # Who was killed before the first sound left no file of it.
        size = sound.stat().st_size if sound.exists() else 0
        received = int(answer["received"])
        while not answer["done"] and received < size:
            with sound.open("rb") as file:
                file.seek(received)
                answer = self._ask(part, "PUT", f"{received}/", file.read(PIECE))
            if answer["received"] <= received:
                return False
            received = int(answer["received"])
        if not answer["done"]:
            ending = {"size": size, "sha256": _sha256(sound), "ended_at": facts.get("ended_at")}
            answer = self._ask(part, "POST", "done/", ending)
        return bool(answer["done"])

    def _announce(self, part: str, facts: dict[str, Any]) -> Any:
        """Told anew where the answer tells more of our clock than the web was told."""
        answer: Any = {"done": False}
        for _time in range(TELLINGS):
            told = self._clock.best()
            clock = told.to_json() if told else None
            answer = self._ask(part, "POST", "", facts | {"clock": clock})
            if answer["done"] or not self._clock.better_than(told):
                break
        return answer

    def _ask(self, part: str, method: str, rest: str, body: dict[str, Any] | bytes) -> Any:
        """What the web answers. Raises Refused and NotYet."""
        request = Request(  # noqa: S310  # its address is a setting, http or https
            f"{self.url}/internal/parts/{part}/{rest}",
            data=body if isinstance(body, bytes) else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {signing.TimestampSigner(salt=SALT).sign(part)}",
                "Content-Type": "application/octet-stream",
            },
        )
        asked = time.monotonic()
        try:
            with _opener.open(request, timeout=ANSWER_SECONDS) as response:
                answer = json.load(response)
            self._clock.learn(asked, datetime.fromisoformat(answer["now"]).timestamp())
            return answer
        except HTTPError as error:
            with error:
                if error.code in (400, 403, 404, 413):
                    raise Refused(str(error.code)) from error
            if 300 <= error.code < 400:
                raise SentElsewhere(str(error.code)) from error
            raise NotYet(str(error.code)) from error
        except Exception as error:  # whatever broke off the connection, it is tried again
            raise NotYet(type(error).__name__) from error

    def let_go(self) -> int:
        """Delete what the web, asked now and then, wants deleted of all that cannot go to it; how
        many parts. Raises NotYet.
        """
        if time.monotonic() - self._asked < lost.ASK_SECONDS:
            return 0
        self._asked = time.monotonic()
        try:
            return lost.look(self.folder, self._refused, partial(self._ask, "lost", "POST", ""))
        except Refused as error:
            log.error("the web does not say which lost parts are to be deleted (%s)", error)
            return 0
        except (OSError, KeyError, TypeError) as error:
            raise NotYet(f"lost parts: {type(error).__name__}") from error

    def _forget(self) -> None:
        """Files of writers that were killed before a part had its name, and what is gone."""
        for path in self.folder.glob("*.new"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > HALF_SECONDS:
                    path.unlink()
        self._told = {path: at for path, at in self._told.items() if path.exists()}
        self._later = {path: at for path, at in self._later.items() if path.exists()}
        self._refused = {path for path in self._refused if path.exists()}


class Uploading:
    """A thread that sends until `stop`, and then sends once more what is finished by then."""

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader
        self._stop = threading.Event()
        self._outage = Outage(log, "recordings wait on this host, since INTERNAL_URL takes none")
        self._thread = threading.Thread(target=self._run, name="uploading", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(TICK_SECONDS if self._look() else PAUSE_SECONDS)
        self._look()

    def _look(self) -> bool:
        try:
            try:
                self._uploader.look()
            finally:
                # One part that is never taken keeps no other here.
                self._uploader.let_go()
        except NotYet as error:
            self._outage.felt(error)
            return False
        except Exception:  # a disk that fails now may work again
            log.exception("recordings wait on this host")
            return False
        self._outage.over()
        return True


@contextmanager
def _hold(path: Path) -> Iterator[Hold]:
    """Nobody else writes or sends it meanwhile, if it is OURS."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield Hold.GONE
        return
    try:
        yield _lock(file, path)
    finally:
        os.close(file)


def _lock(file: int, path: Path) -> Hold:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Hold.OTHERS
    # Another sender may have sent and removed it between opening and locking.
    return Hold.OURS if path.exists() else Hold.GONE


def _facts(path: Path) -> dict[str, Any] | None:
    """None: they cannot be read."""
    try:
        facts = json.loads(path.read_bytes())
    except (ValueError, FileNotFoundError):
        return None
    return facts if isinstance(facts, dict) else None


def _set_aside(path: Path) -> None:
    """Nobody knows of which call it is: an engineer may. How it goes tells agentworker.lost."""
    log.error("the facts of part %s cannot be read; its files are kept as .lost", path.stem)
    for each in (path, path.with_suffix(".ogg")):
        if each.exists():
            each.rename(each.with_name(f"{each.name}.lost"))


def _sha256(path: Path) -> str:
    if not path.exists():
        return hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
