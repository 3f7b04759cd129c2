"""The inbox of refused calls: what it says, what its buttons do, and who may press them."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from telephony import refusals, sync
from telephony.models import (
    Call,
    Difference,
    DispatchRule,
    IgnoredSource,
    PhoneNumber,
    PublishedObject,
    Refused,
    Trunk,
)
from telephony.reasons import sentence
from telephony.routetest import why_refused
from telephony.turned_away import SCANS_FROM
from tests.journal.test_refusals import refused as refused_state
from tests.monitoring.conftest import MakeUser
from veyra.models import Pulse

LoggedIn = Callable[..., Client]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well")]

READS = ("telephony.view_call", "telephony.view_refused")
ENGINEER = (
    *READS,
    "telephony.add_phonenumber",
    "telephony.view_phonenumber",
    "telephony.change_trunk",
    "telephony.view_trunk",
    "telephony.add_ignoredsource",
    "telephony.delete_ignoredsource",
)
PROVIDER, NOVOFON, STRANGE = "192.0.2.55", "37.139.38.7", "203.0.113.7"


@pytest.fixture
def trunk(number: PhoneNumber, rule: DispatchRule, settings: LazySettings) -> Trunk:
    """Novofon's, with a rule for all its numbers."""
    settings.SIP_TEST_FROM = ""
    Trunk.objects.update(addresses="192.0.2.0/24", provider="novofon", name="Novofon")
    return Trunk.objects.get()


def refused(called: str = "74991120000", **fields: Any) -> Refused:
    now = timezone.now()
    given: dict[str, Any] = {"address": STRANGE, "caller": "79161230001"}
    given |= {"reason": "unknown_number", "first_at": now, "last_at": now}
    return Refused.objects.create(number=called, **given | fields)


def refused_call(called: str = "74991120000", address: str = PROVIDER, **fields: Any) -> Call:
    given = {"from_number": "79161230001", "started_at": timezone.now(), "state": "ended"}
    return Call.objects.create(
        to_number=called,
        source_ip=address,
        outcome="rejected",
        reason="unknown_number",
        **given | fields,
    )


def read(client: Client) -> str:
    return client.get("/turned-away/").content.decode()


def door(html: str, kind: str) -> str:
    found = re.search(rf"/turned-away/[0-9a-f]+/{kind}/", html)
    assert found, html
    return found[0]


