"""The demo fills a fresh database, and leaves it as it was."""

from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from agentworker.models import Agent, Session, SessionEvent, Turn
from telephony import demo
from telephony.folding import drain
from telephony.models import (
    Call,
    CallEvent,
    DispatchRule,
    FoldUnit,
    Gateway,
    Leg,
    PhoneNumber,
    Refused,
    Trunk,
)
from veyra.models import User

pytestmark = pytest.mark.django_db


def fill(seed: int = 1) -> int:
    return demo.fill(timezone.now(), Random(seed))


def rows() -> dict[str, int]:
    """How many there are of each kind, but for the entrance, which every line has."""
    ours = ("telephony", "agentworker")
    models = [model for model in apps.get_models() if model._meta.app_label in ours]
    counted = [model for model in models if model is not Gateway]
    return {model.__name__: model._default_manager.count() for model in counted}


def test_the_demo_is_the_missions_line() -> None:
    fill()
    number = PhoneNumber.objects.get()
    rule = DispatchRule.objects.get()
    assert (number.number, number.trunk.name, number.trunk.provider) == (
        "+74991124148",
        "trunk1",
        "novofon",
    )
    assert list(rule.trunks.all()) == [number.trunk]
    assert (rule.kind, rule.room, rule.agent.name) == ("individual", "support-room-", "Поддержка")
    assert all(row.is_demo for row in (number, number.trunk, rule, rule.agent))


def test_its_calls_are_over_lie_in_the_last_hour_and_end_in_every_way() -> None:
    now = timezone.now()
    assert demo.fill(now, Random(1)) == Call.objects.count() == demo.CALLS
    for call in Call.objects.all():
        assert call.is_demo
        assert call.state == "ended"
        assert now - timedelta(hours=1) <= call.started_at < call.ended_at < now  # type: ignore[operator]  # it has ended
    outcomes = set(Call.objects.values_list("outcome", flat=True))
    assert outcomes == {"answered", "abandoned", "no_agent", "rejected"}


def test_an_answered_call_has_its_number_rule_assistant_and_transcript() -> None:
    fill()
    answered = Call.objects.filter(outcome="answered").order_by("pk")
    number, rule = PhoneNumber.objects.get(), DispatchRule.objects.get()
    for call in answered:
        assert (call.number, call.rule, call.agent) == (number, rule, rule.agent)
        assert call.trunk == number.trunk
        leg = call.legs.get()
        session = Session.objects.of_callers([str(leg.sip_call_id)]).get()
        first, *_, last = session.turns.all()
        assert (first.speaker, first.text) == ("agent", demo.GREETING)
        assert (last.speaker, session.ended_at is not None) == ("caller", True)
        assert call.answered_at and call.answered_at <= first.at <= last.at <= call.ended_at  # type: ignore[operator]  # it has ended


def test_the_fold_of_the_demo_is_settled() -> None:
    fill()
    assert not FoldUnit.objects.filter(dirty_at__isnull=False).exists()
    assert not SessionEvent.objects.filter(folded_at=None).exists()
    drain()
    assert Call.objects.filter(is_demo=True).count() == demo.CALLS


def test_a_database_with_a_trunk_is_refused_with_a_sentence() -> None:
    Trunk.objects.create(name="ours")
    before = rows()
    with pytest.raises(CommandError, match=r"VEYRA_STATE"):
        call_command("demo")
    assert rows() == before


def test_an_assistant_of_the_same_name_is_not_touched() -> None:
    Agent.objects.create(name="Поддержка")
    with pytest.raises(demo.DemoRefused):
        fill()
    assert not Trunk.objects.exists()


def test_removing_the_demo_leaves_nothing_of_it() -> None:
    before = rows()
    fill()
    assert demo.is_here()
    assert demo.remove() == []
    assert rows() == before
    assert not demo.is_here()


def test_removing_the_demo_touches_no_row_of_a_real_line() -> None:
    fill()
    now = timezone.now()
    trunk = Trunk.objects.create(name="ours")
    PhoneNumber.objects.create(number="+74951234567", trunk=trunk)
    call = Call.objects.create(state="ended", started_at=now)
    Leg.objects.create(call=call, sip_call_id="SCL_realrealreal")
    CallEvent.objects.create(event_id="EV_1", at=now, room_sid="RM_demoXreal123", kind="x")
    session = Session.objects.create(job_id="AJ_realrealreal", started_at=now)
    Turn.objects.create(session=session, turn_id="1", at=now)
    FoldUnit.objects.create(key="room:RM_realrealreal")
    Refused.objects.create(address="1.2.3.4", number="1", reason="x", first_at=now, last_at=now)
    demo.remove()
    kept = {name: count for name, count in rows().items() if count}
    assert kept == dict.fromkeys(
        (
            "Trunk",
            "PhoneNumber",
            "Call",
            "Leg",
            "CallEvent",
            "Session",
            "Turn",
            "FoldUnit",
            "Refused",
        ),
        1,
    )


def test_what_a_real_call_used_stays_and_is_no_longer_a_demo() -> None:
    fill()
    rule = DispatchRule.objects.get()
    version = rule.agent.versions.get()
    now = timezone.now()
    Session.objects.create(job_id=str(uuid4()), version=version, started_at=now)
    PhoneNumber.objects.create(number="+74951234567", trunk=Trunk.objects.get())
    assert demo.remove() == ["trunk1", "Поддержка"]
    assert not Agent.objects.get().is_demo
    assert [number.number for number in PhoneNumber.objects.all()] == ["+74951234567"]
    assert not DispatchRule.objects.exists()


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("owner", password="x"))
    return client


def test_the_home_page_removes_the_demo_when_asked(owner: Client) -> None:
    fill()
    button = b'action="/demo/remove/"'
    assert button in owner.get("/admin/").content
    assert owner.get("/demo/remove/").status_code == 405
    assert owner.post("/demo/remove/").status_code == 302
    assert button not in owner.get("/admin/").content
    assert not Call.objects.exists()


def test_only_who_may_delete_the_line_may_remove_the_demo(client: Client) -> None:
    fill()
    client.force_login(User.objects.create_user("viewer", password="x", is_staff=True))
    assert client.post("/demo/remove/").status_code == 403
    assert demo.is_here()


LISTS = [
    "telephony/trunk",
    "telephony/phonenumber",
    "telephony/dispatchrule",
    "telephony/call",
    "agentworker/agent",
]


@pytest.mark.parametrize("path", LISTS)
def test_demo_rows_wear_a_badge_in_lists(owner: Client, path: str) -> None:
    fill()
    assert b"field-demo_badge" in owner.get(f"/admin/{path}/").content
    demo.remove()
    assert b"field-demo_badge" not in owner.get(f"/admin/{path}/").content
