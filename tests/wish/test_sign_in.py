"""A connection that signs in: what LiveKit has for it, and what it means for callers."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation

from telephony.routing.compile import Desired, compile_line
from telephony.routing.hands import Held
from telephony.routing.impact import impact
from telephony.routing.ladder import steps
from telephony.routing.route import Question, Route, find
from telephony.routing.taking import CannotError, Ground, take
from telephony.routing.wish import Agent, Line, Resolved, Trunk
from tests.wish.lines import number, rule, trunk
from veyra.livekit.matching import Outcome

REGISTRAR = "127.0.0.1/32"
PROVIDER = "198.51.100.7"
HOST = "sip.provider.example"
RESOLVED: Resolved = {HOST: (PROVIDER,)}
MARIA = Agent(key="a1", name="Maria")


def signs_in(key: str = "t1", **values: Any) -> Trunk:
    known: dict[str, Any] = {
        "addresses": (),
        "register_at": HOST,
        "register_login": "123456",
        "register_password": "canary-register",
        **values,
    }
    return trunk(key, **known)


def line(*trunks: Trunk, **values: Any) -> Line:
    known: dict[str, Any] = {
        "registrar": (REGISTRAR,),
        "trunks": trunks,
        "numbers": (number(0),),
        "rules": (rule(trunks=("t1",)),),
        "agents": (MARIA,),
        **values,
    }
    return Line(**known)


def compiled(line: Line) -> Desired:
    return compile_line(line, RESOLVED)


def said(sentences: Any) -> str:
    with translation.override("en"):
        return " ".join(str(each) for each in sentences)


def test_its_calls_are_taken_from_our_registrar_alone() -> None:
    wanted = compiled(line(signs_in(addresses=("203.0.113.0/24",))))
    (made,) = wanted.trunks
    assert made.value.allowed_addresses == (REGISTRAR,)
    assert made.value.headers_to_attributes == (("X-Veyra-Source", "veyra.source"),)
    assert (made.value.auth_username, made.value.auth_password) == ("", "")
    assert wanted.problems == ()


def test_without_the_registrar_s_address_it_is_not_published_and_not_open() -> None:
    wanted = compiled(line(signs_in(), registrar=()))
    assert all(each.unknown_addresses for each in wanted.trunks)
    assert "REGISTRAR_FROM" in said(each.sentence for each in wanted.problems)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"register_password": ""}, "login and the password"),
        ({"register_password": None}, "cannot be decrypted"),
        ({"register_at": "sip:provider"}, "not a provider's server"),
        ({"username": "us", "password": "ours"}, "Remove the login"),
    ],
)
def test_what_cannot_sign_in_is_not_published_and_says_why(
    values: dict[str, Any], why: str
) -> None:
    wanted = compiled(line(signs_in(**values)))
    assert why in said(each.sentence for each in wanted.problems)
    assert all(each.unknown_login for each in wanted.trunks)
    before = line(trunk())
    assert why in said(impact(before, line(signs_in(**values))).errors)


def test_a_reserve_that_sends_calls_to_our_address_is_taken_too() -> None:
    both = line(
        signs_in(), trunk("t2"), numbers=(number(0, reserve="t2"),), rules=(rule(numbers=("n0",)),)
    )
    (made,) = compiled(both).trunks
    assert made.value.allowed_addresses == (REGISTRAR, "203.0.113.0/24")
    assert made.value.headers_to_attributes


def test_calls_out_use_the_login_of_the_sign_in_where_they_have_none() -> None:
    dials = signs_in(out_address=HOST, out_from_login=True)
    (made,) = compiled(line(dials)).outbound
    assert (made.value.auth_username, made.value.numbers) == ("123456", ("123456",))
    assert made.value.auth_password == "canary-register"
    own = replace(dials, out_username="own", out_password="other")
    (made,) = compiled(line(own)).outbound
    assert (made.value.auth_username, made.value.auth_password) == ("own", "other")


def test_another_way_in_is_shown_before_it_is_saved() -> None:
    by_address, by_login = line(trunk()), line(signs_in())
    there = said(impact(by_address, by_login).changes)
    assert "signing in at sip.provider.example as 123456" in there
    assert "any address" not in there
    assert "must send the calls to our address" in said(impact(by_login, by_address).changes)


def test_another_password_of_the_sign_in_is_saved_at_once() -> None:
    assert impact(line(signs_in()), line(signs_in(register_password="other"))).is_empty


def route(question: Question, wish: Line) -> Route:
    return find(question, wish, RESOLVED)


@pytest.mark.parametrize("source", ["", PROVIDER, "127.0.0.1"])
def test_a_call_of_its_provider_is_found_to_be_answered(source: str) -> None:
    wish = line(signs_in())
    found = route(Question(called="+74991124140", caller="", source_ip=source), wish)
    assert found.answers
    assert "through our sign-in" in said(each.sentence for each in steps(found, wish))


def test_a_call_from_elsewhere_is_found_to_be_turned_away() -> None:
    wish = line(signs_in())
    found = route(Question(called="+74991124140", source_ip="192.0.2.1"), wish)
    assert found.decision.outcome == Outcome.NO_TRUNK
    assert "that it signs in at" in said(each.sentence for each in steps(found, wish))


def test_addresses_that_somebody_gave_it_in_livekit_cannot_be_taken_over() -> None:
    wish = line(signs_in())
    (made,) = compiled(wish).trunks
    theirs = replace(made.value, id="ST_1", allowed_addresses=("192.0.2.0/24",))
    held = Held(livekit_id="ST_1", key=made.key, ours=made.value, theirs=theirs)
    with pytest.raises(CannotError):
        take(Ground(line=wish, resolved=RESOLVED), held)


def test_another_header_that_somebody_had_read_in_livekit_is_named() -> None:
    wish = line(signs_in())
    (made,) = compiled(wish).trunks
    theirs = replace(made.value, id="ST_1", headers_to_attributes=(("X-Other", "other"),))
    held = Held(livekit_id="ST_1", key=made.key, ours=made.value, theirs=theirs)
    with pytest.raises(CannotError) as refused:
        take(Ground(line=wish, resolved=RESOLVED), held)
    assert "headers_to_attributes" in str(refused.value.sentence)
