"""Telling a running Kamailio its lines, and asking how they are, by JSON-RPC on a unix socket.

The tables are those of deploy/registrar/kamailio.cfg, where each is explained.
"""

import contextlib
import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from veyra.kamailio.types import Line, LineState, Stranger
from veyra.kamailio.wire import (
    HEARD,
    LEAVING,
    OURS,
    UNFINISHED,
    part,
    parts,
    read_state,
    registration,
    values,
    what_is_wrong,
)

WAIT_SECONDS = 2.0
# What is longer than one message of Kamailio's socket never arrives.
LONGEST = 65_000
LARGEST_ANSWER = 1_000_000
# What it answers where there is no such thing; htable.get has an answer of its own.
NOT_FOUND, NO_SUCH_KEY = 404, 500
# Flags of Kamailio's uac module: nothing is sent; the last REGISTER was accepted.
PAUSED, ONLINE = 1, 4


class RegistrarError(Exception):
    """Kamailio is away, or would not do it. The message is for logs and has no secrets."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class RegistrarAwayError(RegistrarError):
    """Kamailio does not answer: whatever else it is asked now, fails too."""


class Registrar:
    """One Kamailio. Every method raises RegistrarError. Calls and other lines are never touched.

    It serves a thousand lines: a table is read in one message, and a longer one is never sent.
    """

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    def lines(self) -> dict[str, LineState]:
        """All lines that Kamailio holds, by their id."""
        with self._talk() as talk:
            seals = talk.table("seal")
            heard = {name: talk.table(name) for name in HEARD}
        now = datetime.now(UTC)
        return {
            key: read_state(key, seal, {name: heard[name].get(key, "") for name in HEARD}, now)
            for key, seal in seals.items()
        }

    def put(self, line: Line, seal: str) -> None:
        """Hold this line, instead of another of the same id, and register it now."""
        if problem := what_is_wrong(line):
            raise RegistrarError(problem)
        with self._talk() as talk:
            talk.forget(line.id)
            own = talk.table("own")
            contact, sock = own[f"contact_{line.transport}"], own[f"socket_{line.transport}"]
            # The provider may answer before all is written: there must be a line to note it at.
            for table, value in {**values(line, sock), "seal": UNFINISHED}.items():
                talk.ask("htable.sets", table, line.id, value)
            talk.write_numbers(line)
            talk.ask("uac.reg_add", *registration(line, contact, sock))
            talk.ask("htable.sets", "seal", line.id, seal)

    def admit(self, line: Line, seal: str) -> None:
        """Let in what this line may bring now. It is held, and goes on registering as it does."""
        if problem := what_is_wrong(line):
            raise RegistrarError(problem)
        with self._talk() as talk:
            found = values(line, talk.table("own")[f"socket_{line.transport}"])
            for table in OURS:
                if table in found:
                    talk.ask("htable.sets", table, line.id, found[table])
                else:
                    talk.try_to("htable.delete", table, line.id)
            talk.write_numbers(line)
            talk.ask("htable.sets", "seal", line.id, seal)

    def remove(self, line_id: str) -> None:
        """Let go of a line. A registered one says goodbye first: it is gone at a later call.

        A line that is paused says nothing, and is gone at once.
        """
        with self._talk() as talk:
            if talk.is_registered(line_id):
                # Nobody may take it for the line that it was.
                talk.ask("htable.sets", "seal", line_id, LEAVING)
                talk.ask("uac.reg_unregister", "l_uuid", line_id)
            else:
                talk.forget(line_id)

    def retry(self, line_id: str) -> None:
        """Send REGISTER now, also where the line is paused."""
        with self._talk() as talk:
            talk.try_to("htable.delete", "paused", line_id)
            talk.ask("uac.reg_enable", "l_uuid", line_id)

    def strangers(self) -> list[Stranger]:
        """Who sent something without being known since the last time this was asked."""
        with self._talk() as talk:
            found = talk.table("strangers")
            if found:
                talk.ask("htable.flush", "strangers")
                talk.ask("htable.seti", "own", "strangers", 0)
        return [Stranger(address=key, count=int(value)) for key, value in found.items()]

    @contextlib.contextmanager
    def _talk(self) -> Iterator["Talk"]:
        """A socket of our own beside Kamailio's, for the time of a few questions."""
        own = self.socket_path.with_name(f"{secrets.token_hex(4)}.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            try:
                line.bind(str(own))
                line.settimeout(WAIT_SECONDS)
                line.connect(str(self.socket_path))
                yield Talk(line)
            except TimeoutError as error:
                raise RegistrarAwayError("Kamailio does not answer.") from error
            except OSError as error:
                raise RegistrarAwayError(f"Kamailio is away: {error.strerror}.") from error
            finally:
                own.unlink(missing_ok=True)


@dataclass
class Talk:
    """Questions and answers, one at a time."""

    line: socket.socket
    number: int = field(default=0)

    def ask(self, method: str, *parameters: str | int) -> Any:
        """The result. Errors name the method and never its parameters: there are passwords."""
        self.number += 1
        question = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": self.number}
        message = json.dumps(question, ensure_ascii=False).encode()
        if len(message) > LONGEST:
            raise RegistrarError(f"{method}: too long for Kamailio.")
        self.line.send(message)
        while True:
            answer = self._read(method)
            # An answer that came too late for an earlier question is passed over.
            if answer.get("id") == self.number:
                break
        if problem := answer.get("error"):
            raise RegistrarError(f"{method}: {problem['message']}", problem["code"])
        return answer.get("result")

    def _read(self, method: str) -> Any:
        try:
            return json.loads(self.line.recv(LARGEST_ANSWER).decode(errors="replace"))
        except ValueError as error:
            raise RegistrarError(f"{method}: Kamailio's answer cannot be read.") from error

    def table(self, name: str) -> dict[str, str]:
        entries = self.ask("htable.dump", name)
        return {item["name"]: str(item["value"]) for entry in entries for item in entry["slot"]}

    def try_to(self, method: str, *parameters: str) -> Any:
        """ask(), or None where there is no such thing."""
        try:
            return self.ask(method, *parameters)
        except RegistrarError as error:
            if error.code != NOT_FOUND:
                raise
            return None

    def is_registered(self, line_id: str) -> bool:
        found = self.try_to("uac.reg_info", "l_uuid", line_id)
        # A record that expires at once has said goodbye already.
        return bool(found and found["flags"] & (PAUSED | ONLINE) == ONLINE and found["expires"])

    def write_numbers(self, line: Line) -> None:
        found = parts(line)
        for index, text in enumerate(found):
            self.ask("htable.sets", "numbers", part(line.id, index), text)
        self._cut_numbers(line.id, len(found))

    def _cut_numbers(self, line_id: str, left: int) -> None:
        """Only the first `left` parts stay. The last goes first: there is never a gap."""
        beyond = left
        while self._has("numbers", part(line_id, beyond)):
            beyond += 1
        for index in reversed(range(left, beyond)):
            self.try_to("htable.delete", "numbers", part(line_id, index))

    def _has(self, table: str, key: str) -> bool:
        try:
            self.ask("htable.get", table, key)
        except RegistrarError as error:
            if error.code != NO_SUCH_KEY:
                raise
            return False
        return True

    def forget(self, line_id: str) -> None:
        """The seal goes first: what is left half done is then no line at all."""
        for table in ("seal", *OURS, *HEARD):
            self.try_to("htable.delete", table, line_id)
        self._cut_numbers(line_id, 0)
        self.try_to("uac.reg_remove", line_id)
