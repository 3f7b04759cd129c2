"""What the registrar should hold, and what its answers mean."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.routing import signin
from telephony.routing.registering import (
    BACKOFF,
    PATIENCE,
    SELDOM,
    TURN,
    Plan,
    Row,
    State,
    Step,
    Told,
    Wanted,
    same_period,
    verdict,
    wanted,
)
from telephony.routing.wish import Line, Number, Trunk
from veyra.kamailio.types import Line as Held
from veyra.kamailio.types import LineState, Place, Transport

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEYS = [f"11111111-1111-4111-8111-11111111111{digit}" for digit in range(5)]
KEY = KEYS[0]
HOST = "sip.provider.example"
RESOLVED = {HOST: ("203.0.113.7", "203.0.113.8"), "other.example": ("198.51.100.9",)}


def trunk(key: str = KEY, **values: Any) -> Trunk:
    known: dict[str, Any] = {
        "key": key,
        "name": f"line {key[-1]}",
        "register_at": HOST,
        "register_login": "123456",
        "register_password": "canary-register",
        **values,
    }
    return Trunk(**known)


def line(*trunks: Trunk, numbers: tuple[Number, ...] = ()) -> Line:
    return Line(seal="our key", trunks=trunks, numbers=numbers)


def one(**values: Any) -> Wanted:
    (found,) = wanted(line(trunk(**values)), RESOLVED)
    return found


class FakeRegistrar:
    """Holds what it is told, and may forget it; a provider accepts each login at once."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[Held, str]] = {}
        self.touched: list[str] = []

    def states(self, now: datetime) -> dict[str, LineState]:
        return {key: registered(key, seal, now) for key, (_line, seal) in self.held.items()}

    def take(self, step: Step) -> None:
        self.touched.append(step.id)
        if step.verb in ("put", "admit") and step.line:
            self.held[step.id] = (step.line, step.seal)
        elif step.verb == "remove":
            self.held.pop(step.id, None)


def registered(key: str, seal: str, now: datetime) -> LineState:
    return LineState(
        id=key,
        seal=seal,
        registered=True,
        code=200,
        asked_at=now - timedelta(seconds=30),
        heard_at=now - timedelta(seconds=30),
        expires_at=now + timedelta(seconds=90),
    )


def step(
    registrar: FakeRegistrar, wishes: list[Wanted], rows: dict[str, Row], stop_after: int = 99
) -> None:
    """One look; we are killed after `stop_after` steps, before anything is written down."""
    plan = Plan.of(wishes, registrar.states(NOW), rows, NOW)
    for each in plan.steps[:stop_after]:
        registrar.take(each)
    if stop_after >= len(plan.steps):
        rows.clear()
        rows.update({key: Row(told, NOW) for key, told in plan.told.items()})


def holds(registrar: FakeRegistrar, wishes: list[Wanted]) -> bool:
    """Each line that can be held is, at one of its addresses, and no other; one whose name leads
    nowhere now stays as it is.
    """
    tries = {each.id: {t.seal for t in each.tries} for each in wishes if each.tries}
    unknown = {each.id for each in wishes if each.state == State.UNKNOWN}
    held = {key: seal for key, (_line, seal) in registrar.held.items() if key not in unknown}
    return held.keys() == tries.keys() and all(held[key] in tries[key] for key in held)


@st.composite
def lines(draw: st.DrawFn) -> list[Wanted]:
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
    trunks = [
        trunk(
            key,
            register_password=draw(st.sampled_from(["one", "two", None])),
            register_at=draw(st.sampled_from([HOST, "other.example", "gone.example"])),
            is_active=draw(st.booleans()),
        )
        for key in keys
    ]
    return wanted(line(*draw(st.permutations(trunks))), RESOLVED)


@settings(max_examples=150, deadline=None)
@given(wishes=st.lists(lines(), min_size=1, max_size=4), data=st.data())
def test_whatever_is_killed_when_the_registrar_ends_with_what_is_wanted(
    wishes: list[list[Wanted]], data: st.DataObject
) -> None:
    registrar, rows = FakeRegistrar(), dict[str, Row]()
    for each in wishes:
        step(registrar, each, rows, stop_after=data.draw(st.integers(0, 4)))
        for key in data.draw(st.lists(st.sampled_from(sorted(registrar.held) or [""]))):
            registrar.held.pop(key, None)
    step(registrar, wishes[-1], rows)
    assert holds(registrar, wishes[-1])
    registrar.touched.clear()
    step(registrar, wishes[-1], rows)
    assert registrar.touched == []


