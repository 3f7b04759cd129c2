"""Sockets that carry SIP: UDP, TCP and TLS, each with threads that read."""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.live.callee import message

Source = tuple[str, int]
Take = Callable[[bytes, Source], None]


class Wire:
    """One listening address. Whatever arrives is handed to `take` with where it came from."""

    transport = "udp"
    # Connections that were broken off before anything was said: our certificate did not please.
    broken_off = 0
    # Packets that say nothing: they keep a way open.
    pings = 0

    def __init__(self, take: Take, host: str = "127.0.0.1", port: int = 0) -> None:
        self._take = take
        self._goes_on = True
        self._threads: list[threading.Thread] = []
        self._socket = self._open(host, port)
        self._socket.settimeout(0.2)
        self.host, self.port = self._socket.getsockname()
        self._start(self._listen)

    def close(self) -> None:
        self._goes_on = False
        for thread in self._threads:
            thread.join(2)
        self._socket.close()

    def send(self, data: bytes, target: Source) -> None:
        self._socket.sendto(data, target)

    def drop(self) -> None:
        """Break off every connection, as a provider that is started anew does."""

    def _open(self, host: str, port: int) -> socket.socket:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        found.bind((host, port))
        return found

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while self._goes_on:
            try:
                data, source = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if data.strip(b"\r\n\0 "):
                self._take(data, source)
            else:
                self.pings += 1


class StreamWire(Wire):
    """TCP, or TLS with a certificate (PEM with its key). Keeps the connections that came in."""

    def __init__(self, take: Take, certificate: Path | None = None, **place: Any) -> None:
        self.transport = "tls" if certificate else "tcp"
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls:
            self._tls.load_cert_chain(str(certificate))
        self._lines: dict[Source, socket.socket] = {}
        super().__init__(take, **place)

    def send(self, data: bytes, target: Source) -> None:
        if target not in self._lines:
            line = socket.create_connection(target, 5, source_address=(self.host, 0))
            self._keep(line, target)
        self._lines[target].sendall(data)

    def drop(self) -> None:
        for line in list(self._lines.values()):
            line.close()
        self._lines.clear()

    def _open(self, host: str, port: int) -> socket.socket:
        return socket.create_server((host, port))

    def _listen(self) -> None:
        while self._goes_on:
            try:
                line, source = self._socket.accept()
            except TimeoutError:
                continue
            self._start(self._welcome, line, source)

    def _welcome(self, line: socket.socket, source: Source) -> None:
        line.settimeout(5)
        try:
            line = self._tls.wrap_socket(line, server_side=True) if self._tls else line
        except (OSError, TimeoutError):
            self.broken_off += 1
            return
        self._lines[source] = line
        self._read(line, source)

    def _keep(self, line: socket.socket, source: Source) -> None:
        self._lines[source] = line
        self._start(self._read, line, source)

    def _read(self, line: socket.socket, source: Source) -> None:
        line.settimeout(0.2)
        data = b""
        while self._goes_on:
            try:
                data += (got := line.recv(65536))
            except TimeoutError:
                continue
            except OSError:
                got = b""
            if not got:
                break
            data = data.lstrip(b"\r\n")
            while found := message(data):
                data = data[len(found) :].lstrip(b"\r\n")
                self._take(found, source)
        self._lines.pop(source, None)
        line.close()
