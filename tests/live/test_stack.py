"""The configuration that we write is one that the real programs take."""

import asyncio
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.utils import timezone
from livekit import api, rtc

from monitoring.health.checks import media
from monitoring.health.checks.line import Load
from tests.live.stack import Stack
from veyra.livekit.probe import gateway_answers, server_answers

pytestmark = pytest.mark.live


def test_the_server_and_the_gateway_start_with_our_configuration(stack: Stack) -> None:
    assert server_answers(stack.url)
    assert gateway_answers(stack.sip_host, stack.sip_port)


def test_the_gateway_tells_how_it_is_and_what_it_counted(
    stack: Stack, settings: LazySettings
) -> None:
    settings.SIP_TEST_TO = f"127.0.0.1:{stack.sip_port}"
    settings.SIP_HEALTH_PORT, settings.SIP_METRICS_PORT = stack.health_port, stack.metrics_port
    assert Load().look(timezone.now()).status in ("ok", "failed")
    assert media.packets() is not None


def test_nobody_answers_where_nothing_listens(stack: Stack) -> None:
    assert not server_answers(f"ws://127.0.0.1:{stack.webhook_port}", 0.3)
    assert not gateway_answers("127.0.0.1", stack.webhook_port, 0.3)


def test_a_server_that_died_comes_back_on_the_same_ports(start_stack: Callable[[], Stack]) -> None:
    own = start_stack()
    own.kill("livekit-server")
    assert not server_answers(own.url, 0.3)
    own.start_server()
    assert server_answers(own.url)


async def test_media_flows_between_two_participants(stack: Stack) -> None:
    speaker, listener = rtc.Room(), rtc.Room()
    heard = asyncio.Event()
    listener.on("track_subscribed", lambda *_: heard.set())
    await listener.connect(stack.url, _token(stack, "listener"))
    await speaker.connect(stack.url, _token(stack, "speaker"))
    source = rtc.AudioSource(48000, 1)
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    await speaker.local_participant.publish_track(track)
    await asyncio.wait_for(heard.wait(), 10)
    await speaker.disconnect()
    await listener.disconnect()


def _token(stack: Stack, identity: str) -> str:
    grants = api.VideoGrants(room_join=True, room="media")
    token = api.AccessToken(stack.api_key, stack.api_secret).with_identity(identity)
    return token.with_grants(grants).to_jwt()