@settings(max_examples=100, deadline=None)
@given(wishes=lines(), seed=st.randoms())
def test_the_order_of_the_lines_does_not_matter(wishes: list[Wanted], seed: object) -> None:
    mixed = list(wishes)
    seed.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    assert Plan.of(wishes, {}, {}, NOW) == Plan.of(mixed, {}, {}, NOW)


CHANGES: list[dict[str, Any]] = [
    {"register_password": "another"},
    {"register_login": "654321"},
    {"register_at": "other.example"},
    {"register_transport": "tcp"},
    {"addresses": ("198.51.100.0/24",)},
    {"number_in": "to"},
    {"is_active": False},
]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_line_is_the_only_one_that_is_touched(data: st.DataObject) -> None:
    trunks = [trunk(key) for key in KEYS]
    registrar, rows = FakeRegistrar(), dict[str, Row]()
    step(registrar, wanted(line(*trunks), RESOLVED), rows)
    registrar.touched.clear()
    place = data.draw(st.integers(0, len(KEYS) - 1))
    trunks[place] = replace(trunks[place], **data.draw(st.sampled_from(CHANGES)))
    step(registrar, wanted(line(*trunks), RESOLVED), rows)
    assert set(registrar.touched) == {KEYS[place].replace("-", "")}


def test_a_line_is_what_was_typed_and_what_its_names_lead_to() -> None:
    numbers = (
        Number(key="n1", number="+74991124148", trunk=KEY),
        Number(key="n2", number="101", trunk="another", reserve=KEY),
        Number(key="n3", number="+74991124149", trunk=KEY, is_active=False),
    )
    typed = trunk(
        provider="novofon",
        register_at="sip.provider.example:5070",
        register_proxy="other.example",
        register_transport="tls",
        addresses=("192.0.2.0/24", "other.example"),
        number_in="called_did",
    )
    (found,) = wanted(line(typed, numbers=numbers), RESOLVED)
    assert found.host == "other.example"
    (tried,) = found.tries
    assert tried.line == Held(
        id=KEY.replace("-", ""),
        login="123456",
        domain="sip.provider.example",
        password="canary-register",
        proxy_ip="198.51.100.9",
        proxy_port=5061,
        transport=Transport.TLS,
        expires=120,
        networks=(
            "192.0.2.0/24",
            "198.51.100.9/32",
            "203.0.113.7/32",
            "203.0.113.8/32",
            "37.139.38.0/24",
        ),
        numbers=(
            ("101", "101"),
            ("4991124148", "+74991124148"),
            ("74991124148", "+74991124148"),
            ("84991124148", "+74991124148"),
        ),
        place=Place.CALLED_DID,
    )


def test_ten_digits_of_a_russian_number_do_not_hide_a_number_of_another_country() -> None:
    numbers = [
        Number(key=number, number=number, trunk=KEY) for number in ("+74951234567", "+4951234567")
    ]
    for order in (numbers, numbers[::-1]):
        (found,) = wanted(line(trunk(), numbers=tuple(order)), RESOLVED)
        assert found.tries[0].line.numbers == (
            ("4951234567", "+4951234567"),
            ("74951234567", "+74951234567"),
            ("84951234567", "+74951234567"),
        )


def test_neither_a_seal_nor_what_is_printed_tells_the_password() -> None:
    shown = f"{one()} {Plan.of([one()], {}, {}, NOW)}"
    assert "canary-register" not in shown


def test_a_name_without_an_address_is_told_and_not_tried() -> None:
    found = one(register_at="gone.example")
    assert (found.state, found.tries) == ("unknown", ())
    assert "gone.example" in str(found.fault)


def test_a_line_that_works_goes_on_where_its_name_leads_nowhere_now() -> None:
    held = {one().id: registered(one().id, one().tries[0].seal, NOW)}
    (lost,) = wanted(line(trunk()), {HOST: ()})
    plan = Plan.of([lost], held, {}, NOW)
    assert (plan.steps, plan.told[KEY].state) == ((), "unknown")


def test_an_address_of_another_kind_than_ours_is_not_tried() -> None:
    (found,) = wanted(line(trunk()), {HOST: ("2001:db8::1", "203.0.113.7")})
    assert [each.line.proxy_ip for each in found.tries] == ["203.0.113.7"]
    (found,) = wanted(line(trunk()), {HOST: ("2001:db8::1",)})
    assert found.state == "unknown"


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("sip.provider.example", ("sip.provider.example", 5060)),
        ("SIP.Provider.example:5080", ("sip.provider.example", 5080)),
        ("203.0.113.7:65535", ("203.0.113.7", 65535)),
        ("203.0.113.7:0", None),
        ("203.0.113", None),
        ("203.0.113.700", None),
        ("sip:sip.provider.example", None),
        ("sip.provider.example:port", None),
        ("sip.provider.example:5060;transport=tcp", None),
        ("two words", None),
        ('a"b', None),
        ("", None),
    ],
)
def test_a_server_is_a_name_or_an_address_with_a_port(
    typed: str, server: tuple[str, int] | None
) -> None:
    found = signin.server(typed)
    assert (found and (found.host, found.port)) == server


