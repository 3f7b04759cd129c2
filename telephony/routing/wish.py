"""The line as staff saved it, as frozen values: what compile and the preview work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from veyra.sentences import Sentence

# Host name -> its addresses; an empty tuple: it could not be resolved.
Resolved = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """A provider connection. A password is None where it cannot be decrypted."""

    key: str
    name: str
    provider: str = ""
    addresses: tuple[str, ...] = ()
    username: str = ""
    password: str | None = field(default="", repr=False)
    spelling: str = "any"
    learned_spelling: str = ""
    # Where we sign in; without it calls are sent to us. As in telephony.registration.Registering.
    register_at: str = ""
    register_login: str = ""
    register_password: str | None = field(default="", repr=False)
    register_proxy: str = ""
    register_transport: str = "udp"
    number_in: str = "any"
    learned_number_in: str = ""
    service_route: str = ""
    # Calls out; without an address there are none. As in telephony.outbound.Outgoing.
    out_address: str = ""
    out_username: str = ""
    out_password: str | None = field(default="", repr=False)
    out_transport: str = "auto"
    out_spelling: str = "plus"
    out_from_login: bool = False
    out_from_host: str = ""
    out_codecs: str = ""
    out_encryption: str = "disable"
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived

    @property
    def registers(self) -> bool:
        """Its calls come because we sign in, and through our registrar."""
        return bool(self.register_at)

    @property
    def is_listed(self) -> bool:
        """Calls are taken from certain addresses alone."""
        return self.registers or bool(self.addresses)

    @property
    def dials_as(self) -> tuple[str, str | None]:
        """Login and password of calls out; where they have none of their own, the sign-in's."""
        if self._dials_by_sign_in:
            return self.register_login, self.register_password
        return self.out_username, self.out_password

    @property
    def dials_at(self) -> str:
        """The server of calls out. One that the provider named at the sign-in goes before ours:
        LiveKit cannot write a Route, so its first server is called itself.
        """
        return (self._dials_by_sign_in and self.service_route) or self.out_address

    @property
    def _dials_by_sign_in(self) -> bool:
        return self.registers and not self.out_username and self.out_password == ""

    @property
    def writes_number_in(self) -> str:
        """Where the called number is looked for first, of a line that signs in."""
        return self.learned_number_in or "any" if self.number_in == "any" else self.number_in

    @property
    def delivers(self) -> str:
        """The one spelling of callers that we count on; "any" where nobody knows."""
        return self.learned_spelling or "any" if self.spelling == "any" else self.spelling


@dataclass(frozen=True, kw_only=True)
class Number:
    """`trunk` and `reserve` by key; `reserve` is empty for most."""

    key: str
    number: str
    trunk: str
    reserve: str = ""
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who answers: `numbers` by key, and every number of `trunks`."""

    key: str
    name: str
    agent: str
    trunks: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    kind: Literal["direct", "individual"] = "individual"
    room: str = "call-"
    pin: str = ""
    callers: tuple[str, ...] = ()
    # Who is rung before the assistant speaks, and who where none can: a colleague, a group, nobody.
    first_colleague: str = ""
    first_team: str = ""
    fallback_colleague: str = ""
    fallback_team: str = ""
    # A WhenFull.
    when_full: str = "queue"
    # A RecordingPolicy; "" as the assistant says.
    recording: str = ""
    is_active: bool = True
    archived: bool = False

    @property
    def in_use(self) -> bool:
        return self.is_active and not self.archived

    @property
    def first(self) -> str:
        return self.first_colleague or self.first_team

    @property
    def fallback(self) -> str:
        return self.fallback_colleague or self.fallback_team


@dataclass(frozen=True, kw_only=True)
class People:
    """A colleague or a group, whom rules name. `seconds`: for so long they are rung altogether; 0
    where nobody of them can be reached at any time. `needs_line`: they would be by telephone, but
    no connection places calls.
    """

    key: str
    name: str
    seconds: int
    needs_line: bool = False


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Who speaks. `has_words`: somebody wrote what it says; without words it cannot answer."""

    key: str
    name: str
    has_words: bool = True
    is_published: bool = True
    archived: bool = False
    # A RecordingPolicy: of calls whose rule says nothing of it.
    recording: str = "never"

    @property
    def answers(self) -> bool:
        return self.has_words and self.is_published and not self.archived


@dataclass(frozen=True, kw_only=True)
class Line:
    """Everything that was saved; rules in the order in which they were made.

    `installation`: the id of this Veyra, which its objects in LiveKit carry; `seal`: the key of the
    seals on them. `registrar`: the CIDRs that calls of lines that sign in come from.
    """

    installation: str = ""
    seal: str = field(default="", repr=False)
    registrar: tuple[str, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[Number, ...] = ()
    rules: tuple[Rule, ...] = ()
    agents: tuple[Agent, ...] = ()
    people: tuple[People, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a saved row. `stops`: it, or a part of it, is not published for this.

    `held`: somebody changed it in LiveKit, and it waits for a person's decision.
    """

    kind: Literal["trunk", "number", "rule"]
    key: str
    sentence: Sentence
    stops: bool = True
    held: bool = False
