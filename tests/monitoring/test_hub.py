"""The hub reads and renders once for everybody."""

import asyncio
import copy
import itertools
import json
import time
import uuid
from collections import Counter
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from monitoring import board
from monitoring.board import Named, Row, Viewer
from monitoring.hub import Hub
from monitoring.needs import Needs
from telephony.models import Call
from veyra.live import GROUP

# The thread that reads may have a connection of an earlier test to look after.
pytestmark = pytest.mark.django_db(transaction=True)

RUSSIAN, ENGLISH = Viewer("ru", True), Viewer("en", True)


class Screen:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def deliver(self, text: str) -> None:
        self.texts.append(text)

    def rights_changed(self, user: str) -> None:
        self.texts.append(f"rights of {user}")

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]


class Line:
    """A board in memory that counts how often it is read."""

    def __init__(self) -> None:
        self.calls: dict[uuid.UUID, Call] = {}
        # To which place each call came.
        self.places: dict[uuid.UUID, int] = {}
        self.reads = self.whole = 0

    def ring(self) -> Call:
        call = Call(state=Call.State.RINGING, started_at=timezone.now(), from_number="+79161230001")
        self.calls[call.pk] = call
        return call

    def read(self, named: Named | None = None) -> list[Row]:
        self.reads += 1
        self.whole += named is None
        calls = [c for c in self.calls.values() if named is None or str(c.pk) in named.calls]
        return [Row(copy.copy(call), place=self.places.get(call.pk)) for call in calls]

    def keys(self) -> set[uuid.UUID]:
        return set(self.calls)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[Any, ...]]:
    """How often each (row, version, viewer) was rendered."""
    count: Counter[tuple[Any, ...]] = Counter()
    real = board.render

    def counting(row: Row, viewer: Viewer) -> str:
        count[row.call.pk, row.version, viewer] += 1
        return real(row, viewer)

    monkeypatch.setattr(board, "render", counting)
    return count


async def tell(call: Call) -> None:
    told = {"type": "row.changed", "kind": "call", "pk": str(call.pk)}
    await get_channel_layer().group_send(GROUP, told)


async def until(true: Any) -> None:
    async with asyncio.timeout(3):
        while not true():
            await asyncio.sleep(0.005)


async def test_whoever_joins_gets_the_whole_board() -> None:
    line, screen = Line(), Screen()
    call = line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    [message] = screen.messages()
    assert message["full"] and [row["id"] for row in message["rows"]] == [str(call.pk)]
    hub.leave(screen)


async def test_who_sees_one_place_is_told_of_its_calls_alone(
    rendered: Counter[tuple[Any, ...]],
) -> None:
    line, of_one, of_all = Line(), Screen(), Screen()
    his, other, nowhere = (line.ring() for _ in range(3))
    line.places = {his.pk: 1, other.pk: 2}
    bound = Viewer("en", True, scope=frozenset({1}))
    hub = Hub(line.read, Needs, line.keys, interval=0)
    hub.join(of_one, bound)
    hub.join(of_all, ENGLISH)
    await until(lambda: of_one.texts and of_all.texts)
    for call in (other, nowhere, his):
        line.calls[call.pk].version += 1
        await tell(call)
    await until(lambda: len(of_one.texts) > 1 and str(his.pk) in of_one.texts[-1])
    told = {row["id"] for message in of_one.messages() for row in message["rows"]}
    assert told == {str(his.pk)} and all(message["rows"] for message in of_one.messages())
    assert {pk for pk, _version, viewer in rendered if viewer == bound} == {his.pk}
    hub.leave(of_one)
    hub.leave(of_all)


async def test_a_change_is_rendered_once_for_each_kind_of_viewer(
    rendered: Counter[tuple[Any, ...]],
) -> None:
    line = Line()
    call = line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0)
    screens = [Screen() for _ in range(20)]
    for screen, viewer in zip(screens, itertools.cycle([RUSSIAN, ENGLISH]), strict=False):
        hub.join(screen, viewer)
    await until(lambda: all(screen.texts for screen in screens))
    call.version += 1
    await tell(call)
    await until(lambda: all(len(screen.texts) == 2 for screen in screens))
    assert set(rendered.values()) == {1} and len(rendered) == 4
    assert screens[0].texts[1] is screens[2].texts[1]
    for screen in screens:
        hub.leave(screen)


async def test_a_row_is_sent_at_most_as_often_as_the_interval_allows() -> None:
    line, screen, interval = Line(), Screen(), 0.05
    call = line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=interval)
    began = time.monotonic()
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    for _ in range(30):
        call.version += 1
        await tell(call)
        await asyncio.sleep(0.005)
    # 30 changes in at least 0.15 s: one message for each 0.05 s, and the last state in the end.
    await until(lambda: len(screen.texts) >= 3)
    hub.leave(screen)
    assert line.reads <= 1 + (time.monotonic() - began) / interval


async def test_a_change_is_read_without_the_rest_of_the_board() -> None:
    line, screen = Line(), Screen()
    call = [line.ring() for _ in range(3)][1]
    hub = Hub(line.read, Needs, line.keys, interval=0)
    hub.join(screen, ENGLISH)
    await until(lambda: line.whole == 2)  # when it came, and when it began to listen
    call.version += 1
    await tell(call)
    await until(lambda: len(screen.texts) == 2)
    assert line.whole == 2
    message = screen.messages()[1]
    assert [row["id"] for row in message["rows"]] == [str(call.pk)]
    assert message["gone"] == []
    hub.leave(screen)


