"""docker-compose.yml, as far as it can be checked without Docker."""

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import get_commands
from django.db import connection
from django.utils import timezone

from monitoring.health.checks.ground import SCHEDULE
from veyra.models import Pulse
from veyra.up.livekit_files import write_livekit_files, write_stream_files

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def test_every_service_of_the_line_is_there() -> None:
    assert set(SERVICES) == {
        *("postgres", "redis", "setup", "livekit-server", "livekit-sip"),
        *("livekit-egress", "livekit-ingress"),
        *("web", "worker", "worker-calls", "worker-livekit", "beat", "tap", "agent"),
        *(
            "worker-slow",
            "worker-saving",
            "kamailio",
            "registrar",
            "lookout",
            "watchdog",
            "standby",
            "recorder",
        ),
        *("prometheus", "grafana", "caddy"),
    }


# What Compose knows of a service and of its healthcheck, as far as it is used here. A key with a
# mistake in it would be refused on the machine of whoever installs.
KEYS_OF_SERVICES = {
    *("build", "cap_add", "command", "depends_on", "entrypoint", "env_file", "environment"),
    *(
        "extra_hosts",
        "healthcheck",
        "image",
        "init",
        "network_mode",
        "ports",
        "profiles",
        "restart",
    ),
    *("stop_grace_period", "volumes"),
}
KEYS_OF_HEALTHCHECKS = {"test", "interval", "timeout", "retries", "start_period", "disable"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def test_compose_knows_every_key() -> None:
    of_services = {key for service in SERVICES.values() for key in service}
    checks = [service.get("healthcheck", {}) for service in SERVICES.values()]
    waited = [service.get("depends_on", {}) for service in SERVICES.values()]
    conditions = {each["condition"] for waits in waited for each in waits.values()}
    assert of_services <= KEYS_OF_SERVICES
    assert {key for check in checks for key in check} <= KEYS_OF_HEALTHCHECKS
    assert conditions <= CONDITIONS
    # A container in the host's network has no ports of its own to publish.
    assert [n for n, s in SERVICES.items() if "network_mode" in s and "ports" in s] == []


def test_every_variable_is_explained() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))
    told = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used and used <= told


def test_every_image_of_others_is_pinned() -> None:
    images = [service["image"] for service in SERVICES.values() if service["image"] != "veyra"]
    assert [image for image in images if not re.search(r":v?\d+\.\d+", image)] == []
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert [base for base in bases if not re.search(r":\d+\.\d+\.\d+-", base)] == []


def test_the_image_does_not_run_as_root() -> None:
    stages = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    (user,) = re.findall(r"^USER (\d+)$", stages[-1], re.MULTILINE)
    assert len(stages) > 2 and f"useradd --uid {user} " in stages[-1]


