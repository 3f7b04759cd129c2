"""Giving a call to a colleague or a group from its page."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from telephony import ringing
from telephony.colleagues import Found
from telephony.finding import End
from telephony.models import Call, CallAction, Colleague, Member, Ring, Team
from tests.hands.conftest import MakeCall, Room

pytestmark = pytest.mark.django_db
LogIn = Callable[..., Client]
SEES = "telephony.view_call"


def page(client: Client, call: Call) -> str:
    return client.get(f"/calls/{call.pk}/hands/").content.decode()


def colleague(name: str, **fields: object) -> Colleague:
    return Colleague.objects.create(name=name, **{"phone": "+79167654321", **fields})


def test_a_call_is_given_to_a_colleague_or_a_group_with_a_note(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    call, client = make_call(), log_in(SEES, "telephony.transfer_call")
    assert "Introduce first" not in page(client, call)
    anna, _boris = colleague("Anna K"), colleague("Boris", away=True)
    night = Team.objects.create(name="Night shift")
    Member.objects.create(team=night, colleague=anna)
    text = page(client, call)
    assert "Anna K: free" in text and "Boris: away" in text and "Night shift" in text
    for whom in (f"colleague-{anna.pk}", f"team-{night.pk}"):
        asked = {"ticket": uuid4(), "whom": whom, "note": "An old client", "how": "introduce"}
        assert client.post(f"/calls/{call.pk}/introduce/", asked).status_code == 302
    given = list(CallAction.objects.order_by("pk").values_list("kind", "params"))
    assert given == [
        ("introduce", {"colleague": anna.pk, "note": "An old client"}),
        ("introduce", {"team": night.pk, "note": "An old client"}),
    ]
    assert "Give to Anna K" in page(client, call)


def test_at_once_a_call_goes_to_the_telephone_of_a_colleague(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    call, client = make_call(), log_in(SEES, "telephony.transfer_call")
    anna, clara = colleague("Anna K"), colleague("Clara", phone="")
    day = Team.objects.create(name="Day shift")
    for place, member in enumerate((clara, anna)):
        Member.objects.create(team=day, colleague=member, place=place)
    at_once = {"whom": f"team-{day.pk}", "how": "at_once"}
    client.post(f"/calls/{call.pk}/introduce/", {"ticket": str(uuid4()), **at_once})
    row = CallAction.objects.get()
    assert (row.kind, row.params) == ("transfer", {"target": "+79167654321"})
    asked = {"ticket": uuid4(), "whom": f"colleague-{clara.pk}", "how": "at_once"}
    answer = client.post(f"/calls/{call.pk}/introduce/?part=1", asked)
    assert answer.status_code == 400 and "No telephone is written down" in answer.content.decode()
    assert CallAction.objects.count() == 1


@pytest.mark.parametrize("whom", ["", "nobody", "colleague-x", "team-", "colleague-1;drop"])
def test_who_is_no_colleague_is_given_nothing(
    log_in: LogIn, make_call: MakeCall, room: Room, whom: str
) -> None:
    call, client = make_call(), log_in(SEES, "telephony.transfer_call")
    asked = {"ticket": uuid4(), "whom": whom, "how": "introduce"}
    answer = client.post(f"/calls/{call.pk}/introduce/?part=1", asked)
    assert answer.status_code == 400 and "Choose who is to take the call" in answer.content.decode()
    assert not CallAction.objects.exists()


def test_what_became_of_the_search_for_a_colleague_stands_beside_the_deed(
    log_in: LogIn, make_call: MakeCall, room: Room
) -> None:
    call, client = make_call(), log_in(SEES, "telephony.transfer_call")
    anna = colleague("Anna K")
    values = {"params": {"colleague": anna.pk}, "state": "done", "ticket": uuid4()}
    CallAction.objects.create(call=call, kind="introduce", **values)
    ring = ringing.begin(call, Ring.Why.TRANSFER, [Found(anna.pk, 15)])
    assert "data-waiting" in page(client, call)
    assert ringing.give_up(ring, End.NOBODY, timezone.now())
    text = page(client, call)
    assert "None of them could be rung" in text and "data-waiting" not in text


def test_the_hands_ask_the_same_number_of_times_however_many_colleagues(
    log_in: LogIn, make_call: MakeCall
) -> None:
    call, client, counts = make_call(), log_in(SEES, "telephony.transfer_call"), []
    for many in (1, 20):
        for number in range(many):
            colleague(f"{many}-{number}")
        with CaptureQueriesContext(connection) as asked:
            page(client, call)
        counts.append(len(asked))
    assert counts[0] == counts[1]
