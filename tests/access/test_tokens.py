"""Tokens that engineers make, what staff take out of the desk, and what looks like an attack."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import jwt
import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from monitoring.access import watch
from monitoring.incidents import reading, rulebook
from monitoring.models import AccessToken, CallFile
from recordings.models import Listening, Recording
from telephony.models import Call, Refused, Trunk
from tests.monitoring.conftest import logged_in, make_user
from veyra.models import AuditEntry, SecurityEvent, User

__all__ = ["logged_in", "make_user"]
pytestmark = pytest.mark.django_db
MakeUser = Callable[..., User]
Kind = SecurityEvent.Kind
FORM = {"note": "try", "identity": "anna-1", "room": "r", "grants": ["join", "hear"], "minutes": 60}


@pytest.fixture
def engineer(logged_in: Callable[..., Client]) -> Client:
    return logged_in("monitoring.view_accesstoken", "monitoring.add_accesstoken")


def token_on(page: str) -> str:
    return page.partition('aria-label="Token">')[2].partition("<")[0]


def test_a_token_is_shown_once_and_kept_nowhere(engineer: Client, settings: LazySettings) -> None:
    answer = engineer.post("/livekit-tokens/", FORM)
    token = token_on(answer.content.decode())
    claims = jwt.decode(token, settings.LIVEKIT_API_SECRET, algorithms=["HS256"])
    video = claims["video"]
    assert claims["sub"] == "anna-1" and video["room"] == "r" and video["roomJoin"]
    assert video["canSubscribe"] and not video["canPublish"] and not video.get("roomAdmin")
    assert "sip" not in claims and 3500 < claims["exp"] - timezone.now().timestamp() <= 3600
    row = AccessToken.objects.get()
    assert token not in str(vars(row)) and answer["Cache-Control"] == "no-store"
    page = engineer.get("/livekit-tokens/").content.decode()
    assert token not in page and "anna-1" in page and "anna" in page
    event = SecurityEvent.objects.get(kind=Kind.TOKEN_MADE)
    assert "anna-1" in str(event.sentence)


@pytest.mark.parametrize(
    "wrong",
    [{"room": ""}, {"minutes": 100_000}, {"identity": "sip_7"}, {"grants": ["sip"]}, {"note": ""}],
    ids=["no room", "too long", "name of the line", "unknown", "no note"],
)
def test_what_is_too_much_makes_no_token(engineer: Client, wrong: dict[str, object]) -> None:
    assert engineer.post("/livekit-tokens/", FORM | wrong).status_code == 400
    assert not AccessToken.objects.exists()


def test_who_may_not_make_one_sees_no_page(logged_in: Callable[..., Client]) -> None:
    client = logged_in("telephony.view_call")
    assert client.post("/livekit-tokens/", FORM).status_code == 403


def test_what_staff_did_is_taken_as_json_without_secrets(
    logged_in: Callable[..., Client], make_user: MakeUser
) -> None:
    client = logged_in("veyra.view_auditentry", "veyra.view_audit_export")
    Trunk.objects.create(name="Novofon", password="canary-1")
    today = timezone.localdate().isoformat()
    answer = client.post("/changes/file/", {"since": today, "until": today})
    text = b"".join(answer).decode()
    found = json.loads(text)
    assert "canary" not in text
    assert [each["named"] for each in found["changes"]] == ["Novofon"]
    assert "***" in str(found["changes"][0]["changes"]["password"])
    assert found["deeds"][-1]["who"] == "anna" and today in found["deeds"][-1]["told"]
    assert SecurityEvent.objects.get().kind == Kind.MASS_EXPORT
    assert LogEntry.objects.count() == 1 and AuditEntry.objects.exists()


def test_who_may_only_read_changes_takes_no_file(logged_in: Callable[..., Client]) -> None:
    assert logged_in("veyra.view_auditentry").post("/changes/file/").status_code == 403


def test_many_calls_of_one_address_that_were_turned_away_are_told_once_a_day(db: None) -> None:
    now = timezone.now()
    given = {"reason": "stranger", "first_at": now, "last_at": now}
    Refused.objects.create(address="198.51.100.7", number="1", count=150, **given)
    watch.watch(now)
    assert not SecurityEvent.objects.exists()
    Refused.objects.create(address="198.51.100.7", number="2", count=150, **given)
    watch.watch(now)
    watch.watch(now)
    assert [each.kind for each in SecurityEvent.objects.all()] == [Kind.MANY_REFUSED]
    assert "198.51.100.7" in str(SecurityEvent.objects.get().sentence)


def test_much_that_is_taken_is_told(make_user: MakeUser) -> None:
    now, user = timezone.now(), make_user()
    CallFile.objects.create(made_by=user, form="csv", total=6000)
    CallFile.objects.create(made_by=user, form="csv", total=60)
    recording = Recording.objects.create(state="ready")
    Listening.objects.bulk_create(
        Listening(recording=recording, user=user, form="mp3", began_at=now, seen_at=now)
        for _time in range(50)
    )
    watch.watch(now)
    assert {each.kind for each in SecurityEvent.objects.all()} == {Kind.MASS_EXPORT}
    assert SecurityEvent.objects.filter(user=user).count() == 2


def test_a_program_that_takes_one_conversation_after_the_other_is_told_of(
    make_user: MakeUser,
) -> None:
    now, user = timezone.now(), make_user()
    calls = Call.objects.bulk_create(
        Call(state="ended", started_at=now) for _call in range(watch.MANY_TALKS)
    )
    for taken in (calls[1:], calls[1:], calls[:1]):
        watch.watch(timezone.now())
        assert not SecurityEvent.objects.exists()
        LogEntry.objects.log_actions(user.pk, taken, 2, change_message="Took it.")
    watch.watch(timezone.now())
    watch.watch(timezone.now())
    told = SecurityEvent.objects.get()
    assert told.user == user and "200" in str(told.sentence)


def test_a_security_event_becomes_an_incident_and_a_refused_number_does_not(
    make_user: MakeUser,
) -> None:
    now = timezone.now()
    loud = SecurityEvent.objects.create(
        kind=Kind.FACTOR_OFF, detail={"msgid": "Off.", "values": {}}
    )
    SecurityEvent.objects.create(kind=Kind.DIAL_PREFIX)
    seen = rulebook.look(reading.read(now), {}).sightings
    found = [each.cause for each in seen if each.rule == "security_event"]
    assert found == [f"security_event:{loud.pk}"]
    later: datetime = now + timedelta(hours=1)
    assert not reading.read(later).alarming
