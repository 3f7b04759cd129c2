"""What LiveKit refuses when a trunk or a rule is written, in its own words. Pure.

Kept to livekit-server v1.13.5. The lists to compare with come from `sharing_number` and
`sharing_trunk`, which pass over what LiveKit passes over.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import product

from veyra.livekit.types import DispatchRule, InboundTrunk, LiveKitError

PHONE = re.compile(r"\+?[\d\- ()]+")
FORMATTING = str.maketrans("", "", " -()")


def refused(message: str, code: str = "invalid_argument") -> LiveKitError:
    return LiveKitError(message, permanent=True, code=code)


def normalized(number: str) -> str:
    """+79990001122 for any of its spellings; what is no number stays as it is."""
    if not PHONE.fullmatch(number):
        return number
    digits = number.translate(FORMATTING)
    return digits if digits.startswith("+") else f"+{digits}"


def check_trunk(trunk: InboundTrunk) -> None:
    login = trunk.auth_username or trunk.auth_password
    if not (login or trunk.allowed_addresses or trunk.numbers):
        raise refused(
            "for security, one of the fields must be set: "
            "AuthUsername+AuthPassword, AllowedAddresses or Numbers"
        )


def check_trunks(trunks: Iterable[InboundTrunk]) -> None:
    """Raise where two trunks take the same called number from the same callers."""
    seen: dict[tuple[str, str], InboundTrunk] = {}
    for trunk in trunks:
        called = dict.fromkeys(map(normalized, trunk.numbers)) or [""]
        callers = {normalized(number): number for number in trunk.allowed_numbers} or {"": ""}
        for number, caller in product(called, callers):
            other = seen.setdefault((number, caller), trunk)
            if other.id != trunk.id:
                raise refused(_trunk_conflict(trunk, other, callers[caller]))


def _trunk_conflict(trunk: InboundTrunk, other: InboundTrunk, caller: str) -> str:
    tail = f"and AllowedNumber {_quoted(caller)}" if caller else "without AllowedNumbers set"
    pair = f"{_quoted(trunk.id or '<new>')} and {_quoted(other.id or '<new>')}"
    numbers = _quoted_list(trunk.numbers) if trunk.numbers else "<any>"
    return f"Conflicting inbound SIP Trunks: {pair}, using the same number(s) {numbers} {tail}"


def check_rules(rules: Iterable[DispatchRule]) -> None:
    """Raise where two rules have trunk, caller, called number and PIN in common."""
    seen: dict[tuple[str, str, str, str], DispatchRule] = {}
    for rule in rules:
        callers = [normalized(number) for number in rule.inbound_numbers] or [""]
        called = [normalized(number) for number in rule.numbers] or [""]
        for trunk, caller, number in product(rule.trunk_ids or ("",), callers, called):
            key = (rule.pin, trunk, caller, number)
            if key in seen:
                raise refused(_rule_conflict(seen[key]))
            seen[key] = rule


def _rule_conflict(other: DispatchRule) -> str:
    name, key = other.name or "<blank name>", other.id or "<new>"
    return (
        "Dispatch rule for the same trunk, inbound number, number, and PIN combination "
        f"already exists in dispatch rule {_quoted(key)} {_quoted(name)}"
    )


def sharing_number(trunks: Iterable[InboundTrunk], numbers: Sequence[str]) -> list[InboundTrunk]:
    """LiveKit's list filtered by numbers: trunks without any number always pass."""
    wanted = {normalized(number) for number in numbers}
    return [
        trunk
        for trunk in trunks
        if not wanted or not trunk.numbers or wanted & set(map(normalized, trunk.numbers))
    ]


def sharing_trunk(rules: Iterable[DispatchRule], trunk_ids: Sequence[str]) -> list[DispatchRule]:
    """LiveKit's list filtered by trunks: rules for every trunk always pass."""
    wanted = set(trunk_ids)
    return [
        rule for rule in rules if not wanted or not rule.trunk_ids or wanted & set(rule.trunk_ids)
    ]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _quoted_list(texts: Sequence[str]) -> str:
    return f"[{' '.join(map(_quoted, texts))}]"
