"""Secrets at rest are sealed by a new key, and none is left behind."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone, translation

from monitoring.hooks.models import Hook
from telephony.models import ScheduledChange, Trunk
from tests.journal.conftest import KEY, SECRET, sign
from tests.simulator.conftest import Simulated
from veyra import audit, livekit_keys, rotating
from veyra.livekit import webhooks
from veyra.livekit.client import LiveKit
from veyra.livekit.config import Line, Server, server_config
from veyra.livekit.pairs import NAMES, Pair, Pairs, hold_to_file, pairs
from veyra.livekit_keys import KeysError
from veyra.models import AuditEntry, KeyRotation, Program, SecurityEvent, User
from veyra.secrets import SecretError, decrypt, encrypt
from veyra.state import local_keys

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """What a command says is read here as it stands in the code."""
    with translation.override("en"):
        yield


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


@pytest.fixture
def own_keys(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an installation whose keys the environment does not name."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    settings.STATE = tmp_path
    (tmp_path / "keys.env").write_text(f"LIVEKIT_API_KEY={KEY}\nLIVEKIT_API_SECRET={SECRET}\n")
    return tmp_path / "keys.env"


@pytest.fixture
def livekit(simulated: Simulated, settings: LazySettings) -> Simulated:
    settings.LIVEKIT_URL = simulated.url
    return simulated


def starts_again(livekit: Simulated) -> None:
    now = pairs()
    livekit.pairs = [pair for pair in (now.first, now.second) if pair]


@pytest.mark.django_db
def test_a_pair_changes_while_livekit_accepts_both(own_keys: Path, livekit: Simulated) -> None:
    call_command("livekitkeys", "--make")
    assert own_keys.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="second key already"):
        call_command("livekitkeys", "--make")
    with pytest.raises(CommandError, match="does not accept"):
        call_command("livekitkeys", "--switch")
    starts_again(livekit)
    made = pairs().second
    call_command("livekitkeys", "--switch")
    assert pairs() == Pairs(made, Pair(KEY, SECRET)) if made else False
    with LiveKit.from_settings() as client:
        assert client.list_rooms() == []
    call_command("livekitkeys", "--drop")
    now = pairs()
    assert (now.first, now.leaving) == (made, Pair(KEY, SECRET))
    assert now.second not in (made, None)
    assert not livekit_keys.finish()
    starts_again(livekit)
    assert livekit_keys.finish()
    assert pairs() == Pairs(now.first, now.second)
    rotation = KeyRotation.objects.get()
    assert rotation.ended_at and rotation.dropped_at and str(rotation) == f"{KEY} → {rotation.name}"


@pytest.mark.django_db
def test_each_step_is_a_security_event_and_a_change_without_the_secret(
    own_keys: Path, livekit: Simulated
) -> None:
    person = User.objects.create_user("anna")
    livekit_keys.make(person)
    starts_again(livekit)
    with audit.by(person):
        livekit_keys.switch(person)
    events = SecurityEvent.objects.filter(kind=SecurityEvent.Kind.LIVEKIT_KEY, user=person)
    assert events.count() == 2
    entry = AuditEntry.objects.get(actor=person)
    told = str([event.detail for event in events]) + str(entry.changes)
    assert KEY in told
    assert not any(pair.secret in told for pair in pairs().all())


@pytest.mark.django_db
def test_a_webhook_of_the_pair_that_leaves_is_taken_until_livekit_is_started_again(
    own_keys: Path, livekit: Simulated
) -> None:
    livekit_keys.make()
    starts_again(livekit)
    livekit_keys.switch()
    livekit_keys.drop()
    body = json.dumps({"id": "EV_1", "event": "room_started", "createdAt": "1"}).encode()
    assert webhooks.receive(body, webhooks.hash_signed(sign(body))).id == "EV_1"
    starts_again(livekit)
    livekit_keys.finish()
    with pytest.raises(webhooks.BadSignature):
        webhooks.hash_signed(sign(body))


@pytest.mark.django_db
def test_a_pair_by_which_a_program_still_signs_is_not_taken_out(
    own_keys: Path, livekit: Simulated
) -> None:
    livekit_keys.make()
    starts_again(livekit)
    Program.begin("watchdog")
    livekit_keys.switch()
    with pytest.raises(KeysError, match="still in use"):
        livekit_keys.drop()
    Program.begin("watchdog")
    livekit_keys.drop()


@pytest.mark.django_db
def test_what_the_environment_decides_is_shown_for_a_person_to_write(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    settings.LIVEKIT_SECOND_KEY = ""
    call_command("livekitkeys", "--make")
    out = capsys.readouterr().out
    assert "LIVEKIT_SECOND_KEY=veyra-" in out and ".env" in out


@pytest.mark.django_db
def test_in_the_environment_a_pair_is_taken_out_after_livekit_refuses_it(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, livekit: Simulated
) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "new")
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = "new", "n" * 40
    settings.LIVEKIT_SECOND_KEY = f"{KEY}:{SECRET}"
    with pytest.raises(KeysError, match="still accepts"):
        livekit_keys.drop()
    livekit.pairs = []
    assert livekit_keys.drop() == {"LIVEKIT_SECOND_KEY": ""}
    settings.LIVEKIT_SECOND_KEY = ""
    KeyRotation.objects.create(name="new", former=KEY)
    assert livekit_keys.drop() == {}
    assert not KeyRotation.objects.going_on()
    with pytest.raises(KeysError, match="no second key"):
        livekit_keys.drop()


@pytest.mark.django_db
def test_nobody_switches_while_livekit_is_away(settings: LazySettings) -> None:
    settings.LIVEKIT_SECOND_KEY, settings.LIVEKIT_URL = "b:" + "y" * 40, "ws://127.0.0.1:9"
    with pytest.raises(CommandError, match="does not answer"):
        call_command("livekitkeys", "--switch")


def test_a_new_installation_has_a_second_pair_from_the_start(tmp_path: Path) -> None:
    made = Pair.read(local_keys(tmp_path)["LIVEKIT_SECOND_KEY"])
    assert made and made.name.startswith("veyra-") and len(made.secret) > 32


def test_what_the_agent_library_writes_into_the_environment_is_nobodys_decision(
    own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    hold_to_file()
    os.environ |= {"LIVEKIT_API_KEY": "written", "LIVEKIT_API_SECRET": "w" * 40}
    assert pairs().first == Pair(KEY, SECRET)


def test_what_a_person_put_into_the_environment_stays_his(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ | {"LIVEKIT_API_KEY": "his"})
    settings.LIVEKIT_API_KEY = "his"
    hold_to_file()
    assert pairs().first.name == "his"
