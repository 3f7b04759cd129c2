"""Settings that cannot work are named at start, each with what to write instead."""

import pytest
from cryptography.fernet import Fernet
from django.conf import LazySettings
from django.core.checks import CheckMessage, run_checks

from veyra.environment import Problem


def named(identity: str, deploy: bool = False) -> list[CheckMessage]:
    return [m for m in run_checks(include_deployment_checks=deploy) if m.id == identity]


def test_the_defaults_are_fit() -> None:
    assert [m for m in run_checks() if (m.id or "").startswith("veyra.")] == []


def test_a_setting_that_cannot_be_read_is_named_with_its_hint(settings: LazySettings) -> None:
    problem = Problem("PORT", "PORT has a value that cannot be used.", "Write a whole number.")
    settings.SETTINGS_PROBLEMS = [problem]
    (message,) = named("veyra.E001")
    assert (message.msg, message.hint) == (problem.wrong, problem.hint)


@pytest.mark.parametrize(
    ("keys", "identity"),
    [([], "veyra.E002"), (["not a key"], "veyra.E003")],
)
def test_keys_must_be_there_and_fit(keys: list[str], identity: str, settings: LazySettings) -> None:
    settings.FIELD_KEYS = keys
    (message,) = named(identity)
    assert "generate_key" in (message.hint or "")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    assert named(identity) == []


def test_a_page_over_https_needs_an_encrypted_livekit(settings: LazySettings) -> None:
    settings.PUBLIC_URL, settings.LIVEKIT_PUBLIC_URL = "https://desk.example", "ws://desk.example"
    (message,) = named("veyra.W002")
    assert "wss://" in (message.hint or "")
    settings.LIVEKIT_PUBLIC_URL = "wss://desk.example"
    assert named("veyra.W002") == []


def test_a_short_livekit_secret_is_a_warning(settings: LazySettings) -> None:
    settings.LIVEKIT_API_SECRET = "short"
    (message,) = named("veyra.W001")
    assert "32" in (message.hint or "")
