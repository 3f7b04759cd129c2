"""Addresses that LiveKit may be sent to fetch from, and those that lead inside."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from recordings import outside
from veyra.outside import CARRIERS, is_outside

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A name server that knows these addresses; what is an address needs none."""
    real = socket.getaddrinfo

    def known(**hosts: list[str]) -> None:
        def answer(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            found = hosts.get(host.replace(".", "_"))
            if found is None:
                kwargs["flags"] = socket.AI_NUMERICHOST
                return real(host, port, *args, **kwargs)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return known


INSIDE = [
    "http://127.0.0.1/film.mp4",
    "http://127.1:8000/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0/",
    "http://10.0.0.7/film.mp4",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[2002:a00:1::]/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://224.0.0.1/",
    "srt://192.168.1.4:9000",
    "https://user:password@192.168.1.4/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_what_leads_inside_is_refused(url: str, names: Names) -> None:
    names()
    refusal = outside.why_not(url)
    assert refusal is not None and refusal.msgid == outside.INSIDE


def test_a_name_is_refused_if_one_of_its_addresses_is_inside(names: Names) -> None:
    names(example_org=["93.184.216.34"], evil_example_org=["93.184.216.34", "10.0.0.1"])
    assert outside.why_not("https://example.org/film.mp4") is None
    refusal = outside.why_not("https://evil.example.org/film.mp4")
    assert refusal is not None and refusal.msgid == outside.INSIDE
    nobody = outside.why_not("https://nobody.example.org/")
    assert nobody is not None and nobody.msgid == outside.NOBODY_KNOWS


def test_what_leads_back_to_ourselves_is_refused(names: Names, settings: LazySettings) -> None:
    names(livekit_example_org=["93.184.216.35"], www_example_org=["93.184.216.35"])
    settings.PUBLIC_IP = "93.184.216.34"
    settings.LIVEKIT_PUBLIC_URL = "wss://livekit.example.org"
    ours = ("93.184.216.34", "[64:ff9b::5db8:d822]", "livekit.example.org", "www.example.org")
    for host in ours:
        refusal = outside.why_not(f"http://{host}:6379/")
        assert refusal is not None and refusal.msgid == outside.INSIDE
    assert outside.why_not("http://93.184.216.36/film.mp4") is None


@pytest.mark.parametrize(
    ("url", "msgid"),
    [
        ("file:///etc/passwd", outside.WRONG_SCHEME),
        ("rtmp://example.org/live", outside.WRONG_SCHEME),
        ("example.org/film.mp4", outside.NOT_AN_ADDRESS),
        ("http:///film.mp4", outside.NOT_AN_ADDRESS),
        ("http://[::1/", outside.NOT_AN_ADDRESS),
        ("http://example.org:99999/", outside.NOT_AN_ADDRESS),
        ("", outside.NOT_AN_ADDRESS),
    ],
)
def test_what_is_no_address_of_a_stream_says_so(url: str, msgid: str, names: Names) -> None:
    names()
    refusal = outside.why_not(url)
    assert refusal is not None and refusal.msgid == msgid


@given(st.ip_addresses(v=4), st.sampled_from(CARRIERS))
def test_an_address_in_another_ones_clothes_is_the_same_address(
    inner: ipaddress.IPv4Address, carrier: tuple[ipaddress.IPv6Network, int]
) -> None:
    network, place = carrier
    dressed = ipaddress.IPv6Address(int(network.network_address) | int(inner) << place)
    assert is_outside(dressed) == is_outside(inner)
