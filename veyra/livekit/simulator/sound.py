"""What the simulated egress records, as real files: two tones for two voices, and a picture."""

import io
import logging
from fractions import Fraction

from livekit import api

log = logging.getLogger(__name__)

RATE, FRAME = 48_000, 960
# The assistant, on LiveKit's first channel, and everybody else, on the second.
AGENT_HZ, CALLER_HZ = 440, 660
# What can be taken at once: longer simulated calls keep no more of their sound.
LONGEST = 600.0
WIDTH, HEIGHT, PICTURES = 160, 90, 10


def talk(seconds: float) -> bytes:
    """Stereo Ogg Opus."""
    return _made(seconds, "ogg", has_picture=False)


def film(seconds: float) -> bytes:
    """MP4."""
    return _made(seconds, "mp4", has_picture=True)


def _made(seconds: float, form: str, *, has_picture: bool) -> bytes:
    # Heavy, and needed by nobody who does not record.
    import av
    import numpy

    seconds = min(max(seconds, 0.1), LONGEST)
    file = io.BytesIO()
    with av.open(file, "w", format=form) as out:
        voice = out.add_stream("libopus" if form == "ogg" else "aac", rate=RATE)
        voice.layout = "stereo"
        picture = out.add_stream("libx264", rate=PICTURES) if has_picture else None
        if picture:
            picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            for number in range(max(1, int(seconds * PICTURES))):
                grey = numpy.full((HEIGHT * 3 // 2, WIDTH), 64 + number % 128, numpy.uint8)
                image = av.VideoFrame.from_ndarray(grey, format="yuv420p")
                out.mux(picture.encode(image))
            out.mux(picture.encode())
        at = numpy.arange(FRAME)
        for start in range(0, int(seconds * RATE), FRAME):
            tones = [numpy.sin((at + start) * 2 * numpy.pi * hz / RATE) for hz in _TONES]
            samples = (numpy.stack(tones, 1) * 8000).astype(numpy.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            out.mux(voice.encode(frame))
        out.mux(voice.encode())
    return file.getvalue()


_TONES = (AGENT_HZ, CALLER_HZ)


def put(bucket: api.S3Upload, path: str, made: bytes) -> bool:
    """Give it to the storage, by the login of the request; False: it is not taken."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    style = "path" if bucket.force_path_style else "auto"
    client = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint or None,
        region_name=bucket.region or None,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret,
        config=Config(
            connect_timeout=2, retries={"max_attempts": 1}, s3={"addressing_style": style}
        ),
    )
    try:
        client.put_object(Bucket=bucket.bucket, Key=path, Body=made)
    except (BotoCoreError, ClientError) as error:
        log.warning("the storage takes nothing: %s", type(error).__name__)
        return False
    return True
