"""What some providers answer to a login, and Kamailio alone would trip over."""

from collections.abc import Callable

import pytest

from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered, until
from tests.registrar.messages import Message
from tests.registrar.provider import Provider
from tests.registrar.wires import Source

pytestmark = [pytest.mark.live, pytest.mark.prove]

ACCOUNTS = {"1001": "one secret"}
Headers = list[tuple[str, str]]
Change = Callable[[Headers], Headers]


class Odd(Provider):
    """Answers right, and then `change` makes something else of the headers."""

    def __init__(self, change: Change, challenge: int = 401) -> None:
        self.change = change
        super().__init__(ACCOUNTS)
        self.challenge = challenge

    def _judge(self, request: Message, source: Source) -> tuple[int, Headers]:
        status, headers = super()._judge(request, source)
        return status, self.change(headers)


def offers(*algorithms: str) -> Change:
    """A challenge for each algorithm, in this order."""

    def change(headers: Headers) -> Headers:
        return [
            (name, value.replace("=MD5", f"={algorithm}"))
            for name, value in headers
            for algorithm in (algorithms if name.endswith("Authenticate") else [""])
        ]

    return change


def contacts(*others: str) -> Change:
    """Other contacts in place of ours, which stays where "ours" is named."""

    def change(headers: Headers) -> Headers:
        rest = [header for header in headers if header[0] != "Contact"]
        ours = [value for name, value in headers if name == "Contact"]
        told = [ours[0] if other == "ours" else other for other in others if ours]
        return [*rest, *(("Contact", value) for value in told)]

    return change


@pytest.mark.parametrize("challenge", [401, 407])
@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("MD5", "SHA-256")])
@pytest.mark.prove
def test_of_several_digests_the_one_by_md5_is_given(
    kamailio: Kamailio, algorithms: tuple[str, ...], challenge: int
) -> None:
    with Odd(offers(*algorithms), challenge) as provider:
        registered(kamailio, kamailio.put(line(provider)))


def test_a_provider_without_md5_is_told_of_and_left_alone(kamailio: Kamailio) -> None:
    with Odd(offers("SHA-256")) as provider:
        ours = kamailio.put(line(provider))
        state = until(kamailio, ours, lambda state: state.code == 421)
        assert state.paused and not state.registered
        assert state.reason == "No digest by MD5"
        assert len(provider.registers) == 1


@pytest.mark.parametrize(
    "told",
    [
        contacts(),
        contacts("<sip:somebody@192.0.2.9:5060>;expires=120"),
        contacts("<sip:somebody@192.0.2.9>;expires=5", "ours"),
        contacts('"Other, one" <sip:other@192.0.2.9>;q=0.5;expires=7', "ours"),
    ],
    ids=["none", "another", "several", "with a comma"],
)
@pytest.mark.prove
def test_a_registration_is_kept_whatever_contacts_are_told(
    kamailio: Kamailio, told: Change
) -> None:
    with Odd(told) as provider:
        state = registered(kamailio, kamailio.put(line(provider)))
        assert state.expires_at and state.heard_at
        assert (state.expires_at - state.heard_at).total_seconds() >= 20
        # A second later Kamailio's own timer has come round: it would ask again at every turn.
        asked = len(provider.registers)
        with pytest.raises(TimeoutError):
            wait_until(lambda: len(provider.registers) > asked, "asked again", 2.5)


def test_no_number_of_a_message_that_is_broken_gets_into_the_log(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS) as provider:
        ours = kamailio.put(line(provider))
        registered(kamailio, ours)
        for broken in (
            "INVITE sip:79161234567@@ SIP/2.0\r\nVia: 79161234567\r\nTo: <sip:79161234567\r\n\r\n",
            "SIP/2.0 200 79161234567\r\nVia: SIP/2.0/UDP x\r\nFrom: <79161234567\r\n\r\n",
            "79161234567\r\n\r\n",
        ):
            provider.wire.send(broken.encode(), (kamailio.host, kamailio.port))
        provider.registers.clear()
        kamailio.client.retry(ours.id)
        wait_until(lambda: bool(provider.registers), "Kamailio is gone", 10)
        assert "79161234567" not in kamailio.log


@pytest.mark.parametrize(
    "phrase", ["Неверный пароль".encode("cp1251"), b"No\0 way", b"", b"x" * 900]
)
@pytest.mark.prove
def test_a_refusal_in_any_words_is_read_and_hides_no_other_line(
    kamailio: Kamailio, phrase: bytes
) -> None:
    class Talkative(Provider):
        def _respond(self, request: Message, source: Source, data: bytes) -> None:
            super()._respond(request, source, data.replace(b"403 Forbidden", b"403 " + phrase))

    with Talkative(ACCOUNTS) as provider:
        provider.mood = 403
        ours = kamailio.put(line(provider))
        state = until(kamailio, ours, lambda state: state.code == 403)
        assert state.reason.startswith(("Неверный", "No", "xxx") if phrase else "")
        assert len(state.reason) <= 200
        kamailio.client.remove(ours.id)


def test_a_term_is_told_as_short_as_it_is(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS) as provider:
        provider.most = 10
        state = registered(kamailio, kamailio.put(line(provider)))
        assert state.expires_at and state.heard_at
        assert (state.expires_at - state.heard_at).total_seconds() == 10


def test_the_answer_to_a_goodbye_is_no_registration(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS) as provider:
        ours = kamailio.put(line(provider))
        before = registered(kamailio, ours)
        kamailio.client.remove(ours.id)
        wait_until(lambda: not provider.bindings, "it does not say goodbye", 5)
        assert kamailio.client.lines()[ours.id].heard_at == before.heard_at
