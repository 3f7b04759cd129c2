"""Outbound trunks in LiveKit: made from what is saved, from any state and after any crash."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.routing.actual import key_of, plain
from telephony.routing.compile import compile_line
from telephony.routing.plan import Plan, plan
from telephony.routing.wish import Line, Number, Trunk
from telephony.sync import carry_out, read
from veyra.livekit.simulator.store import Store
from veyra.livekit.types import OutboundTrunk

HERE, SEAL = "house-1", "seal"
SOME = settings(max_examples=40, deadline=None)


def line(*trunks: Trunk, numbers: tuple[Number, ...] = ()) -> Line:
    return Line(installation=HERE, seal=SEAL, trunks=trunks, numbers=numbers)


def trunk(key: str = "t1", **values: object) -> Trunk:
    found = {"key": key, "name": key, "out_address": "sip.example", **values}
    return Trunk(**found)  # type: ignore[arg-type]  # tests name any field


def number(index: int, trunk_key: str) -> Number:
    return Number(key=f"n{index}", number=f"+7499112414{index}", trunk=trunk_key)


@st.composite
def lines_that_dial(draw: st.DrawFn) -> Line:
    trunks = tuple(
        trunk(
            f"t{n}",
            out_address=draw(st.sampled_from(["", "sip.example", "10.0.0.1:5061", "sip:wrong"])),
            out_username=draw(st.sampled_from(["", "login"])),
            out_password=draw(st.sampled_from(["", "secret", None])),
            out_from_login=draw(st.booleans()),
            out_codecs=draw(st.sampled_from(["", "PCMA", "PCMA,PCMU"])),
            out_transport=draw(st.sampled_from(["auto", "tls"])),
            is_active=draw(st.booleans()),
        )
        for n in range(3)
    )
    numbers = tuple(
        number(n, f"t{draw(st.integers(0, 2))}") for n in range(draw(st.integers(0, 4)))
    )
    return line(*trunks, numbers=numbers)


def steps(store: Store, wanted: Line, restore: frozenset[str] = frozenset()) -> Plan:
    return plan(compile_line(wanted, {}), read(store), {}, restore)


def settle(store: Store, wanted: Line, crash_after: int | None = None) -> None:
    for result in carry_out(steps(store, wanted).actions[:crash_after], store, SEAL):
        assert result.done, result.error


def as_wanted(store: Store, wanted: Line) -> bool:
    desired = {each.key: plain(each.value) for each in compile_line(wanted, {}).outbound}
    found = [each for each in store.outbound.values() if key_of(each.metadata, HERE)]
    return desired == {str(key_of(each.metadata, HERE)): plain(each) for each in found} and len(
        found
    ) == len(desired)


@SOME
@given(
    st.lists(st.tuples(lines_that_dial(), st.none() | st.integers(0, 4)), max_size=3),
    lines_that_dial(),
)
def test_each_connection_that_dials_has_its_object_and_no_other(
    history: list[tuple[Line, int | None]], wanted: Line
) -> None:
    foreign = OutboundTrunk(id="ST_other", name="theirs", address="x", numbers=("1",))
    store = Store(outbound={"ST_other": foreign})
    for before, crash in history:
        settle(store, before, crash)
    settle(store, wanted)
    assert as_wanted(store, wanted) and store.outbound["ST_other"] == foreign
    known = {str(key_of(each.metadata, HERE)): each.id for each in store.outbound.values()}
    assert plan(compile_line(wanted, {}), read(store), known).actions == ()


@SOME
@given(lines_that_dial())
def test_what_cannot_dial_is_told_and_never_published(wanted: Line) -> None:
    desired = compile_line(wanted, {})
    told = {each.key for each in desired.problems if each.kind == "trunk" and each.stops}
    made = {each.source for each in desired.outbound}
    dials = {each.key for each in wanted.trunks if each.in_use and each.out_address}
    assert made | told >= dials and not made & told
    for each in desired.outbound:
        assert each.value.numbers and bool(each.value.auth_username) == bool(
            each.value.auth_password
        )


def test_a_change_by_another_hand_waits_until_a_person_restores_it() -> None:
    store, wanted = Store(), line(trunk(), numbers=(number(0, "t1"),))
    settle(store, wanted)
    (ours,) = store.outbound.values()
    store.outbound[ours.id] = replace(ours, address="fraud.example")
    held = steps(store, wanted)
    assert held.actions == () or all(each.verb == "adopt" for each in held.actions)
    assert [each.kind for each in held.held] == ["outbound"]
    for result in carry_out(steps(store, wanted, frozenset({ours.id})).actions, store, SEAL):
        assert result.done
    assert as_wanted(store, wanted)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "+74991124140"),
        ({"out_spelling": "digits"}, "74991124140"),
        ({"out_from_login": True, "out_username": "u", "out_password": "p"}, "u"),
    ],
)
def test_the_object_names_one_number_or_the_login(values: dict[str, Any], shown: str) -> None:
    wanted = line(trunk(**values), numbers=(number(1, "t1"), number(0, "t1")))
    (made,) = compile_line(wanted, {}).outbound
    assert made.value.numbers == (shown,)


def test_a_password_is_in_no_log_of_a_plan(caplog: pytest.LogCaptureFixture) -> None:
    wanted = line(
        trunk(out_username="u", out_password="hush-hush"),  # a password of a test
        numbers=(number(0, "t1"),),
    )
    made = steps(Store(), wanted)
    assert "hush-hush" not in repr(made) + repr(wanted) + caplog.text
