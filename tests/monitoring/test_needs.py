"""Callers who did not get through, above the board."""

import pytest
from django.utils import timezone

from monitoring import needs
from monitoring.board import Viewer
from monitoring.needs import Needs
from telephony.models import Call, CallBack, IgnoredSource
from tests.monitoring.conftest import MakeCall, MakeUser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def somebody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "nobody_speaks", lambda: False)


def turned_away(make_call: MakeCall, **fields: object) -> Call:
    return make_call(state=Call.State.ENDED, outcome=Call.Outcome.REJECTED, **fields)


def test_only_callers_of_the_last_hour_whom_we_turned_away_count(make_call: MakeCall) -> None:
    turned_away(make_call)
    turned_away(make_call, seconds_ago=3700)
    turned_away(make_call, is_test=True)
    turned_away(make_call, direction=Call.Direction.OUTBOUND)
    make_call(state=Call.State.ENDED, outcome=Call.Outcome.ABANDONED)
    assert needs.read() == Needs(turned_away=1)


def test_an_address_that_nobody_wants_to_hear_of_does_not_count(make_call: MakeCall) -> None:
    turned_away(make_call, source_ip="203.0.113.5")
    IgnoredSource.objects.create(address="203.0.113.5")
    assert needs.read() == Needs()


def test_who_was_called_back_waits_no_more(db: None) -> None:
    now = timezone.now()
    for number, done_at in (("1", None), ("2", now)):
        CallBack.objects.create(
            caller=f"+7916000000{number}", first_at=now, last_at=now, done_at=done_at
        )
    assert needs.read() == Needs(call_backs=1)


def test_the_strip_leads_where_its_reader_may_go(make_user: MakeUser) -> None:
    waiting = Needs(turned_away=2, call_backs=1)
    operator = Viewer.of(make_user("telephony.view_call"))
    strip = needs.render(waiting, operator)
    assert "2 calls were turned away" in strip and "/turned-away/" not in strip
    assert "call back" not in strip
    rights = ("telephony.view_call", "telephony.view_refused", "telephony.view_callback")
    engineer = Viewer.of(make_user(*rights, name="boris"))
    strip = needs.render(waiting, engineer)
    assert "/turned-away/" in strip and "1 caller waits for a call back" in strip


def test_the_board_itself_tells_when_nobody_can_speak_to_callers() -> None:
    strip = needs.render(Needs(is_mute=True), Viewer("en", reads_words=True))
    assert "Callers hear nothing." in strip


def test_where_nothing_waits_there_is_no_strip() -> None:
    assert needs.render(Needs(), Viewer("en", reads_words=True)) == ""
