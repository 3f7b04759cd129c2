"""A caller who is erased is nowhere any more, and stays so whatever comes late or is restored."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.core import serializers
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from agentworker import shipping
from agentworker.models import BlockedCaller, Session, StandIn, Turn
from monitoring import filing, forgetting, traces
from monitoring.callfile import CallFile
from monitoring.erasure import Erasure
from monitoring.forgetting import CannotErase
from recordings import deleting, keeping, saving
from recordings.keeping_models import Deletion, Hold
from recordings.models import Part, Recording, Storage
from recordings.stores import store_of
from recordings.storing import StoreError
from telephony import folding, intake
from telephony.callers import one_spelling
from telephony.models import Call, CallEvent, Leg, OutboundCall, PhoneNumber
from tests.keeping.conftest import DIGITS, HIS, everything_else, file_of
from veyra.models import User
from veyra.sentences import Sentence

MakeCaller = Callable[..., Call]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]
OTHER = "+79990000000"
# His number as it may stand anywhere, and what he said.
TRACES = (DIGITS, "916 123-45-67", "916%29+123-45-67", "Антонин", "антонин", "Костром", "костром")


def database() -> str:
    """Everything that stands in the database, as one text."""
    rows = (row for model in apps.get_models() for row in model._base_manager.all())
    return json.dumps(json.loads(serializers.serialize("json", rows)), ensure_ascii=False)


def names_of_files() -> list[str]:
    return [name for storage in Storage.objects.all() for name in store_of(storage).names("")]


def erase(user: User, **how: bool) -> Erasure:
    row = forgetting.ask(HIS, user, timezone.now(), **how)
    forgetting.work(timezone.now())
    row.refresh_from_db()
    return row


@given(
    st.sampled_from(["+7{}", "7{}", "8{}", "{}", "007{}", "8 (916) 123-45-67", "+7 916 123 45 67"])
)
@hypothesis(max_examples=20)
def test_a_number_is_one_however_it_is_spelled(form: str) -> None:
    assert one_spelling(form.format(DIGITS)) == HIS
    assert one_spelling("49301234567") == one_spelling("+49 30 1234567") == "+49301234567"
    assert one_spelling("anonymous") == "anonymous" and one_spelling("") == ""


def test_nothing_in_the_database_and_no_file_tells_of_a_caller_who_was_erased(
    caller: MakeCaller, make_user: Any
) -> None:
    user = make_user("telephony.view_call", "monitoring.add_callfile")
    calls = [caller(spelled) for spelled in (HIS, "8" + DIGITS, "7" + DIGITS)]
    everything_else(calls[0], user)
    LogEntry.objects.log_actions(
        user.pk, [BlockedCaller.objects.get()], ADDITION, change_message="q=8+916+1234567"
    )
    before = database()
    assert all(trace in before for trace in TRACES) and len(names_of_files()) == 3
    row = erase(user)
    after = database()
    assert [trace for trace in TRACES if trace in after] == []
    # What is left in the storage is the ledger's line.
    assert names_of_files() == [f"forgotten/{row.pk}.json"]
    assert row.done_at and row.number == "" and row.counts["calls"] == 3
    assert row.counts["words"] == 9 and row.counts["recordings"] == 3
    assert Deletion.objects.filter(why="erased").exclude(gone_at=None).count() == 3


def test_calls_stay_as_figures_and_other_callers_as_they_were(
    caller: MakeCaller, make_user: Any
) -> None:
    his, other = caller(), caller(OTHER)
    erase(make_user())
    found = Call.objects.get(pk=his.pk)
    assert (found.from_number, found.source_ip, found.room_name) == ("", "", "")
    assert (found.started_at, found.ended_at, found.outcome, found.agent) == (
        his.started_at,
        his.ended_at,
        his.outcome,
        his.agent,
    )
    assert found.erased_at and found.version > his.version
    same = Call.objects.get(pk=other.pk)
    assert same.from_number == OTHER and same.erased_at is None
    assert Turn.objects.count() == 3 and file_of(same.recordings.get())


def test_a_number_that_only_has_his_digits_in_it_is_somebody_else(
    caller: MakeCaller, make_user: Any
) -> None:
    other = caller(f"+38{DIGITS}")
    caller()
    erase(make_user())
    assert Call.objects.get(pk=other.pk).erased_at is None


def test_in_a_room_that_others_called_too_only_what_was_said_before_him_stays(
    caller: MakeCaller, make_user: Any
) -> None:
    """Two callers talk in one room; the job knows the room by the first of them."""
    first, second = caller(OTHER, seconds_ago=600), caller(HIS, seconds_ago=300)
    late = Turn.objects.filter(session__sip_call_id=second.legs.get().sip_call_id)
    late.update(session=Session.objects.earliest("pk"))
    for model in (Call, Leg, CallEvent):
        model.objects.update(room_sid="RM_shared")
    Session.objects.update(room_sid="RM_shared")
    erase(make_user())
    assert {turn.at < second.started_at for turn in Turn.objects.all()} == {True}
    assert Turn.objects.count() == 3
    assert [event.payload["participant"]["identity"] for event in CallEvent.objects.all()] == [
        f"sip_{OTHER}"
    ]
    assert Call.objects.get(pk=first.pk).from_number == OTHER


def test_whom_we_called_is_erased_and_the_days_minutes_are_not(
    caller: MakeCaller, make_user: Any, number: PhoneNumber
) -> None:
    asked = OutboundCall.objects.create(
        to_number=HIS,
        state="dialled",
        seconds=60,
        over_at=timezone.now(),
        claimed_at=timezone.now(),
    )
    call = caller(number.number, id=asked.pk, direction="outbound")
    Call.objects.filter(pk=call.pk).update(to_number="8" + DIGITS)
    erase(make_user())
    found, asked = Call.objects.get(pk=call.pk), OutboundCall.objects.get()
    assert (found.from_number, found.to_number) == (number.number, "")
    assert (asked.to_number, asked.seconds) == ("", 60)


def test_who_is_to_stay_blocked_stays_blocked(caller: MakeCaller, make_user: Any) -> None:
    caller()
    BlockedCaller.objects.create(number=HIS, spellings=[HIS])
    erase(make_user(), keeps_block=True)
    assert BlockedCaller.objects.get().number == HIS


# What stops it


def test_a_call_that_goes_on_a_hold_and_our_own_number_stop_it(
    caller: MakeCaller, make_user: Any, number: PhoneNumber
) -> None:
    user, call = make_user(), caller()
    for stop in (forgetting.OURS, forgetting.GOES_ON, forgetting.NUMBER_HELD):
        hold = None
        if stop == forgetting.OURS:
            PhoneNumber.objects.filter(pk=number.pk).update(number=HIS)
        elif stop == forgetting.GOES_ON:
            Call.objects.filter(pk=call.pk).update(state="answered")
        else:
            hold = keeping.hold_number(HIS, "court", user)
        with pytest.raises(CannotErase) as told:
            forgetting.ask(HIS, user, timezone.now())
        assert [sentence.msgid for sentence in told.value.sentences] == [stop]
        PhoneNumber.objects.filter(pk=number.pk).update(number="+74991124148")
        Call.objects.filter(pk=call.pk).update(state="ended")
        if hold:
            keeping.lift(hold, user)
    keeping.hold_recording(call.recordings.get(), "court", user)
    with pytest.raises(CannotErase):
        forgetting.ask(HIS, user, timezone.now())
    assert not Erasure.objects.exists() and Turn.objects.count() == 3


def test_nobody_is_erased_twice_at_once(caller: MakeCaller, make_user: Any) -> None:
    user = make_user()
    caller()
    forgetting.ask(HIS, user, timezone.now())
    with pytest.raises(CannotErase):
        forgetting.ask(HIS, user, timezone.now())


def test_it_waits_for_a_recording_that_is_still_being_saved(
    caller: MakeCaller, make_user: Any
) -> None:
    recording = caller().recordings.get()
    Recording.objects.filter(pk=recording.pk).update(state="saving")
    row = erase(make_user())
    assert row.done_at is None and row.why.msgid == forgetting.ON_ITS_WAY
    Recording.objects.filter(pk=recording.pk).update(state="ready")
    forgetting.work(timezone.now())
    assert Erasure.objects.get().done_at and not file_of(recording)


def test_a_recording_that_is_joined_once_more_meanwhile_is_waited_for(
    caller: MakeCaller, make_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of it came late, after it was looked whether one is still being saved."""
    recording, note = caller().recordings.get(), forgetting._note

    def then_late(row: Erasure) -> None:
        note(row)
        saving._reopen([recording])

    with monkeypatch.context() as late:
        late.setattr(forgetting, "_note", then_late)
        row = erase(make_user())
    assert row.done_at is None and row.why.msgid == forgetting.ON_ITS_WAY
    assert Turn.objects.exists() and Call.objects.get().erased_at is None
    Recording.objects.update(state="ready")
    forgetting.work(timezone.now())
    assert Erasure.objects.get().done_at and not file_of(recording)


