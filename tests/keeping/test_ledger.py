"""Whom a backup brings back is erased again, by a ledger that does not name him."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from monitoring import ledger
from monitoring.erasure import CallerFile, Erasure
from monitoring.filters import SavedFilter
from recordings import keeping
from recordings.keeping_models import Hold
from recordings.models import Recording, Storage
from recordings.stores import folder_of, store_of
from telephony.models import Call, CallBack
from tests.keeping.conftest import DIGITS, HIS
from tests.keeping.test_forgetting import OTHER, MakeCaller, erase, names_of_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]


def restored(caller: MakeCaller, ago: timedelta) -> Call:
    """As from a backup: he is here again, and the rows of the ledger are not."""
    Erasure.objects.all().delete()
    call = caller("8" + DIGITS)
    Call.objects.filter(pk=call.pk).update(started_at=call.started_at - ago)
    return call


def test_whom_a_backup_brings_back_is_erased_again(caller: MakeCaller, make_user: Any) -> None:
    caller()
    erased = erase(make_user())
    call, other = restored(caller, timedelta(days=1)), caller(OTHER)
    said = StringIO()
    call_command("forget", "--again", stdout=said)
    assert said.getvalue().strip() == "1 erasure was done again."
    assert Call.objects.get(pk=call.pk).from_number == ""
    assert Call.objects.get(pk=other.pk).from_number == OTHER
    again = Erasure.objects.get()
    assert (again.pk, again.mark, again.number) == (erased.pk, erased.mark, "") and again.done_at
    assert not call.recordings.exclude(file="").exists()


def test_who_stands_only_in_a_search_a_lifted_hold_or_a_file_is_erased_again_too(
    caller: MakeCaller, make_user: Any
) -> None:
    user = make_user()
    caller()
    erase(user)
    for stands in (
        lambda: SavedFilter.objects.create(name="x", owner=user, query=f"q=8{DIGITS}"),
        lambda: CallerFile.objects.create(number=HIS, made_by=user, language="en"),
        lambda: keeping.lift(keeping.hold_number(HIS, "court", user), user),
    ):
        stands()
        call_command("forget", "--again", stdout=StringIO())
        kept = Hold.objects.exclude(number="")
        assert not any(rows.exists() for rows in (SavedFilter.objects, CallerFile.objects, kept))


def test_a_backup_from_the_middle_of_a_call_or_of_a_hold_stops_nobody(
    caller: MakeCaller, make_user: Any
) -> None:
    user = make_user()
    caller()
    erase(user)
    call = restored(caller, timedelta(days=1))
    Call.objects.filter(pk=call.pk).update(state="answered")
    keeping.hold_number(HIS, "court", user)
    keeping.hold_recording(call.recordings.get(), "court", user)
    call_command("forget", "--again", stdout=StringIO())
    assert Call.objects.get(pk=call.pk).from_number == ""
    assert Recording.objects.get(call=call).state == "deleted"


def test_who_called_again_after_he_was_erased_is_no_more_erased_for_that(
    caller: MakeCaller, make_user: Any
) -> None:
    caller()
    row = erase(make_user())
    call = caller()
    later = row.asked_at + timedelta(seconds=1)
    Call.objects.filter(pk=call.pk).update(started_at=later)
    CallBack.objects.create(caller=HIS, first_at=later, last_at=later)
    call_command("forget", "--again", stdout=StringIO())
    assert Call.objects.get(pk=call.pk).from_number == HIS and CallBack.objects.exists()


def test_the_ledger_does_not_hold_the_number_and_other_keys_make_other_codes(
    caller: MakeCaller, make_user: Any, settings: LazySettings
) -> None:
    caller()
    row = erase(make_user())
    [name] = names_of_files()
    line = b"".join(store_of(Storage.objects.get()).read(name)).decode()
    assert DIGITS not in line and row.mark in line
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *old]
    assert ledger.marks(HIS)[0].text != row.mark == ledger.marks(HIS)[1].text


def test_a_line_that_no_key_reads_is_told(
    caller: MakeCaller, make_user: Any, settings: LazySettings
) -> None:
    caller()
    erase(make_user())
    call = restored(caller, timedelta(days=1))
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("forget", "--again", stdout=StringIO(), stderr=said)
    assert "FIELD_KEYS" in said.getvalue()
    assert Call.objects.get(pk=call.pk).from_number
    settings.FIELD_KEYS = [*settings.FIELD_KEYS, *old]
    call_command("forget", "--again", stdout=StringIO())
    assert Call.objects.get(pk=call.pk).from_number == ""


def test_without_anybody_to_erase_again_all_is_well() -> None:
    said = StringIO()
    call_command("forget", "--again", stdout=said)
    assert said.getvalue().strip() == "0 erasures were done again."


@pytest.mark.parametrize("is_mounted", [False, True])
def test_a_ledger_that_is_not_to_be_had_is_told(
    caller: MakeCaller, make_user: Any, *, is_mounted: bool
) -> None:
    caller()
    erase(make_user())
    call = restored(caller, timedelta(days=1))
    folder = folder_of(Storage.objects.get())
    folder.rename(folder.with_name("elsewhere"))
    if is_mounted:
        folder.mkdir()
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("forget", "--again", stdout=StringIO(), stderr=said)
    assert "Nothing lies in the storage" in said.getvalue()
    if is_mounted:
        folder.rmdir()
    folder.with_name("elsewhere").rename(folder)
    call_command("forget", "--again", stdout=StringIO())
    assert Call.objects.get(pk=call.pk).from_number == ""


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": "x"}', "\xff"])
def test_what_is_no_line_of_ours_is_left_alone(text: str) -> None:
    store_of(Storage.objects.current()).write("forgotten/x.json", [text.encode("latin-1")])
    assert ledger.read() == ([], [])