def seen_on(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found, html
    return found[1]


def test_an_empty_inbox_says_what_it_is_for(logged_in: LoggedIn) -> None:
    assert "Nobody was turned away." in read(logged_in(*READS))


def test_without_the_tap_it_says_what_it_cannot_see(logged_in: LoggedIn) -> None:
    client = logged_in(*READS)
    assert "Nobody listens to the call entrance now." in read(client)
    Pulse.beat("tap")
    assert "Nobody listens to the call entrance now." not in read(client)


def test_calls_and_counted_attempts_alike_are_one_line(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call()
    refused("+74991120000", count=4, address=PROVIDER)
    html = read(logged_in(*READS))
    assert html.count('class="vy-refusal"') == 1 and "5 times" in html
    assert "We have no number +7 499 112-00-00. Add it, if it is ours." in html


def test_what_is_older_than_a_month_is_gone(logged_in: LoggedIn, trunk: Trunk) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    refused_call(started_at=long_ago)
    refused(first_at=long_ago, last_at=long_ago)
    assert "Nobody was turned away." in read(logged_in(*READS))


def test_a_blocked_caller_is_nothing_to_be_mended(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call()
    Call.objects.update(reason="blocked")
    assert "Nobody was turned away." in read(logged_in(*READS))


def test_one_click_adds_a_number_to_the_connection_that_brought_it(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused_call()
    client = logged_in(*ENGINEER)
    html = read(client)
    assert "Add +7 499 112-00-00 to “Novofon”" in html
    answer = client.post(door(html, "number"), {"trunk": trunk.pk, "at_once": "1"}, follow=True)
    assert "is added to “Novofon”. Call once more." in answer.content.decode()
    assert PhoneNumber.objects.get(number="+74991120000").trunk == trunk
    note = "Added to “Novofon” from the calls that were turned away."
    assert LogEntry.objects.get().get_change_message() == note


def test_a_mended_line_says_so_once_livekit_has_it(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call()
    client = logged_in(*ENGINEER)
    client.post(door(read(client), "number"), {"trunk": trunk.pk, "at_once": "1"})
    assert "Mended" not in read(client)
    publish(trunk)
    html = read(client)
    assert "Mended" in html and "such a call is answered. Call again." in html


@pytest.mark.parametrize("reason", ["no_codec", "no_encryption", "bad_offer"])
def test_a_call_that_was_wrong_itself_is_not_mended_by_the_line(
    logged_in: LoggedIn, trunk: Trunk, reason: str
) -> None:
    call = refused_call("74991124148")
    Call.objects.update(reason=reason)
    publish(trunk)
    html = read(logged_in(*READS))
    assert str(sentence(reason)) in unescape(html) and "Mended" not in html
    call.refresh_from_db()
    assert why_refused(call) is None


def test_a_conflict_with_what_is_not_ours_leads_to_the_differences(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused_call("74991124148")
    Call.objects.update(reason="number_conflict")
    publish(trunk)
    client = logged_in(*ENGINEER, "telephony.change_dispatchrule")
    assert "Mended" in read(client)
    Difference.objects.create(
        kind="trunk",
        whose=Difference.Whose.NOBODY,
        livekit_id="ST_1",
        name="x",
        since=timezone.now(),
    )
    html = read(client)
    assert "Mended" not in html and "/differences/" in html


def publish(trunk: Trunk) -> None:
    """LiveKit has everything that is saved."""
    wanted = sync.desired()
    keys = [each.key for each in wanted.trunks] + [each.key for each in wanted.rules]
    keys += [f"number:{number.key}" for number in PhoneNumber.objects.all()]
    PublishedObject.objects.all().delete()
    for key in keys:
        PublishedObject.objects.create(kind="number", key=key, source=trunk.key, state="live")


def test_a_number_that_nobody_would_answer_is_shown_before_it_is_added(
    logged_in: LoggedIn, trunk: Trunk, rule: DispatchRule, make_user: MakeUser
) -> None:
    rule.trunks.clear()
    rule.numbers.add(PhoneNumber.objects.get())
    refused_call()
    client = logged_in(*ENGINEER)
    url = door(read(client), "number")
    shown = client.post(url, {"trunk": trunk.pk, "at_once": "1"}).content.decode()
    assert "nobody answers it yet" in shown and PhoneNumber.objects.count() == 1
    client.post(url, {"trunk": trunk.pk, "seen": seen_on(shown)})
    assert PhoneNumber.objects.count() == 2
    client.force_login(make_user("telephony.add_dispatchrule", *READS, name="boss"))
    assert "Choose who answers" in read(client)


def test_where_it_cannot_be_told_which_connection_it_is_people_choose(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    Trunk.objects.create(name="Exchange", addresses="198.51.100.1")
    refused()
    client = logged_in(*ENGINEER)
    html = read(client)
    assert "Add +7 499 112-00-00 to a connection…" in html
    choice = client.get(door(html, "number")).content.decode()
    assert "Novofon" in choice and "Exchange" in choice
    assert "Support" in client.get(f"{door(html, 'number')}?trunk={trunk.pk}").content.decode()


def test_what_scanners_dial_is_no_number_to_be_added(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused("900441234567")
    html = read(logged_in(*ENGINEER))
    assert "“900441234567” cannot be a number of ours" in html
    assert "/number/" not in html and "Not ours: ignore this source" in html


def test_a_knock_at_the_sign_in_is_allowed_for_a_line_that_signs_in(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused("", caller="", reason="stranger")
    client = logged_in(*ENGINEER)
    assert "/address/" not in read(client)
    for name in ("Login 1", "Login 2"):
        Trunk.objects.create(name=name, register_at="sip.example.com", register_login="1")
    choice = client.get(door(read(client), "address")).content.decode()
    assert "Login 1" in choice and "Login 2" in choice and "Novofon" not in choice
    signs_in = Trunk.objects.get(name="Login 2")
    url = door(read(client), "address")
    page = client.get(f"{url}?trunk={signs_in.pk}").content.decode()
    yes = {"trunk": signs_in.pk, "address": STRANGE, "typed": STRANGE, "seen": seen_on(page)}
    client.post(url, yes)
    signs_in.refresh_from_db()
    assert signs_in.addresses == STRANGE


def test_a_number_in_a_spelling_that_livekit_does_not_take_is_not_added(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused_call("4991120000")
    html = read(logged_in(*ENGINEER))
    assert "it writes “4991120000”, which nobody understands" in html and "/number/" not in html


def test_a_known_address_of_the_provider_is_allowed_after_a_look(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused_call("74991124148", NOVOFON)
    refused("74991120000", address=NOVOFON)
    client = logged_in(*ENGINEER)
    html = read(client)
    assert f"Allow {NOVOFON}…" in html
    url = door(html, "address")
    shown = client.get(url).content.decode()
    for words in (
        "It is in a network of Novofon.",
        f"What {NOVOFON} has tried",
        "+7 499 112-00-00",
        f"calls from {NOVOFON} are taken",
    ):
        assert words in shown
    assert 'name="typed"' not in shown


def test_what_is_left_out_of_a_long_list_is_told(
    logged_in: LoggedIn, trunk: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.refusal_views.MOST_TRIES", 2)
    refused_call("74991124148", NOVOFON)
    refused("74991120000", address=NOVOFON)
    client = logged_in(*ENGINEER)
    url = door(read(client), "address")
    assert "Only the newest" not in client.get(url).content.decode()
    refused("74991120001", address=NOVOFON)
    assert "Only the newest 2 are shown." in client.get(url).content.decode()


def test_allowing_an_address_puts_it_into_the_list(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call("74991124148", NOVOFON)
    client = logged_in(*ENGINEER)
    url = door(read(client), "address")
    page = client.get(url).content.decode()
    answer = client.post(url, {"seen": seen_on(page), "address": NOVOFON}, follow=True)
    assert f"“Novofon” takes calls from {NOVOFON} now." in answer.content.decode()
    trunk.refresh_from_db()
    assert trunk.addresses == f"192.0.2.0/24\n{NOVOFON}"
    assert LogEntry.objects.get().get_change_message() == f"Allowed {NOVOFON}."


def test_a_strange_address_is_typed_before_it_is_allowed(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call("74991124148", STRANGE)
    client = logged_in(*ENGINEER)
    url = door(read(client), "address")
    page = client.get(url).content.decode()
    assert "It is in no network of a provider that we know." in page
    yes = {"seen": seen_on(page), "address": STRANGE}
    answer = client.post(url, yes)
    assert answer.status_code == 400 and "type it here" in answer.content.decode()
    trunk.refresh_from_db()
    assert STRANGE not in trunk.addresses
    client.post(url, {**yes, "typed": STRANGE})
    trunk.refresh_from_db()
    assert STRANGE in trunk.addresses


def test_an_inner_address_is_allowed_by_no_button(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call("74991124148", "172.17.0.1")
    client = logged_in(*ENGINEER)
    url = door(read(client), "address")
    page = client.get(url).content.decode()
    assert "Behind such an address stands anybody" in page and "<button" in page
    answer = client.post(url, {"seen": "x", "typed": "172.17.0.1"})
    assert answer.status_code == 400
    trunk.refresh_from_db()
    assert "172.17.0.1" not in trunk.addresses


def test_a_scanner_is_one_line_and_is_not_allowed(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call("74991124148", STRANGE)
    client = logged_in(*ENGINEER)
    url = door(read(client), "address")
    for n in range(SCANS_FROM):
        refused(f"90044123456{n}")
    html = read(client)
    assert f'data-scanner="{STRANGE}"' in html and "/address/" not in html
    answer = client.post(url, {"typed": STRANGE, "address": STRANGE, "seen": "x"}, follow=True)
    assert f"{STRANGE} tries number after number" in answer.content.decode()
    trunk.refresh_from_db()
    assert STRANGE not in trunk.addresses


def test_an_ignored_source_is_only_counted_until_it_is_restored(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    state = refused_state(source_ip=STRANGE, to_number="74991124148")
    assert refusals.is_worth_a_call(state)
    refused()
    client = logged_in(*ENGINEER)
    client.post("/turned-away/ignore/", {"address": STRANGE})
    html = read(client)
    assert "vy-refusal" not in html and "1 ignored address" in html
    assert not refusals.is_worth_a_call(state)
    client.post(f"/turned-away/ignored/{IgnoredSource.objects.get().pk}/")
    assert "vy-refusal" in read(client) and refusals.is_worth_a_call(state)
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize("address", [PROVIDER, "", "nobody", "192.0.2.0/24"])
def test_an_address_of_ours_or_of_nobody_is_not_ignored(
    logged_in: LoggedIn, trunk: Trunk, address: str
) -> None:
    answer = logged_in(*ENGINEER).post("/turned-away/ignore/", {"address": address}, follow=True)
    assert answer.status_code == 200 and not IgnoredSource.objects.exists()


@pytest.mark.parametrize("kind", ["number", "address"])
def test_a_line_that_is_gone_says_so(logged_in: LoggedIn, kind: str) -> None:
    answer = logged_in(*ENGINEER).get(f"/turned-away/{'0' * 32}/{kind}/", follow=True)
    assert "This line is no longer here" in answer.content.decode()


def test_what_was_mended_meanwhile_is_not_mended_twice(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call()
    client = logged_in(*ENGINEER)
    url = door(read(client), "number")
    for _ in range(2):
        answer = client.post(url, {"trunk": trunk.pk, "at_once": "1"})
        assert answer.status_code == 302
    assert PhoneNumber.objects.filter(number="+74991120000").count() == 1


DOORS = {
    "/turned-away/": ("telephony.view_refused", "telephony.view_call"),
    f"/turned-away/{'0' * 32}/number/": ("telephony.add_phonenumber",),
    f"/turned-away/{'0' * 32}/address/": ("telephony.change_trunk",),
    "/turned-away/ignore/": ("telephony.add_ignoredsource",),
    "/turned-away/ignored/1/": ("telephony.delete_ignoredsource",),
}


@pytest.mark.parametrize(("path", "needs"), DOORS.items())
def test_a_door_is_closed_without_its_right(
    logged_in: LoggedIn, path: str, needs: tuple[str, ...]
) -> None:
    client = logged_in(*set(ENGINEER).difference(needs))
    assert client.post(path).status_code == 403


def test_buttons_that_a_person_may_not_press_are_not_drawn(
    logged_in: LoggedIn, trunk: Trunk
) -> None:
    refused_call()
    refused_call("74991124148", NOVOFON)
    IgnoredSource.objects.create(address=STRANGE)
    html = read(logged_in(*READS))
    assert "vy-refusal" in html
    for words in ("/number/", "/address/", "ignore/", "ignored/"):
        assert f"/turned-away/{words}" not in html and f'{words}"' not in html


def test_many_lines_take_as_many_queries_as_one(
    logged_in: LoggedIn, trunk: Trunk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = logged_in(*ENGINEER)
    refused_call()
    refused_call("74991124148", NOVOFON)
    read(client)
    with CaptureQueriesContext(connection) as one:
        read(client)
    for n in range(20):
        refused_call(f"7499112000{n % 10}", f"192.0.2.{n + 1}")
        refused_call("74991124148", NOVOFON, from_number=f"7916123000{n}")
    with django_assert_num_queries(len(one)):
        read(client)


def test_no_number_stands_in_an_address_that_is_logged(logged_in: LoggedIn, trunk: Trunk) -> None:
    refused_call()
    addresses = re.findall(r'(?:href|action)="([^"]*)"', read(logged_in(*ENGINEER)))
    assert not [address for address in addresses if "112" in address]
