"""Telling a running Kamailio its lines, and asking how they are, by JSON-RPC on a unix socket."""

from pathlib import Path

from veyra.kamailio.types import Line, LineState, Stranger


class RegistrarError(Exception):
    """Kamailio is away, or would not do it. The message is for staff and has no secrets."""


class Registrar:
    """One Kamailio. Every method raises RegistrarError. Calls and other lines are never touched."""

    def __init__(self, socket_path: Path) -> None:
        self.socket_path = socket_path

    def lines(self) -> dict[str, LineState]:
        """All lines that Kamailio holds, by their id."""
        raise NotImplementedError

    def put(self, line: Line, seal: str) -> None:
        """Hold this line, instead of another of the same id, and register it now."""
        raise NotImplementedError

    def remove(self, line_id: str) -> None:
        """Let go of a line. A registered one says goodbye first: it is gone at a later call."""
        raise NotImplementedError

    def retry(self, line_id: str) -> None:
        """Send REGISTER now, also where the line is paused."""
        raise NotImplementedError

    def pause(self, line_id: str) -> None:
        """Send no REGISTER any more until `retry`."""
        raise NotImplementedError

    def strangers(self) -> list[Stranger]:
        """Who sent something without being known since the last time this was asked."""
        raise NotImplementedError
