"""What a real LiveKit says of rooms, of streams that go out and of streams that come in."""

import asyncio
from pathlib import Path

import av
import pytest
from livekit import api, rtc

from recordings.livekit_words import TEXTS, sentence_of
from tests.live.sound import beeping
from tests.live.stack import Stack, binary, missing, wait_until
from tests.live.system import PROGRAMS, running
from veyra.livekit import services
from veyra.livekit.client import LiveKit
from veyra.livekit.media import Ingress
from veyra.livekit.types import LiveKitError

pytestmark = [pytest.mark.live, pytest.mark.prove]
ADDRESS = "rtmp://127.0.0.1:9/live/key-of-a-stream"


def client(stack: Stack) -> LiveKit:
    return LiveKit(stack.url, stack.api_key, stack.api_secret)


async def speaking(stack: Stack, room_name: str) -> rtc.Room:
    """Somebody who sends sound in that room."""
    grants = api.VideoGrants(room_join=True, room=room_name)
    token = api.AccessToken(stack.api_key, stack.api_secret).with_identity("speaker")
    room, source = rtc.Room(), rtc.AudioSource(48000, 1)
    await room.connect(stack.url, token.with_name("Anna").with_grants(grants).to_jwt())
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    return room


def ask(stack: Stack, room: str) -> dict[str, object]:
    """Everything that needs no program beside the server."""
    with client(stack) as livekit:
        (found,) = livekit.list_rooms([room])
        (person,) = livekit.list_participants(room)
        (track,) = person.tracks
        livekit.mute(room, person.identity, track.sid, True)
        muted = livekit.list_participants(room)[0].tracks[0].is_muted
        try:
            livekit.start_stream(room, [ADDRESS], has_picture=False)
            refusal = LiveKitError("it began", permanent=True)
        except LiveKitError as error:
            refusal = error
        livekit.delete_room(room)
    return {"room": found, "person": person, "track": track, "muted": muted, "refusal": refusal}


async def test_rooms_are_as_the_simulator_has_them_and_nobody_sends_them_on(stack: Stack) -> None:
    here = await speaking(stack, "of-streams")
    seen = await asyncio.to_thread(ask, stack, "of-streams")
    await here.disconnect()
    person, track, refusal = seen["person"], seen["track"], seen["refusal"]
    assert (person.name, person.kind) == ("Anna", "standard")  # type: ignore[attr-defined]  # a Participant
    assert (track.kind, track.source, track.is_muted) == ("audio", "microphone", False)  # type: ignore[attr-defined]  # a Track
    assert seen["muted"] is True
    assert isinstance(refusal, LiveKitError) and "no response from servers" in refusal.message
    assert not refusal.permanent and sentence_of(refusal).msgid == TEXTS[0][1]


def test_programs_that_do_not_run_are_known_to_be_away(stack: Stack) -> None:
    assert services.ask(stack.redis_url, "egress") is False
    assert services.ask(stack.redis_url, "ingress") is False
    assert services.ask("redis://127.0.0.1:9/0", "egress") is None


def test_an_address_and_a_key_are_made_changed_and_deleted(stack: Stack) -> None:
    with client(stack) as livekit:
        wish = Ingress(room="studio", identity="in_1", name="Camera", metadata="veyra:1")
        made = livekit.create_ingress(wish)
        assert made.address == "rtmp://127.0.0.1:1935/x" and made.key
        whip = livekit.create_ingress(Ingress(kind="whip", room="studio", identity="in_2"))
        assert whip.address == "http://127.0.0.1:8085/w" and whip.key
        (found,) = [each for each in livekit.list_ingress() if each.metadata == "veyra:1"]
        assert (found.id, found.key, found.status) == (made.id, made.key, "inactive")
        assert livekit.enable_ingress(made.id, False).is_enabled is False
        with pytest.raises(LiveKitError) as refusal:
            wish = Ingress(kind="url", room="s", identity="in_3", address="https://example.org/1")
            livekit.create_ingress(wish)
        assert not refusal.value.permanent
        for each in (made, whip):
            livekit.delete_ingress(each.id)
        with pytest.raises(LiveKitError) as gone:
            livekit.delete_ingress(made.id)
        assert gone.value.code == "not_found"
        assert [each for each in livekit.list_ingress() if each.metadata == "veyra:1"] == []


@pytest.mark.skipif(binary("egress") is None, reason="egress comes only as an image")
async def test_a_real_egress_records_a_room(stack: Stack, tmp_path: Path) -> None:
    stack.start_egress()
    here = await speaking(stack, "of-egress")
    path = tmp_path / "room.ogg"

    def begin() -> str:
        with client(stack) as livekit:
            return livekit.record_sound("of-egress", str(path)).id

    egress = await asyncio.to_thread(begin)
    await asyncio.sleep(8)
    await here.disconnect()

    def status() -> str:
        with client(stack) as livekit:
            (info,) = [each for each in livekit.list_egress() if each.id == egress]
            return info.status

    # The room closes when nobody comes back.
    ends = asyncio.get_running_loop().time() + 60
    while await asyncio.to_thread(status) != "complete":
        assert asyncio.get_running_loop().time() < ends
        await asyncio.sleep(1)
    with av.open(str(path)) as file:
        assert file.duration and file.duration > 3_000_000


LINE = """
    from agentworker.models import Agent
    from agentworker.services import Words, save_words
    from telephony.models import DispatchRule, PhoneNumber, Trunk
    from veyra.celery import wake

    support = Agent.objects.create(name="Поддержка", recording="pressed")
    save_words(support, Words("ru", "Здравствуйте! Вы позвонили в поддержку.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    rule = DispatchRule.objects.create(name="Поддержка", agent=support, room="support-room-")
    rule.numbers.add(PhoneNumber.objects.create(number="+74991124148", trunk=trunk))
    wake("telephony.apply")
"""


@pytest.mark.skipif(binary("egress") is None, reason="egress comes only as an image")
def test_a_talk_that_staff_ask_for_is_carried_on_by_a_real_egress() -> None:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)} (`make livekit` builds them)")
    with running(*PROGRAMS, "recorder", EGRESS_SEES_FOLDERS="true") as system:
        system.stack.start_egress()
        system.ask(LINE)
        system.wait_for_line()
        said = beeping(system.folder / "caller.wav", 1700, 40)
        caller = system.dial("74991124148", f"say:{said}")
        call = "from telephony.models import Call; call = Call.objects.first()\n"
        is_answered = call + "result = bool(call and call.answered_at)"
        wait_until(lambda: system.ask(is_answered), "nobody answered")
        system.ask(f"{call}from telephony.telling import tell; tell(call, 'record_start', 'once')")
        ours = (
            "from telephony.models import CallEvent\nresult = CallEvent.objects.filter({}).exists()"
        )
        began = ours.format("event_id__startswith='egress:', kind='recording_started'")
        wait_until(lambda: system.ask(began), "egress did not begin", 40)
        left = ours.format("event_id__startswith='recorder:', kind='recording_stopped'")
        wait_until(lambda: system.ask(left), "our recorder did not leave", 5)
        caller.result()
        of_recording = "from recordings.models import Recording; row = Recording.objects.get()\n"
        is_ready = of_recording + "result = row.state == 'ready'"
        wait_until(lambda: system.ask(is_ready), "it was not saved", 120)
        whole = system.ask(of_recording + "result = [row.recorder, row.peaks, row.lost_seconds]")
    recorder, peaks, lost = whole
    assert recorder == "egress" and lost < 3
    # He beeps all the time, on the left; what the assistant says is over soon, on the right.
    assert sum(peaks["caller"]) > sum(peaks["agent"]) > 0
