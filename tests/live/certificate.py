"""An authority and a server's certificate of it, made for one test."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"


def certify(folder: Path, name: str, days: float = 1) -> tuple[Path, Path]:
    """(the authority's certificate, the server's certificate and key), PEM files in `folder`.

    The server's ends after `days`; it may have ended.
    """
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} authority")])
    own_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    is_root = x509.BasicConstraints(ca=True, path_length=0)
    root = _draft(root_name, root_name, root_key).add_extension(is_root, critical=True)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
    own = _draft(own_name, root_name, key, days).add_extension(address, critical=False)
    pem = serialization.Encoding.PEM
    root_file, own_file = folder / f"{name}-authority.pem", folder / f"{name}.pem"
    root_file.write_bytes(root.sign(root_key, hashes.SHA256()).public_bytes(pem))
    own_file.write_bytes(
        own.sign(root_key, hashes.SHA256()).public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return root_file, own_file


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
    )
