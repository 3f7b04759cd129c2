"""Who is put down to be called back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from telephony import calling_back
from telephony.models import Call, CallBack
from veyra.models import User

pytestmark = pytest.mark.django_db


def lost(at: datetime | None = None, **values: Any) -> Call:
    started = at or timezone.now() - timedelta(minutes=1)
    wanted = {
        "state": Call.State.ENDED,
        "outcome": Call.Outcome.NO_AGENT,
        "reason": "no_agent",
        "from_number": "79161234567",
        "started_at": started,
        "ended_at": started + timedelta(seconds=20),
    }
    return Call.objects.create(**wanted | values)


def gather() -> int:
    return calling_back.gather(timezone.now())


def test_a_caller_whom_nobody_answered_is_put_down_once() -> None:
    call = lost()
    assert (gather(), gather()) == (1, 0)
    row = CallBack.objects.get()
    assert (row.caller, row.call, row.times, row.reason) == ("+79161234567", call, 1, "no_agent")


def test_who_calls_again_while_he_waits_is_counted_and_not_doubled() -> None:
    first = lost(timezone.now() - timedelta(minutes=5))
    gather()
    second = lost(from_number="+7 916 123-45-67")
    gather()
    row = CallBack.objects.get()
    assert (row.times, row.call) == (2, second)
    assert (row.first_at, row.last_at) == (first.started_at, second.started_at)


def test_who_calls_again_after_he_was_called_back_waits_anew(admin_user: User) -> None:
    lost(timezone.now() - timedelta(minutes=5))
    gather()
    assert CallBack.objects.get().mark(admin_user, done=True)
    assert gather() == 0
    lost()
    assert gather() == 1
    assert CallBack.objects.waiting().get().times == 1


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "answered"},
        {"outcome": "rejected"},
        {"is_test": True},
        {"is_demo": True},
        {"direction": "outbound"},
        {"direction": "browser"},
        {"from_number": "anonymous"},
        {"from_number": ""},
        {"state": "ringing", "ended_at": None, "outcome": ""},
    ],
)
def test_who_was_served_or_cannot_be_called_is_not_put_down(values: dict[str, Any]) -> None:
    lost(**values)
    assert gather() == 0


def test_who_hangs_up_at_once_did_not_mean_it() -> None:
    now = timezone.now()
    given_up = {"outcome": "abandoned", "reason": "caller_gave_up"}
    lost(now, ended_at=now + timedelta(seconds=4), **given_up)
    assert gather() == 0
    lost(now, ended_at=now + timedelta(seconds=5), **given_up)
    assert gather() == 1


def test_a_call_that_was_noted_while_it_went_on_is_not_noted_again_when_it_ends() -> None:
    call = lost(state="answered", ended_at=None, outcome="")
    assert calling_back.put_down(call, "nobody_came")
    Call.objects.filter(pk=call.pk).update(
        state="ended", outcome="no_agent", ended_at=timezone.now(), reason="nobody_came"
    )
    assert gather() == 0


def test_done_and_undone_are_each_done_once(admin_user: User) -> None:
    lost()
    gather()
    row = CallBack.objects.get()
    assert row.mark(admin_user, done=True) and not row.mark(admin_user, done=True)
    row.refresh_from_db()
    assert row.done_by == admin_user
    assert row.mark(admin_user, done=False)
    assert CallBack.objects.waiting().get().done_by is None


def test_nobody_waits_twice_when_an_old_row_is_opened_again(admin_user: User) -> None:
    lost(timezone.now() - timedelta(minutes=5))
    gather()
    old = CallBack.objects.get()
    old.mark(admin_user, done=True)
    lost()
    gather()
    assert not old.mark(admin_user, done=False)
    assert CallBack.objects.waiting().count() == 1


def test_a_call_that_was_deleted_leaves_its_row() -> None:
    call = lost(id=UUID(int=7))
    gather()
    call.delete()
    assert CallBack.objects.get().call is None


def test_who_was_lost_while_our_own_side_was_away_is_put_down_afterwards() -> None:
    lost(timezone.now() - timedelta(hours=9))
    assert gather() == 1


def test_known_calls_cost_two_queries_however_many_they_are() -> None:
    now = timezone.now()
    for minutes in range(10, 0, -1):
        lost(now - timedelta(minutes=minutes))
    gather()
    with CaptureQueriesContext(connection) as asked:
        assert gather() == 0
    assert [each["sql"].split()[0] for each in asked] == ["SELECT", "SELECT"]


def test_whom_we_called_is_called_back_at_his_own_number() -> None:
    ours, his = "+74991124148", "8 916 123-45-67"
    call = lost(direction="outbound", from_number=ours, to_number=his, outcome="failed")
    assert calling_back.put_down(call, "cut_off")
    assert CallBack.objects.get().caller == "+79161234567"


@pytest.mark.parametrize("values", [{"is_test": True}, {"is_demo": True}, {"direction": "browser"}])
def test_where_nobody_is_to_be_called_nobody_is_put_down_or_promised_it(
    values: dict[str, Any],
) -> None:
    call = lost(**values)
    assert not calling_back.put_down(call, "cut_off") and not CallBack.objects.exists()
    assert calling_back.number_of(call) is None


def test_two_who_put_down_one_call_at_once_count_it_once() -> None:
    """The other one is faster by the moment between our look and our writing."""
    call = lost()
    rivals = [call]

    def between(execute: Any, sql: str, *rest: Any) -> Any:
        found = execute(sql, *rest)
        if sql.startswith("SELECT") and '"done_at" IS NULL' in sql and rivals:
            assert calling_back.put_down(rivals.pop(), "nobody_came")
        return found

    with connection.execute_wrapper(between):
        assert not calling_back.put_down(call, "cut_off")
    row = CallBack.objects.get()
    assert (rivals, row.times, row.reason) == ([], 1, "nobody_came")
