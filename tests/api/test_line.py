"""Other programs see the line, and change it by the rules of its pages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentworker.models import Agent
from telephony.models import DispatchRule, PhoneNumber, Trunk
from tests.api.conftest import Let
from veyra.models import AuditEntry

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def test_numbers_are_listed_filtered_and_paged(let: Let, line: DispatchRule) -> None:
    program, trunk = let("Engineer"), Trunk.objects.get()
    PhoneNumber.objects.create(number="+78125550101", trunk=trunk, label="Sales")
    everything = program.get("numbers/").json()
    assert [row["number"] for row in everything["results"]] == ["+74991124148", "+78125550101"]
    assert program.get("numbers/", q="Sales").json()["results"][0]["label"] == "Sales"
    assert program.get("numbers/", trunk=trunk.pk + 1).json()["results"] == []
    first = program.get("numbers/", page_size=1).json()
    assert len(first["results"]) == 1 and first["next"]
    second = program.client.get(first["next"]).json()
    assert second["results"][0]["number"] == "+78125550101" and second["next"] is None


@pytest.mark.parametrize("door", ["numbers/", "trunks/", "rules/", "agents/"])
def test_a_list_asks_the_same_questions_however_long_it_is(
    let: Let, line: DispatchRule, door: str
) -> None:
    program = let("Owner")
    program.get(door)
    with CaptureQueriesContext(connection) as few:
        program.get(door)
    for index in range(7):
        trunk = Trunk.objects.create(name=f"Trunk {index}", addresses=f"10.0.1.{index}")
        number = PhoneNumber.objects.create(number=f"+7812555010{index}", trunk=trunk)
        rule = DispatchRule.objects.create(name=f"Rule {index}", agent=line.agent)
        rule.trunks.add(trunk)
        rule.numbers.add(number)
        Agent.objects.create(name=f"Agent {index}")
    with CaptureQueriesContext(connection) as many:
        assert len(program.get(door).json()["results"]) == 8
    assert len(many) <= len(few) + 1


def test_a_number_is_made_in_any_spelling_and_changed_and_archived(
    let: Let, line: DispatchRule
) -> None:
    program, trunk = let("Engineer"), Trunk.objects.get()
    made = program.post("numbers/", {"number": "8 (812) 555-01-01", "trunk": trunk.pk})
    assert made.status_code == 201, made.json()
    assert made.json()["number"] == "+78125550101"
    assert made.json()["published"]["state"] == "waiting"
    address = f"numbers/{made.json()['id']}/"
    changed = program.patch(address, {"label": "Sales"})
    assert changed.status_code == 200 and changed.json()["label"] == "Sales"
    lost = program.ask("delete", address)
    assert lost.status_code == 409 and lost.json()["token"]
    yes = program.ask("delete", f"{address}?seen={lost.json()['token']}")
    assert yes.status_code == 204
    assert program.get(address).status_code == 404
    assert PhoneNumber.objects.get(pk=made.json()["id"]).archived_at


def test_a_dry_run_says_what_it_would_change_and_saves_nothing(
    let: Let, line: DispatchRule
) -> None:
    program, number = let("Engineer"), PhoneNumber.objects.get()
    found = program.patch(f"numbers/{number.pk}/?dry_run=true", {"is_active": False})
    assert found.status_code == 200
    assert found.json()["needs_yes"] and "+7 499 112-41-48" in " ".join(found.json()["changes"])
    number.refresh_from_db()
    assert number.is_active and number.revision == 1


def test_what_takes_callers_away_is_saved_only_with_a_yes(let: Let, line: DispatchRule) -> None:
    program, number = let("Engineer"), PhoneNumber.objects.get()
    address = f"numbers/{number.pk}/"
    asked = program.patch(address, {"is_active": False})
    assert asked.status_code == 409 and asked["Content-Type"] == PROBLEM
    assert PhoneNumber.objects.get().is_active
    yes = program.patch(f"{address}?seen={asked.json()['token']}", {"is_active": False})
    assert yes.status_code == 200 and not PhoneNumber.objects.get().is_active
    entry = AuditEntry.objects.filter(object_pk=str(number.pk)).latest("pk")
    assert entry.actor is not None and entry.actor.username.startswith("service-")


def test_what_is_wrong_is_told_by_field_in_a_sentence(let: Let, line: DispatchRule) -> None:
    program, trunk = let("Engineer"), Trunk.objects.get()
    answer = program.post("numbers/", {"number": "tomato", "trunk": trunk.pk})
    assert answer.status_code == 400 and answer["Content-Type"] == PROBLEM
    told = answer.json()
    assert told["errors"]["number"] == [told["detail"]] and told["detail"].endswith(".")
    missing = program.post("numbers/", {"number": "+78125550101"}).json()
    assert list(missing["errors"]) == ["trunk"]
    taken = program.post("numbers/", {"number": "+74991124148", "trunk": trunk.pk})
    assert taken.status_code == 400 and taken.json()["errors"][""]


@pytest.mark.parametrize("number", ["30", "+74991124148", "+493012345"])
def test_a_number_that_there_is_already_is_told_and_not_made_again(
    let: Let, line: DispatchRule, number: str
) -> None:
    program, trunk = let("Engineer"), Trunk.objects.get()
    PhoneNumber.objects.get_or_create(number=number, defaults={"trunk": trunk})
    found = program.post("numbers/", {"number": number, "trunk": trunk.pk})
    assert found.status_code == 400 and PhoneNumber.objects.filter(number=number).count() == 1
    assert "It already comes by “Novofon”" in found.json()["detail"]


@pytest.mark.parametrize("door", ["numbers/", "trunks/", "rules/", "agents/", "calls/"])
def test_a_field_that_there_is_not_is_refused_and_not_passed_over(let: Let, door: str) -> None:
    answer = let("Owner").post(door, {"is_actve": False})
    assert answer.status_code == 400 and answer.json()["errors"]["is_actve"]


def test_who_read_an_older_row_overwrites_nothing(let: Let, line: DispatchRule) -> None:
    program, address = let("Engineer"), f"numbers/{PhoneNumber.objects.get().pk}/"
    read = program.get(address).json()["revision"]
    first = program.patch(address, {"label": "Sales", "revision": read})
    assert first.status_code == 200 and first.json()["revision"] == read + 1
    late = program.patch(address, {"label": "Service", "revision": read})
    assert late.status_code == 409 and late.json()["errors"]["revision"]
    assert PhoneNumber.objects.get().label == "Sales"
    again = program.patch(address, {"label": "Service", "revision": read + 1})
    assert again.status_code == 200 and PhoneNumber.objects.get().label == "Service"


def test_a_connection_s_passwords_are_written_and_never_read(let: Let) -> None:
    program, secret = let("Engineer"), "a-very-secret-word"
    body = {
        "name": "Novofon",
        "addresses": ["10.0.0.1", "10.0.1.0/24"],
        "username": "login",
        "password": secret,
        "out_address": "sip.example",
        "out_username": "out",
        "out_password": secret,
    }
    made = program.post("trunks/", body)
    assert made.status_code == 201, made.json()
    told = made.json()
    assert told["has_password"] and told["has_out_password"]
    assert told["addresses"] == ["10.0.0.1", "10.0.1.0/24"]
    trunk = Trunk.objects.get()
    assert (trunk.password, trunk.out_password) == (secret, secret)
    renamed = program.patch(f"trunks/{trunk.pk}/", {"name": "Another"})
    assert renamed.status_code == 200, renamed.json()
    seen = [made, renamed, program.get("trunks/"), program.get(f"trunks/{trunk.pk}/")]
    assert not any(secret in answer.content.decode() for answer in seen)
    assert Trunk.objects.get().password == secret
    without = program.patch(f"trunks/{trunk.pk}/", {"username": ""})
    assert without.status_code in (200, 409)


def test_who_answers_is_written_with_its_numbers(let: Let, line: DispatchRule) -> None:
    program, number = let("Engineer"), PhoneNumber.objects.get()
    body = {"name": "Night", "agent": line.agent_id, "numbers": [number.pk], "pin": "4711"}
    token = program.post("rules/?dry_run=true", body).json()["token"]
    made = program.post(f"rules/?seen={token}", body)
    assert made.status_code == 201, made.json()
    assert made.json()["numbers"] == [number.pk] and made.json()["has_pin"]
    assert "4711" not in made.content.decode()
    changed = program.patch(f"rules/{made.json()['id']}/", {"callers": ["+79161234567"]})
    assert changed.status_code in (200, 409), changed.json()


def test_assistants_are_read_with_their_versions_and_go_back(let: Let, line: DispatchRule) -> None:
    program, agent = let("Manager"), line.agent
    agent.versions.create(number=2, language="en", greeting="Hello again")
    assert program.get("agents/").json()["results"][0]["version"] == 2
    versions = program.get(f"agents/{agent.pk}/versions/").json()["results"]
    assert [each["greeting"] for each in versions] == ["Hello again", "Hello"]
    back = program.post(f"agents/{agent.pk}/publish/", {"version": 1})
    assert back.status_code == 200, back.json()
    assert back.json()["version"] == 3 and agent.newest().greeting == "Hello"  # type: ignore[union-attr]  # it has one
    asked = program.post(f"agents/{agent.pk}/unpublish/")
    assert asked.status_code == 409 and asked.json()["changes"]
    agent.refresh_from_db()
    assert agent.is_published


WORDS = {
    "name": "Night",
    "language": "en",
    "greeting": "Good night.",
    "menu": ["1 hours = From nine.", "2 address = Main Street 1."],
}


def test_an_assistant_is_written_then_published_then_archived(let: Let) -> None:
    program = let("Owner")
    made = program.post("agents/", WORDS)
    assert made.status_code == 201, made.json()
    told = made.json()
    assert told["version"] is None and told["written"]["menu"] == WORDS["menu"]
    assert (told["written"]["rules"], told["written"]["fallback"]) == ([], "")
    address = f"agents/{told['id']}/"
    token = program.post(f"{address}publish/?dry_run=true", {}).json()["token"]
    heard = program.post(f"{address}publish/?seen={token}", {})
    assert heard.status_code == 200 and heard.json()["version"] == 1, heard.json()
    assert program.ask("delete", address).status_code == 204
    assert program.get(address).status_code == 404 and Agent.objects.get().archived_at


def test_what_is_written_is_a_draft_and_leaves_the_rest_of_it(let: Let, line: DispatchRule) -> None:
    program, agent = let("Manager"), line.agent
    agent.versions.create(
        number=2,
        language="en",
        greeting="Hello",
        goodbye="Bye.",
        speech={"speed": "1.2"},
        menu=[{"press": "1", "about": "hours", "say": "From nine."}],
    )
    address = f"agents/{agent.pk}/"
    changed = program.patch(address, {"greeting": "Good day", "recording": "always"})
    assert changed.status_code == 200, changed.json()
    told = changed.json()
    assert told["version"] == 2 and told["recording"] == "always"
    assert told["written"]["greeting"] == "Good day" and told["written"]["goodbye"] == "Bye."
    assert told["written"]["menu"] == ["1 hours = From nine."]
    assert agent.draft.speech == {"speed": "1.2"}
    assert agent.newest().greeting == "Hello"  # type: ignore[union-attr]  # it has one


def test_a_dry_run_of_an_assistant_tells_what_callers_notice_at_once(
    let: Let, line: DispatchRule
) -> None:
    program, agent = let("Manager"), line.agent
    found = program.patch(f"agents/{agent.pk}/?dry_run=true", {"recording": "always"})
    assert found.status_code == 200 and "all calls are recorded" in found.json()["changes"][0]
    new = program.post("agents/?dry_run=true", WORDS)
    assert new.status_code == 200 and new.json()["changes"] == []
    agent.refresh_from_db()
    assert agent.recording == "never" and Agent.objects.count() == 1


def test_no_two_assistants_have_one_name(let: Let, line: DispatchRule) -> None:
    answer = let("Manager").post("agents/", WORDS | {"name": line.agent.name})
    assert answer.status_code == 400 and answer.json()["errors"]["name"]


def test_what_is_wrong_with_an_assistant_is_told_by_field(let: Let, line: DispatchRule) -> None:
    program, address = let("Manager"), f"agents/{line.agent_id}/"
    answer = program.patch(address, {"menu": ["x = Twelve"], "greeting": "…"})
    assert answer.status_code == 400 and set(answer.json()["errors"]) == {"menu", "greeting"}
    nameless = program.patch(address, {"greeting": "Hello, this is {company}."})
    assert nameless.json()["errors"]["company"]
    assert program.patch(address, {"greeting": "Hi", "revision": 99}).status_code == 409
