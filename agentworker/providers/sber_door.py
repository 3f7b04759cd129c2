"""The way to Sber: whose certificates are believed, and tokens that keys are exchanged for.

Sber's servers show certificates of the Russian national authority, which no operating system
knows by itself. It is believed here, for Sber alone; nothing is ever left unchecked. Sources:
https://developers.sber.ru/docs/ru/salutespeech/certificates and
https://developers.sber.ru/docs/ru/gigachat/api/reference/rest/post-token.
"""

import asyncio
import re
import ssl
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from django.conf import settings
from django.utils.translation import gettext_noop as _

from agentworker.providers.catalog import Access
from agentworker.providers.errors import Kind, ProviderError, kind_of_answer
from agentworker.providers.net import http_session
from veyra.sentences import Sentence

# Another address stands in the settings of a test alone.
ADDRESSES = {
    "token_address": "https://ngw.devices.sberbank.ru:9443/api/v2/oauth",
    "speech_address": "https://smartspeech.sber.ru:443",
    "mind_address": "https://gigachat.devices.sberbank.ru/api/v1",
}
SPEECH, MIND = "SALUTE_SPEECH", "GIGACHAT_API"
ACCOUNTS = ("PERS", "B2B", "CORP")
TOKEN_SECONDS = 5.0
# A token lives for half an hour, by Sber's clock.
LONGEST_LIFE, MARGIN = 25 * 60.0, 60.0
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
UNKNOWN_AUTHORITY = _(
    "Our server does not know the authority that vouches for Sber. Download its certificate from"
    " https://gu-st.ru/content/Other/doc/russian_trusted_root_ca.cer, open the file as a text and"
    " paste it into the field “Certificate”."
)
NOT_A_CERTIFICATE = _(
    "The field “Certificate” holds no certificate. Open the file"
    " https://gu-st.ru/content/Other/doc/russian_trusted_root_ca.cer as a text and paste it whole,"
    " with its first and its last line."
)
NO_FILE = _(
    "The file with the certificate for Sber cannot be read. The engineer corrects SBER_CA_FILE in"
    " .env."
)
WRONG_KEYS = {
    SPEECH: _(
        "None of the keys is one of SaluteSpeech, or the kind of account is another. Copy the"
        " authorization key of the project “SaluteSpeech API” once more, whole."
    ),
    MIND: _(
        "None of the keys is one of GigaChat, or the kind of account is another. Copy the"
        " authorization key of the project “GigaChat API” once more, whole."
    ),
}


@dataclass(frozen=True)
class Token:
    text: str
    # By time.monotonic().
    until: float


_tokens: dict[tuple[str, ...], Token] = {}


def address(access: Access, name: str) -> str:
    return access.settings.get(name) or ADDRESSES[name]


# Whom we believe


def trusted(access: Access) -> ssl.SSLContext:
    """Whom everybody believes, and who vouches for Sber. Raises ProviderError."""
    context = ssl.create_default_context()
    if pem := authority(access):
        context.load_verify_locations(cadata=pem)
    return context


def roots(access: Access) -> bytes:
    """The same as PEM, which is how gRPC wants it. Raises ProviderError."""
    known = trusted(access).get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode()


def authority(access: Access) -> str:
    """As PEM: the one of the key, or the server's SBER_CA_FILE; "": none. Raises ProviderError."""
    text = access.settings.get("certificate", "").strip()
    if text:
        return pem_of(text)
    if not settings.SBER_CA_FILE:
        return ""
    try:
        return pem_of(Path(settings.SBER_CA_FILE).read_text())
    except (OSError, ValueError) as error:
        raise ProviderError(Sentence(NO_FILE), Kind.REFUSED) from error


def pem_of(text: str) -> str:
    """Certificates out of a text that may have lost its line breaks. Raises ProviderError."""
    ders = []
    for body in BLOCK.findall(text):
        try:
            one_line = "".join(body.split())
            pem = f"-----BEGIN CERTIFICATE-----\n{one_line}\n-----END CERTIFICATE-----\n"
            der = ssl.PEM_cert_to_DER_cert(pem)
            x509.load_der_x509_certificate(der)
        except ValueError:
            break
        ders.append(der)
    else:
        if ders:
            return "".join(map(ssl.DER_cert_to_PEM_cert, ders))
    raise ProviderError(Sentence(NOT_A_CERTIFICATE), Kind.REFUSED)


# Tokens


class Door:
    """To be made inside a running loop; net.close_all() closes it. Raises ProviderError."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.session = http_session(access, trusted(access))

    def address(self, name: str) -> str:
        return address(self.access, name)

    async def token(self, service: str) -> str:
        """`service`: SPEECH or MIND. Raises ProviderError."""
        name = self._name(service)
        known = _tokens.get(name)
        if known is None or known.until < time.monotonic():
            known = _tokens[name] = await self._exchanged(service)
        return known.text

    def forget(self, service: str) -> None:
        """A token that was not taken is not shown again."""
        _tokens.pop(self._name(service), None)

    def _name(self, service: str) -> tuple[str, ...]:
        return (self.address("token_address"), self.access.secret, self._scope(service))

    def _scope(self, service: str) -> str:
        return f"{service}_{self.access.settings.get('account') or ACCOUNTS[0]}"

    async def _exchanged(self, service: str) -> Token:
        """Each project of Sber has a key of its own; who pastes two need not say which is which."""
        scope = self._scope(service)
        for key in self.access.secret.split():
            if found := await self._token_for(key, scope):
                return found
        raise ProviderError(Sentence(WRONG_KEYS[service]), Kind.REFUSED)

    async def _token_for(self, key: str, scope: str) -> Token | None:
        """None: this key is not one for it."""
        headers = {"Authorization": f"Basic {key}", "RqUID": str(uuid.uuid4())}
        try:
            async with (
                asyncio.timeout(TOKEN_SECONDS),
                self.session.post(
                    self.address("token_address"), data={"scope": scope}, headers=headers
                ) as answer,
            ):
                kind = kind_of_answer(answer.status, await answer.text())
                if answer.status in (400, 401, 403) and kind is not Kind.COUNTRY:
                    return None
                if answer.status >= 300:
                    raise ProviderError.of(kind)
                return token_of(await answer.json(content_type=None))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise failure_of(error) from error


def token_of(answer: Any) -> Token:
    """{"access_token": "…", "expires_at": milliseconds since 1970}. Raises ProviderError."""
    if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
        raise ProviderError.of(Kind.GARBAGE)
    ends = answer.get("expires_at")
    left = ends / 1000 - time.time() - MARGIN if isinstance(ends, (int, float)) else 0.0
    # A clock that differs from Sber's tells nothing.
    life = min(left, LONGEST_LIFE) if left > 0 else LONGEST_LIFE
    return Token(answer["access_token"], time.monotonic() + life)


def failure_of(error: Exception) -> ProviderError:
    """Of a request that came to no answer, or to nonsense."""
    if isinstance(
        error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)
    ):
        return ProviderError(Sentence(UNKNOWN_AUTHORITY), Kind.UNREACHABLE)
    is_nonsense = isinstance(error, (aiohttp.ClientPayloadError, ValueError))
    return ProviderError.of(Kind.GARBAGE if is_nonsense else Kind.UNREACHABLE)
