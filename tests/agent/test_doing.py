"""What a conversation does is told when it changes, and kept as it stands."""

from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from django.utils import timezone
from livekit import rtc
from livekit.agents.voice.events import AgentState, UserState

from agentworker.doing import doing, follow
from agentworker.models import Session
from agentworker.shipping import Shipper
from agentworker.spool import JobFacts, Spool, now_text


class Talk(rtc.EventEmitter[str]):
    """A session as far as it tells of itself."""

    agent_state: AgentState = "initializing"
    user_state: UserState = "listening"

    def turns(self, agent: AgentState, caller: UserState) -> None:
        self.agent_state, self.user_state = agent, caller
        self.emit("agent_state_changed", None)
        self.emit("user_state_changed", None)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, JobFacts("AJ_1", "call-1", "RM_1"))


def test_every_pair_of_states_has_a_word_that_is_kept() -> None:
    pairs = product(get_args(AgentState), get_args(UserState))
    assert {doing(agent, caller) for agent, caller in pairs} == {*Session.Doing.values, ""}


def test_a_caller_who_interrupts_does_not_hide_that_the_assistant_speaks() -> None:
    assert doing("speaking", "speaking") == "speaking"
    assert doing("thinking", "speaking") == "hearing"
    assert doing("listening", "away") == "listening"


@pytest.mark.django_db
def test_only_changes_are_told_and_the_newest_stands(spool: Spool) -> None:
    talk: Any = Talk()
    follow(talk, spool)
    shipper = Shipper(spool.path.parent)
    spool.session(started_at=now_text())
    talk.turns("initializing", "listening")
    assert shipper.ship() == 1
    assert Session.objects.get().doing == ""
    before = timezone.now()
    talk.turns("listening", "speaking")
    talk.turns("listening", "speaking")
    talk.turns("thinking", "listening")
    assert shipper.ship() == 2
    session = Session.objects.get()
    assert session.doing == Session.Doing.THINKING
    assert session.doing_since and session.doing_since >= before
