"""Callers who were turned away, put together as people think of them. Pure.

What one caller met at one number for one reason is one group, whatever the spelling and however
often. An address that tries number after number, none of them ours, is a scanner: all that it did
is one line.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

# An address that tried so many numbers of nobody's is trying numbers.
SCANS_FROM = 5


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """`count` refused calls that are alike, as the caller's side wrote them.

    `called` is "" where whoever knocked named no number.
    """

    address: str
    called: str
    caller: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Group:
    """The same caller, the same number, the same reason. `refusals`: the newest first."""

    refusals: tuple[Refusal, ...]

    @property
    def newest(self) -> Refusal:
        return self.refusals[0]

    @property
    def count(self) -> int:
        return sum(each.count for each in self.refusals)

    @property
    def first_at(self) -> datetime:
        return min(each.first_at for each in self.refusals)

    @property
    def last_at(self) -> datetime:
        return self.newest.last_at

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the calls came from, the newest first; those that are known."""
        return tuple(dict.fromkeys(each.address for each in self.refusals if each.address))

    @property
    def mark(self) -> tuple[str, ...]:
        """What makes it this group and no other."""
        return _mark(self.newest)


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """An address that tries numbers."""

    address: str
    numbers: int
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """`groups` and `scanners`, each the newest first; `unheard`: refused calls of ignored ones."""

    groups: tuple[Group, ...] = ()
    scanners: tuple[Scanner, ...] = ()
    unheard: int = 0

    def group(self, mark: Collection[str]) -> Group | None:
        return next((each for each in self.groups if each.mark == tuple(mark)), None)


def fold(
    refusals: Iterable[Refusal],
    *,
    ours: Collection[str],
    is_listed: Callable[[str], bool],
    ignored: Collection[str],
) -> Inbox:
    """`ours`: our numbers (E.164); `is_listed`: is it an address of a connection?

    What comes from a connection is never a scanner's, and never ignored.
    """
    by_address: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        by_address[refusal.address].append(refusal)
    own = {plain(number) for number in ours}
    told: list[Refusal] = []
    scanners, unheard = [], 0
    for address, found in by_address.items():
        if not address or is_listed(address):
            told += found
        elif address in ignored:
            unheard += sum(each.count for each in found)
        elif scanner := _scanner(address, found, own):
            scanners.append(scanner)
        else:
            told += found
    scanners.sort(key=lambda each: (each.last_at, each.address), reverse=True)
    return Inbox(groups=tuple(_groups(told)), scanners=tuple(scanners), unheard=unheard)


def _scanner(address: str, refusals: Collection[Refusal], own: Collection[str]) -> Scanner | None:
    tried = {plain(each.called) for each in refusals} - {""}
    if len(tried.difference(own)) < SCANS_FROM:
        return None
    return Scanner(
        address=address,
        numbers=len(tried),
        count=sum(each.count for each in refusals),
        first_at=min(each.first_at for each in refusals),
        last_at=max(each.last_at for each in refusals),
    )


def _groups(refusals: Iterable[Refusal]) -> list[Group]:
    found: dict[tuple[str, ...], list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        found[_mark(refusal)].append(refusal)
    groups = [
        Group(refusals=tuple(sorted(alike, key=lambda each: each.last_at, reverse=True)))
        for alike in found.values()
    ]
    return sorted(groups, key=lambda each: (each.last_at, each.mark), reverse=True)


def _mark(refusal: Refusal) -> tuple[str, ...]:
    """Of a call that names no number only the address tells it from others."""
    called = plain(refusal.called)
    return called, plain(refusal.caller), refusal.reason, "" if called else refusal.address


def plain(written: str) -> str:
    """The same for a number's spellings: "+74991124148", "74991124148" and "84991124148"."""
    digits = written.strip().removeprefix("+")
    is_national = len(digits) == 11 and digits[0] == "8" and digits.isdecimal()
    return f"7{digits[1:]}" if is_national else digits
