"""What each kind of answer does to a line within a while: one line at a provider of each kind."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from tests.live.stack import wait_until
from tests.registrar.kamailio import Kamailio, line, registered
from tests.registrar.provider import Provider
from veyra.kamailio.types import Line, LineState

pytestmark = pytest.mark.live

ACCOUNTS = {"1001": "one secret"}
WRONG = "a wrong one"
REFUSALS = (401, 403, 404)
QUESTIONS = ((401, True), (401, False), (407, True), (407, False))


@dataclass
class Story:
    """A line, its provider, how it stands after a while, and when it asked for that."""

    line: Line
    provider: Provider
    state: LineState | None = None

    @property
    def asked(self) -> list[float]:
        first = self.provider.registers[0][0]
        return [at - first for at, _request in self.provider.registers]


@pytest.fixture(scope="module")
def stories(kamailio: Kamailio) -> Iterator[dict[object, Story]]:
    """By kind: a status that a wrong password gets, a question (status, with qop), or a word."""
    words = ("stale", "routed", "path", "proxy")
    with ExitStack() as stack:
        providers: dict[object, Provider] = {
            kind: stack.enter_context(Provider(ACCOUNTS))
            for kind in (*REFUSALS, *QUESTIONS, *words)
        }
        found = {kind: Story(line(provider), provider) for kind, provider in providers.items()}
        for refusal in REFUSALS:
            found[refusal].line = replace(found[refusal].line, password=WRONG)
            providers[refusal].refusal = refusal
        for question in QUESTIONS:
            providers[question].challenge, providers[question].qop = question
        providers["stale"].stale_answers = 1
        providers["path"].wants_path = True
        providers["routed"].service_route = f"sip:{providers['routed'].address};lr"
        found["proxy"].line = replace(found["proxy"].line, domain="far.provider.example")
        for story in found.values():
            kamailio.put(story.line)
        registered(kamailio, found["stale"].line)
        states = kamailio.client.lines()
        for story in found.values():
            story.state = states[story.line.id]
        yield found


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_wrong_password_is_told_and_not_hammered(
    stories: dict[object, Story], refusal: int
) -> None:
    state = stories[refusal].state
    assert state and (state.registered, state.paused, state.code) == (False, True, refusal)
    assert len(stories[refusal].asked) == 2


@pytest.mark.parametrize("kind", [*QUESTIONS, "routed", "path", "proxy", "stale"])
def test_a_line_signs_in_however_it_is_asked(stories: dict[object, Story], kind: object) -> None:
    state = stories[kind].state
    assert state and (state.registered, state.code) == (True, 200)


def test_a_nonce_that_is_too_old_is_no_refusal(stories: dict[object, Story]) -> None:
    assert len(stories["stale"].asked) == 4
    assert stories["stale"].asked[-1] < 10


def test_the_way_that_a_provider_wants_for_our_calls_is_noted(
    stories: dict[object, Story],
) -> None:
    ways = {kind: story.state and story.state.service_route for kind, story in stories.items()}
    assert ways.pop("routed") == stories["routed"].provider.address
    assert not any(ways.values())


def test_an_outbound_proxy_is_asked_for_the_providers_domain(stories: dict[object, Story]) -> None:
    _at, request = stories["proxy"].provider.registers[-1]
    assert request.uri == "sip:far.provider.example"
    assert "1001@far.provider.example" in request.get("To")


@pytest.mark.prove
def test_a_silent_provider_is_asked_every_ten_seconds(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS) as provider:
        provider.mood = "silent"
        ours = kamailio.put(line(provider))
        time.sleep(35)
        state = kamailio.client.lines()[ours.id]
        assert (state.registered, state.code) == (False, 0)
        # A datagram that is not answered is sent anew; those are no new questions.
        asked = {
            request.get("Call-ID") + request.get("CSeq") for _at, request in provider.registers
        }
        assert 2 <= len(asked) <= 4


@pytest.mark.prove
def test_a_term_of_sixty_seconds_is_renewed_again_and_again(kamailio: Kamailio) -> None:
    with Provider(ACCOUNTS) as provider:
        provider.most = 60
        ours = kamailio.put(line(provider))
        registered(kamailio, ours)
        last = provider.wait_for("1001")
        for _ in range(3):
            again = provider.wait_for("1001", 60, after=last.at)
            assert 30 < again.at - last.at < 58
            assert kamailio.client.lines()[ours.id].registered
            last = again


@pytest.mark.prove
def test_the_way_through_a_home_router_is_kept_open(kamailio: Kamailio) -> None:
    """Routers forget a way by UDP within half a minute."""
    with Provider(ACCOUNTS) as provider:
        registered(kamailio, kamailio.put(line(provider)))
        known = provider.wire.pings
        wait_until(lambda: provider.wire.pings > known, "nothing came", 26)
