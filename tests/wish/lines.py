"""Lines to plan with: short names instead of uuids, and a hypothesis strategy of whole lines."""

from dataclasses import replace

from hypothesis import strategies as st

from telephony.routing.compile import Desired, compile_line
from telephony.routing.wish import Line, Number, Rule, Trunk

# Ours, and another Veyra on the same LiveKit.
HERE, ELSEWHERE = "house-1", "house-2"
SEAL = "the key of our seals"
NUMBERS = [f"+7499112414{digit}" for digit in range(6)]


def trunk(key: str = "t1", **values: object) -> Trunk:
    return Trunk(**{"key": key, "name": key, "addresses": ("203.0.113.0/24",), **values})  # type: ignore[arg-type]  # tests name any field


def number(index: int, trunk_key: str = "t1", **values: object) -> Number:
    found = {"key": f"n{index}", "number": NUMBERS[index], "trunk": trunk_key, **values}
    return Number(**found)  # type: ignore[arg-type]  # tests name any field


def rule(key: str = "r1", **values: object) -> Rule:
    return Rule(**{"key": key, "name": key, "agent": "a1", **values})  # type: ignore[arg-type]  # tests name any field


def compiled(line: Line, installation: str = HERE) -> Desired:
    return compile_line(replace(line, installation=installation, seal=SEAL), {})


@st.composite
def whole_lines(draw: st.DrawFn) -> Line:
    """Up to three connections, six numbers and four rules, in any relation to each other."""
    trunks = tuple(trunk(f"t{n}", is_active=draw(st.booleans()) or n == 0) for n in range(3))
    keys = st.sampled_from([each.key for each in trunks])
    numbers = tuple(number(n, draw(keys)) for n in range(6) if draw(st.integers(0, 3)))
    named = st.lists(st.sampled_from([f"n{n}" for n in range(6)]), max_size=4, unique=True)
    rules = tuple(
        rule(
            f"r{n}",
            numbers=tuple(draw(named)),
            trunks=tuple(draw(st.lists(keys, max_size=2, unique=True))),
            pin=draw(st.sampled_from(["", "", "12", "34"])),
            callers=draw(st.sampled_from([(), (), ("+79990000001",), ("+79990000002",)])),
            kind=draw(st.sampled_from(["individual", "direct"])),
        )
        for n in range(4)
        if draw(st.booleans())
    )
    return Line(trunks=trunks, numbers=numbers, rules=rules)