def test_nothing_of_an_erased_call_is_joined_any_more_and_what_was_goes(
    caller: MakeCaller, make_user: Any
) -> None:
    call = caller()
    recording = call.recordings.get()
    file, store = recording.file, store_of(Storage.objects.get())
    Recording.objects.update(state="missing", file="", storage=None)
    erase(make_user())
    recording.refresh_from_db()
    saving._reopen([recording])
    assert Recording.objects.get().state == "missing"
    Recording.objects.update(state="saving")
    assert not Recording.objects.to_save().exists()
    Recording.objects.update(state="ready", file=file, storage=Storage.objects.get())
    forgetting.work(timezone.now())
    deleting.carry_out(timezone.now())
    assert Recording.objects.get().state == "deleted" and not store.exists(file)


def test_it_is_done_only_when_the_storage_has_nothing_of_him(
    caller: MakeCaller, make_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def delete(self, name: str) -> None:
            raise StoreError(Sentence("Away."))

    recording = caller().recordings.get()
    with monkeypatch.context() as broken:
        broken.setattr(deleting, "opened", lambda _storage: Away())
        row = erase(make_user())
    assert row.done_at is None and row.why.msgid == forgetting.STILL_STORED
    # The database has forgotten him, and nobody can hear him.
    assert Recording.objects.get().state == "deleted" and not Turn.objects.exists()
    Deletion.objects.update(not_before=timezone.now())
    forgetting.work(timezone.now())
    assert Erasure.objects.get().done_at and not file_of(recording)


@pytest.mark.parametrize("step", ["forget_files", "forget_in_log"])
def test_one_that_was_cut_short_is_gone_on_with(
    caller: MakeCaller, make_user: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(_rows: object) -> None:
        raise KeyboardInterrupt

    user = make_user()
    everything_else(caller(), user)
    with monkeypatch.context() as broken:
        broken.setattr(traces, step, killed)
        with pytest.raises(KeyboardInterrupt):
            erase(user)
    assert Erasure.objects.get().done_at is None
    forgetting.work(timezone.now())
    row = Erasure.objects.get()
    assert row.done_at and row.counts["recordings"] == 1
    assert [trace for trace in TRACES if trace in database()] == []


# Files with calls


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_files_that_hold_him_go_and_others_stay(
    caller: MakeCaller, make_user: Any, form: str
) -> None:
    user = make_user("telephony.view_call", "monitoring.add_callfile")
    caller(), caller(OTHER)
    kept, gone = (_made(user, form, query) for query in ("q=%2B79990000000", ""))
    assert kept.path.exists() and gone.path.exists()
    row = erase(user)
    assert row.counts["files"] == 1
    assert list(CallFile.objects.all()) == [kept]
    assert kept.path.exists() and not gone.path.exists()


def _made(user: User, form: str, query: str) -> CallFile:
    key = filing.ask(user, form, query, uuid4())
    assert filing.run_next()
    return CallFile.objects.get(pk=key)


# What comes late


def test_what_comes_late_of_him_is_not_kept(caller: MakeCaller, make_user: Any) -> None:
    call = caller()
    job, leg = f"AJ_{call.pk.hex[:12]}", call.legs.get()
    row = call.recordings.get()
    erase(make_user())
    payload = {"participant": {"identity": f"sip_{HIS}", "attributes": {"sip.phoneNumber": HIS}}}
    late = CallEvent(
        event_id="EV_late",
        source="webhook",
        kind="participant_joined",
        at=call.started_at,
        payload=payload,
        sip_call_id=leg.sip_call_id or "",
        participant_sid="PA_1",
        room_sid=call.room_sid,
    )
    intake.store([late])
    line = {"id": f"{job}/late", "type": "turn", "job_id": job, "at": call.started_at.isoformat()}
    shipping.store([{**line, "speaker": "caller", "text": "Антонина из Костромы"}])
    store = store_of(Storage.objects.get())
    part = Part.objects.create(
        room_name=f"call-_{HIS}_x",
        room_sid=row.room_sid,
        recorder="ours",
        began_at=call.started_at,
    )
    store.write(f"incoming/{part.pk}/{0:012}", [b"his voice"])
    folding.drain()
    assert Call.objects.get(pk=call.pk).from_number == ""
    forgetting.work(timezone.now())
    assert [trace for trace in TRACES if trace in database()] == []
    assert not any(name.startswith("incoming/") for name in names_of_files())
    assert Leg.objects.get().identity == ""


def test_why_something_of_his_was_needed_goes_when_it_is_needed_no_more(
    caller: MakeCaller, make_user: Any
) -> None:
    user, recording = make_user(), caller().recordings.get()
    for hold in (
        keeping.hold_number(HIS, "Антонина судится", user),
        keeping.hold_recording(recording, "Антонина судится", user),
    ):
        keeping.lift(hold, user)
    assert erase(user).counts["notes"] == 2
    assert [trace for trace in TRACES if trace in database()] == []
    assert Hold.objects.filter(placed_by=user).count() == 2


def test_what_a_colleague_was_told_of_him_goes_from_a_room_that_others_called_too(
    caller: MakeCaller, make_user: Any
) -> None:
    his, _other = caller(), caller(OTHER)
    Leg.objects.update(room_sid="RM_shared")
    over = {"asked_at": timezone.now(), "over_at": timezone.now()}
    StandIn.objects.create(room_sid="RM_shared", summary="Антонина", **over)
    erase(make_user())
    assert StandIn.objects.get().summary == "" and Call.objects.get(pk=his.pk).erased_at