def test_no_password_is_the_same_everywhere(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert re.findall(r"\$\{[A-Z_]*(?:PASSWORD|SECRET|KEYS?):-[^}]+", text) == []
    made = [environment_made(tmp_path / name) for name in ("one", "two")]
    for name in set(re.findall(r"\$\{([A-Z_]*PASSWORD)", text)) | {"SECRET_KEY", "FIELD_KEYS"}:
        assert made[0][name] != made[1][name] and len(made[0][name]) >= 24


def test_an_environment_that_is_there_is_kept(tmp_path: Path) -> None:
    before = environment_made(tmp_path / "one")
    again = made_by_script(tmp_path / "one")
    assert again.returncode == 1 and "There is an .env already" in again.stderr
    assert environment_of(tmp_path / "one") == before


def test_stored_secrets_can_be_written_by_the_key_that_was_made(tmp_path: Path) -> None:
    Fernet(environment_made(tmp_path / "one")["FIELD_KEYS"])


def test_a_domain_brings_https(tmp_path: Path) -> None:
    made = environment_made(tmp_path / "one", DOMAIN="line.example.com")
    assert made["PUBLIC_URL"] == "https://line.example.com"
    assert made["LIVEKIT_PUBLIC_URL"] == "wss://line.example.com"
    assert made["SIP_HOST"] == "line.example.com"
    assert made["COMPOSE_PROFILES"] == "registrar,https"
    assert SERVICES["caddy"]["profiles"] == ["https"]


def test_what_not_everybody_needs_can_be_left_out(tmp_path: Path) -> None:
    profiles = {name: s["profiles"] for name, s in SERVICES.items() if "profiles" in s}
    assert profiles == {
        "kamailio": ["registrar"],
        "registrar": ["registrar"],
        "livekit-egress": ["streams", "egress"],
        "livekit-ingress": ["streams", "ingress"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
        "caddy": ["https"],
    }
    assert environment_made(tmp_path / "one")["COMPOSE_PROFILES"] == "registrar"
    # Whatever always runs can do without.
    needed = {n for s in SERVICES.values() if "profiles" not in s for n in s.get("depends_on", {})}
    assert needed.isdisjoint(profiles)


def test_an_upgrade_stops_what_is_made_of_our_image_and_carries_no_call() -> None:
    script = (ROOT / "deploy/upgrade.sh").read_text()
    (kept,) = re.findall(r"grep -vxE '(.+)'", script)
    stays = {name for name in SERVICES if re.fullmatch(kept, name)}
    others = {name for name, service in SERVICES.items() if service["image"] != "veyra"}
    assert stays == others | {"kamailio"}


def environment_made(folder: Path, **environment: str) -> dict[str, str]:
    done = made_by_script(folder, **environment)
    assert done.returncode == 0, done.stderr
    assert (folder / ".env").stat().st_mode & 0o077 == 0
    return environment_of(folder)


def made_by_script(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "deploy").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "deploy/env.sh", folder / "deploy")
    return subprocess.run(
        [folder / "deploy/env.sh"],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )


def environment_of(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_every_service_has_a_healthcheck() -> None:
    # The web has the image's own.
    assert [name for name, s in SERVICES.items() if "healthcheck" not in s] == ["web"]
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_livekit_has_the_version_that_make_run_builds() -> None:
    pinned = (ROOT / "deploy/livekit/server.version").read_text().strip()
    assert SERVICES["livekit-server"]["image"].endswith(f":{pinned}")
    (gateway,) = re.findall(
        r"github.com/livekit/sip (v\S+)", (ROOT / "deploy/livekit/go.mod").read_text()
    )
    assert SERVICES["livekit-sip"]["image"].endswith(f":{gateway}")


def test_caddy_has_the_version_that_is_tried() -> None:
    text = (ROOT / "deploy/tools/caddy/go.mod").read_text()
    (tried,) = re.findall(r"caddyserver/caddy/v2 v(\S+)", text)
    grown = yaml.safe_load((ROOT / "deploy/growing.yml").read_text().replace("!reset", ""))
    assert SERVICES["caddy"]["image"] == grown["services"]["front"]["image"] == f"caddy:{tried}"


def test_every_command_of_ours_exists() -> None:
    used = [
        words[words.index("manage.py") + 1]
        for service in SERVICES.values()
        for words in (service.get("command", []), service.get("healthcheck", {}).get("test", []))
        if "manage.py" in words
    ]
    assert used and set(used) <= set(get_commands())


def test_every_volume_and_dependency_is_declared() -> None:
    named = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    ours = {name for name in named if name.startswith("./")}
    assert named - ours == set(COMPOSE["volumes"]) and all((ROOT / name).is_dir() for name in ours)
    assert {d for s in SERVICES.values() for d in s.get("depends_on", {})} <= set(SERVICES)


def test_livekits_files_follow_the_settings(tmp_path: Path, settings: LazySettings) -> None:
    settings.PUBLIC_IP, settings.LIVEKIT_LISTEN = "auto", "0.0.0.0"  # noqa: S104  # a container listens to all
    settings.LIVEKIT_REDIS_URL = "redis://127.0.0.1:6379/0"
    write_livekit_files(tmp_path)
    server = yaml.safe_load((tmp_path / "livekit-server.yaml").read_text())
    gateway = yaml.safe_load((tmp_path / "livekit-sip.yaml").read_text())
    assert server["bind_addresses"] == ["0.0.0.0"]  # noqa: S104  # likewise
    assert server["rtc"]["tcp_port"] == settings.LIVEKIT_TCP_PORT
    # Beside the one that all use, the server knows the one that is next.
    assert server["keys"][gateway["api_key"]] == gateway["api_secret"]
    assert server["redis"] == gateway["redis"] == {"address": "127.0.0.1:6379", "db": 0}
    assert (tmp_path / "livekit-sip.yaml").stat().st_mode & 0o077 == 0


def test_the_files_of_streams_fit_those_of_the_server(
    tmp_path: Path, settings: LazySettings
) -> None:
    settings.LIVEKIT_PUBLIC_URL = "wss://line.example.org"
    write_livekit_files(tmp_path)
    write_stream_files(tmp_path)
    files = {
        name: yaml.safe_load((tmp_path / f"livekit-{name}.yaml").read_text())
        for name in ("server", "egress", "ingress")
    }
    for name in ("egress", "ingress"):
        assert files[name]["redis"] == files["server"]["redis"]
        assert files["server"]["keys"][files[name]["api_key"]] == files[name]["api_secret"]
        assert files[name]["ws_url"] == f"ws://127.0.0.1:{settings.LIVEKIT_PORT}"
        health = SERVICES[f"livekit-{name}"]["healthcheck"]["test"][-1]
        assert health.endswith(f"/{files[name]['health_port']}")
        given = SERVICES[f"livekit-{name}"]["environment"][f"{name.upper()}_CONFIG_FILE"]
        assert given == f"/livekit/livekit-{name}.yaml"
    told, ports = files["server"]["ingress"], files["ingress"]
    assert told["rtmp_base_url"] == f"rtmp://line.example.org:{ports['rtmp_port']}/x"
    assert told["whip_base_url"] == f"http://line.example.org:{ports['whip_port']}/w"


def test_our_programs_hear_a_stop_from_their_first_moment_on() -> None:
    ours = {name for name, service in SERVICES.items() if service["image"] == "veyra"}
    assert {name for name in ours if not SERVICES[name].get("init")} == set()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_pulse_is_healthy_while_it_is_fresh() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the containers have PostgreSQL")
    assert not is_felt("tap")
    Pulse.objects.create(name="tap", at=timezone.now())
    assert is_felt("tap") and not is_felt("registrar")
    Pulse.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert not is_felt("tap")


def is_felt(name: str) -> bool:
    """What the healthcheck of a container says; it has to know the database to say no."""
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(database)
    done = subprocess.run(
        [sys.executable, ROOT / "deploy/pulse.py", name, "60"],
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.returncode == 0


def test_a_pulse_that_is_asked_for_is_one_that_somebody_has() -> None:
    asked = {
        name: service["healthcheck"]["test"][3]
        for name, service in SERVICES.items()
        if "deploy/pulse.py" in service.get("healthcheck", {}).get("test", [])
    }
    assert asked.pop("beat") == SCHEDULE
    # The others' is their own name.
    assert asked and all(asked[name] == name for name in asked)
