"""This machine's address as the internet sees it, asked from public STUN servers."""

import ipaddress
import secrets
import socket
import struct

MAGIC = 0x2112A442
SERVERS = (("stun.l.google.com", 19302), ("global.stun.twilio.com", 3478))


def public_address(
    servers: tuple[tuple[str, int], ...] = SERVERS, timeout: float = 2.0
) -> str | None:
    """The first answer, or None where no server answers."""
    for host, port in servers:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.settimeout(timeout)
                line.sendto(request(secrets.token_bytes(12)), (host, port))
                if address := read_answer(line.recv(2048)):
                    return address
        except OSError:
            continue
    return None


def request(transaction: bytes) -> bytes:
    """A STUN binding request (RFC 5389)."""
    return struct.pack("!HHI", 0x0001, 0, MAGIC) + transaction


def read_answer(answer: bytes) -> str | None:
    """The IPv4 address in XOR-MAPPED-ADDRESS, or None."""
    place = 20
    while place + 4 <= len(answer):
        kind, length = struct.unpack_from("!HH", answer, place)
        if kind == 0x0020 and length >= 8 and place + 12 <= len(answer):
            (masked,) = struct.unpack_from("!I", answer, place + 8)
            return str(ipaddress.IPv4Address(masked ^ MAGIC))
        place += 4 + length + (-length % 4)
    return None
