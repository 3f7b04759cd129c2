"""Whom we believe that he is Sber, and tokens for keys, over real TLS."""

import ssl
import time
from pathlib import Path

import pytest
from django.conf import LazySettings

from agentworker.providers.catalog import Access
from agentworker.providers.errors import Kind, ProviderError
from agentworker.providers.sber_door import MIND, SPEECH, Door, pem_of, roots, token_of, trusted
from tests.live.certificate import certify
from tests.providers.salute import MIND_KEY, SPEECH_KEY, Sber, without

BOTH = f"{SPEECH_KEY} {MIND_KEY}"


def door(sber: Sber, keys: str = BOTH, **settings: str) -> Door:
    return Door(Access(keys, {**sber.settings, **settings}))


async def test_each_service_gets_a_token_for_its_own_key(sber: Sber) -> None:
    ours = door(sber)
    assert await ours.token(SPEECH) == "token-1-SALUTE_SPEECH_PERS"
    assert (await ours.token(MIND)).endswith("GIGACHAT_API_PERS")


@pytest.mark.parametrize("keys", [BOTH, f"{MIND_KEY}\n{SPEECH_KEY}"], ids=["speech", "thought"])
async def test_it_does_not_matter_which_key_is_pasted_first(sber: Sber, keys: str) -> None:
    ours = door(sber, keys)
    assert (await ours.token(MIND)).endswith("GIGACHAT_API_PERS")
    assert (await ours.token(SPEECH)).endswith("SALUTE_SPEECH_PERS")


async def test_a_token_serves_until_it_ends(sber: Sber) -> None:
    first = await door(sber).token(SPEECH)
    assert await door(sber).token(SPEECH) == first
    assert len(sber.exchanged) == 1


async def test_a_token_that_has_ended_is_asked_for_anew(
    sber: Sber, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = door(sber)
    first = await ours.token(SPEECH)
    now = time.monotonic()
    monkeypatch.setattr("agentworker.providers.sber_door.time.monotonic", lambda: now + 1741)
    assert await ours.token(SPEECH) != first


async def test_a_token_that_was_not_taken_is_asked_for_anew(sber: Sber) -> None:
    ours = door(sber)
    first = await ours.token(SPEECH)
    ours.forget(SPEECH)
    assert await ours.token(SPEECH) != first


async def test_each_request_bears_a_number_of_its_own(sber: Sber) -> None:
    ours = door(sber)
    await ours.token(SPEECH)
    await ours.token(MIND)
    assert len(sber.request_ids) == len(sber.exchanged)


def test_a_clock_that_differs_from_sbers_does_not_end_a_token() -> None:
    ahead = token_of({"access_token": "t", "expires_at": (time.time() - 3600) * 1000})
    assert ahead.until > time.monotonic() + 600


async def test_a_key_of_another_project_is_told_by_its_name(sber: Sber) -> None:
    with pytest.raises(ProviderError) as raised:
        await door(sber, SPEECH_KEY).token(MIND)
    assert raised.value.kind is Kind.REFUSED
    assert "GigaChat API" in str(raised.value.sentence)


async def test_the_kind_of_account_is_asked_for(sber: Sber) -> None:
    with pytest.raises(ProviderError):
        await door(sber, account="CORP").token(SPEECH)
    assert {scope for _key, scope in sber.exchanged} == {"SALUTE_SPEECH_CORP"}


REFUSALS = {
    "too many requests": ((429, {"message": "Too many requests"}), Kind.QUOTA),
    "a fault of its own": ((500, {}), Kind.BROKEN),
    "a country that is not served": (
        (403, {"message": "Not available in your country"}),
        Kind.COUNTRY,
    ),
    "nonsense": ((200, ["nothing"]), Kind.GARBAGE),
}


@pytest.mark.parametrize(("refusal", "kind"), REFUSALS.values(), ids=REFUSALS)
async def test_a_failure_is_told_by_its_kind(
    sber: Sber, refusal: tuple[int, object], kind: Kind
) -> None:
    sber.refusal = refusal
    with pytest.raises(ProviderError) as raised:
        await door(sber).token(SPEECH)
    assert raised.value.kind is kind


async def test_nobody_is_believed_whom_no_authority_vouches_for(sber: Sber) -> None:
    stranger = Door(Access(BOTH, without(sber.settings, "certificate")))
    with pytest.raises(ProviderError) as raised:
        await stranger.token(SPEECH)
    assert "russian_trusted_root_ca.cer" in str(raised.value.sentence)
    assert sber.exchanged == []


async def test_another_authority_vouches_for_nobody(sber: Sber, tmp_path: Path) -> None:
    other, _own = certify(tmp_path, "other")
    with pytest.raises(ProviderError):
        await door(sber, certificate=other.read_text()).token(SPEECH)
    assert sber.exchanged == []


async def test_the_server_may_know_the_authority_by_itself(
    sber: Sber, tmp_path: Path, settings: LazySettings
) -> None:
    settings.SBER_CA_FILE = str(tmp_path / "sber-authority.pem")
    assert await Door(Access(BOTH, without(sber.settings, "certificate"))).token(SPEECH)


def test_a_file_that_is_not_there_is_told(settings: LazySettings, tmp_path: Path) -> None:
    settings.SBER_CA_FILE = str(tmp_path / "nothing.pem")
    with pytest.raises(ProviderError) as raised:
        trusted(Access())
    assert "SBER_CA_FILE" in str(raised.value.sentence)


def test_a_certificate_may_lose_its_line_breaks(tmp_path: Path) -> None:
    """A field of one line takes them out, or puts spaces in their place."""
    whole = certify(tmp_path, "sber")[0].read_text()
    assert pem_of(whole.replace("\n", "")) == pem_of(whole.replace("\n", " ")) == pem_of(whole)


@pytest.mark.parametrize(
    "text",
    ["<html>", "-----BEGIN CERTIFICATE-----MIIB-----END CERTIFICATE-----"],
    ids=["a page", "a torn one"],
)
def test_what_is_no_certificate_is_told(text: str) -> None:
    with pytest.raises(ProviderError) as raised:
        pem_of(text)
    assert "holds no certificate" in str(raised.value.sentence)


def test_everybody_else_is_believed_as_before(tmp_path: Path) -> None:
    authority = certify(tmp_path, "sber")[0].read_text()
    usual = ssl.create_default_context()
    context = trusted(Access(settings={"certificate": authority}))
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    assert len(context.get_ca_certs()) == len(usual.get_ca_certs()) + 1
    pem = roots(Access(settings={"certificate": authority})).decode()
    assert pem.count("BEGIN CERTIFICATE") == len(context.get_ca_certs())
