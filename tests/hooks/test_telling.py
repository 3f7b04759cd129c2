"""Other programs are told what happened: once, in order, signed, and again where they are away."""

import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentworker.models import Session, Speaker, Turn
from monitoring.hooks import finding, sending, working
from monitoring.hooks.models import Hook, HookDelivery, HookEvent
from monitoring.incidents import services
from monitoring.incidents.models import Incident
from recordings.models import Recording
from telephony.models import Call, CallBack, Leg
from tests.alarms.servers import Web
from veyra.models import AuditEntry, Lease

MakeHook = Callable[..., Hook]
MakeCall = Callable[..., Call]
pytestmark = pytest.mark.django_db


def told(web: Web) -> list[str]:
    return [asked.json["type"] for asked in web.asked]


def states() -> list[str]:
    return list(HookDelivery.objects.order_by("pk").values_list("state", flat=True))


def test_a_call_is_told_once_from_its_beginning_to_its_end(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    hook, call = make_hook(), make_caller()
    working.work(now)
    working.work(now)
    assert told(web) == ["call.started", "call.answered", "call.ended"]
    data = web.asked[-1].json["data"]
    assert (data["id"], data["from_number"], data["outcome"]) == (
        str(call.pk),
        "+79160000001",
        "answered",
    )
    hook.refresh_from_db()
    assert hook.worked_at and not hook.failing_since


def test_a_message_is_signed_over_its_time_and_body(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    hook = make_hook(kinds=["call.ended"])
    make_caller()
    working.work(now)
    headers = {name.lower(): value for name, value in web.asked[0].headers.items()}
    at, given = (part.partition("=")[2] for part in headers["x-veyra-signature"].split(","))
    signed = f"{at}.{web.asked[0].body}".encode()
    assert hmac.new(hook.secret.encode(), signed, hashlib.sha256).hexdigest() == given
    assert headers["x-veyra-id"] == web.asked[0].json["id"]


def test_another_time_another_secret_and_another_body_have_another_signature() -> None:
    usual = sending.signature("a", 1, b"{}")
    others = {("b", 1, b"{}"), ("a", 2, b"{}"), ("a", 1, b"{ }")}
    assert usual not in {sending.signature(*each) for each in others}


def test_what_nobody_was_to_be_told_is_not_told(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.started"], since=now - timedelta(minutes=1))
    make_caller()
    make_caller(started_at=now, is_test=True)
    make_caller(started_at=now, is_demo=True)
    working.work(now)
    assert told(web) == [] and not HookEvent.objects.exists()


def test_what_came_late_is_found_by_the_broad_look(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.ended"])
    working.work(now)
    late = now - timedelta(hours=2)
    make_caller(started_at=late, answered_at=late, ended_at=late)
    working.work(now)
    assert told(web) == []
    Lease.objects.filter(name="hooks:late").update(until=now - timedelta(seconds=1))
    working.work(now)
    assert told(web) == ["call.ended"]


def test_words_recordings_incidents_and_call_backs_are_told(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["transcript.ready", "recording.ready", "recording.missing", "incident.opened"])
    make_hook("other", kinds=["incident.closed", "callback.asked"])
    call = make_caller()
    Leg.objects.create(call=call, role="caller", sip_call_id="SCL_1")
    times = {"started_at": call.started_at, "ended_at": now}
    session = Session.objects.create(job_id="J", sip_call_id="SCL_1", **times)
    Turn.objects.create(session=session, turn_id="1", speaker=Speaker.CALLER, text="Hi", at=now)
    Recording.objects.create(call=call, state="ready", seconds=3.0)
    Recording.objects.create(call=make_caller(), state="missing")
    given = {"severity": 2, "opened_at": now, "seen_at": now}
    Incident.objects.create(rule="a", cause="a", **given)
    Incident.objects.create(rule="b", cause="b", state="resolved", resolved_at=now, **given)
    CallBack.objects.create(caller="+79160000002", first_at=now, last_at=now)
    working.work(now)
    assert sorted(told(web)) == [
        *("callback.asked", "incident.closed", "incident.opened"),
        *("recording.missing", "recording.ready", "transcript.ready"),
    ]


def test_a_recording_is_told_after_its_call_however_late_somebody_looks(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook()
    call = make_caller()
    Recording.objects.create(call=call, state="ready")
    open_call = make_caller(ended_at=None, answered_at=None, state="ringing", outcome="")
    Recording.objects.create(call=open_call, state="ready")
    Recording.objects.update(created_at=call.started_at)
    working.work(now)
    of_call = [each.json["type"] for each in web.asked if str(call.pk) in each.body]
    assert of_call == ["call.started", "call.answered", "call.ended", "recording.ready"]
    of_open = [each.json["type"] for each in web.asked if str(open_call.pk) in each.body]
    assert of_open == ["call.started"]


def test_what_nobody_wants_keeps_nobody_waiting(
    make_hook: MakeHook,
    make_caller: MakeCall,
    web: Web,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "MOST", 2)
    make_hook("early", kinds=["call.ended"])
    make_hook("fresh", kinds=["call.started"], since=now - timedelta(minutes=1))
    for _call in range(3):
        make_caller()
    make_caller(started_at=now, ended_at=None, state="ringing", outcome="")
    working.work(now)
    assert told(web).count("call.started") == 1


def test_who_chooses_a_kind_while_a_look_is_under_way_is_told_by_the_next_one(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    """That look knows of the other hook alone, and takes what it finds for told."""
    known = make_hook("other", kinds=["call.ended"])
    make_hook(kinds=["call.ended"], since=now - timedelta(minutes=1))
    make_caller(), make_caller(ended_at=now - timedelta(minutes=2))
    working.look([known], now)
    working.work(now)
    working.work(now)
    asked = [each.path for each in web.asked]
    assert sorted(asked) == ["/crm", "/other", "/other"]


def test_the_end_is_told_of_each_incident_whose_beginning_was(
    make_hook: MakeHook, web: Web, now: datetime
) -> None:
    make_hook(kinds=["incident.opened", "incident.closed"])
    given = {"severity": 2, "opened_at": now, "seen_at": now}
    cause = Incident.objects.create(rule="a", cause="a", **given)
    found = Incident.objects.create(rule="b", cause="b", **given)
    working.work(now)
    over = {"state": "resolved", "resolved_at": now}
    Incident.objects.filter(pk=found.pk).update(part_of=cause, **over)
    Incident.objects.create(rule="c", cause="c", part_of=cause, **given, **over)
    working.work(now)
    assert told(web) == ["incident.opened", "incident.opened", "incident.closed"]


def test_an_incident_that_comes_back_is_told_again(
    make_hook: MakeHook, web: Web, now: datetime
) -> None:
    make_hook(kinds=["incident.opened"])
    found = Incident.objects.create(rule="a", cause="a", severity=2, opened_at=now, seen_at=now)
    working.work(now)
    working.work(now)
    Incident.objects.filter(pk=found.pk).update(times=2)
    working.work(now)
    assert [asked.json["data"]["times"] for asked in web.asked] == [1, 2]


def test_an_incident_that_somebody_opens_again_is_told_again_and_so_is_its_end(
    make_hook: MakeHook, web: Web, now: datetime
) -> None:
    make_hook(kinds=["incident.opened", "incident.closed"])
    found = Incident.objects.create(rule="a", cause="a", severity=2, opened_at=now, seen_at=now)
    for step in (services.resolve, services.reopen, services.resolve):
        working.work(now)
        assert step(found, None)
    working.work(now)
    assert told(web) == ["incident.opened", "incident.closed"] * 2


def test_what_is_not_taken_holds_up_the_rest_of_its_call_and_no_other(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.started", "call.ended"])
    web.says(500)
    first = make_caller(started_at=now - timedelta(minutes=5))
    working.work(now)
    assert states() == ["waiting", "waiting"] and len(web.asked) == 1
    other = make_caller()
    working.work(now + timedelta(seconds=1))
    assert {asked.json["data"]["id"] for asked in web.asked[1:]} == {str(other.pk)}
    working.work(now + timedelta(seconds=30))
    of_first = [asked.json for asked in web.asked if asked.json["data"]["id"] == str(first.pk)]
    assert [each["type"] for each in of_first] == ["call.started", "call.started", "call.ended"]
    assert of_first[0]["id"] == of_first[1]["id"]


def test_pauses_grow_up_to_four_hours() -> None:
    assert [working.pause(tries).total_seconds() for tries in (1, 2, 3, 50)] == [10, 20, 40, 14400]


def test_what_is_not_taken_for_a_day_is_given_up_and_can_be_sent_again(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.ended"])
    web.answer = lambda asked: (503, {"why": "call +7 916 000-00-01"})
    make_caller()
    moment = now
    for _try in range(40):
        working.work(moment)
        moment += timedelta(minutes=61)
    found = HookDelivery.objects.get()
    assert (found.state, found.status) == ("failed", 503) and 10 < found.tries < 20
    assert "916" not in found.answer
    hook = Hook.objects.get()
    assert not hook.is_on and hook.given_up_at
    assert list(Hook.objects.in_trouble(moment)) == [hook]
    assert AuditEntry.objects.filter(object_pk=str(hook.pk), changes__has_key="is_on").exists()
    web.says()
    working.switch(hook, moment)
    assert working.send_again([found], moment) == 1
    working.work(moment)
    assert states() == ["sent"] and not Hook.objects.in_trouble(moment)


def test_a_message_whose_sender_died_is_sent_by_another(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    hook = make_hook(kinds=["call.ended"])
    make_caller()
    working.look([hook], now)
    assert len(working.claim(hook, now)) == 1 and working.claim(hook, now) == []
    working.work(now + timedelta(minutes=2))
    assert told(web) == ["call.ended"]


def test_a_message_that_cannot_be_written_keeps_no_other_waiting(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    first, call = make_hook(kinds=["call.ended"]), make_caller()
    make_hook("second", kinds=["call.ended"])
    odd = HookEvent.objects.create(kind="of.tomorrow", about=uuid4(), subject=uuid4(), at=now)
    working._delivery(first, odd, now).save()
    working.work(now)
    assert [asked.json["data"]["id"] for asked in web.asked] == [str(call.pk)] * 2
    waits = HookDelivery.objects.get(event=odd)
    assert waits.state == "waiting" and "could not be written" in str(waits.why)


def test_nothing_is_sent_into_our_own_network(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime, settings: LazySettings
) -> None:
    settings.ALARM_HOSTS = []
    make_hook(kinds=["call.ended"])
    make_hook("named", kinds=["call.ended"], url=web.url.replace("127.0.0.1", "localhost"))
    make_caller()
    working.work(now)
    assert web.asked == []
    whys = [str(each.why) for each in HookDelivery.objects.all()]
    assert len(whys) == 2 and all("inside our own network" in why for why in whys)


def test_a_redirection_is_not_followed(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.ended"])
    make_caller()
    web.says(302)
    working.work(now)
    assert len(web.asked) == 1 and states() == ["waiting"]


def test_who_was_erased_is_told_to_nobody(
    make_hook: MakeHook, make_caller: MakeCall, web: Web, now: datetime
) -> None:
    make_hook(kinds=["call.ended"])
    make_caller(erased_at=now)
    working.work(now)
    assert web.asked[0].json["data"] == {}


def test_neither_address_nor_secret_nor_words_are_logged(
    make_hook: MakeHook,
    make_caller: MakeCall,
    web: Web,
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook = make_hook(kinds=["call.ended"], url=f"{web.url}/canary-key")
    make_caller()
    web.says(500)
    with caplog.at_level(logging.DEBUG):
        working.work(now)
    for secret in ("canary-key", hook.secret, "79160000001"):
        assert secret not in caplog.text


def test_a_look_where_nothing_is_new_asks_a_few_questions(
    make_hook: MakeHook, make_caller: MakeCall, now: datetime
) -> None:
    make_hook()
    working.work(now)
    counts: Sequence[int] = []
    for calls in (1, 20):
        for _call in range(calls):
            make_caller(id=uuid4())
        working.work(now)
        with CaptureQueriesContext(connection) as found:
            working.work(now)
        counts = [*counts, len(found)]
    assert counts[0] == counts[1] < 40
