"""An address with TLS, whose certificate may expire."""

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from tests.live.certificate import certify


class Tls:
    """Serves TLS on a port, with the certificate that is shown now."""

    def __init__(self, folder: Path) -> None:
        first, self.good = certify(folder, "well", days=90)
        second, self.expired = certify(folder, "expired", days=-1)
        # What every program of the line trusts.
        self.authorities = folder / "authorities.pem"
        self.authorities.write_bytes(first.read_bytes() + second.read_bytes())
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"wss://127.0.0.1:{self._listener.getsockname()[1]}"
        self.show(self.good)
        threading.Thread(target=self._serve, daemon=True).start()

    def show(self, file: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)

    def _serve(self) -> None:
        while True:
            line, _who = self._listener.accept()
            threading.Thread(target=self._greet, args=(line,), daemon=True).start()

    def _greet(self, line: socket.socket) -> None:
        with suppress(OSError), self._context.wrap_socket(line, server_side=True) as secure:
            secure.recv(1)
