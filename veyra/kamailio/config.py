"""Where Kamailio listens, and the private files with which it starts.

What it does stands in deploy/registrar/kamailio.cfg, which the files written here include.
"""

import datetime
import hashlib
import hmac
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANYWHERE = "0.0.0.0"  # noqa: S104  # compared with, and asked for by settings
LOOPBACK = "127.0.0.1"
# Debian's package starts a service of its own, which would take the gateway's port.
INSTALL = "sudo apt install kamailio kamailio-tls-modules && sudo systemctl disable --now kamailio"
# The first that can close a connection from within deploy/registrar/kamailio.cfg.
OLDEST = (5, 6)
SHARED_MEGABYTES = 64
PRIVATE_MEGABYTES = 8
# An empty table in Kamailio's text format: without one it registers nowhere.
NO_LINES = {
    "version": "table_name(string) table_version(int)\nuacreg:5\n",
    "uacreg": "id(int,auto) l_uuid(string) l_username(string) l_domain(string) "
    "r_username(string) r_domain(string) realm(string) auth_username(string) "
    "auth_password(string) auth_ha1(string) auth_proxy(string) expires(int) flags(int) "
    "reg_delay(int) contact_addr(string) socket(string)\n",
}


@dataclass(frozen=True, kw_only=True)
class Front:
    """A Kamailio between providers and a gateway on the same machine.

    It listens on `listen`: UDP and TCP on `port`, TLS on the next. With the one after that, on
    `inner_ip`, it talks to the gateway. `public` is its address as providers see it. `ca` is a file
    or folder of certificates by which providers are trusted.
    """

    listen: str
    public: str
    port: int
    inner_ip: str
    gateway_ip: str
    gateway_port: int
    folder: Path
    socket: Path
    ca: Path

    @property
    def config(self) -> Path:
        return self.folder / "registrar.cfg"

    @property
    def tls_port(self) -> int:
        return self.port + 1

    @property
    def inner_port(self) -> int:
        return self.port + 2


def inside(listen: str) -> str:
    """Where on this machine a gateway that listens on `listen` is reached."""
    return LOOPBACK if listen == ANYWHERE else listen


def hidden(secret: str) -> str:
    """The address of this machine's own from which Kamailio calls the gateway.

    LiveKit admits whoever comes from there, and also whoever can write this address into his From
    header: so only who knows the `secret` may know it. It is in the upper half of loopback, apart
    from whatever else calls from this machine.
    """
    told = hmac.new(secret.encode(), b"Kamailio before the gateway", hashlib.sha256).digest()
    return f"127.{128 + told[0] % 127}.{told[1]}.{told[2]}"


def program() -> str:
    """Where Kamailio is, empty where it is not; Debian keeps it where few people's PATH looks."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("kamailio", path=places) or ""


def read_version(said: str) -> tuple[int, int]:
    """`version: kamailio 5.6.3 (x86_64/linux)` -> (5, 6)"""
    found = re.search(r"kamailio (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def command(front: Front, kamailio: str) -> list[str]:
    """Kamailio in the foreground, its log on stderr, its memory bounded."""
    memory = ["-m", str(SHARED_MEGABYTES), "-M", str(PRIVATE_MEGABYTES)]
    return [kamailio, "-DD", "-E", *memory, "-Y", str(front.folder), "-f", str(front.config)]


def write(front: Front, rules: Path) -> None:
    """The files of a start, for their owner only. `rules` is deploy/registrar/kamailio.cfg."""
    lines = front.folder / "no-lines"
    lines.mkdir(mode=0o700, parents=True, exist_ok=True)
    front.folder.chmod(0o700)
    front.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in NO_LINES.items():
        _write_private(lines / name, text)
    _write_private(front.folder / "registrar.pem", certificate())
    _write_private(front.folder / "registrar-tls.cfg", tls_text(front))
    _write_private(front.config, text_of(front, rules))


def text_of(front: Front, rules: Path) -> str:
    """The names in capitals of deploy/registrar/kamailio.cfg, and then that file."""
    outer, public, tls = front.listen, f"{front.public}:{front.port}", front.tls_port
    names = {
        "OUTER_UDP": f"udp:{outer}:{front.port}",
        "OUTER_TCP": f"tcp:{outer}:{front.port}",
        "OUTER_TLS": f"tls:{outer}:{tls}",
        "INNER_UDP": f"udp:{front.inner_ip}:{front.inner_port}",
        "INNER_PORT": str(front.inner_port),
        "PUBLIC": public,
        "PUBLIC_TLS": f"{front.public}:{tls}",
        "CONTACT_UDP": public,
        "CONTACT_TCP": f"{public};transport=tcp",
        "CONTACT_TLS": f"{front.public}:{tls};transport=tls",
        "CONTACT": _quoted(public),
        "GATEWAY": f"{front.gateway_ip}:{front.gateway_port}",
        "RPC_SOCKET": _quoted(front.socket),
        "TLS_CONFIG": _quoted(front.folder / "registrar-tls.cfg"),
        "NO_LINES": _quoted(f"text://{front.folder / 'no-lines'}"),
    }
    defines = [f"#!define {name} {value}" for name, value in names.items()]
    return "\n".join(["#!KAMAILIO", *defines, f"include_file {_quoted(rules)}", ""])


def tls_text(front: Front) -> str:
    """Kamailio's tls.cfg: anybody may open a connection to us, but ours go only to whoever has a
    certificate of an authority that is trusted. Kamailio does not look whose name stands in it.
    """
    own = front.folder / "registrar.pem"
    # A folder is read when a certificate is looked for. A file is read by each process at its
    # start, which takes seconds with the hundred and more of a whole system.
    trusted = "ca_path" if front.ca.is_dir() else "ca_list"
    return f"""[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = {_quoted(own)}
certificate = {_quoted(own)}

[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
{trusted} = {_quoted(front.ca)}
"""


def certificate() -> str:
    """A key and its self-signed certificate in PEM: TLS wants one of whoever listens."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Veyra")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (secret + made.public_bytes(pem)).decode()


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)
