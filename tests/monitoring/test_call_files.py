"""Calls as a file: what stands in it, who may take it, and what becomes of one that goes wrong."""

import csv
import io
import os
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, connections
from django.test import Client
from django.utils import timezone, translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitoring import file_making, filing, table
from monitoring.callfile import CallFile
from monitoring.filters import tidy
from telephony.models import Call
from tests.monitoring.conftest import MakeCall, MakeUser
from veyra.models import User

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

RIGHTS = ("telephony.view_call", "monitoring.add_callfile")
WORDS = "agentworker.view_session"
ENDED = {"state": Call.State.ENDED, "outcome": Call.Outcome.ANSWERED}


@given(st.text(max_size=20) | st.from_regex(r"[=+@\t-][\w() -]*", fullmatch=True))
@settings(max_examples=200)
def test_no_text_of_a_csv_file_is_a_formula(text: str) -> None:
    cell = table.as_csv(text)
    assert not cell.startswith(table.FORMULA) or table.NUMBER.fullmatch(cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("+7 916 123-00-01", "+7 916 123-00-01"),
        ("+79161230001", "'+79161230001"),
        ("=1+1", "'=1+1"),
        ("+1 =cmd", "'+1 =cmd"),
        ("+7 1\n=2", "'+7 1\n=2"),
        ("Anna", "Anna"),
        (None, ""),
        (7, "7"),
        (datetime(2026, 11, 22, 9, 5), "2026-11-22 09:05:00"),
    ],
)
def test_a_number_of_a_csv_file_is_a_text_and_everything_else_harmless(
    text: table.Cell, cell: str
) -> None:
    assert table.as_csv(text) == cell


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
@example(["a\ufffeb\uffffc", "\ud800"])
@settings(max_examples=50, deadline=None)
def test_excel_reads_texts_as_they_were_written(texts: list[str]) -> None:
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"veyra-{uuid.uuid4()}.xlsx"  # noqa: S108  # hypothesis shares fixtures
    try:
        with table.excel_file(folder, "en") as put:
            put(["=1+1", *texts])
        sheet = openpyxl.load_workbook(folder).active
        line = list(next(sheet.iter_rows()))
    finally:
        folder.unlink(missing_ok=True)
    assert {cell.data_type for cell in line} <= {"s", "n", "inlineStr"}
    # An end of line is one, however it is written.
    read = ["\n".join(str(cell.value or "").splitlines(keepends=False)) for cell in line[1:]]
    assert read == ["\n".join(table.plain(text).splitlines(keepends=False)) for text in texts]
    assert line[0].value == "=1+1"


def test_an_excel_file_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("openpyxl.*"))  # noqa: S108  # openpyxl's
    with pytest.raises(KeyError), table.excel_file(tmp_path / "a.xlsx", "en") as put:
        put(["a"])
        raise KeyError
    left = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("openpyxl.*"))  # noqa: S108  # openpyxl's
    assert left - before == set() and not list(tmp_path.iterdir())


def asked(user: User, form: str = "csv", query: str = "", language: str = "en") -> CallFile:
    with translation.override(language):
        key = filing.ask(user, form, query, uuid.uuid4())
    assert filing.run_next()
    return CallFile.objects.get(pk=key)


def lines_of(row: CallFile, delimiter: str = ",") -> list[list[str]]:
    assert row.state == CallFile.State.DONE, row.error
    text = row.path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=delimiter))


def put(make_call: MakeCall, **fields: object) -> Call:
    call = make_call(**{"state": Call.State.ENDED, "outcome": "answered"} | fields)
    at = datetime(2026, 11, 18, 9, 0, 0, 700_000, tzinfo=UTC)
    answered, ended = at + timedelta(seconds=2), at + timedelta(seconds=65)
    Call.objects.filter(pk=call.pk).update(started_at=at, answered_at=answered, ended_at=ended)
    return call


