"""Callers of whom there is everything, and recordings of theirs."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from agentworker.models import (
    AgentRequest,
    BlockedCaller,
    Scenario,
    Session,
    SessionEvent,
    StandIn,
)
from monitoring.filters import SavedFilter
from recordings.models import Recording
from recordings.room_models import RoomAction
from recordings.stores import store_of
from recordings.stream_models import Stream
from telephony.models import (
    Call,
    CallAction,
    CallBack,
    CallEvent,
    FoldUnit,
    Leg,
    OutboundCall,
    Refused,
    Ring,
)
from telephony.numbers import pretty
from tests.listening.conftest import make_recording
from tests.monitoring.conftest import agent, logged_in, make_call, make_user, number, well
from veyra.models import KeptAnswer, SecurityEvent

__all__ = ["agent", "logged_in", "make_call", "make_recording", "make_user", "number", "well"]

HIS, DIGITS = "+79161234567", "9161234567"
WORDS = ("Здравствуйте, меня зовут Антонина", "Слушаю вас", "Где мой заказ из Костромы")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def file_of(recording: Recording) -> bool:
    """Is its file in the storage?"""
    return recording.storage is not None and store_of(recording.storage).exists(recording.file)


@pytest.fixture
def caller(make_call: Any, make_recording: Any) -> Callable[..., Call]:
    """A call that is over, from this number however it is spelled, with all that goes with it."""

    def make(spelled: str = HIS, **fields: object) -> Call:
        ended = {"state": "ended", "outcome": "answered"}
        call = make_call(WORDS, from_number=spelled, **ended | fields)
        room, room_name = f"RM_{call.pk.hex[:10]}", f"call-_{spelled}_x"
        over = call.started_at + timedelta(seconds=30)
        Call.objects.filter(pk=call.pk).update(
            room_sid=room, room_name=room_name, ended_at=over, source_ip="198.51.100.7"
        )
        Leg.objects.filter(call=call).update(room_sid=room, identity=f"sip_{spelled}")
        leg = call.legs.get()
        payload = {"participant": {"identity": f"sip_{spelled}"}}
        named = {"room_sid": room, "room_name": room_name, "at": call.started_at}
        CallEvent.objects.create(
            event_id=f"EV_{call.pk.hex}",
            source="webhook",
            kind="participant_joined",
            payload=payload,
            sip_call_id=leg.sip_call_id,
            **named,
        )
        job = f"AJ_{call.pk.hex[:12]}"
        SessionEvent.objects.create(
            event_id=f"{job}/e", job_id=job, kind="started", payload=payload, **named
        )
        FoldUnit.objects.create(key=f"room:{room}")
        make_recording(call, data=b"his voice", room_sid=room, room_name=room_name)
        return Call.objects.get(pk=call.pk)

    return make


def everything_else(call: Call, user: Any) -> None:
    """What else may stand of the caller whose number is HIS."""
    now = timezone.now()
    CallBack.objects.create(
        caller=HIS, call=call, note="Антонина ждёт заказ", first_at=now, last_at=now
    )
    answer = {"to_number": HIS}
    KeptAnswer.objects.create(user=user, key="k", asked="a", at=now, status=202, body=answer)
    OutboundCall.objects.create(to_number=HIS, state="dialled", over_at=now, claimed_at=now)
    Refused.objects.create(
        address="10.0.0.9",
        number="+7499",
        caller="8" + DIGITS,
        reason="x",
        first_at=now,
        last_at=now,
    )
    BlockedCaller.objects.create(number=HIS, spellings=[HIS, "8" + DIGITS])
    CallAction.objects.create(
        call=call, kind="hint", params={"text": "Антонина права"}, state="done", asked_by=user
    )
    Ring.objects.create(
        call=call, why="first", note="Антонина", started_at=now, state="over", over_at=now
    )
    AgentRequest.objects.create(
        key=uuid4(),
        job_id="AJ_asked",
        kind="message",
        params={"text": "Антонина ждёт", "number": HIS},
        sip_call_id=call.legs.get().sip_call_id or "",
        participant_sid=call.legs.get().participant_sid,
        room_sid=call.room_sid,
        asked_at=now,
        state="done",
    )
    StandIn.objects.create(
        room_sid=call.room_sid,
        room_name=call.room_name,
        language="ru",
        summary="Антонина",
        asked_at=now,
        over_at=now,
    )
    detail = {"msgid": "“%(trunk)s” may not call %(number)s", "values": {"number": pretty(HIS)}}
    SecurityEvent.objects.create(kind="dial_prefix", user=user, detail=detail)
    place = {"room_sid": call.room_sid, "room_name": call.room_name}
    RoomAction.objects.create(kind="remove", user=user, identity=call.legs.get().identity, **place)
    Stream.objects.create(**place)
    Session.objects.filter(sip_call_id=call.legs.get().sip_call_id).update(
        summary="Антонина ждёт заказ", outcome="обещали перезвонить", noted={"name": "Антонина"}
    )
    # Made of the call: numbers are not in it, names may be.
    job = f"AJ_{call.pk.hex[:12]}"
    steps = [{"say": "Это Антонина из Костромы", "must": []}]
    assert call.agent
    scenario = Scenario.objects.create(agent=call.agent, name="Звонок", steps=steps, job_id=job)
    scenario.runs.create(what="draft", digest="", told=steps)
    SavedFilter.objects.create(name="Она", owner=user, query="q=8+%28916%29+123-45-67")
