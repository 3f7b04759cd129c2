"""One sentence for all that was found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.diagnosis.verdict import Item, Stage, verdict
from monitoring.diagnosis.walking import LEFT_OUT, STAGES
from monitoring.health import every
from monitoring.health.base import Status
from veyra.sentences import Sentence


def item(name: str, stage: Stage, status: str) -> Item:
    return Item(name, name, stage, status, Sentence(f"{name}!"))


def bad(name: str, stage: Stage) -> Item:
    return item(name, stage, Status.FAILED)


items = st.builds(
    item,
    st.sampled_from(["database", "udp", "disk", "worker", "tap"]),
    st.sampled_from(list(Stage)),
    st.sampled_from(list(Status)),
)


@given(st.lists(items))
def test_the_line_is_well_exactly_where_nothing_failed(found: list[Item]) -> None:
    says = verdict(found)
    assert says.is_well == (not any(each.is_bad for each in found))
    assert says.because is None or str(says.because.sentence) in str(says.sentence)


@given(st.lists(items))
def test_a_database_that_is_away_explains_all_else(found: list[Item]) -> None:
    says = verdict([*found, bad("livekit", Stage.ANSWERED), bad("database", Stage.GROUND)])
    assert says.because and says.because.name == "database"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([bad("udp", Stage.ARRIVES), bad("worker", Stage.ANSWERED)], "Calls do not arrive. udp!"),
        ([bad("livekit", Stage.ANSWERED), bad("udp", Stage.ARRIVES)], "does not work. livekit!"),
        ([bad("worker", Stage.ANSWERED)], "nobody answers. worker!"),
        ([bad("media", Stage.HEARD), bad("storage", Stage.RECORDED)], "does not hear"),
        ([bad("storage", Stage.RECORDED)], "recording is in danger"),
        ([bad("disk", Stage.GROUND)], "not everything is done for them. disk!"),
        ([item("load", Stage.ARRIVES, Status.WARNING)], "answered. Mind this: load!"),
        ([item("load", Stage.ARRIVES, Status.OK)], "Calls arrive and are answered."),
        ([], "Calls arrive and are answered."),
    ],
)
def test_the_verdict_says_what_callers_notice(found: list[Item], said: str) -> None:
    assert said in str(verdict(found).sentence)


def test_every_check_of_the_way_is_there() -> None:
    named = {name for names in STAGES.values() for name in names} | set(LEFT_OUT)
    assert named <= {check.name for check in every.CHECKS}
