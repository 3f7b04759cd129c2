"""The pages on which recordings are kept and callers are found, handed out and erased."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from monitoring import caller_zip, forgetting, roles
from monitoring.erasure import CallerFile, Erasure
from recordings import deleting
from recordings.keeping_models import Deletion, Hold, Term, TermChange
from recordings.models import Listening, Recording, Storage
from recordings.stores import folder_of, store_of
from recordings.storing import StoreError
from telephony.models import Call, PhoneNumber
from tests.keeping.conftest import DIGITS, HIS, everything_else
from veyra.models import User
from veyra.sentences import Sentence

LoggedIn = Callable[..., Client]
MakeCaller = Callable[..., Call]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

KEEPS = ("recordings.view_term", "recordings.change_term")
HOLDS = ("recordings.view_hold", "recordings.change_hold")
FINDS, ERASES, READS = (
    *("monitoring.find_caller", "monitoring.erase_caller"),
    *("monitoring.view_erasure",),
)
TAKES = ("recordings.view_recording", "recordings.download_recording")


def text(answer: Any) -> str:
    return str(answer.content.decode())


# How long recordings are kept


def test_shorter_is_shown_first_with_what_it_deletes(
    logged_in: LoggedIn, make_recording: Any
) -> None:
    old = make_recording(data=b"a")
    Recording.objects.update(created_at=timezone.now() - timedelta(days=40))
    browser, asked = logged_in(*KEEPS), {"whose": "others", "how": "days", "days": "30"}
    shown = browser.post("/recordings/keeping/change/", asked)
    assert "In a week 1 recording is deleted for good" in text(shown)
    assert not TermChange.objects.exists()
    answer = browser.post("/recordings/keeping/change/", asked | {"accepted": "on"})
    assert answer.status_code == 302 and not Term.objects.exists()
    page = text(browser.get("/recordings/keeping/"))
    assert "Takes effect later" in page and "1 recording will be deleted." in page
    change = TermChange.objects.get()
    browser.post(f"/recordings/keeping/changes/{change.pk}/cancel/")
    assert "Takes effect later" not in text(browser.get("/recordings/keeping/"))
    assert LogEntry.objects.count() == 2 and Recording.objects.get() == old


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"how": "days", "days": ""}, "Write how many days"),
        ({"how": "days", "days": "0"}, "Write how many days"),
        ({"how": "days", "days": "99999"}, "Write 3660 days or fewer"),
        ({"whose": "agent"}, "Choose the assistant."),
        ({"whose": "number", "number": "12"}, "+7 499 112-41-40 is not one of your numbers."),
        ({"whose": "number", "number": "x"}, "is not a telephone number"),
        ({"how": "ever"}, "It is so already."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    logged_in: LoggedIn, given: dict[str, str], told: str
) -> None:
    if given.get("number") == "12":
        given = given | {"number": "8 499 112 41 40"}
    whole = {"whose": "others", "how": "days", "days": "30"} | given
    answer = logged_in(*KEEPS).post("/recordings/keeping/change/", whole)
    assert answer.status_code == 400 and told in text(answer)


def test_a_number_is_found_in_any_spelling(logged_in: LoggedIn, number: PhoneNumber) -> None:
    asked = {"whose": "number", "number": "8 (499) 112-41-48", "how": "days", "days": "30"}
    logged_in(*KEEPS).post("/recordings/keeping/change/", asked | {"accepted": "on"})
    assert TermChange.objects.get().number == number


def test_a_number_and_a_recording_are_held_and_let_go(
    logged_in: LoggedIn, make_recording: Any
) -> None:
    row = make_recording(data=b"a")
    browser = logged_in(*KEEPS, *HOLDS, "recordings.view_recording")
    browser.post("/recordings/keeping/hold/", {"number": "8" + DIGITS, "why": "court"})
    browser.post(f"/recordings/keeping/hold/{row.pk}/", {"why": "complaint"})
    page = text(browser.get("/recordings/keeping/"))
    assert "+7 916 123-45-67" in page and "complaint" in page
    for hold in Hold.objects.all():
        browser.post(f"/recordings/keeping/holds/{hold.pk}/lift/")
    assert not Hold.objects.in_force().exists() and not Recording.objects.get().is_held


def test_the_page_of_a_recording_tells_whether_it_must_stay_and_that_it_is_gone(
    logged_in: LoggedIn, make_recording: Any
) -> None:
    row = make_recording(data=b"a")
    browser = logged_in(*HOLDS, "recordings.view_recording", "recordings.view_deletion")
    page = f"/recordings/{row.pk}/"
    assert "No number of days is said for it, so it stays." in text(browser.get(page))
    Term.objects.create(days=30)
    assert "It goes when its days are over." in text(browser.get(page))
    browser.post(f"/recordings/keeping/hold/{row.pk}/", {"why": "complaint"})
    assert "complaint" in text(browser.get(page))
    answer = browser.post(f"/recordings/keeping/holds/{Hold.objects.get().pk}/lift/")
    assert answer.headers["Location"] == page
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    deleting.carry_out(timezone.now())
    told = text(browser.get(page))
    assert "its days were over" in told and "and had none" in told and "complaint" not in told


def test_the_page_of_a_call_leads_to_its_caller_and_says_that_he_was_erased(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    browser = logged_in(FINDS, "telephony.view_call", "agentworker.view_session")
    call = caller()
    assert f"/callers/of/{call.pk}/" in text(browser.get(f"/calls/{call.pk}/"))
    forgetting.ask(HIS, User.objects.get(), timezone.now())
    forgetting.work(timezone.now())
    page = text(browser.get(f"/calls/{call.pk}/"))
    assert "this caller was erased" in page and "/callers/of/" not in page and DIGITS not in page
    assert browser.get(f"/callers/of/{call.pk}/").headers["Location"] == f"/calls/{call.pk}/"


def test_what_is_not_gone_yet_is_told_with_the_reason(
    logged_in: LoggedIn, make_recording: Any
) -> None:
    row = make_recording(data=b"a")
    deleting.claim([row], Deletion.Why.DAYS, timezone.now())
    # As where somebody has protected it.
    path = folder_of(row.storage) / row.file
    path.unlink()
    path.mkdir()
    deleting.carry_out(timezone.now())
    page = text(
        logged_in("recordings.view_term", "recordings.view_deletion").get("/recordings/keeping/")
    )
    assert "is no folder" in page and row.file in page and "not yet" in page


# One caller


def test_everything_about_a_caller_is_on_one_page_however_the_number_is_typed(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    browser = logged_in(FINDS, ERASES, "telephony.view_call")
    call = caller("7" + DIGITS)
    everything_else(call, User.objects.get())
    for typed in ("8 (916) 123-45-67", HIS, DIGITS):
        page = text(browser.post("/callers/", {"number": typed}))
        for words in ("Calls to return", "What was said", "Recordings, also", "blocked callers"):
            assert words in page, words
        assert f"/calls/{call.pk}/" in page and "Антонина ждёт заказ" in page
    assert "+7 916 123-45-67" in text(browser.get(f"/callers/of/{call.pk}/"))
    assert LogEntry.objects.filter(object_id=str(call.pk)).count() == 4


def test_an_unknown_number_and_a_wrong_one_are_told(logged_in: LoggedIn, db: None) -> None:
    browser = logged_in(FINDS, ERASES)
    page = text(browser.post("/callers/", {"number": "+79990001122"}))
    assert "Veyra has nothing about this number." in page and "Erase for good" not in page
    wrong = browser.post("/callers/", {"number": "call"})
    assert wrong.status_code == 400 and "is not a telephone number" in text(wrong)


def test_who_may_only_find_is_not_offered_to_erase(logged_in: LoggedIn, caller: MakeCaller) -> None:
    caller()
    browser = logged_in(FINDS)
    assert "Erase for good" not in text(browser.post("/callers/", {"number": HIS}))
    answer = browser.post("/callers/erase/", {"number": HIS, "typed": HIS})
    assert answer.status_code == 403 and not Erasure.objects.exists()


def test_he_is_erased_only_when_his_number_is_typed(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    caller()
    browser = logged_in(FINDS, ERASES, READS)
    for typed in ("", "+79161234568", "call"):
        answer = browser.post("/callers/erase/", {"number": HIS, "typed": typed})
        assert answer.status_code == 400 and not Erasure.objects.exists()
    answer = browser.post("/callers/erase/", {"number": HIS, "typed": "8 916 1234567"})
    row = Erasure.objects.get()
    assert answer.headers["Location"] == f"/erased-callers/{row.pk}/"
    assert "He is being erased" in text(browser.get(answer.headers["Location"]))
    forgetting.work(timezone.now())
    page = text(browser.get(answer.headers["Location"]))
    assert "Certificate of erasure" in page and "916" not in page
    assert "another number" in text(
        browser.post(answer.headers["Location"], {"number": "+79990001122"})
    )
    assert "+7 916 123-45-67" in text(browser.post(answer.headers["Location"], {"number": HIS}))
    assert str(row.pk) in text(browser.get("/erased-callers/"))


def test_what_stops_it_is_said_in_place_of_the_button(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    Call.objects.filter(pk=caller().pk).update(state="answered")
    browser = logged_in(FINDS, ERASES)
    page = text(browser.post("/callers/", {"number": HIS}))
    assert "He is in a call now." in page and "Erase for good" not in page
    answer = browser.post("/callers/erase/", {"number": HIS, "typed": HIS})
    assert answer.status_code == 400 and "He is in a call now." in text(answer)


# The file


def _file(browser: Client) -> CallerFile:
    browser.post("/callers/file/", {"number": HIS, "ticket": str(uuid4())})
    assert caller_zip.run_next()
    return CallerFile.objects.get()


def test_the_file_has_everything_to_read_to_hear_and_for_programs(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    browser = logged_in(FINDS, *TAKES)
    calls = [caller(), caller("8" + DIGITS)]
    everything_else(calls[0], User.objects.get())
    row = _file(browser)
    answer = browser.get(f"/callers/file/{row.pk}/")
    packed = b"".join(_whole(answer))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        told = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
        sound = [name for name in archive.namelist() if name.startswith("sound/")]
        assert [archive.read(name) for name in sound] == [b"his voice"] * 2
    assert [call["call"] for call in told["calls"]] == [str(call.pk) for call in calls]
    assert told["calls"][0]["lines"][0]["text"] in page and told["number"] == HIS
    assert told["calls"][0]["notes"] == ["Антонина права", "Антонина"]
    assert told["call_backs"][0]["note"] == "Антонина ждёт заказ" and told["blocked"]
    assert all(f'src="{name}"' in page for name in sound)
    assert row.path.stat().st_mode & 0o077 == 0
    assert LogEntry.objects.filter(object_id=str(row.pk)).count() == 2
    # Whoever looks who has his voice is told of the file, too.
    taken = Listening.objects.filter(user__username="anna", form="ogg")
    assert {line.recording.call_id for line in taken} == {call.pk for call in calls}


def test_who_may_not_download_recordings_gets_them_in_no_file_either(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    caller()
    row = _file(logged_in(FINDS))
    assert row.state == "done" and row.why.msgid == caller_zip.MAY_NOT
    with zipfile.ZipFile(row.path) as archive:
        assert archive.namelist() == ["data.json", "index.html"]
    assert not Listening.objects.exists()


def test_a_picture_is_in_the_file_by_its_own_name(logged_in: LoggedIn, caller: MakeCaller) -> None:
    recording = caller().recordings.get()
    store_of(Storage.objects.get()).write("egress/a.mp4", [b"picture"])
    Recording.objects.update(kind="video", file="egress/a.mp4")
    with zipfile.ZipFile(_file(logged_in(FINDS, *TAKES)).path) as archive:
        [name] = [name for name in archive.namelist() if name.startswith("sound/")]
        assert name.endswith(f"{recording.pk.hex[:8]}.mp4")
        assert (
            f'<video controls preload="none" src="{name}">' in archive.read("index.html").decode()
        )


def _whole(answer: Any) -> list[bytes]:
    from asgiref.sync import async_to_sync

    async def read() -> list[bytes]:
        return [chunk async for chunk in answer.streaming_content]

    return async_to_sync(read)()


def test_a_file_is_his_who_asked_and_gone_after_a_day(
    logged_in: LoggedIn, caller: MakeCaller
) -> None:
    caller()
    row = _file(logged_in(FINDS))
    other = logged_in(FINDS, name="boris")
    assert other.get(f"/callers/file/{row.pk}/").status_code == 404
    caller_zip.forget(timezone.now())
    assert row.path.exists()
    caller_zip.forget(timezone.now() + timedelta(hours=25))
    assert not row.path.exists() and not CallerFile.objects.exists()


def test_who_lost_the_right_meanwhile_gets_no_file(logged_in: LoggedIn, caller: MakeCaller) -> None:
    caller()
    browser = logged_in(FINDS)
    browser.post("/callers/file/", {"number": HIS, "ticket": str(uuid4())})
    User.objects.get().user_permissions.clear()
    caller_zip.run_next()
    row = CallerFile.objects.get()
    assert row.state == "failed" and row.why.msgid == caller_zip.NO_RIGHT and not row.path.exists()


def test_a_file_tells_which_sound_it_lacks(logged_in: LoggedIn, caller: MakeCaller) -> None:
    recording = caller().recordings.get()
    store_of(Storage.objects.get()).delete(recording.file)
    row = _file(logged_in(FINDS, *TAKES))
    assert row.state == "done" and str(row.why).startswith("The sound of 1 calls is not in it")
    with zipfile.ZipFile(row.path) as archive:
        assert archive.namelist() == ["data.json", "index.html"]


def test_a_storage_that_is_away_is_told_and_leaves_no_half_file(
    logged_in: LoggedIn, caller: MakeCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_recording: Recording) -> None:
        raise StoreError(Sentence("The disk is gone."))

    caller()
    monkeypatch.setattr(caller_zip, "open_recording", away)
    row = _file(logged_in(FINDS, *TAKES))
    assert row.state == "failed" and "The disk is gone." in str(row.why)
    assert not row.path.exists() and not row.path.with_suffix(".part").exists()


# Who may


DOORS = {
    "/recordings/keeping/": {"Owner", "Auditor"},
    "/callers/": {"Owner"},
    "/erased-callers/": {"Owner", "Auditor"},
}


@pytest.mark.parametrize("role", ["Owner", "Manager", "Supervisor", "Engineer", "Auditor"])
def test_only_owners_find_and_erase_callers_and_auditors_read_that_they_did(
    logged_in: LoggedIn, role: str
) -> None:
    roles.make()
    browser = logged_in()
    User.objects.get().groups.add(Group.objects.get(name=role))
    for door, allowed in DOORS.items():
        assert (browser.get(door).status_code == 200) is (role in allowed), door
