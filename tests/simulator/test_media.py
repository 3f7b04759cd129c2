"""What the simulator records, sends on and takes in: as LiveKit does it, with LiveKit's faults."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import av
import numpy
import pytest
from livekit import api

from tests.simulator.conftest import KEY, SECRET, Simulated
from veyra.livekit import webhooks
from veyra.livekit.media import Egress, Ingress, Upload
from veyra.livekit.simulator import sequence, sound
from veyra.livekit.simulator.recorders import Fault
from veyra.livekit.types import LiveKitError, Participant, Track

ADDRESS = "rtmp://a.example.org/live2/abcd-efgh-ijkl"
SAID = ["egress_started", "egress_updated", "egress_updated", "egress_ended"]


@pytest.fixture
def room(simulated: Simulated, tmp_path: Path) -> str:
    """A room with somebody in it."""
    simulated.switchboard.recorders.folder = tmp_path
    simulated.switchboard.recorders.start_seconds = 0.01
    track = Track(sid="TR_1", kind="audio", source="microphone")
    person = Participant(sid="PA_1", identity="sip_1", kind="sip", tracks=(track,))
    simulated.store.join("talk", person)
    return "talk"


def kinds(simulated: Simulated) -> list[str]:
    said = [one for one in simulated.said if isinstance(one, api.WebhookEvent)]
    return [one.event for one in said if one.event.startswith(("egress", "ingress"))]


def until(ready: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not ready():
        assert time.monotonic() < ends
        time.sleep(0.01)


def egress(simulated: Simulated) -> Egress:
    with simulated.client() as livekit:
        return livekit.list_egress()[0]


def recorded(simulated: Simulated, room: str, fault: Fault | None = None) -> Egress:
    """A recording that ran until its room closed."""
    if fault:
        simulated.switchboard.recorders.faults.append(fault)
    with simulated.client() as livekit:
        livekit.record_sound(room, "calls/one.ogg")
        until(lambda: len(kinds(simulated)) > 1)
        livekit.delete_room(room)
    return egress(simulated)


def loudest(channel: numpy.ndarray, rate: int) -> float:
    """The frequency that is heard most."""
    found = numpy.abs(numpy.fft.rfft(channel))
    return float(numpy.fft.rfftfreq(len(channel), 1 / rate)[int(found.argmax())])


def test_a_room_is_recorded_until_it_closes(
    simulated: Simulated, room: str, tmp_path: Path
) -> None:
    told = recorded(simulated, room)
    assert (told.status, told.details) == ("complete", "End reason: Source closed")
    assert kinds(simulated) == SAID
    path = tmp_path / "calls" / "one.ogg"
    assert told.files[0].size == path.stat().st_size > 1000
    with av.open(str(path)) as file:
        assert file.streams.audio[0].codec_context.name == "opus"


def test_a_talk_has_two_voices() -> None:
    with av.open(io.BytesIO(sound.talk(0.5)), "r") as file:
        resampler = av.AudioResampler("fltp", "stereo", 48_000)
        frames = [
            new.to_ndarray() for old in file.decode(audio=0) for new in resampler.resample(old)
        ]
    left, right = numpy.concatenate(frames, 1)
    assert abs(loudest(left, 48_000) - sound.AGENT_HZ) < 5
    assert abs(loudest(right, 48_000) - sound.CALLER_HZ) < 5


@pytest.mark.prove
def test_a_film_has_a_picture_and_sound() -> None:
    with av.open(io.BytesIO(sound.film(0.5)), "r") as film:
        assert len(list(film.decode(video=0))) == 5
    with av.open(io.BytesIO(sound.film(0.5)), "r") as film:
        assert sum(int(frame.samples) for frame in film.decode(audio=0)) >= 23_040


def test_one_voice_is_recorded_alone(simulated: Simulated, room: str, tmp_path: Path) -> None:
    with simulated.client() as livekit:
        begun = livekit.record_track(room, "TR_1", "voice.ogg")
        until(lambda: egress(simulated).status == "active")
        livekit.stop_egress(begun.id)
        with pytest.raises(LiveKitError, match="cannot be stopped") as stopped:
            livekit.stop_egress(begun.id)
        with pytest.raises(LiveKitError, match="track not found"):
            livekit.record_track(room, "TR_2", "voice.ogg")
    assert stopped.value.code == "failed_precondition"
    assert (tmp_path / "voice.ogg").stat().st_size > 0


FAULTS = {
    Fault.NO_START: ("aborted", "Start signal not received", 412),
    Fault.KILLED: ("failed", "internal error", 500),
    Fault.UPLOAD: ("failed", "S3 upload failed", 500),
    Fault.EMPTY: ("complete", "", 0),
    Fault.BACKUP: ("complete", "", 0),
    Fault.TWICE: ("complete", "", 0),
    Fault.STUCK: ("active", "", 0),
}


PROVEN = {Fault.KILLED, Fault.EMPTY, Fault.BACKUP, Fault.TWICE}


@pytest.mark.parametrize(
    "fault",
    [pytest.param(each, marks=[pytest.mark.prove] * (each in PROVEN)) for each in FAULTS],
)
def test_each_fault_is_told_as_livekit_tells_it(
    fault: Fault, simulated: Simulated, room: str
) -> None:
    told = recorded(simulated, room, fault)
    assert (told.status, told.error, told.error_code) == FAULTS[fault]
    assert [file.size > 0 for file in told.files] == {
        Fault.EMPTY: [False],
        Fault.BACKUP: [True],
        Fault.TWICE: [True],
    }.get(fault, [])
    assert told.backup_used is (fault is Fault.BACKUP)
    ends = {Fault.TWICE: 2, Fault.STUCK: 0}
    assert kinds(simulated).count("egress_ended") == ends.get(fault, 1)


def test_without_a_recorder_that_has_time_nothing_begins(simulated: Simulated, room: str) -> None:
    simulated.switchboard.recorders.faults.append(Fault.CPU)
    with simulated.client() as livekit:
        with pytest.raises(LiveKitError, match="no response from servers") as refusal:
            livekit.record_sound(room, "one.ogg")
        assert livekit.list_egress() == [] and not refusal.value.permanent
        with pytest.raises(LiveKitError, match="room does not exist"):
            livekit.record_sound("another", "one.ogg")


def test_a_stream_gets_and_loses_addresses_while_it_runs(simulated: Simulated, room: str) -> None:
    other = ADDRESS.replace("a.example", "b.example")
    with simulated.client() as livekit:
        begun = livekit.start_stream(room, [ADDRESS], has_picture=False)
        livekit.change_stream(begun.id, [other], [])
        livekit.change_stream(begun.id, [], [ADDRESS])
        shown = {each.address: each.status for each in egress(simulated).targets}
        assert shown == {
            "rtmp://a.example.org/live2/{abc...jkl}": "finished",
            "rtmp://b.example.org/live2/{abc...jkl}": "active",
        }
        livekit.change_stream(begun.id, [], [other])
    assert egress(simulated).is_over


def test_keys_and_logins_come_back_in_no_webhook(simulated: Simulated, room: str) -> None:
    bucket = Upload(bucket="b", endpoint="http://127.0.0.1:9", access_key="AK", secret_key="SK-1")
    with simulated.client() as livekit:
        livekit.start_stream(room, [ADDRESS], has_picture=True)
        livekit.record_sound(room, "one.ogg", bucket)
        wish = Ingress(kind="url", room=room, identity="in", address="https://u:pw@example.org/1")
        livekit.create_ingress(wish)
        livekit.create_ingress(Ingress(room=room, identity="in-2"))
    keys = [info.stream_key for info in simulated.switchboard.inputs.infos.values()]
    bodies = [sequence.body(one) for one in simulated.said if isinstance(one, api.WebhookEvent)]
    assert bodies and not [body for body in bodies if "efgh" in body or "SK-1" in body]
    kept = [json.dumps(webhooks.parse(json.loads(body)).payload) for body in bodies]
    secrets = ["pw@", "{secret}", *filter(None, keys)]
    assert not [body for body in kept for secret in secrets if secret in body]


def test_a_sender_comes_by_his_key_and_leaves(simulated: Simulated) -> None:
    inputs = simulated.switchboard.inputs
    with simulated.client() as livekit:
        made = livekit.create_ingress(Ingress(room="studio", identity="camera", metadata="m"))
        assert made.address.startswith("rtmp://") and made.key and made.status == "inactive"
        simulated.do(inputs.begin(made.id))
        person = livekit.list_participants("studio")[0]
        assert (person.kind, person.identity, person.tracks[0].kind) == (
            "ingress",
            "camera",
            "audio",
        )
        assert livekit.list_ingress()[0].status == "publishing"
        simulated.do(inputs.end(made.id, "media could not be read"))
        assert (livekit.list_ingress()[0].status, livekit.list_participants("studio")) == (
            "error",
            [],
        )
        livekit.enable_ingress(made.id, False)
        with pytest.raises(LiveKitError, match="disabled"):
            simulated.do(inputs.begin(made.id))
        livekit.delete_ingress(made.id)
        assert livekit.list_ingress() == []
    assert kinds(simulated) == ["ingress_started", "ingress_ended"]


def test_what_is_fetched_by_an_address_runs_at_once_and_stays_as_it_is(
    simulated: Simulated,
) -> None:
    with simulated.client() as livekit:
        wish = Ingress(kind="url", room="studio", identity="film", address="https://example.org/1")
        made = livekit.create_ingress(wish)
        assert livekit.list_ingress()[0].status == "publishing"
        with pytest.raises(LiveKitError, match="cannot be modified"):
            livekit.enable_ingress(made.id, False)
        for wrong in ("", "file:///etc/passwd"):
            with pytest.raises(LiveKitError, match=r"missing URL|invalid url"):
                livekit.create_ingress(Ingress(kind="url", room="s", identity="f", address=wrong))


def test_a_track_is_muted_for_everybody(simulated: Simulated, room: str) -> None:
    with simulated.client() as livekit:
        for muted in (True, False):
            livekit.mute(room, "sip_1", "TR_1", muted)
            assert livekit.list_participants(room)[0].tracks[0].is_muted is muted
        with pytest.raises(LiveKitError, match="track is not found"):
            livekit.mute(room, "sip_1", "TR_2", True)


async def test_trouble_is_ordered_from_outside(simulated: Simulated, room: str) -> None:
    grants = api.SIPGrants(call=True)
    token = api.AccessToken(KEY, SECRET).with_sip_grants(grants).to_jwt()
    url = f"{simulated.url}/simulate/egress"
    told = []
    async with aiohttp.ClientSession() as http:
        for fault, key in (("upload", token), ("earthquake", token), ("upload", "")):
            headers = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{url}/{fault}", headers=headers) as answer:
                told.append(answer.status)
    assert told == [200, 404, 401]
    assert simulated.switchboard.recorders.faults == [Fault.UPLOAD]
