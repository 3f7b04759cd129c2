"""A small world for checks: programs that answer as a test wants, on addresses of this machine."""

import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from veyra.up import tools


@contextmanager
def answering_options(answer: bytes = b"SIP/2.0 200 OK\r\n\r\n") -> Iterator[int]:
    """Somebody who answers every datagram; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    _asked, who = line.recvfrom(4096)
                except TimeoutError:
                    continue
                line.sendto(answer, who)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield line.getsockname()[1]
        finally:
            over.set()
            thread.join()


class Pages:
    """A web server that says `body`, at whatever address it is asked, with its clock `ahead`."""

    def __init__(self) -> None:
        self.body, self.ahead = "OK", 0.0
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(pages.body.encode())

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + pages.ahead)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "Pages":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def valkey() -> Iterator[str]:
    """The bundled broker; its address."""
    # pytest's own folders are too deep for a socket's path.
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        path = Path(folder) / "broker.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen([tools.broker(), *options], stdout=subprocess.DEVNULL)
        client = redis.Redis(unix_socket_path=str(path))
        for _time in range(200):
            try:
                client.ping()
                break
            except redis.RedisError:
                time.sleep(0.01)
        yield f"unix://{path}"
        process.kill()
        process.wait()


class Authority:
    """Signs certificates; whoever trusts `file` trusts them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self._name = name
        now = dt.datetime.now(dt.UTC)
        own = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=900))
            .not_valid_after(now + dt.timedelta(days=900))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def sign(self, address: str, days: float) -> Path:
        """Key and certificate of this address, good for so many days from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        named = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=90))
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(named, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        path = self.folder / f"{address}-{days}.pem"
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        path.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
            + made.public_bytes(pem)
        )
        return path


@contextmanager
def secure(certificate: Path) -> Iterator[int]:
    """A server on 127.0.0.1 that shows this certificate to everybody; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    line, _who = listener.accept()
                except TimeoutError:
                    continue
                try:
                    line.settimeout(2)
                    with context.wrap_socket(line, server_side=True) as shown:
                        shown.recv(1)
                except OSError:
                    line.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()