@pytest.mark.parametrize(
    "wrong",
    [
        {"register_login": ""},
        {"register_password": ""},
        {"register_password": None},
        {"register_password": "line\nbreak"},
        {"register_password": "."},
        {"register_login": "12\n34"},
        {"register_login": '12"34'},
        {"register_login": "12\\34"},
        {"register_at": "sip:provider"},
        {"register_proxy": "a b"},
        {"username": "us", "password": "ours"},
        {"password": None},
    ],
)
def test_what_cannot_sign_in_says_why(wrong: dict[str, object]) -> None:
    found = one(**wrong)
    assert found.state == "wrong"
    assert str(found.fault)
    held = {found.id: registered(found.id, "seal", NOW)}
    assert Plan.of([found], held, {}, NOW).steps == (Step("remove", found.id),)


@pytest.mark.parametrize("login", ["a#b", "u@ims.example", "+74991124148@sip.provider.example"])
def test_a_login_is_what_the_provider_gave(login: str) -> None:
    assert one(register_login=login).tries[0].line.login == login


# What the answers mean


def asked(wish: Wanted, place: int = 0, **values: object) -> LineState:
    known: dict[str, object] = {
        "id": wish.id,
        "seal": wish.tries[place].seal,
        "asked_at": NOW - timedelta(seconds=1),
        **values,
    }
    return LineState(**known)  # type: ignore[arg-type]  # tests name any field


def heard(wish: Wanted, code: int, seconds: int = 1, place: int = 0, **values: object) -> LineState:
    at = NOW - timedelta(seconds=seconds)
    return asked(wish, place, code=code, asked_at=at, heard_at=at, reason="Said", **values)


def row(told: Told, seconds: int = 60) -> Row:
    return Row(told, NOW - timedelta(seconds=seconds))


def told(state: LineState, wish: Wanted, before: Row | None = None) -> Told:
    return verdict(wish, state, before, NOW).told


def test_a_line_that_was_just_put_is_signing_in() -> None:
    wish = one()
    first = verdict(wish, None, None, NOW)
    assert first.told.state == "trying"
    assert [each.verb for each in first.steps] == ["put"]
    assert told(asked(wish), wish, row(first.told)).state == "trying"


def test_a_registered_line_is_told_until_when_and_by_whom() -> None:
    wish = one()
    state = heard(wish, 200, registered=True, expires_at=NOW + timedelta(seconds=90))
    found = told(state, wish)
    assert (found.state, found.address) == ("registered", "203.0.113.7")
    assert found.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize("code", [401, 403, 404, 407])
def test_a_refused_login_is_told_with_its_code(code: int) -> None:
    found = told(heard(one(), code, paused=True), one())
    assert (found.state, found.code) == ("refused", code)
    assert str(code) in str(found.result)
    assert HOST in str(found.result)


@pytest.mark.parametrize("code", [400, 405, 423, 480, 500, 503, 603])
def test_every_other_answer_has_a_sentence_too(code: int) -> None:
    found = told(heard(one(), code), one())
    assert (found.state, found.code) == ("refused", code)
    assert "%" not in str(found.result)


def test_a_new_try_does_not_hide_why_the_last_one_failed() -> None:
    wish = one()
    refused = told(heard(wish, 403, paused=True), wish)
    again = heard(wish, 403, seconds=40)
    again = replace(again, asked_at=NOW - timedelta(seconds=1))
    assert told(again, wish, row(refused)) == refused


def test_a_server_that_says_nothing_is_told_after_its_time() -> None:
    wish = one()
    early = asked(wish, asked_at=NOW - PATIENCE + timedelta(seconds=1))
    late = asked(wish, asked_at=NOW - PATIENCE)
    assert told(early, wish).state == "trying"
    assert told(late, wish).state == "silent"
    assert told(heard(wish, 408), wish).state == "silent"


def tried(plan: tuple[Step, ...]) -> list[str]:
    return [each.line.proxy_ip for each in plan if each.line]


@pytest.mark.parametrize("code", [0, 408, 477, 500, 503])
def test_the_next_address_of_a_name_is_asked_where_one_fails(code: int) -> None:
    wish, later = one(), int(TURN.total_seconds())
    state = heard(wish, code, seconds=later) if code else asked(wish, asked_at=NOW - PATIENCE)
    found = verdict(wish, state, None, NOW)
    assert tried(found.steps) == ["203.0.113.8"]
    assert found.told.address == "203.0.113.8"
    # And from the last one the first again.
    back = verdict(wish, replace(state, seal=wish.tries[1].seal), None, NOW)
    assert tried(back.steps) == ["203.0.113.7"]


