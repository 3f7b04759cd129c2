"""A recording as a file: in three forms, to whom it may go, and that it is written down."""

import asyncio
import io
import wave
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from recordings import converting
from recordings.models import Listening, Recording
from recordings.stores import open_recording, store_of
from tests.listening.conftest import MakeRecording, body
from tests.monitoring.conftest import MakeCall

TAKES = ("recordings.view_recording", "recordings.download_recording")
pytestmark = pytest.mark.django_db


def address(recording: Recording, form: str) -> str:
    return f"/recordings/{recording.pk}/recording.{form}"


def loudness(data: bytes, form: str) -> list[tuple[bool, bool]]:
    """Of each second: does the caller hum, do we?"""
    with av.open(io.BytesIO(data), "r", format=form) as opened:
        turner = av.AudioResampler(format="s16", layout="stereo", rate=8000)
        frames = [t for f in opened.decode(audio=0) for t in turner.resample(f)]
    samples = np.concatenate([f.to_ndarray().reshape(-1, 2) for f in frames]).astype(float)
    # The middle of a second, clear of a codec's delay.
    middles = [samples[8000 * s + 2000 : 8000 * s + 6000] for s in range(len(samples) // 8000)]
    return [tuple(np.sqrt((each**2).mean(axis=0)) > 1000) for each in middles]


@pytest.mark.parametrize("form", ["ogg", "mp3", "wav"])
def test_each_form_has_both_voices_each_on_its_side(
    form: str,
    logged_in: Callable[..., Client],
    make_recording: MakeRecording,
    make_call: MakeCall,
) -> None:
    recording = make_recording(make_call(), seconds=5)
    answer: Any = logged_in(*TAKES).get(address(recording, form))
    assert answer.status_code == 200
    assert f'.{form}"' in answer["Content-Disposition"]
    data = asyncio.run(body(answer))
    if form != "mp3":
        assert answer["Content-Length"] == str(len(data))
    assert loudness(data, form)[:4] == [(True, False), (False, True)] * 2
    line = Listening.objects.get()
    assert (line.name, line.form, line.recording) == ("anna", form, recording)
    assert form in LogEntry.objects.get().change_message


@pytest.mark.parametrize("seconds", [1.0, 3.5])
def test_a_wav_has_the_length_that_it_promises(
    seconds: float, make_recording: MakeRecording
) -> None:
    """Also where the file is longer or shorter than it was thought to be."""
    recording = make_recording(seconds=2)
    data = b"".join(converting.wav(open_recording(recording), seconds))
    assert len(data) == converting.wav_size(seconds)
    with wave.open(io.BytesIO(data)) as opened:
        assert opened.getnframes() == seconds * converting.WAV_RATE
        assert (opened.getnchannels(), opened.getsampwidth()) == (2, 2)


def test_what_is_no_sound_ends_the_file_and_breaks_nothing_else(
    make_recording: MakeRecording,
) -> None:
    source = open_recording(make_recording(data=b"no sound at all" * 99))
    for form in ("mp3", "wav"):
        with pytest.raises(converting.NoSound):
            b"".join(converting.made(source, form, 1))


@pytest.mark.parametrize(
    "rights", [(), TAKES[:1], ("recordings.view_recording", "recordings.hear_recording")]
)
def test_who_may_only_hear_takes_nothing(
    rights: tuple[str, ...], logged_in: Callable[..., Client], make_recording: MakeRecording
) -> None:
    client, recording = logged_in(*rights), make_recording(data=b"x")
    for form in ("ogg", "mp3", "wav"):
        assert client.get(address(recording, form)).status_code == 403
    assert not Listening.objects.exists()


@pytest.mark.parametrize("form", ["ogg", "mp3", "wav"])
def test_a_file_that_is_gone_is_told_in_words_and_was_not_taken(
    form: str, logged_in: Callable[..., Client], make_recording: MakeRecording
) -> None:
    recording = make_recording(data=b"x")
    assert recording.storage is not None
    store_of(recording.storage).delete(recording.file)
    answer = logged_in(*TAKES).get(address(recording, form))
    assert answer.status_code == 404
    assert "not in the storage any more" in answer.content.decode()
    assert not Listening.objects.exists()


def test_a_picture_is_taken_as_it_lies(
    logged_in: Callable[..., Client], make_recording: MakeRecording
) -> None:
    client = logged_in(*TAKES)
    video = make_recording(data=b"x", kind="video")
    assert client.get(address(video, "ogg")).status_code == 200
    assert client.get(address(video, "mp3")).status_code == 404


def test_there_are_three_forms(
    logged_in: Callable[..., Client], make_recording: MakeRecording
) -> None:
    client, recording = logged_in(*TAKES), make_recording(data=b"x")
    for form in ("sound", "flac", "csv"):
        assert client.get(address(recording, form)).status_code == 404