async def test_a_change_after_a_pause_is_sent_at_once_and_the_next_ones_together() -> None:
    line, screen, together = Line(), Screen(), 0.5
    first, *others = [line.ring() for _ in range(4)]
    hub = Hub(line.read, Needs, line.keys, interval=0, together=together)
    hub.join(screen, ENGLISH)
    await until(lambda: line.whole == 2)
    await asyncio.sleep(together)
    began = time.monotonic()
    first.version += 1
    await tell(first)
    await until(lambda: len(screen.texts) == 2)
    assert time.monotonic() - began < together
    for call in others:
        call.version += 1
        await tell(call)
    await until(lambda: len(screen.texts) == 3)
    assert time.monotonic() - began >= together
    assert {row["id"] for row in screen.messages()[2]["rows"]} == {str(c.pk) for c in others}
    hub.leave(screen)


async def test_a_row_that_rests_holds_up_no_other() -> None:
    line, screen = Line(), Screen()
    busy, quiet = line.ring(), line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=60)
    hub.join(screen, ENGLISH)
    await until(lambda: line.whole == 2)
    for call in (busy, quiet):
        call.version += 1
        await tell(call)
    # They were sent as the board was opened, and so both rest now; a new one does not.
    new = line.ring()
    await tell(new)
    await until(lambda: len(screen.texts) == 2)
    assert [row["id"] for row in screen.messages()[1]["rows"]] == [str(new.pk)]
    hub.leave(screen)


async def test_whoever_comes_later_gets_the_board_without_reading_it_anew(
    rendered: Counter[tuple[Any, ...]],
) -> None:
    line, first, second, third = Line(), Screen(), Screen(), Screen()
    call = line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0)
    hub.join(first, ENGLISH)
    await until(lambda: line.whole == 2)
    hub.join(second, ENGLISH)
    hub.join(third, RUSSIAN)
    await until(lambda: second.texts and third.texts)
    assert line.whole == 2 and set(rendered.values()) == {1} and len(rendered) == 2
    for message in (*second.messages(), *third.messages()):
        assert message["full"] and [row["id"] for row in message["rows"]] == [str(call.pk)]
    for screen in (first, second, third):
        hub.leave(screen)


async def test_a_lost_message_is_made_good_while_others_keep_coming() -> None:
    line, screen = Line(), Screen()
    call, lost = line.ring(), line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0, sweep=0.1)
    hub.join(screen, ENGLISH)
    await until(lambda: line.whole >= 2)
    lost.version += 1
    async with asyncio.timeout(3):
        while not any(str(lost.pk) in text for text in screen.texts[1:]):
            call.version += 1
            await tell(call)
            await asyncio.sleep(0.01)
    hub.leave(screen)


async def test_a_change_that_nobody_announced_is_found_by_the_sweep() -> None:
    line, screen = Line(), Screen()
    hub = Hub(line.read, Needs, line.keys, interval=0, sweep=0.02)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    call = line.ring()
    await until(lambda: len(screen.texts) == 2)
    assert screen.messages()[1]["rows"][0]["id"] == str(call.pk)
    hub.leave(screen)


async def test_a_long_board_is_looked_through_a_part_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitoring.hub.PART", 4)
    line, screen, looks = Line(), Screen(), []
    calls = [line.ring() for _ in range(10)]

    def read(named: Named | None) -> list[Row]:
        looks.append(named and len(named.calls))
        return line.read(named)

    hub = Hub(read, Needs, line.keys, interval=0, sweep=0.05)
    hub.join(screen, ENGLISH)
    await until(lambda: line.whole == 2)
    for call in calls:
        call.version += 1
    told: set[str] = set()
    while len(told) < 10:
        await until(lambda: len(screen.texts) > 1)
        told |= {row["id"] for row in json.loads(screen.texts.pop())["rows"]}
    assert line.whole == 2 and [size for size in looks if size][:3] == [4, 4, 2]
    hub.leave(screen)


async def test_nothing_is_sent_when_nothing_changed() -> None:
    line, screen = Line(), Screen()
    line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0, sweep=0.01)
    hub.join(screen, ENGLISH)
    await until(lambda: line.reads > 5)
    assert len(screen.texts) == 1
    hub.leave(screen)


async def test_a_call_that_left_the_board_is_named_as_gone() -> None:
    line, screen = Line(), Screen()
    call = line.ring()
    hub = Hub(line.read, Needs, line.keys, interval=0, sweep=0.02)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    del line.calls[call.pk]
    await until(lambda: len(screen.texts) == 2)
    assert screen.messages()[1]["gone"] == [str(call.pk)]
    hub.leave(screen)


async def test_the_board_comes_back_after_the_database_was_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monitoring.hub.AFTER_AN_ERROR", 0.01)
    line, screen = Line(), Screen()
    failures = iter([RuntimeError("away")])

    def read(named: Named | None) -> list[Row]:
        for error in failures:
            raise error
        return line.read(named)

    hub = Hub(read, Needs, line.keys, interval=0)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    assert screen.messages()[0]["full"]
    hub.leave(screen)


async def test_a_hub_without_boards_reads_nothing() -> None:
    line, screen = Line(), Screen()
    hub = Hub(line.read, Needs, line.keys, interval=0, sweep=0.01)
    hub.join(screen, ENGLISH)
    await until(lambda: screen.texts)
    hub.leave(screen)
    reads = line.reads
    await asyncio.sleep(0.05)
    assert line.reads == reads
