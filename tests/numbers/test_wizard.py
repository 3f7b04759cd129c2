"""The wizard: from a provider's name to a call that is seen to come."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agentworker.models import Agent
from telephony import arrivals
from telephony.models import (
    CallEvent,
    DispatchRule,
    ExpectedCall,
    Gateway,
    PhoneNumber,
    Refused,
    Trunk,
)
from telephony.providers import PRESETS
from telephony.tasks import tidy
from veyra.models import Pulse, User

pytestmark = pytest.mark.django_db
CALLER, NUMBER = "+79161234567", "+74991124148"
NOVOFON = reverse("connect-address", args=["novofon"])


def form(agent: Agent, **values: str) -> dict[str, Any]:
    return {
        "key": "1d2f5d2c-6d1e-4ad0-9d4b-5c2b6a0f3a11",
        "name": "Novofon",
        "numbers": "8 (499) 112-41-48",
        "agent": agent.pk,
        "addresses": "37.139.38.0/24",
        **values,
    }


def connect(staff: Client, url: str, values: dict[str, Any]) -> Any:
    """What a person does: reads what will change, and says yes."""
    shown = staff.post(url, values)
    impact = shown.context and shown.context.get("impact")
    return staff.post(url, {**values, "seen": impact.token}) if impact else shown


@pytest.fixture
def number(trunk: Trunk) -> PhoneNumber:
    return PhoneNumber.objects.create(number=NUMBER, trunk=trunk)


@pytest.fixture
def expected(number: PhoneNumber) -> ExpectedCall:
    return arrivals.expect(number, CALLER, User.objects.create(username="boris"))


def invite(address: str, caller: str = "79161234567", called: str = "74991124148") -> None:
    CallEvent.objects.create(
        event_id=f"{address}{caller}{called}",
        source=CallEvent.Source.TAP,
        kind="invite",
        at=timezone.now(),
        sip_call_id=f"SCL_{caller}",
        payload={"from": caller, "to": called, "source_ip": address},
    )


def test_every_provider_has_its_page(staff: Client, agent: Agent) -> None:
    listed = staff.get(reverse("connect")).content.decode()
    for preset in PRESETS:
        page = reverse("connect-provider", args=[preset.slug])
        assert page in listed
        assert staff.get(page, follow=True).status_code == 200
        for name, has in (("connect-address", preset.sends), ("connect-login", preset.sign_in)):
            found = staff.get(reverse(name, args=[preset.slug])).status_code
            assert found == (200 if has else 404)
    assert staff.get(reverse("connect-provider", args=["nobody"])).status_code == 404


def test_the_provider_fills_in_addresses_and_says_what_is_not_confirmed(
    staff: Client, agent: Agent
) -> None:
    Gateway.objects.create(pk=1, host="sip.myveyra.ai", port=5060)
    page = staff.get(NOVOFON).content.decode()
    assert "37.139.38.0/24" in page
    assert "not confirmed" in page
    assert "NUMBER@sip.myveyra.ai:5060" in page


def test_what_will_change_is_shown_before_anything_is_saved(staff: Client, agent: Agent) -> None:
    shown = staff.post(NOVOFON, form(agent))
    assert "+7 499 112-41-48: nobody -&gt; Support." in shown.content.decode()
    assert not Trunk.objects.exists()


def test_one_form_makes_the_connection_its_numbers_and_who_answers(
    staff: Client, agent: Agent, woken: list[str]
) -> None:
    done = connect(staff, NOVOFON, form(agent, numbers="8 (499) 112-41-48\n+7 499 112 41 49"))
    trunk, rule = Trunk.objects.get(), DispatchRule.objects.get()
    assert (trunk.provider, trunk.addresses) == ("novofon", "37.139.38.0/24")
    assert trunk.learned_spelling == "digits" and trunk.learned_at is None
    numbers = list(PhoneNumber.objects.values_list("number", flat=True))
    assert numbers == [NUMBER, "+74991124149"]
    assert (rule.agent, list(rule.trunks.all())) == (agent, [trunk])
    assert done.url == reverse("connect-call", args=[PhoneNumber.objects.get(number=NUMBER).pk])
    assert "telephony.apply" in woken


def test_a_number_that_another_connection_has_is_refused(
    staff: Client, agent: Agent, number: PhoneNumber
) -> None:
    shown = connect(staff, NOVOFON, form(agent, name="Second"))
    assert "Two lines claim +7 499 112-41-48" in shown.content.decode()
    assert Trunk.objects.count() == 1


def test_an_address_outside_the_provider_is_typed_twice(staff: Client, agent: Agent) -> None:
    strange = form(agent, addresses="37.139.38.0/24\n185.10.20.30")
    refused = staff.post(NOVOFON, strange)
    assert refused.status_code == 400
    assert "We do not know these as the provider" in refused.content.decode()
    assert staff.post(NOVOFON, {**strange, "repeat": "185.10.20.31"}).status_code == 400
    connect(staff, NOVOFON, {**strange, "repeat": "185.10.20.30"})
    assert Trunk.objects.get().addresses == "37.139.38.0/24\n185.10.20.30"


def test_the_same_form_twice_makes_one_connection(staff: Client, agent: Agent) -> None:
    first = connect(staff, NOVOFON, form(agent))
    again: Any = staff.post(NOVOFON, form(agent))
    assert again.url == first.url
    assert Trunk.objects.count() == 1


def test_an_open_connection_is_not_made(staff: Client, agent: Agent) -> None:
    page = staff.post(NOVOFON, form(agent, addresses=" \n"))
    assert page.status_code == 400
    assert "everybody on the internet could call" in page.content.decode()


@pytest.mark.parametrize("numbers", ["", "hello", "8 499 112"])
def test_what_is_no_number_is_told(staff: Client, agent: Agent, numbers: str) -> None:
    assert staff.post(NOVOFON, form(agent, numbers=numbers)).status_code == 400
    assert not PhoneNumber.objects.exists()


def test_only_that_caller_and_that_number_count(expected: ExpectedCall) -> None:
    invite("37.139.38.1", caller="79990000000")
    invite("37.139.38.2", called="74951112233")
    assert arrivals.the_one(arrivals.of(expected)) is None
    invite("37.139.38.3", caller="89161234567")
    found = arrivals.the_one(arrivals.of(expected))
    assert found and (found.address, found.called) == ("37.139.38.3", "74991124148")


def test_calls_from_before_the_question_do_not_count(number: PhoneNumber) -> None:
    invite("37.139.38.1")
    expected = arrivals.expect(number, CALLER, User.objects.create(username="boris"))
    assert arrivals.of(expected) == []


def test_a_call_that_was_turned_away_and_forgotten_is_still_found(expected: ExpectedCall) -> None:
    later = expected.asked_at + timedelta(seconds=8)
    Refused.objects.create(
        address="185.1.2.3",
        number="84991124148",
        caller="+79161234567",
        reason="no_rule",
        first_at=later,
        last_at=later,
    )
    found = arrivals.the_one(arrivals.of(expected))
    assert found and (found.address, found.reason) == ("185.1.2.3", "no_rule")


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("37.139.38.7", "listed"),
        ("185.45.152.10", "strange"),
        ("172.17.0.1", "inner"),
        ("127.0.0.1", "inner"),
        ("192.168.1.1", "inner"),
        ("::1", "inner"),
        ("", "unknown"),
    ],
)
def test_where_a_call_came_from_is_judged(trunk: Trunk, address: str, origin: str) -> None:
    assert arrivals.origin(address, trunk) == origin


def test_the_invite_is_shown_as_it_came(staff: Client, expected: ExpectedCall) -> None:
    page = reverse("connect-wait", args=[expected.pk])
    assert "Waiting for your call" in staff.get(page).content.decode()
    Pulse.beat("tap")
    invite("185.45.152.10")
    part = staff.get(page, {"part": 1}).content.decode()
    assert "It came: from 185.45.152.10, number written 74991124148" in part
    assert "your number is written 79161234567" in part


def test_an_address_of_the_provider_is_added_by_a_button(
    staff: Client, expected: ExpectedCall, trunk: Trunk
) -> None:
    Trunk.objects.update(addresses="37.139.38.1")
    invite("37.139.38.7")
    staff.post(reverse("connect-admit", args=[expected.pk]))
    assert Trunk.objects.get().addresses == "37.139.38.1\n37.139.38.7"
    assert ExpectedCall.objects.count() == 2


def test_a_strange_address_is_added_only_when_typed(
    staff: Client, expected: ExpectedCall, trunk: Trunk
) -> None:
    invite("185.45.152.10")
    admit = reverse("connect-admit", args=[expected.pk])
    for typed in ("", "185.45.152.1"):
        staff.post(admit, {"typed": typed})
        assert Trunk.objects.get().addresses == "37.139.38.0/24"
    staff.post(admit, {"typed": " 185.45.152.10 "})
    assert Trunk.objects.get().addresses == "37.139.38.0/24\n185.45.152.10"


@pytest.mark.parametrize("address", ["172.17.0.1", "127.0.0.1", "10.0.0.5"])
def test_an_inner_address_is_never_added_by_a_button(
    staff: Client, expected: ExpectedCall, trunk: Trunk, address: str
) -> None:
    invite(address)
    assert "<form" not in _part(staff, expected)
    staff.post(reverse("connect-admit", args=[expected.pk]), {"typed": address})
    assert Trunk.objects.get().addresses == "37.139.38.0/24"


def _part(staff: Client, expected: ExpectedCall) -> str:
    return staff.get(reverse("connect-wait", args=[expected.pk]), {"part": 1}).content.decode()


def test_a_number_written_without_its_country_is_told(
    staff: Client, expected: ExpectedCall
) -> None:
    invite("37.139.38.7", called="4991124148")
    assert "with its country code" in _part(staff, expected)


def test_another_caller_is_listed_but_not_taken(staff: Client, expected: ExpectedCall) -> None:
    invite("37.139.38.7", caller="100")
    part = _part(staff, expected)
    assert "Waiting for your call" in part
    assert "from 37.139.38.7, caller written 100" in part


@pytest.mark.parametrize(
    "name",
    [
        "connect",
        "connect-provider",
        "connect-address",
        "connect-login",
        "connect-sign-in",
        "connect-call",
        "connect-wait",
    ],
)
def test_nobody_without_the_right_sees_the_wizard(
    client: Client, expected: ExpectedCall, name: str
) -> None:
    args: dict[str, list[Any]] = {
        "connect-provider": ["novofon"],
        "connect-address": ["novofon"],
        "connect-login": ["novofon"],
        "connect-sign-in": [expected.number.trunk.pk],
        "connect-call": [expected.number.pk],
        "connect-wait": [expected.pk],
    }
    client.force_login(User.objects.create_user("oleg", is_staff=True, set_up_at=timezone.now()))
    assert client.get(reverse(name, args=args.get(name, []))).status_code == 403


def test_a_number_s_page_leads_to_a_call_from_one_s_own_phone(
    staff: Client, number: PhoneNumber
) -> None:
    page = staff.get(reverse("admin:telephony_phonenumber_change", args=[number.pk]))
    assert reverse("connect-call", args=[number.pk]) in page.content.decode()
    assert (
        "+7 499 112-41-48" in staff.get(reverse("connect-call", args=[number.pk])).content.decode()
    )


def test_the_telephone_that_a_person_typed_is_forgotten_after_a_day(
    expected: ExpectedCall, settings: LazySettings
) -> None:
    again = arrivals.expect(expected.number, CALLER, User.objects.get())
    for row, hours in ((expected, 25), (again, 23)):
        asked_at = timezone.now() - timedelta(hours=hours)
        ExpectedCall.objects.filter(pk=row.pk).update(asked_at=asked_at)
    tidy()
    assert ExpectedCall.objects.get() == again
    assert settings.CELERY_BEAT_SCHEDULE["tidy"] == {"task": tidy.name, "schedule": 3600.0}


def test_what_is_no_phone_is_told(staff: Client, number: PhoneNumber) -> None:
    page = staff.post(reverse("connect-call", args=[number.pk]), {"caller": "my phone"})
    assert page.status_code == 400
    assert not ExpectedCall.objects.exists()
