"""Secrets at rest are sealed by a new key, and none is left behind."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from monitoring.hooks.models import Hook
from telephony.models import ScheduledChange, Trunk
from tests.journal.conftest import KEY, SECRET, sign
from veyra import livekit_keys, rotating
from veyra.livekit import webhooks
from veyra.livekit.config import Line, Server, server_config
from veyra.secrets import SecretError, decrypt, encrypt

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.mark.django_db
def test_every_secret_opens_by_the_new_key_alone_afterwards(settings: LazySettings) -> None:
    settings.FIELD_KEYS = [OLD]
    trunk = Trunk.objects.create(name="a", password="canary-1", out_password="canary-2")
    Hook.objects.create(name="crm", url="https://x.example/canary", language="en")
    planned = {"values": {"password": encrypt("canary-3")}, "words": ["f1:", "кто"]}
    ScheduledChange.objects.create(edit=planned, title="x", takes_effect_at=timezone.now())
    settings.FIELD_KEYS = [NEW, OLD]
    call_command("rotatesecrets")
    settings.FIELD_KEYS = [NEW]
    trunk = Trunk.objects.get()
    assert (trunk.password, trunk.out_password) == ("canary-1", "canary-2")
    assert Hook.objects.get().url.endswith("canary")
    kept = ScheduledChange.objects.get().edit
    assert decrypt(kept["values"]["password"]) == "canary-3"
    assert kept["words"] == ["f1:", "кто"]
    assert rotating.rotate() == rotating.Rotated()


@pytest.mark.django_db
def test_a_secret_that_no_key_opens_is_named_and_left(settings: LazySettings) -> None:
    settings.FIELD_KEYS = [OLD]
    trunk = Trunk.objects.create(name="a", password="canary-1")
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(SystemExit):
        call_command("rotatesecrets")
    assert rotating.rotate().lost == (("telephony.Trunk.password", trunk.pk),)
    settings.FIELD_KEYS = [NEW, OLD]
    assert Trunk.objects.get().password == "canary-1"
    with pytest.raises(SecretError):
        decrypt("plain")


@pytest.mark.django_db
def test_every_encrypted_column_of_the_database_is_looked_at() -> None:
    found = {f"{model._meta.label}.{field.name}" for model, field in rotating.columns()}
    assert found >= {
        "telephony.Trunk.password",
        "recordings.Recording.file_key",
        "telephony.ScheduledChange.edit",
    }


def test_a_webhook_signed_by_either_pair_is_taken(settings: LazySettings) -> None:
    body = json.dumps({"id": "EV_1", "event": "room_started", "createdAt": "1"}).encode()
    token = sign(body)
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = "new", "n" * 40
    with pytest.raises(webhooks.BadSignature):
        webhooks.hash_signed(token)
    settings.LIVEKIT_SECOND_KEY = f"{KEY}:{SECRET}"
    assert webhooks.receive(body, webhooks.hash_signed(token)).id == "EV_1"


def test_livekit_is_told_both_pairs_and_signs_by_the_first() -> None:
    line = Line(api_key="a", api_secret="x", redis="redis://r", second=("b", "y"))
    config = server_config(line, Server(port=1, udp_port=2, webhook_url="http://w"))
    assert config["keys"] == {"a": "x", "b": "y"} and config["webhook"]["api_key"] == "a"


def test_a_second_pair_is_written_down_and_dropped(
    settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in livekit_keys.NAMES:
        monkeypatch.delenv(name, raising=False)
    settings.STATE, settings.LIVEKIT_SECOND_KEY = tmp_path, ""
    call_command("livekitkeys", "--make")
    kept = dict(line.split("=", 1) for line in (tmp_path / "keys.env").read_text().splitlines())
    name, secret = kept["LIVEKIT_SECOND_KEY"].split(":")
    assert name.startswith("veyra-") and len(secret) > 32
    assert (tmp_path / "keys.env").stat().st_mode & 0o077 == 0
    settings.LIVEKIT_SECOND_KEY = kept["LIVEKIT_SECOND_KEY"]
    with pytest.raises(CommandError, match="second pair already"):
        call_command("livekitkeys", "--make")
    call_command("livekitkeys", "--drop")
    assert "LIVEKIT_SECOND_KEY=\n" in (tmp_path / "keys.env").read_text()


def test_what_the_environment_decides_is_shown_for_a_person_to_write(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    settings.LIVEKIT_SECOND_KEY = ""
    call_command("livekitkeys", "--make")
    out = capsys.readouterr().out
    assert "LIVEKIT_SECOND_KEY=veyra-" in out and ".env" in out


def test_nobody_switches_to_a_pair_that_livekit_refuses(settings: LazySettings) -> None:
    settings.LIVEKIT_SECOND_KEY, settings.LIVEKIT_URL = "b:" + "y" * 40, "ws://127.0.0.1:9"
    with pytest.raises(CommandError, match="does not accept"):
        call_command("livekitkeys", "--switch")
