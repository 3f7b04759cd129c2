"""How a call is called that our people ended: by whom, and whether anybody had talked."""

from datetime import timedelta

import pytest

from telephony.outverdict import OutEvidence, judge_outbound
from telephony.verdict import Evidence, judge

TALKED = timedelta(seconds=20)
REMOVED = "PARTICIPANT_REMOVED"


@pytest.mark.parametrize(
    ("deeds", "talked", "departure", "outcome", "reason"),
    [
        ({"staff_hang_up", "staff_hang_up_done"}, TALKED, REMOVED, "answered", "hung_up_by_staff"),
        # Told before what came of it is.
        ({"staff_hang_up"}, TALKED, REMOVED, "answered", "hung_up_by_staff"),
        ({"staff_hang_up"}, None, REMOVED, "rejected", "hung_up_by_staff"),
        # He was faster than we.
        ({"staff_hang_up"}, TALKED, "CLIENT_INITIATED", "answered", "hung_up"),
        ({"staff_transfer"}, TALKED, "CLIENT_INITIATED", "answered", "hung_up"),
        ({"staff_transfer_done"}, TALKED, "CLIENT_INITIATED", "answered", "transferred"),
        ({"staff_transfer_unclear"}, TALKED, "CLIENT_INITIATED", "answered", "hung_up"),
        ({"staff_transfer_failed"}, TALKED, "CLIENT_INITIATED", "answered", "hung_up"),
        ({"blocked"}, None, REMOVED, "rejected", "blocked"),
        (set(), None, REMOVED, "failed", "removed"),
    ],
)
def test_who_ended_a_call_to_us(
    deeds: set[str], talked: timedelta | None, departure: str, outcome: str, reason: str
) -> None:
    verdict = judge(
        Evidence(
            witness="webhook",
            talked=talked,
            departure=departure,
            agent_came=True,
            agent_spoke=talked is not None,
            deeds=frozenset(deeds),
        )
    )
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_call_of_ours_that_we_ended_while_it_rang_was_not_the_provider_s_fault() -> None:
    evidence = OutEvidence(
        witness="tap",
        talked=None,
        rang=True,
        status=487,
        departure=REMOVED,
        deeds=frozenset({"staff_hang_up"}),
    )
    verdict = judge_outbound(evidence)
    assert (verdict.outcome, verdict.reason) == ("abandoned", "ended_here")
