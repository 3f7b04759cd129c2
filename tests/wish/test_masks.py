"""Masks of addresses as LiveKit is told them: it compares their text with a caller's From, too."""

import ipaddress

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from telephony.routing.addresses import veiled
from telephony.sync import admitted
from veyra.kamailio.config import hidden


@given(st.ip_addresses(v=4), st.integers(8, 31), st.text())
def test_a_veiled_mask_is_the_same_network(
    address: ipaddress.IPv4Address, length: int, secret: str
) -> None:
    known = ipaddress.ip_network(f"{address}/{length}", strict=False)
    if not known.is_loopback:
        assert ipaddress.ip_network(veiled(str(known), secret), strict=False) == known


@pytest.mark.parametrize("cidr", ["127.0.0.1/32", "172.16.0.0/12", "10.0.0.0/8"])
def test_only_the_secret_tells_how_a_mask_is_written(cidr: str) -> None:
    assert len({cidr, *(veiled(cidr, secret) for secret in ("one", "two", "three"))}) == 4


def test_an_address_alone_can_be_written_in_one_way() -> None:
    assert veiled("203.0.113.9/32", "one") == "203.0.113.9/32"


@given(st.text())
def test_a_provider_that_we_sign_in_at_is_not_taken_for_our_test_caller(secret: str) -> None:
    ours = ipaddress.ip_network(veiled("127.0.0.1/32", secret), strict=False)
    assert ipaddress.ip_address("127.0.0.1") in ours
    assert ipaddress.ip_address(hidden(secret)) not in ours


def test_our_test_caller_s_mask_is_not_to_be_guessed(settings: LazySettings) -> None:
    (mask,) = admitted()
    assert mask.startswith("127.") and mask.endswith("/9") and not mask.startswith("127.0.0.")
    settings.SECRET_KEY = "another secret"
    assert admitted() != (mask,)
