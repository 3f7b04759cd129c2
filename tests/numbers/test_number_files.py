"""Numbers from files and to files: nothing half, every fault with its line."""

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.models import Agent
from telephony import number_views, numberfile
from telephony.models import DispatchRule, PhoneNumber, Trunk
from telephony.numberfile import HEADINGS, FileError, Row

BRING = reverse("numbers-file")


def bring(staff: Client, text: str | bytes, name: str = "numbers.csv") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return staff.post(BRING, {"file": SimpleUploadedFile(name, data)})


def confirm(staff: Client, shown: Any, **more: str) -> Any:
    """Press the button of the page that shows what the file does."""
    context = shown.context
    values = {"rows": context["rows"], "seen": context["panel"]["token"], "accepted": "on"}
    return staff.post(BRING, {**values, **more})


@pytest.fixture
def rule(trunk: Trunk, agent: Agent) -> DispatchRule:
    rule = DispatchRule.objects.create(name="All", agent=agent)
    rule.trunks.add(trunk)
    return rule


# The files themselves

CELLS = st.text(
    st.characters(exclude_characters="\x00\r\n'", exclude_categories=["Cs"]), max_size=20
)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again(cells: list[tuple[str, str]]) -> None:
    rows = [
        Row(line, number="+7 499 112-41-48", label=label.strip(), trunk=trunk.strip())
        for line, (label, trunk) in enumerate(cells, 2)
    ]
    assert numberfile.read_text(numberfile.as_text(rows)) == rows
    assert numberfile.read("numbers.csv", numberfile.as_csv(rows)) == rows


def test_an_excel_file_is_read_again() -> None:
    rows = [Row(2, "+7 499 112-41-48", "Поддержка", "Novofon", "", "Все", "да")]
    with override("ru"):
        data = numberfile.as_excel(rows)
    assert numberfile.read("n.xlsx", data) == rows


def test_excel_keeps_numbers_as_numbers_and_they_are_read() -> None:
    book = openpyxl.Workbook()
    with override("ru"):
        book.active.append([gettext(HEADINGS["number"]), gettext(HEADINGS["label"]).upper(), "?"])
    book.active.append([74991124148, None, "?"])
    book.active.append([84991124149.0, "Метро", ""])
    file = io.BytesIO()
    book.save(file)
    found = numberfile.read("n.xlsx", file.getvalue())
    assert [(row.number, row.line) for row in found] == [("74991124148", 2), ("84991124149", 3)]


def test_russian_excel_writes_semicolons_in_its_own_alphabet() -> None:
    with override("ru"):
        headings = ";".join(gettext(HEADINGS[name]) for name in ("number", "label", "trunk"))
    data = f"{headings}\n84991124148;Метро;Новофон\n".encode("cp1251")
    found = numberfile.read("n.csv", data)
    assert found == [Row(2, number="84991124148", label="Метро", trunk="Новофон")]


def test_no_cell_of_ours_is_a_formula() -> None:
    rows = [Row(2, "+74991124148", label='=HYPERLINK("http://x")', trunk="-1+cmd")]
    text = numberfile.as_text(rows)
    assert ",\"'=HYPERLINK" in text and ",'-1+cmd" in text


@pytest.mark.parametrize(
    "data", [b"", b"name\nx\n", b"Number\n\n", b"PK\x03\x04nonsense", b"\xff\xfe\x00", b"\x00" * 9]
)
def test_what_is_no_table_of_numbers_is_told(data: bytes) -> None:
    with pytest.raises(FileError) as told:
        numberfile.read("n.csv", data)
    assert str(told.value.sentence)


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(FileError, match="more than"):
        numberfile.read_text("Number\n" + "101\n" * (numberfile.MOST_ROWS + 1))


# Bringing them

pytestmark = pytest.mark.django_db


def test_a_file_is_shown_first_and_saved_when_confirmed(
    staff: Client, trunk: Trunk, rule: DispatchRule, woken: list[str]
) -> None:
    text = (
        "Number,What it is for,Provider connection\n8 (499) 112-41-48,Metro,novofon\n101,,Novofon\n"
    )
    shown = bring(staff, text)
    assert shown.context["draft"].new == 2
    assert "+7 499 112-41-48: nobody -&gt; Support." in shown.content.decode()
    assert not PhoneNumber.objects.exists()
    assert confirm(staff, shown).status_code == 302
    saved = PhoneNumber.objects.get(number="+74991124148")
    assert (saved.label, saved.trunk) == ("Metro", trunk)
    assert PhoneNumber.objects.filter(number="101").exists()
    assert "telephony.apply" in woken


def test_every_fault_is_told_with_its_line_and_nothing_is_saved(
    staff: Client, trunk: Trunk
) -> None:
    lines = [
        "Number,Provider connection,Who answers,In use",
        "84991124148,Novofon,,",
        "hello,Novofon,,",
        "+7 499 112-41-48,Novofon,,",
        "84991124149,Beeline,,",
        "84991124150,,,",
        "84991124151,Novofon,Nobody,",
        "84991124152,Novofon,,perhaps",
        ",Novofon,,",
    ]
    page = bring(staff, "\n".join(lines))
    told = {fault.line: str(fault.sentence) for fault in page.context["faults"]}
    assert page.status_code == 400
    assert sorted(told) == [3, 4, 5, 6, 7, 8, 9]
    assert "is not a telephone number" in told[3]
    assert told[4] == "+7 499 112-41-48 stands in line 2 already."
    assert "“Beeline”" in told[5] and "write its provider connection" in told[6]
    assert "“Nobody”" in told[7] and "neither “yes” nor “no”" in told[8]
    assert not PhoneNumber.objects.exists()