def test_a_refusal_is_not_taken_to_another_address() -> None:
    wish = one()
    assert verdict(wish, heard(wish, 403, seconds=20, paused=True), None, NOW).steps == ()


def test_a_server_that_falls_silent_while_we_are_signed_in_gives_way_to_the_next() -> None:
    wish = one()
    state = heard(wish, 200, seconds=60, registered=True, expires_at=NOW + timedelta(seconds=9))
    state = replace(state, asked_at=NOW - PATIENCE)
    assert tried(verdict(wish, state, None, NOW).steps) == ["203.0.113.8"]
    alone = one(register_at="other.example")
    state = replace(state, seal=alone.tries[0].seal)
    found = verdict(alone, state, None, NOW)
    assert (found.told.state, found.steps) == ("registered", ())


def test_a_line_that_kamailio_forgot_goes_to_the_address_where_it_was() -> None:
    wish = one()
    before = told(heard(wish, 200, place=1, registered=True), wish)
    assert before.address == "203.0.113.8"
    assert tried(verdict(wish, None, row(before), NOW).steps) == ["203.0.113.8"]


def test_another_number_changes_nothing_about_the_sign_in() -> None:
    wish = one()
    before = told(heard(wish, 200, registered=True, expires_at=NOW + timedelta(seconds=9)), wish)
    number = Number(key="n", number="+74991124148", trunk=KEY)
    (more,) = wanted(line(trunk(), numbers=(number,)), RESOLVED)
    state = heard(wish, 200, registered=True, expires_at=before.until)
    found = verdict(more, state, row(before), NOW)
    assert found.told == before
    assert found.steps == (Step("admit", more.id, more.tries[0].line, more.tries[0].seal),)


def test_another_password_is_told_as_a_new_try() -> None:
    wish = one()
    refused = told(heard(wish, 403, paused=True), wish)
    changed = one(register_password="right")
    found = verdict(changed, heard(wish, 403, paused=True), row(refused), NOW)
    assert (found.told.state, [each.verb for each in found.steps]) == ("trying", ["put"])


def test_a_refused_login_is_tried_ever_more_seldom() -> None:
    """An hour of refusals, asked about each second."""
    wish, tries = one(), []
    rows: Mapping[str, Row] = {}
    state = heard(wish, 403, seconds=0, paused=True)
    for second in range(3600):
        now = NOW + timedelta(seconds=second)
        found = verdict(wish, state, rows.get(KEY), now)
        since = rows[KEY].since if KEY in rows else now
        assert not rows or same_period(rows[KEY].told, found.told)
        rows = {KEY: Row(found.told, since)}
        if found.steps:
            assert [each.verb for each in found.steps] == ["retry"]
            tries.append(second)
            state = replace(state, asked_at=now, heard_at=now)
    pauses = [later - earlier for earlier, later in zip([0, *tries], tries, strict=False)]
    assert pauses[:3] == [int(pause.total_seconds()) for _until, pause in BACKOFF]
    assert set(pauses[3:]) == {int(SELDOM.total_seconds())}


def test_a_refused_login_is_tried_at_once_where_a_person_asks() -> None:
    wish = one()
    state = heard(wish, 403, seconds=2, paused=True)
    before = row(verdict(wish, state, None, NOW).told, seconds=600)
    assert verdict(wish, state, before, NOW).steps == ()
    asked_now = replace(before, again_at=NOW - timedelta(seconds=1))
    assert [each.verb for each in verdict(wish, state, asked_now, NOW).steps] == ["retry"]
    # It was answered since: the next turn comes as before.
    answered = heard(wish, 403, seconds=0, paused=True)
    assert verdict(wish, answered, asked_now, NOW).steps == ()


def test_calls_out_go_by_the_way_that_the_sign_in_named_if_they_use_its_login() -> None:
    line = Trunk(key="k", name="n", out_address="sip.example", service_route="edge.example")
    signed_in = replace(line, register_at="sip.example", register_login="1", register_password="2")
    own_login = replace(signed_in, out_username="3", out_password="4")
    ways = [each.dials_at for each in (line, signed_in, own_login)]
    assert ways == ["sip.example", "edge.example", "sip.example"]


@pytest.mark.parametrize(
    ("chosen", "learned", "place"),
    [("any", "", "any"), ("any", "called_did", "called_did"), ("to", "called_did", "to")],
)
def test_the_number_is_looked_for_first_where_it_stood_before(
    chosen: str, learned: str, place: str
) -> None:
    assert one(number_in=chosen, learned_number_in=learned).tries[0].line.place == place
