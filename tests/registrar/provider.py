"""A provider where lines must register: asks for a digest login, calls whoever registered.

with Provider({"1001": "secret"}) as provider:
    ...                                          # something registers there
    call = provider.ring("1001", "74991124148")  # and is called
"""

import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.live.callee import digest
from tests.registrar.messages import Message, parameters
from tests.registrar.telephone import Dialog, Telephone
from tests.registrar.wires import Source

DOMAIN = "sip.provider.example"


@dataclass(frozen=True)
class Binding:
    """Where a login is reached since `at` (time.monotonic()), for so many seconds."""

    contact: str
    source: Source
    at: float
    seconds: int


class Provider(Telephone):
    """`accounts` is password by login. How it behaves is set at any time:

    - `mood`: "well", "silent", or the status that every REGISTER gets (403, 503…);
    - `most`, `least`: the seconds of a registration that it grants and that it asks for (423);
    - `stale_answers`: how many right digests still come too late for their nonce;
    - `refusal`: what a wrong password gets; `challenge`: 401 or 407; `qop`: asked for or not;
    - `service_route`: what it wants requests to be sent by;
    - `wants_path`: lets in only who would note the way of its requests (421).
    """

    def __init__(self, accounts: dict[str, str], **options: Any) -> None:
        self.accounts = accounts
        self.mood: str | int = "well"
        self.most, self.least = 3600, 0
        self.stale_answers = 0
        self.refusal, self.challenge, self.qop = 403, 401, True
        self.service_route, self.wants_path = "", False
        self.bindings: dict[str, Binding] = {}
        # Every REGISTER, in order, and when it came.
        self.registers: list[tuple[float, Message]] = []
        self._nonces: set[str] = set()
        self._changed = threading.Condition()
        super().__init__(**options)

    def wait_for(self, login: str, seconds: float = 10, after: float = 0) -> Binding:
        """The registration of a login; one that was made after a moment of time.monotonic()."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._is_bound(login, after):
                if not self._changed.wait(end - time.monotonic()):
                    raise AssertionError(f"{login} did not register in {seconds} s")
            return self.bindings[login]

    def ring(
        self,
        login: str,
        number: str,
        place: str = "to",
        *headers: tuple[str, str],
        **options: Any,
    ) -> Dialog:
        """Call a registered line. `place`: where the number stands, as each provider has it."""
        binding = self.bindings[login]
        uri, to = binding.contact, f"sip:{login}@{DOMAIN}"
        if place == "to":
            to = f"sip:{number}@{DOMAIN}"
        elif place == "request":
            uri = f"sip:{number}@{uri.partition('@')[2]}"
        elif place == "called_did":
            headers = (("CALLED_DID", number), *headers)
        elif place == "diversion":
            headers = (("Diversion", f"<sip:{number}@{DOMAIN}>;reason=unconditional"), *headers)
        return self.call(uri, *headers, to=to, hop=binding.source, **options)

    def registers_of(self, login: str) -> list[tuple[float, Message]]:
        return [(at, message) for at, message in self.registers if message.user("To") == login]

    def asked(self, request: Message, source: Source) -> None:
        if request.method != "REGISTER":
            super().asked(request, source)
            return
        self.registers.append((time.monotonic(), request))
        if self.mood != "silent":
            status, headers = self._judge(request, source)
            self.answer(request, source, status, *headers, tag=secrets.token_hex(4))

    def _judge(self, request: Message, source: Source) -> tuple[int, list[tuple[str, str]]]:
        if isinstance(self.mood, int):
            return self.mood, []
        if self.wants_path and "path" not in request.get("Supported"):
            return 421, [("Require", "path")]
        told = parameters(request.get("Authorization") or request.get("Proxy-Authorization"))
        if not told:
            return self.challenge, [self._question()]
        login = told.get("username", "")
        if self.accounts.get(login) is None or not self._is_right(told, self.accounts[login]):
            return self.refusal, [self._question()] if self.refusal in (401, 407) else []
        if told.get("nonce") not in self._nonces or self.stale_answers:
            self.stale_answers = max(self.stale_answers - 1, 0)
            return self.challenge, [self._question(stale=True)]
        return self._register(login, request, source)

    def _register(
        self, login: str, request: Message, source: Source
    ) -> tuple[int, list[tuple[str, str]]]:
        contact = (request.routes("Contact") or [request.get("Contact").split(";")[0]])[0]
        seconds = int(
            parameters(request.get("Contact")).get("expires") or request.get("Expires") or 3600
        )
        if 0 < seconds < self.least:
            return 423, [("Min-Expires", str(self.least))]
        seconds = min(seconds, self.most)
        with self._changed:
            if seconds:
                self.bindings[login] = Binding(contact, source, time.monotonic(), seconds)
            else:
                self.bindings.pop(login, None)
            self._changed.notify_all()
        route = [("Service-Route", f"<{self.service_route}>")] if self.service_route else []
        return 200, [("Contact", f"<{contact}>;expires={seconds}"), *route]

    def _is_bound(self, login: str, after: float) -> bool:
        binding = self.bindings.get(login)
        return binding is not None and binding.at > after

    def _question(self, *, stale: bool = False) -> tuple[str, str]:
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        name = "Proxy-Authenticate" if self.challenge == 407 else "WWW-Authenticate"
        more = (', qop="auth"' if self.qop else "") + (", stale=true" if stale else "")
        return name, f'Digest realm="{DOMAIN}", nonce="{nonce}", algorithm=MD5{more}'

    def _is_right(self, told: dict[str, str], password: str) -> bool:
        """Is this the digest of the password (RFC 2617)?"""
        ours = digest(f"{told['username']}:{DOMAIN}:{password}")
        request = digest(f"REGISTER:{told.get('uri', '')}")
        middle = told.get("nonce", "")
        if "qop" in told:
            middle += f":{told.get('nc')}:{told.get('cnonce')}:{told['qop']}"
        return digest(f"{ours}:{middle}:{request}") == told.get("response")
