"""Compose's own reader takes our files, and LiveKit's own programs those that it gives them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import LazySettings

from tests.live.stack import ROOT, binary, free_port
from veyra.up import build
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


@pytest.fixture(scope="module")
def compose() -> str:
    """Made once, which takes seconds."""
    return build.compose(ROOT, ROOT / ".veyra", print)


def read(compose: str, *files: Path) -> dict[str, Any]:
    """The services of these files, laid over each other. Raises ValueError, with what is wrong."""
    command = [compose, "-no-interpolation", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr)
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


OURS = ROOT / "docker-compose.yml"
MISTAKES = {
    "a key that Compose does not know": ("restart: unless-stopped", "restrat: unless-stopped"),
    "a state that nothing has": ("condition: service_healthy", "condition: healthy"),
    "a list where a name belongs": ("image: veyra", "image: [veyra]"),
}


def test_compose_takes_our_file(compose: str) -> None:
    services = read(compose, OURS)
    assert services.keys() == yaml.safe_load(OURS.read_text())["services"].keys()


@pytest.mark.parametrize(("right", "wrong"), MISTAKES.values(), ids=MISTAKES)
def test_compose_would_find_a_mistake(right: str, wrong: str, compose: str, tmp_path: Path) -> None:
    text = OURS.read_text()
    assert right in text
    mistaken = tmp_path / "docker-compose.yml"
    mistaken.write_text(text.replace(right, wrong))
    with pytest.raises(ValueError, match="validating"):
        read(compose, mistaken)


def test_two_webs_have_one_door_for_livekit(compose: str) -> None:
    services = read(compose, OURS, ROOT / "deploy/growing.yml")
    assert {name: s["scale"] for name, s in services.items() if "scale" in s} == {
        "web": 2,
        "worker": 2,
        "agent": 2,
    }
    (port,) = services["front"]["ports"]
    assert (port["host_ip"], port["published"]) == ("127.0.0.1", "8000")
    assert not services["web"].get("ports")
    assert re.search(r":\d+\.\d+", services["front"]["image"]) and services["front"]["healthcheck"]
