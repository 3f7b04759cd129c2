"""The report of what had to be recorded is true, line by line."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from agentworker.models import Agent, Session, Speaker, Turn
from recordings import guarantee
from recordings.guarantee import Kept, Result, judge
from recordings.models import WITHHELD, GuaranteeDay, Recording
from telephony.models import Call, Leg
from tests.hands.conftest import *  # noqa: F403  # the same people
from veyra.sentences import Sentence

State = Recording.State
RIGHTS = ("telephony.view_call", "recordings.view_recording")
LOUD, QUIET = [0, 40, 70, 1], [0, 1, 0, 1]


def why(kept: Kept) -> list[str]:
    return [sentence.msgid for sentence in judge(kept)[1]]


def ready(**values: Any) -> Kept:
    known: dict[str, Any] = {"state": State.READY, "seconds": 100.0, "due": 100.0}
    return Kept(**known | values)


@pytest.mark.parametrize(
    ("kept", "result", "told"),
    [
        (ready(), Result.WHOLE, []),
        (ready(seconds=95.2), Result.WHOLE, []),
        (ready(reason=Sentence(WITHHELD, {"seconds": 9})), Result.WHOLE, [WITHHELD]),
        (ready(seconds=94.0), Result.FLAWED, [guarantee.TOO_LITTLE]),
        (ready(seconds=106.0), Result.FLAWED, [guarantee.TOO_LONG]),
        (ready(seconds=106.0, is_rough=True), Result.WHOLE, []),
        (ready(seconds=3.0, due=4.5), Result.WHOLE, []),
        (ready(silent=frozenset({"caller"})), Result.WHOLE, []),
        (
            ready(silent=frozenset({"caller"}), spoke=frozenset({"caller"})),
            *(Result.FLAWED, [guarantee.NO_CALLER]),
        ),
        (ready(silent=frozenset({"agent"})), Result.FLAWED, [guarantee.NOT_US]),
        (ready(silent=frozenset({"agent"}), seconds=5.0, due=5.0), Result.WHOLE, []),
        (Kept(state=State.MISSING), Result.MISSING, [guarantee.UNTOLD]),
        (Kept(state=State.FAILED, reason=Sentence("why")), Result.MISSING, ["why"]),
        (Kept(state=State.EXPECTED, ended=False), Result.OPEN, [guarantee.GOES_ON]),
        (Kept(state=State.SAVING), Result.OPEN, [guarantee.BEING_SAVED]),
        (Kept(state=State.DELETED), Result.MISSING, [guarantee.UNTOLD]),
        (Kept(state=State.DELETED, reason=Sentence("why")), Result.MISSING, ["why"]),
        (Kept(state=State.DELETED, seconds=99.0, due=100.0), Result.WHOLE, []),
        (Kept(state=State.DELETED, seconds=60.0, due=100.0), Result.FLAWED, [guarantee.TOO_LITTLE]),
    ],
)
def test_each_recording_has_its_verdict_and_says_why(
    kept: Kept, result: Result, told: list[str]
) -> None:
    assert (judge(kept)[0], why(kept)) == (result, told)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(State)),
    st.none() | st.floats(0, 4000),
    st.none() | st.floats(0, 4000),
    st.sets(st.sampled_from(["caller", "agent"])),
)
def test_what_is_not_whole_says_why_and_what_is_has_nothing_to_say(
    state: str, seconds: float | None, due: float | None, silent: set[str]
) -> None:
    result, told = judge(Kept(state=state, seconds=seconds, due=due, silent=frozenset(silent)))
    assert bool(told) == (result != Result.WHOLE)


# The page

MakeKept = Callable[..., Recording]


@pytest.fixture
def kept(db: None) -> MakeKept:
    """A call of two minutes, and its recording."""

    def make(state: str = State.READY, *, days_ago: int = 0, said: str = "", **fields: Any) -> Any:
        began = timezone.now() - timedelta(days=days_ago, seconds=125)
        ended = began + timedelta(seconds=125)
        agent = Agent.objects.get_or_create(name="Support")[0]
        times = {"started_at": began, "answered_at": began + timedelta(seconds=5)}
        call = Call.objects.create(
            **times,
            ended_at=ended,
            state="ended",
            outcome="answered",
            agent=agent,
            from_number="+79161230001",
            to_number="+74991124148",
            room_sid="RM_1",
        )
        name = f"SCL_{call.pk.hex[:12]}"
        Leg.objects.create(call=call, role="caller", sip_call_id=name)
        session = Session.objects.create(job_id=f"AJ_{name}", sip_call_id=name, started_at=began)
        if said:
            at = began + timedelta(seconds=20)
            Turn.objects.create(session=session, turn_id=name, speaker=said, at=at, seconds=2.0)
        span = {"at": times["answered_at"].isoformat(), "from": 0.0, "seconds": 120.0}
        values = {"seconds": 120.0, "due_seconds": 120.0, "spans": [span]}
        peaks = {"caller": LOUD, "agent": LOUD}
        row: dict[str, Any] = {**values, "peaks": peaks, "state": state} | fields
        return Recording.objects.create(call=call, **row)

    return make


def read(day: date | None = None) -> list[tuple[Result, list[str]]]:
    with translation.override("en"):
        found = guarantee.in_order(guarantee.lines(day or guarantee.today()))
        return [(line.result, [str(each) for each in line.why]) for line in found]


def test_the_day_names_what_lacks_something_first(kept: MakeKept) -> None:
    kept()
    kept(seconds=60.0)
    kept(State.MISSING, seconds=None, reason=Sentence("Nobody recorded it.").to_json())
    assert read() == [
        (Result.MISSING, ["Nobody recorded it."]),
        (Result.FLAWED, ["It is shorter than the talk: 60 s instead of 120 s."]),
        (Result.WHOLE, []),
    ]


def test_a_caller_who_spoke_is_looked_for_in_the_sound(kept: MakeKept) -> None:
    kept(peaks={"caller": QUIET, "agent": LOUD}, said=Speaker.CALLER)
    kept(peaks={"caller": QUIET, "agent": LOUD})
    assert read() == [
        (Result.FLAWED, ["The caller spoke, and is not heard in it."]),
        (Result.WHOLE, []),
    ]


def test_other_days_are_not_told_of(kept: MakeKept) -> None:
    kept(days_ago=2)
    assert read() == []
    assert len(read(guarantee.today() - timedelta(days=2))) == 1


def test_the_figures_of_a_day_stay_when_its_calls_go(kept: MakeKept) -> None:
    kept(days_ago=1)
    kept(State.MISSING, days_ago=1, seconds=None)
    guarantee.count()
    Call.objects.all().delete()
    guarantee.count()
    row = GuaranteeDay.objects.get()
    assert (row.due, row.whole, row.missing, row.flawed, row.open) == (2, 1, 1, 0, 0)


def test_what_came_late_is_counted_anew(kept: MakeKept) -> None:
    row = kept(State.SAVING, days_ago=1)
    guarantee.count()
    Recording.objects.filter(pk=row.pk).update(state=State.READY)
    guarantee.count()
    figures = GuaranteeDay.objects.get()
    assert (figures.due, figures.whole, figures.open) == (1, 1, 0)


def page(client: Client, query: str = "") -> Any:
    return client.get(f"/recordings/guarantee/{query}")


def test_the_page_tells_the_day_and_the_days_before(kept: MakeKept, log_in: Any) -> None:
    kept()
    kept(State.FAILED, seconds=None, reason=Sentence("It broke.").to_json())
    guarantee.count()
    html = page(log_in(*RIGHTS)).content.decode()
    assert 'id="due">2<' in html and 'id="whole">1<' in html and 'id="lacking">1<' in html
    assert "It broke." in html and "+7 916 123-00-01" in html and "2 min 00 s" in html


def test_a_day_without_recordings_says_where_they_are_switched_on(log_in: Any) -> None:
    html = page(log_in(*RIGHTS)).content.decode()
    assert "No call of this day had to be recorded." in html


@pytest.mark.parametrize("day", ["nonsense", "0001-01-01", "9999-12-31", "2026-02-30"])
def test_a_day_that_there_is_not_is_said(log_in: Any, day: str) -> None:
    answer = page(log_in(*RIGHTS), f"?day={day}")
    assert answer.status_code == 400 and "Choose a day of this century." in answer.content.decode()


@pytest.mark.parametrize("right", RIGHTS)
def test_one_right_of_the_two_is_not_enough(log_in: Any, right: str) -> None:
    assert page(log_in(right)).status_code == 403


def test_the_file_has_every_call_and_nobodys_number(kept: MakeKept, log_in: Any) -> None:
    row = kept(State.MISSING, seconds=None, reason=Sentence("=cmd()").to_json())
    text = page(log_in(*RIGHTS), "?form=csv").content.decode()
    assert str(row.call_id) in text and "'=cmd()" in text
    assert "79161230001" not in text


def test_a_day_of_many_calls_asks_the_database_no_more(
    kept: MakeKept,
    log_in: Any,
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(5):
        kept(peaks={"caller": QUIET, "agent": LOUD}, said=Speaker.CALLER)
    client = log_in(*RIGHTS)
    page(client)
    with django_assert_max_num_queries(13):
        page(client)


@pytest.mark.parametrize("from_page", ["/admin/recordings/recording/", "/report/"])
def test_the_report_is_found_from_where_recordings_and_figures_are(
    log_in: Any, from_page: str
) -> None:
    assert "/recordings/guarantee/" in log_in(*RIGHTS).get(from_page).content.decode()