def test_a_line_tells_a_call_in_the_language_and_the_zone_of_the_person(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    call = put(make_call, from_number="79161230001", reason="hung_up_by_caller")
    user = make_user(*RIGHTS)
    user.time_zone = "Asia/Novosibirsk"
    user.save()
    heading, line = lines_of(asked(user))
    told = dict(zip(heading, line, strict=True))
    assert told == {
        "Began (Asia/Novosibirsk)": "2026-11-18 16:00:00",
        "Direction": "Incoming",
        "From": "+7 916 123-00-01",
        "To": "+7 499 112-41-48",
        "What the number is for": "Support",
        "Assistant": "Support",
        "Provider connection": "",
        "Outcome": "Answered",
        "Why it ended": "The caller hung up.",
        "Waited, s": "2",
        "Talked, s": "63",
        "Test call": "",
        "Call": str(call.pk),
    }
    russian = lines_of(asked(user, language="ru"), delimiter=";")
    assert "Входящий" in russian[1] and len(russian[1]) == len(line)


def test_excel_has_times_as_times_and_numbers_as_texts(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    put(make_call, from_number="=HYPERLINK(1)")
    row = asked(make_user(*RIGHTS), "xlsx")
    assert row.state == CallFile.State.DONE, row.error
    line = next(openpyxl.load_workbook(row.path).active.iter_rows(min_row=2))
    assert line[0].value == datetime(2026, 11, 18, 12, 0)
    assert (line[2].value, line[2].data_type) == ("=HYPERLINK(1)", "s")
    assert (line[3].value, line[3].data_type) == ("+7 499 112-41-48", "s")
    assert line[9].value == 2


def test_the_file_has_what_the_list_shows_for_the_same_search(
    make_call: MakeCall, make_user: MakeUser
) -> None:
    mine = put(make_call, from_number="79161230001")
    put(make_call, from_number="79161230002")
    lost = put(make_call, from_number="79161230001", outcome=Call.Outcome.ABANDONED)
    user = make_user(*RIGHTS)
    found = lines_of(asked(user, query="outcome__exact=answered&q=8+(916)+123-00-01"))
    assert [line[-1] for line in found[1:]] == [str(mine.pk)]
    day = "started_at_from_0=2026-11-18&started_at_from_1=12:00&started_at_to_0=2026-11-18"
    assert len(lines_of(asked(user, query=day))) == 4
    assert [line[-1] for line in lines_of(asked(user, query="outcome__exact=abandoned"))[1:]] == [
        str(lost.pk)
    ]


def test_nobody_learns_by_a_file_what_was_said(make_call: MakeCall, make_user: MakeUser) -> None:
    make_call(["Where is my delivery?"], state=Call.State.ENDED)
    user = make_user(*RIGHTS)
    assert len(lines_of(asked(user, query="q=delivery"))) == 1
    reader = make_user(*RIGHTS, WORDS, name="reader")
    assert len(lines_of(asked(reader, query="q=delivery"))) == 2


def test_a_person_asks_watches_takes_and_it_is_written_down(
    logged_in: LoggedIn, make_call: MakeCall
) -> None:
    put(make_call)
    client = logged_in(*RIGHTS)
    html = client.get("/admin/telephony/call/").content.decode()
    assert "All calls as a file:" in html
    given = {"form": "csv", "query": "outcome__exact=answered&p=3", "ticket": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post("/calls/files/ask/", given).headers["Location"] == "/calls/files/"
    row = CallFile.objects.get()
    assert row.query == "outcome__exact=answered"
    assert "waits its turn" in client.get("/calls/files/").content.decode()
    assert client.get(f"/calls/files/{row.pk}/").status_code == 404
    filing.run_next()
    assert "Download" in client.get("/calls/files/").content.decode()
    answer = client.get(f"/calls/files/{row.pk}/")
    assert answer.headers["Content-Length"] == str(row.path.stat().st_size)
    assert "+7 499 112-41-48" in row.path.read_text("utf-8")
    assert row.name in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    notes = [entry.change_message for entry in LogEntry.objects.order_by("pk")]
    assert notes == ["outcome__exact=answered", "Took 1 calls as a file."]


def test_the_other_form_of_a_page_gone_back_to_is_another_file(logged_in: LoggedIn) -> None:
    client, ticket = logged_in(*RIGHTS), str(uuid.uuid4())
    for form in ("xlsx", "csv", "csv"):
        client.post("/calls/files/ask/", {"form": form, "query": "", "ticket": ticket})
    assert sorted(CallFile.objects.values_list("form", flat=True)) == ["csv", "xlsx"]


def test_a_file_is_that_of_who_asked_for_it(
    make_user: MakeUser, make_call: MakeCall, client: Client
) -> None:
    put(make_call)
    row = asked(make_user(*RIGHTS))
    client.force_login(make_user(*RIGHTS, name="boris"))
    assert client.get(f"/calls/files/{row.pk}/").status_code == 404
    assert client.post(f"/calls/files/{row.pk}/cancel/").status_code == 404
    assert str(row.pk) not in client.get("/calls/files/").content.decode()


@pytest.mark.parametrize("missing", RIGHTS)
def test_every_door_of_a_file_is_closed_without_its_rights(
    logged_in: LoggedIn, make_user: MakeUser, missing: str
) -> None:
    row = asked(make_user(*RIGHTS, name="boris"))
    client = logged_in(*(right for right in RIGHTS if right != missing))
    page = f"/calls/files/{row.pk}/"
    assert client.get("/calls/files/").status_code == 403
    assert client.get(page).status_code == 403
    assert client.post(f"{page}cancel/").status_code == 403
    assert client.post("/calls/files/ask/", {}).status_code == 403
    assert "as a file" not in client.get("/admin/telephony/call/").content.decode()


def test_a_file_of_words_that_are_said_often_tells_what_it_lacks(
    make_call: MakeCall, make_user: MakeUser, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentworker.models.MOST_LINES", 1)
    for _ in range(2):
        make_call(["Where is my delivery?"], state=Call.State.ENDED)
    reader = make_user(*RIGHTS, WORDS)
    client.force_login(reader)
    asked(reader, query="q=Where")
    whole = "were said so often"
    assert whole in client.get("/calls/files/").content.decode()
    CallFile.objects.all().delete()
    asked(reader, query="q=79161230001")
    assert whole not in client.get("/calls/files/").content.decode()


def test_who_lost_the_right_meanwhile_is_given_no_file(make_user: MakeUser) -> None:
    user = make_user(*RIGHTS)
    filing.ask(user, "csv", "", uuid.uuid4())
    user.user_permissions.clear()
    filing.run_next()
    row = CallFile.objects.get()
    assert row.state == CallFile.State.FAILED and row.why.msgid == filing.NO_RIGHT
    assert not row.path.exists()


def test_more_calls_than_a_sheet_holds_are_told(
    make_user: MakeUser, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST_LINES", 3)
    put(make_call), put(make_call)
    user = make_user(*RIGHTS)
    assert asked(user, "xlsx").state == CallFile.State.DONE
    put(make_call)
    row = asked(user, "xlsx")
    assert row.state == CallFile.State.FAILED
    assert "These are 3 calls, and an Excel sheet holds 2." in str(row.why)
    assert asked(user, "csv").state == CallFile.State.DONE


def test_a_cancelled_file_is_not_finished(
    make_user: MakeUser, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "STEP", 1)
    put(make_call), put(make_call)
    filing.ask(make_user(*RIGHTS), "xlsx", "", uuid.uuid4())
    told = CallFile.tell

    def cancelled_after_the_first(row: CallFile, **now: object) -> bool:
        kept = told(row, **now)
        if now.get("written") == 1:
            filing.cancel(row)
        return kept

    monkeypatch.setattr(CallFile, "tell", cancelled_after_the_first)
    filing.run_next()
    row = CallFile.objects.get()
    assert (row.state, row.written) == (CallFile.State.CANCELLED, 1)
    assert list(CallFile.folder().iterdir()) == []


def test_how_far_it_is_is_told_on_the_way(
    make_user: MakeUser, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "STEP", 2)
    for _ in range(5):
        put(make_call)
    seen: list[int] = []
    told = CallFile.tell

    def noted(row: CallFile, **now: Any) -> bool:
        seen.append(now.get("written", -1))
        return told(row, **now)

    monkeypatch.setattr(CallFile, "tell", noted)
    row = asked(make_user(*RIGHTS))
    assert seen == [-1, 2, 4, 5, -1]
    assert (row.total, row.written, row.percent) == (5, 5, 100)


@contextmanager
def as_a_file(path: Path) -> Iterator[sqlite3.Connection]:
    """The rows so far in a file, as `make run` keeps them; yields another who writes to it."""
    usual = connections["default"]
    with sqlite3.connect(path) as copy:
        # Of a transaction that is not over only its own connection tells.
        copy.executescript("\n".join(usual.connection.iterdump()))
    copy.close()
    ours = usual.copy()
    ours.settings_dict = usual.settings_dict | {"NAME": str(path)}
    connections["default"] = ours
    somebody = sqlite3.connect(path, isolation_level=None)
    try:
        yield somebody
    finally:
        connections["default"] = usual
        somebody.close()
        ours.close()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="others write without end elsewhere")
def test_a_long_file_is_made_while_others_write(
    make_user: MakeUser, make_call: MakeCall, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(filing, "STEP", 2)
    for _ in range(5):
        put(make_call)
    user, told = make_user(*RIGHTS), CallFile.tell
    with as_a_file(tmp_path / "db.sqlite3") as somebody:

        def after_another(row: CallFile, **now: Any) -> bool:
            somebody.execute("UPDATE agentworker_agent SET name = name || 'x'")
            return told(row, **now)

        monkeypatch.setattr(CallFile, "tell", after_another)
        row = asked(user)
        assert row.state == CallFile.State.DONE, row.error
        assert row.written == 5


def test_a_file_whose_worker_died_is_given_up(make_user: MakeUser) -> None:
    long_ago = timezone.now() - file_making.LOST - timedelta(seconds=1)
    user = make_user(*RIGHTS)
    row = CallFile.objects.create(
        made_by=user, form="csv", language="en", state="doing", seen_at=long_ago
    )
    assert not filing.run_next()
    row.refresh_from_db()
    assert row.state == CallFile.State.FAILED and "Ask for the file again" in str(row.why)


def test_a_full_disk_is_said(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, language: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(table.WRITERS, "csv", full)
    assert "the disk is full" in str(asked(make_user(*RIGHTS)).why)


def test_nobody_waits_for_more_than_a_few_files(logged_in: LoggedIn) -> None:
    client = logged_in(*RIGHTS)
    for _ in range(filing.MOST_OPEN + 1):
        given = {"form": "csv", "query": "", "ticket": str(uuid.uuid4())}
        page = client.post("/calls/files/ask/", given, follow=True)
    assert CallFile.objects.count() == filing.MOST_OPEN
    assert "You are waiting for 3 files already." in page.content.decode()


@pytest.mark.parametrize("query", ["outcome__nonsense=1", "agent__name__regex=(", "id__exact=x"])
def test_a_search_that_the_list_does_not_know_is_refused(logged_in: LoggedIn, query: str) -> None:
    given = {"form": "csv", "query": query, "ticket": str(uuid.uuid4())}
    page = logged_in(*RIGHTS).post("/calls/files/ask/", given, follow=True)
    assert "has no such search" in page.content.decode()
    assert not CallFile.objects.exists()


def test_files_are_kept_for_a_day(
    make_user: MakeUser, make_call: MakeCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, other = tmp_path / "openpyxl.killed", tmp_path / "other"
    for path in (killed, other):
        path.write_text("")
    put(make_call)
    old, new = asked(make_user(*RIGHTS, name="a")), asked(make_user(*RIGHTS, name="b"))
    stray = CallFile.folder() / "stray.part"
    stray.write_text("")
    two_days = timezone.now() - timedelta(days=2)
    CallFile.objects.filter(pk=old.pk).update(asked_at=two_days)
    for path in (old.path, stray, killed, other):
        os.utime(path, (two_days.timestamp(), two_days.timestamp()))
    filing.forget(timezone.now())
    assert CallFile.objects.get() == new
    assert list(CallFile.folder().iterdir()) == [new.path]
    assert other.exists() and not killed.exists()


def test_a_search_is_always_written_in_the_same_way() -> None:
    assert tidy("p=2&q=%2B7 916&outcome__exact=answered&state__exact=") == (
        "outcome__exact=answered&q=%2B7+916"
    )
    assert tidy(tidy("b=1&a=2&b=0")) == "a=2&b=1&b=0"
    assert tidy("p=1&all=&e=1") == ""
