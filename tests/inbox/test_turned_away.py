"""Refused calls put together: groups, scanners, and who is not heard."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.turned_away import SCANS_FROM, Inbox, Refusal, fold

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = "+74991124148"
ADDRESSES = ["203.0.113.7", "203.0.113.8", "192.0.2.55", ""]
LISTED = "192.0.2.55"


def refusal(called: str = "74991120000", **fields: object) -> Refusal:
    given = {
        "address": "203.0.113.7",
        "caller": "79161230001",
        "reason": "unknown_number",
        "count": 1,
        "first_at": NOON,
        "last_at": NOON,
    }
    return Refusal(called=called, **given | fields)  # type: ignore[arg-type]  # tests name any field


def folded(*refusals: Refusal, ignored: tuple[str, ...] = ()) -> Inbox:
    return fold(refusals, ours=[OURS], is_listed=lambda address: address == LISTED, ignored=ignored)


def scan(address: str = "203.0.113.7", numbers: int = SCANS_FROM) -> list[Refusal]:
    return [refusal(f"90044123456{n}", address=address) for n in range(numbers)]


def test_spellings_of_a_number_are_one_group() -> None:
    later = NOON + timedelta(minutes=5)
    inbox = folded(
        refusal("+74991120000", count=2),
        refusal("84991120000", caller="+79161230001", last_at=later),
    )
    (group,) = inbox.groups
    assert (group.count, group.first_at, group.last_at) == (3, NOON, later)


def test_another_reason_or_caller_is_another_group() -> None:
    inbox = folded(refusal(), refusal(reason="no_rule"), refusal(caller="79161230002"))
    assert len(inbox.groups) == 3


def test_the_newest_address_goes_first() -> None:
    inbox = folded(refusal(), refusal(address="203.0.113.8", last_at=NOON + timedelta(seconds=1)))
    assert inbox.groups[0].addresses == ("203.0.113.8", "203.0.113.7")


def test_who_tries_many_numbers_is_a_scanner() -> None:
    inbox = folded(*scan())
    (scanner,) = inbox.scanners
    assert (scanner.numbers, scanner.count, inbox.groups) == (SCANS_FROM, SCANS_FROM, ())


def test_what_a_scanner_tried_at_our_number_is_in_its_line_too() -> None:
    inbox = folded(*scan(), refusal(OURS))
    assert inbox.groups == () and inbox.scanners[0].numbers == SCANS_FROM + 1


def test_one_number_less_is_no_scanner() -> None:
    inbox = folded(*scan(numbers=SCANS_FROM - 1), refusal(OURS), refusal("74991124148"))
    assert inbox.scanners == () and inbox.groups


def test_a_provider_with_many_numbers_is_no_scanner() -> None:
    inbox = folded(*scan(LISTED, 20))
    assert inbox.scanners == () and len(inbox.groups) == 20


def test_calls_whose_address_nobody_knows_are_no_scanner() -> None:
    assert folded(*scan("", 20)).scanners == ()


def test_an_ignored_address_is_only_counted() -> None:
    inbox = folded(refusal(count=7), ignored=("203.0.113.7",))
    assert (inbox.groups, inbox.scanners, inbox.unheard) == ((), (), 7)


def test_an_address_of_a_connection_is_heard_though_it_was_ignored() -> None:
    assert folded(refusal(address=LISTED), ignored=(LISTED,)).groups


def test_knocks_without_a_number_are_told_apart_by_their_address() -> None:
    knocks = [refusal("", caller="", reason="stranger", address=a) for a in ADDRESSES[:2]]
    assert len(folded(*knocks).groups) == 2


moments = st.integers(0, 10).map(lambda minutes: NOON + timedelta(minutes=minutes))
refusals = st.builds(
    refusal,
    called=st.sampled_from(["", OURS, "74991124148", *(f"9004412345{n}" for n in range(7))]),
    caller=st.sampled_from(["", "79161230001", "+79161230001", "100"]),
    address=st.sampled_from(ADDRESSES),
    reason=st.sampled_from(["unknown_number", "no_rule"]),
    count=st.integers(1, 50),
    first_at=moments,
    last_at=moments,
)


@settings(max_examples=150)
@given(st.lists(refusals, max_size=30), st.sets(st.sampled_from(ADDRESSES)))
def test_every_refused_call_is_told_once_in_whatever_order_it_came(
    found: list[Refusal], ignored: set[str]
) -> None:
    inbox = folded(*found, ignored=tuple(ignored))
    told = sum(group.count for group in inbox.groups)
    told += sum(scanner.count for scanner in inbox.scanners) + inbox.unheard
    assert told == sum(each.count for each in found)
    marks = [group.mark for group in inbox.groups]
    assert len(marks) == len(set(marks))
    again = folded(*reversed(found), ignored=tuple(ignored))
    assert [group.mark for group in again.groups] == marks
    assert again.scanners == inbox.scanners
    scanners = {each.address for each in inbox.scanners}
    assert not scanners & {a for group in inbox.groups for a in group.addresses}
    assert LISTED not in scanners and "" not in scanners
