"""Other hosts, as alarms meet them: one that takes messages over HTTP, and a proxy behind which
stand hosts of the internet, with a certificate that a test trusts.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = tuple[int, Any]


@dataclass
class Web:
    """A server on loopback; `answer` decides, by default 200 for all."""

    answer: Callable[[Asked], Answer] = lambda asked: (200, {"ok": True})
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def says(self, *statuses: int) -> None:
        """One after the other, then 200 again."""
        left = list(statuses)
        self.answer = lambda asked: (left.pop(0) if left else 200, {})

    @property
    def titles(self) -> list[str]:
        return [asked.json["title"] for asked in self.asked]

    @property
    def bodies(self) -> list[str]:
        return [asked.json["message"] for asked in self.asked]


def handler_for(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(self.path, dict(self.headers), self.rfile.read(length).decode())
            web.asked.append(asked)
            status, found = web.answer(asked)
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", str(found))
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        do_GET = do_POST

        def log_message(self, *_args: Any) -> None:
            pass

    return Handler


@contextmanager
def serve(web: Web) -> Iterator[Web]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(web))
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Proxy:
    """A forward proxy for https; behind it `web` stands for the one host that `host` names."""

    def __init__(self, web: Web, host: str, folder: Path) -> None:
        self.tunnels: list[str] = []
        self._handler = handler_for(web)
        self.authority, own = certify(folder, host)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(own)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, address = self._listener.accept()
                threading.Thread(target=self._carry, args=(client, address), daemon=True).start()

    def _carry(self, client: socket.socket, address: Any) -> None:
        with suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.tunnels.append(head.split()[1].decode())
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with self._tls.wrap_socket(client, server_side=True) as inside:
                self._handler(inside, address, None)  # type: ignore[arg-type]  # no server of its own


def certify(folder: Path, host: str) -> tuple[Path, Path]:
    """(an authority, a certificate of `host` with its key), PEM files."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for text in ("authority", host)
    )
    is_root = x509.BasicConstraints(ca=True, path_length=0)
    named = x509.SubjectAlternativeName([x509.DNSName(host)])
    root = _draft(root_name, root_name, root_key).add_extension(is_root, critical=True)
    own = _draft(name, root_name, key).add_extension(named, critical=False)
    pem = serialization.Encoding.PEM
    root_file, own_file = folder / "authority.pem", folder / "own.pem"
    root_file.write_bytes(root.sign(root_key, hashes.SHA256()).public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own_file.write_bytes(own.sign(root_key, hashes.SHA256()).public_bytes(pem) + private)
    return root_file, own_file


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    draft = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    draft = draft.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return draft.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
