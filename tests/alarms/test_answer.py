"""The link in an alarm: good without a login, for a day, by a press of its button only."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from monitoring.alarms import answer_views, working, writing
from monitoring.alarms.models import Delivery
from monitoring.incidents.models import Incident, IncidentNote
from tests.alarms.conftest import MakeChannel, MakeIncident, person
from veyra.logs.redacting import Redactor
from veyra.models import User
from veyra.pace import Pace
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(make_channel: MakeChannel, make_incident: MakeIncident) -> str:
    """As it stands in the message."""
    make_channel(person=person("anna", first_name="Anna"), made_at=datetime.now(UTC))
    make_incident()
    working.write_due(datetime.now(UTC))
    delivery = Delivery.objects.get()
    return urlsplit(writing.answer_url(delivery)).path


def state() -> str:
    return Incident.objects.get().state


def test_who_opens_the_link_is_asked_first(path: str) -> None:
    page = Client().get(path).content.decode()
    assert "No assistant comes." in page and state() == "open"


def test_a_press_of_the_button_says_that_somebody_is_on_it(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', client.get(path).content.decode())
    assert token
    page = client.post(path, {"csrfmiddlewaretoken": token[1]}).content.decode()
    assert "Somebody is on it" in page and "Anna" in page and "<form" not in page
    incident = Incident.objects.get(acknowledged_by__username="anna")
    assert incident.state == "acknowledged"
    told = [note.told for note in IncidentNote.objects.order_by("pk")]
    assert Sentence(answer_views.BY_LINK, {"channel": "duty"}) in told


def test_a_second_press_changes_nothing(path: str) -> None:
    for _press in range(2):
        assert Client().post(path).status_code == 200
    assert IncidentNote.objects.filter(kind="acknowledged").count() == 1


@pytest.mark.parametrize("spoilt", ["x", "", "a:b:c"])
def test_a_link_that_somebody_made_up_leads_nowhere(path: str, spoilt: str) -> None:
    wrong = f"/alarms/answer/{spoilt or path.split('/')[-2][:-1]}/"
    answer = Client().post(wrong)
    assert answer.status_code == 410 and state() == "open"


def test_a_link_is_good_for_a_day(path: str) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert Client().post(path).status_code == 410
    assert state() == "open"


def test_whoever_left_cannot_answer_any_more(path: str) -> None:
    User.objects.update(is_active=False)
    assert Client().post(path).status_code == 410


def test_the_door_is_not_hammered(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_views, "pace", Pace(2, 60.0))
    statuses = [Client().get("/alarms/answer/x/").status_code for _knock in range(3)]
    assert statuses == [410, 410, 429]
    other = Client(REMOTE_ADDR="10.0.0.9")
    assert other.get("/alarms/answer/x/").status_code == 410


def test_no_log_tells_the_link(path: str) -> None:
    token = path.split("/")[-2]
    assert token not in Redactor().text(f"GET {path} HTTP/1.1")
