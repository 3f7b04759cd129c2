"""Pages of calls out: who may open them, one call for each form, and what they say."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from agentworker.models import Agent
from telephony import connecting
from telephony.models import Call, Colleague, Leg, OutboundCall, PhoneNumber, Trunk
from telephony.outbound_presets import server_of, settings_from
from telephony.providers import PRESETS, find
from tests.callout.conftest import PERSON, MakeNumber
from veyra.models import SecurityEvent, User
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
LogIn = Callable[..., Client]


@pytest.fixture
def log_in() -> LogIn:
    """A browser of a person with these permissions, in English."""

    def make(*permissions: str) -> Client:
        user = User.objects.create_user(
            "anna", is_staff=True, language="en", set_up_at=timezone.now()
        )
        for permission in permissions:
            app, codename = permission.split(".")
            found = Permission.objects.get(content_type__app_label=app, codename=codename)
            user.user_permissions.add(found)
        client = Client()
        client.force_login(user)
        return client

    return make


def form(number: PhoneNumber, agent: Agent, **values: Any) -> dict[str, Any]:
    return {
        "to": "8 (916) 123-45-67",
        "number": number.pk,
        "agent": agent.pk,
        "ticket": str(uuid.uuid4()),
        **values,
    }


def test_only_whoever_may_call_opens_the_page(log_in: LogIn, agent: Agent) -> None:
    assert log_in("telephony.view_call").get("/calls-out/").status_code == 403
    row = OutboundCall.objects.create(to_number=PERSON)
    assert Client().get(f"/calls-out/{row.pk}/").status_code == 302


def test_a_form_that_is_sent_twice_is_one_call(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client, asked = log_in("telephony.add_outboundcall"), form(make_number(), agent)
    answers = [client.post("/calls-out/", asked) for _ in range(2)]
    row = OutboundCall.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/calls-out/{row.pk}/"}
    assert row.to_number == PERSON and row.asked_by is not None
    page = client.get(f"/calls-out/{row.pk}/?part=1").content.decode()
    assert "data-waiting" in page and "+7 916 123-45-67" in page


@pytest.mark.parametrize("wrong", [{"to": "hello"}, {"to": ""}, {"number": 999}, {"ticket": "x"}])
def test_what_cannot_be_called_comes_back_with_a_sentence(
    log_in: LogIn, agent: Agent, make_number: MakeNumber, wrong: dict[str, Any]
) -> None:
    asked = form(make_number(), agent) | wrong
    answer = log_in("telephony.add_outboundcall").post("/calls-out/", asked)
    assert answer.status_code == 400 and not OutboundCall.objects.exists()


def test_who_speaks_is_chosen_and_an_assistant_only_where_one_speaks(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client, number = log_in("telephony.add_outboundcall"), make_number()
    asked = {**form(number, agent), "speaker": "browser", "agent": ""}
    answer = client.post("/calls-out/", asked)
    row = OutboundCall.objects.get()
    assert (row.speaker, row.agent, row.speaker_phone) == ("browser", None, "")
    page = client.get(answer["Location"]).content.decode()
    assert f"/calls-out/{row.pk}/enter/" in page and "data-talks" in page
    without = {**form(number, agent), "speaker": "assistant", "agent": ""}
    assert client.post("/calls-out/", without).status_code == 400
    assert OutboundCall.objects.count() == 1


def test_only_who_has_a_telephone_written_down_can_speak_by_it(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client, number = log_in("telephony.add_outboundcall"), make_number()
    asked = {**form(number, agent), "speaker": "phone", "agent": ""}
    assert "by my telephone first" not in client.get("/calls-out/").content.decode()
    assert client.post("/calls-out/", asked).status_code == 400
    anna = User.objects.get(username="anna")
    Colleague.objects.create(name="Anna", user=anna, phone="+79167654321")
    assert "telephone first: +7 916 765-43-21" in client.get("/calls-out/").content.decode()
    client.post("/calls-out/", asked)
    row = OutboundCall.objects.get()
    assert (row.speaker, row.speaker_phone) == ("phone", "+79167654321")
    # Only a browser holds a call on the page.
    assert "/enter/" not in client.get(f"/calls-out/{row.pk}/").content.decode()


def test_only_who_asked_for_a_call_enters_it_and_leaves_it(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client = log_in("telephony.add_outboundcall")
    mine = OutboundCall.objects.create(
        to_number=PERSON, speaker="browser", asked_by=User.objects.get(username="anna")
    )
    other = OutboundCall.objects.create(to_number=PERSON, speaker="browser")
    told = client.post(f"/calls-out/{mine.pk}/enter/").json()
    assert told["token"] and told["here"] == f"/calls-out/{mine.pk}/here/"
    for door in ("enter", "here", "leave"):
        assert client.get(f"/calls-out/{mine.pk}/{door}/").status_code == 405
        assert client.post(f"/calls-out/{other.pk}/{door}/").status_code == 404
    assert client.post(told["here"]).status_code == 204
    assert OutboundCall.objects.get(pk=mine.pk).here_at
    assert client.post(told["leave"]).status_code == 204
    assert OutboundCall.objects.get(pk=mine.pk).state == "failed"
    assert client.post(told["stay"]).status_code == 409
    User.objects.get(username="anna").user_permissions.clear()
    for door in ("enter", "here", "leave"):
        assert client.post(f"/calls-out/{mine.pk}/{door}/").status_code == 403


def test_the_call_says_who_of_us_talked(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client = log_in("telephony.add_outboundcall", "telephony.view_call")
    row = OutboundCall.objects.create(
        to_number=PERSON,
        speaker="phone",
        asked_by=User.objects.get(username="anna"),
        number=make_number(),
    )
    now = timezone.now()
    ended_call(row, outcome="answered", reason="hung_up_by_staff", answered_at=now, rang=True)
    page = client.get(f"/calls/{row.pk}/").content.decode()
    assert "A colleague called +7 916 123-45-67 and talked for" in page
    assert "anna picked up his telephone, which was called first" in page.lower()


def test_a_number_whose_connection_does_not_dial_is_not_offered(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number(out_address="")
    client = log_in("telephony.add_outboundcall")
    assert "None of your numbers can call out yet" in client.get("/calls-out/").content.decode()
    assert client.post("/calls-out/", form(number, agent)).status_code == 400


def test_the_simulator_calls_nobody_and_the_page_says_so(
    log_in: LogIn, agent: Agent, make_number: MakeNumber, settings: LazySettings
) -> None:
    settings.LIVEKIT_SIMULATED = True
    client, number = log_in("telephony.add_outboundcall"), make_number()
    assert "The simulator calls nobody" in client.get("/calls-out/").content.decode()
    client.post("/calls-out/", form(number, agent))
    assert not OutboundCall.objects.exists()


def test_lists_ask_the_same_number_of_times_however_many_rows(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    number = make_number()
    client = log_in(
        "telephony.add_outboundcall", "telephony.view_outboundcall", "veyra.view_securityevent"
    )
    pages = "/calls-out/", "/admin/telephony/outboundcall/", "/admin/veyra/securityevent/"
    client.get(pages[0])  # what is kept for some seconds is read now
    counts = []
    for rows in (1, 30):
        for _ in range(rows):
            OutboundCall.objects.create(to_number=PERSON, number=number, agent=agent)
            SecurityEvent.objects.create(kind="dial_prefix")
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(page).status_code == 200
            counts.append(len(asked))
    assert counts[:3] == counts[3:]


def test_a_call_out_says_from_its_own_side_what_happened(log_in: LogIn) -> None:
    call = Call.objects.create(
        direction="outbound",
        state="ended",
        outcome="rejected",
        reason="answer_486",
        sip_status=486,
        from_number="+74991124148",
        to_number=PERSON,
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )
    Leg.objects.create(call=call, role=Leg.Role.CALLEE, sip_call_id="SCL_1")
    page = log_in("telephony.view_call", "telephony.view_callevent").get(f"/calls/{call.pk}/")
    text = page.content.decode()
    assert "Busy or declined" in text and "The line is busy. Call again later." in text
    assert "turned away" not in text and "Test a route" not in text


def ended_call(row: OutboundCall, **values: Any) -> Call:
    now = timezone.now()
    told = {"state": "ended", "outcome": "failed", "started_at": now, "ended_at": now, **values}
    OutboundCall.objects.filter(pk=row.pk).update(state="dialled", claimed_at=now, over_at=now)
    return Call.objects.create(pk=row.pk, direction="outbound", to_number=PERSON, **told)


def test_the_first_try_and_the_reserve_s_lead_to_each_other(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    main, reserve = make_number(), make_number("+74991124149")
    first = OutboundCall.objects.create(to_number=PERSON, number=main, trunk=main.trunk)
    second = OutboundCall.objects.create(
        to_number=PERSON, number=reserve, trunk=reserve.trunk, retry_of=first
    )
    ended_call(first, reason="answer_503", sip_status=503)
    client = log_in("telephony.view_call", "telephony.add_outboundcall")
    page = client.get(f"/calls/{first.pk}/").content.decode()
    # The reserve's try has no call yet: the page looks again until it has.
    assert f"so “{reserve.trunk}” was to call as the reserve" in page and "data-goes-on" in page
    assert f"/calls/{second.pk}/" not in page
    ended_call(second, outcome="answered")
    page = client.get(f"/calls/{first.pk}/").content.decode()
    assert f'href="/calls/{second.pk}/"' in page and "data-goes-on" not in page
    page = client.get(f"/calls/{second.pk}/").content.decode()
    assert f"“{main.trunk}” could not put it through first" in page
    assert f'href="/calls/{first.pk}/"' in page
    for row, other in ((first, second), (second, first)):
        page = client.get(f"/calls-out/{row.pk}/").content.decode()
        assert f'href="/calls-out/{other.pk}/"' in page


def test_a_reserve_that_might_not_call_either_says_why_on_the_first_call(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    main, reserve = make_number(), make_number("+74991124149")
    first = OutboundCall.objects.create(to_number=PERSON, number=main, trunk=main.trunk)
    why = Sentence("The number, its connection or the assistant is no longer there.")
    OutboundCall.objects.create(
        to_number=PERSON,
        trunk=reserve.trunk,
        retry_of=first,
        state="failed",
        over_at=timezone.now(),
        result=why.to_json(),
    )
    ended_call(first, reason="answer_503", sip_status=503)
    page = log_in("telephony.view_call").get(f"/calls/{first.pk}/").content.decode()
    assert why.msgid in page and "data-goes-on" not in page and "See its call" not in page


def test_the_page_of_a_call_out_takes_one_query_more_for_all_its_tries(
    log_in: LogIn, agent: Agent, make_number: MakeNumber
) -> None:
    client, counts = log_in("telephony.view_call"), []
    main = make_number()
    client.get("/report/")  # what pages keep for some seconds is read now
    for tries in (1, 2):
        row = OutboundCall.objects.create(to_number=PERSON, number=main, trunk=main.trunk)
        ended_call(row)
        if tries == 2:
            again = OutboundCall.objects.create(
                to_number=PERSON, trunk=main.trunk, retry_of=row, state="dialled"
            )
            ended_call(again)
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/calls/{row.pk}/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_password_for_calls_out_is_kept_and_never_shown(
    admin_client: Client, admin_user: User, make_number: MakeNumber
) -> None:
    User.objects.update(language="en", set_up_at=timezone.now())
    trunk = make_number(out_username="login7", out_password="hush-hush").trunk
    url = f"/admin/telephony/trunk/{trunk.pk}/change/"
    page = admin_client.get(url).content.decode()
    assert "login7" in page and "hush-hush" not in page
    answer = admin_client.post(
        url,
        {
            "name": trunk.name,
            "spelling": "any",
            "addresses": "203.0.113.7",
            "is_active": "on",
            "revision": trunk.revision,
            "out_address": "sip.example",
            "out_username": "login7",
            "out_prefixes": "+7 (495)\n",
            "out_minutes": "",
        },
    )
    assert b"hush-hush" not in answer.content
    stored = Trunk.objects.get()
    assert stored.out_password == "hush-hush" and stored.out_minutes == 300


def test_presets_fill_what_they_know_and_never_switch_calls_out_on() -> None:
    for preset in PRESETS:
        values = settings_from(preset)
        Trunk(name=preset.slug, **values).full_clean()
        assert "out_address" not in values
    zadarma = find("zadarma")
    assert zadarma and server_of(zadarma) == "sip.zadarma.com"
    assert settings_from(zadarma)["out_identity"] == "P-Asserted-Identity"


def test_the_wizard_s_connection_has_the_preset_s_settings_for_calls_out(agent: Agent) -> None:
    preset = find("novofon")
    assert preset is not None
    asked = connecting.Connection(
        key=uuid.uuid4(), preset=preset, name="Novofon", way={}, numbers=(), agent=agent
    )
    with translation.override("en"):
        trunk = connecting.edit_for(asked).changes[0]
    assert trunk.values["out_spelling"] == "digits" and "out_address" not in trunk.values