def test_of_very_many_faults_the_page_shows_some_and_counts_the_others(staff: Client) -> None:
    page = bring(staff, "Number\n" + "no number\n" * 5000)
    assert len(page.context["faults"]) == number_views.SHOWN
    assert "4900 lines more" in page.content.decode()


def test_a_fault_shows_how_a_long_cell_begins(staff: Client) -> None:
    page = bring(staff, "Number\n" + "word " * 10_000)
    assert len(str(page.context["faults"][0].sentence)) < 200


def test_more_than_a_form_carries_is_told_before_anything_is_shown(
    staff: Client, trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numberfile, "MOST_BYTES", 700)
    text = "Number,Provider connection\n" + "".join(f"{n},Novofon\n" for n in range(100, 140))
    assert len(text) < 700
    page = bring(staff, text)
    assert page.status_code == 400
    assert "too large" in page.content.decode()


def test_an_empty_cell_leaves_what_is_saved(staff: Client, trunk: Trunk) -> None:
    other = Trunk.objects.create(name="Other", addresses="185.1.2.3")
    number = PhoneNumber.objects.create(number="101", label="Door", trunk=trunk)
    text = "Number,What it is for,Provider connection,In use\n101,,Other,no\n"
    confirm(staff, bring(staff, text))
    number.refresh_from_db()
    assert (number.label, number.trunk, number.is_active) == ("Door", other, False)
    assert number.revision == 2


def test_who_answers_is_moved_by_the_file(
    staff: Client, trunk: Trunk, agent: Agent, rule: DispatchRule
) -> None:
    night = DispatchRule.objects.create(name="Night", agent=Agent.objects.create(name="Night"))
    old = PhoneNumber.objects.create(number="101", trunk=trunk)
    kept = PhoneNumber.objects.create(number="102", trunk=trunk)
    rule.numbers.add(old, kept)
    text = "Number,Provider connection,Who answers\n101,,Night\n103,Novofon,night\n"
    confirm(staff, bring(staff, text))
    assert sorted(night.numbers.values_list("number", flat=True)) == ["101", "103"]
    assert list(rule.numbers.values_list("number", flat=True)) == ["102"]


def test_the_look_is_taken_again_when_something_changed_meanwhile(
    staff: Client, trunk: Trunk, rule: DispatchRule
) -> None:
    shown = bring(staff, "Number,Provider connection\n101,Novofon\n")
    DispatchRule.objects.update(agent=Agent.objects.create(name="Sales"))
    again = confirm(staff, shown)
    assert again.status_code == 200 and not PhoneNumber.objects.exists()


def test_a_number_archived_before_may_come_again(staff: Client, trunk: Trunk) -> None:
    PhoneNumber.objects.create(number="101", trunk=trunk, archived_at=timezone.now())
    confirm(staff, bring(staff, "Number,Provider connection\n101,Novofon\n"))
    assert PhoneNumber.objects.kept().get().number == "101"


def test_what_was_saved_is_taken_and_brings_no_change(
    staff: Client, trunk: Trunk, rule: DispatchRule
) -> None:
    number = PhoneNumber.objects.create(number="+74991124148", label="=1+1", trunk=trunk)
    rule.numbers.add(number)
    for extension in ("csv", "xlsx"):
        file = staff.get(reverse("numbers-save", args=[extension]))
        assert extension in file["Content-Disposition"]
        shown = bring(staff, file.content, f"n.{extension}")
        draft = shown.context["draft"]
        assert (draft.new, draft.changed, draft.same) == (0, 0, 1)
        assert not draft.edit.changes


def test_as_many_queries_for_a_thousand_numbers_as_for_one(staff: Client, trunk: Trunk) -> None:
    def queries(count: int) -> int:
        lines = "".join(f"+7499{index:07},Novofon\n" for index in range(count))
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert bring(staff, f"Number,Provider connection\n{lines}").status_code == 200
        return len(found)

    queries(1)  # what is read once is read now
    assert queries(1000) <= queries(1)


@pytest.mark.parametrize(
    "text",
    ["8 (499) 112-41", "+7 499 112", "7499112", "499 112-41-48", "007 499 112", "112–41", "МЕТРО"],
)
def test_a_number_is_found_by_any_spelling(staff: Client, trunk: Trunk, text: str) -> None:
    PhoneNumber.objects.create(number="+74991124148", label="метро", trunk=trunk)
    PhoneNumber.objects.create(number="+74950000000", label="офис", trunk=trunk)
    if text == "МЕТРО" and connection.vendor == "sqlite":
        text = "метро"  # SQLite compares Cyrillic letters by case
    found = staff.get(reverse("admin:telephony_phonenumber_changelist"), {"q": text})
    assert [row.number for row in found.context["cl"].result_list] == ["+74991124148"]


def test_the_list_of_numbers_leads_to_files(staff: Client) -> None:
    page = staff.get(reverse("admin:telephony_phonenumber_changelist")).content.decode()
    assert reverse("admin:telephony_phonenumber_file") in page
