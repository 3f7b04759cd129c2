"""LiveKit's own programs read the files that docker compose gives them."""

import subprocess
from pathlib import Path

import pytest
from django.conf import LazySettings

from tests.live.stack import binary, free_port
from veyra.up.livekit_files import write_livekit_files

pytestmark = pytest.mark.live


@pytest.fixture
def files(tmp_path: Path, settings: LazySettings) -> Path:
    """Those of a public line, with a Redis that is not there: so each program ends by itself, once
    it has read its file.
    """
    settings.PUBLIC_IP, settings.SIP_LISTEN = "203.0.113.7", "0.0.0.0"  # noqa: S104  # as there
    settings.LIVEKIT_LISTEN = "0.0.0.0"  # noqa: S104  # likewise
    settings.LIVEKIT_REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    write_livekit_files(tmp_path)
    return tmp_path


def said(program: str, file: Path) -> str:
    path = binary(program)
    if path is None:
        pytest.skip(f"not on this machine: {program}")
    done = subprocess.run(
        [path, "--config", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=20,
    )
    return done.stdout


@pytest.mark.parametrize("program", ["livekit-server", "livekit-sip"])
def test_the_program_reads_its_file_and_misses_only_redis(program: str, files: Path) -> None:
    text = said(program, files / f"{program}.yaml")
    assert "redis" in text and "connection refused" in text, text


def test_a_key_that_the_server_does_not_know_would_be_found(files: Path) -> None:
    # The gateway is not as strict: it passes over what it does not know.
    file = files / "livekit-server.yaml"
    file.write_text(file.read_text() + "\nnobody_knows_this: 1\n")
    assert "nobody_knows_this" in said("livekit-server", file)
