"""The page on which LiveKit's key is changed, and the start that waits until nobody calls."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from monitoring.access.key_steps import Deed, Facts, State, rows
from monitoring.models import RecoveryAction
from monitoring.recovery.services import wait_for_ends
from telephony.models import Call
from tests.monitoring.conftest import logged_in, make_user
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.livekit.pairs import NAMES, Pair, pairs
from veyra.models import KeyRotation, Program

__all__ = ["logged_in", "make_user", "simulated"]
pytestmark = pytest.mark.django_db
FACTS = Facts(
    first="a", second="b", leaving="", knows=True, is_switched=False, by_hand=False, waits=False
)
SEES, ADDS = "veyra.view_keyrotation", "veyra.add_keyrotation"


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    settings: LazySettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Simulated:
    """One whose keys lie in its own file, and a LiveKit that knows the first pair."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    livekit: Simulated = request.getfixturevalue("simulated")
    settings.STATE, settings.LIVEKIT_URL = tmp_path, livekit.url
    settings.LIVEKIT_SECOND_KEY = settings.LIVEKIT_LEAVING_KEY = ""
    (tmp_path / "keys.env").write_text(f"LIVEKIT_API_KEY={KEY}\nLIVEKIT_API_SECRET={SECRET}\n")
    return livekit


@pytest.fixture
def engineer(logged_in: Callable[..., Client]) -> Client:
    return logged_in(SEES, ADDS)


def starts(livekit: Simulated) -> None:
    """LiveKit with its gateway, by the keys of this moment."""
    now = pairs()
    livekit.pairs = [pair for pair in (now.first, now.second) if pair]
    Program.begin("livekit-server", livekit_key="")
    Program.begin("livekit-sip", livekit_key=now.first.name)


def press(client: Client, step: str) -> str:
    answer = client.post("/livekit-keys/act/", {"step": step}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def offered(page: str) -> set[str]:
    return {str(deed) for deed in Deed if f'name="step" value="{deed}"' in page}


def test_the_key_changes_step_by_step(installation: Simulated, engineer: Client) -> None:
    starts(installation)
    assert offered(engineer.get("/livekit-keys/").content.decode()) == {"make"}
    assert offered(press(engineer, "make")) == {"restart"}
    assert offered(press(engineer, "restart")) == set()
    wait_for_ends(timezone.now())
    assert set(Program.objects.values_list("stop_asked_at", flat=True)) != {None}
    starts(installation)
    wait_for_ends(timezone.now())
    assert RecoveryAction.objects.get().ok
    assert offered(engineer.get("/livekit-keys/").content.decode()) == {"switch"}
    assert offered(press(engineer, "switch")) == {"drop"}
    assert offered(press(engineer, "drop")) == set()
    assert pairs().leaving == Pair(KEY, SECRET)
    wait_for_ends(timezone.now())
    starts(installation)
    wait_for_ends(timezone.now())
    assert pairs().leaving is None
    assert KeyRotation.objects.get().ended_at
    assert offered(engineer.get("/livekit-keys/").content.decode()) == {"switch"}


def test_no_secret_is_on_the_page(installation: Simulated, engineer: Client) -> None:
    starts(installation)
    page = press(engineer, "make")
    second = pairs().second
    assert second and second.secret not in page and SECRET not in page


def test_livekit_is_not_started_again_while_somebody_calls(
    installation: Simulated, engineer: Client
) -> None:
    starts(installation)
    press(engineer, "make")
    call = Call.objects.create(started_at=timezone.now())
    press(engineer, "restart")
    wait_for_ends(timezone.now())
    assert not Program.objects.exclude(stop_asked_at=None).exists()
    Call.objects.filter(pk=call.pk).update(state=Call.State.ENDED, ended_at=timezone.now())
    wait_for_ends(timezone.now())
    assert Program.objects.exclude(stop_asked_at=None).count() == 2


def test_a_livekit_of_somebody_else_is_started_again_by_hand(
    installation: Simulated, engineer: Client
) -> None:
    press(engineer, "make")
    press(engineer, "restart")
    assert RecoveryAction.objects.get().ok is False


def test_a_line_on_which_somebody_always_calls_is_told_so(
    installation: Simulated, engineer: Client
) -> None:
    starts(installation)
    Call.objects.create(started_at=timezone.now())
    press(engineer, "make")
    press(engineer, "restart")
    wait_for_ends(timezone.now() + timedelta(hours=25))
    assert RecoveryAction.objects.get().ok is False


def test_lines_for_the_environment_are_shown_once(
    installation: Simulated, engineer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", KEY)
    answer = engineer.post("/livekit-keys/act/", {"step": "make"})
    assert "LIVEKIT_SECOND_KEY=veyra-" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert "LIVEKIT_SECOND_KEY=" not in engineer.get("/livekit-keys/").content.decode()


def test_who_may_only_look_has_no_button(
    installation: Simulated, logged_in: Callable[..., Client]
) -> None:
    reader = logged_in(SEES)
    assert offered(reader.get("/livekit-keys/").content.decode()) == set()
    assert reader.post("/livekit-keys/act/", {"step": "make"}).status_code == 403


def test_a_step_that_is_not_there_is_no_page(installation: Simulated, engineer: Client) -> None:
    assert engineer.post("/livekit-keys/act/", {"step": "all"}).status_code == 404


@pytest.mark.parametrize("second", ["", "b"])
@pytest.mark.parametrize("leaving", ["", "c"])
def test_one_step_is_to_be_done_now_and_no_later_one_is_done(second: str, leaving: str) -> None:
    for knows, behind in product((True, False, None), ((), ("agent@host",))):
        for is_switched, by_hand, waits in product((True, False), repeat=3):
            facts = replace(
                FACTS,
                second=second,
                leaving=leaving,
                knows=knows,
                is_switched=is_switched,
                by_hand=by_hand,
                waits=waits,
                behind=behind,
            )
            found = rows(facts)
            states = [row.state for row in found]
            assert states == sorted(states, key=[State.DONE, State.NOW, State.LATER].index)
            assert states.count(State.NOW) == 1
            assert found[states.index(State.NOW)].deed or waits
