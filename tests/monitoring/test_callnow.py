"""Calling from the browser, and hearing what a test call heard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import LazySettings
from django.test import AsyncClient, Client
from django.utils import timezone
from livekit import api

from agentworker.models import Agent, Closure
from monitoring.callnow import rule_for
from telephony.models import DispatchRule, PhoneNumber, RoomKind, TestCall, Trunk
from tests.monitoring.conftest import MakeUser
from veyra.models import User
from veyra.ranges import part

LoggedIn = Callable[..., Client]


@pytest.mark.django_db
def test_the_token_opens_one_room_to_one_microphone(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule, settings: LazySettings
) -> None:
    settings.LIVEKIT_API_SECRET = "a-secret-of-at-least-thirty-two-characters"
    client = logged_in("telephony.add_testcall")
    told = client.post(f"/numbers/{number.pk}/call/browser/").json()
    verifier = api.TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    claims = verifier.verify(told["token"])
    assert claims.video is not None and claims.attributes is not None
    assert claims.video.room.startswith("support-room-")
    assert claims.video.can_publish_sources == ["microphone"]
    assert not (claims.video.room_admin or claims.video.room_create)
    assert told["call"] == f"/calls/{claims.attributes['veyra.call']}/"
    assert claims.attributes["veyra.rule"] == str(rule.key)
    assert settings.LIVEKIT_API_SECRET not in told["token"]


@pytest.mark.django_db
def test_the_page_says_who_answers_and_that_it_is_closed(
    logged_in: LoggedIn, number: PhoneNumber, rule: DispatchRule
) -> None:
    client = logged_in("telephony.add_testcall")
    answers = f"{rule.agent.name} will answer."
    assert answers in client.get(f"/numbers/{number.pk}/call/").content.decode()
    Closure.objects.create(begins=timezone.now())
    page = client.get(f"/numbers/{number.pk}/call/").content.decode()
    assert "Closed: callers hear a message." in page and answers not in page


@pytest.mark.django_db
def test_a_number_that_nobody_answers_gives_no_token(
    logged_in: LoggedIn, number: PhoneNumber
) -> None:
    answer = logged_in("telephony.add_testcall").post(f"/numbers/{number.pk}/call/browser/")
    assert answer.status_code == 409 and "Nobody answers this number" in answer.json()["error"]


@pytest.mark.django_db
def test_without_a_call_entrance_our_telephone_is_not_offered(
    logged_in: LoggedIn, number: PhoneNumber, settings: LazySettings
) -> None:
    client = logged_in("telephony.add_testcall")
    page = client.get(f"/numbers/{number.pk}/call/").content.decode()
    assert "We call the number over the real line" in page
    settings.SIP_TEST_TO = ""
    page = client.get(f"/numbers/{number.pk}/call/").content.decode()
    assert "There is no call entrance here" in page


@pytest.mark.django_db
def test_a_rule_that_names_the_number_goes_before_its_connections(
    number: PhoneNumber, rule: DispatchRule, agent: Agent, make_user: MakeUser
) -> None:
    own = DispatchRule.objects.create(
        name="Own", agent=agent, kind=RoomKind.INDIVIDUAL, room="own-"
    )
    own.numbers.add(number)
    assert rule_for(number, make_user()) == own


@pytest.mark.django_db
def test_a_call_without_a_number_of_its_own_is_not_for_certain_callers(
    number: PhoneNumber, rule: DispatchRule, agent: Agent, make_user: MakeUser
) -> None:
    certain = DispatchRule.objects.create(
        name="VIP", agent=agent, room="vip-", callers="+79161234567"
    )
    certain.trunks.add(number.trunk)
    assert rule_for(number, make_user()) == rule


@pytest.mark.django_db
def test_nobody_answers_a_number_that_is_switched_off(
    number: PhoneNumber, rule: DispatchRule, make_user: MakeUser
) -> None:
    number.is_active = False
    number.save()
    assert rule_for(number, make_user()) is None


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [("0", "", (0, 99)), ("10", "19", (10, 19)), ("90", "500", (90, 99)), ("", "5", (95, 99))],
)
def test_a_part_of_a_file_is_what_was_asked_for(
    first: str, last: str, expected: tuple[int, int]
) -> None:
    assert part(first, last, 100) == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("asked", "status", "heard"),
    [("bytes=2-4", 206, b"234"), ("bytes=50-", 416, b""), ("", 200, b"0123456789")],
)
async def test_a_player_may_seek_in_what_was_heard(
    asked: str, status: int, heard: bytes, settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "x.wav").write_bytes(b"0123456789")
    client, test = await _listener()
    headers = {"Range": asked} if asked else {}
    answer: Any = await client.get(f"/test-calls/{test.pk}/heard/", headers=headers)
    assert answer.status_code == status
    if status != 416:
        assert b"".join([chunk async for chunk in answer.streaming_content]) == heard


async def _listener() -> tuple[AsyncClient, TestCall]:
    """A superuser's browser, and a test call that heard something."""

    def make() -> tuple[User, TestCall]:
        trunk = Trunk.objects.create(name="t", addresses="10.0.0.1")
        number = PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
        user = User.objects.create_superuser("owner", "", "x")
        return user, TestCall.objects.create(number=number, state="done", heard="x.wav")

    user, test = await sync_to_async(make)()
    client = AsyncClient()
    await sync_to_async(client.force_login)(user)
    return client, test
