"""The wizard for whom a provider gave a login and a password, and what it says of the sign-in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from agentworker.models import Agent
from telephony import signing
from telephony.models import DispatchRule, PhoneNumber, Registration, Trunk
from telephony.sign_in_forms import ANOTHER_SERVER
from tests.numbers.test_wizard import NUMBER, connect
from veyra.models import Pulse
from veyra.secrets import encrypt

pytestmark = pytest.mark.django_db
NOVOFON = reverse("connect-login", args=["novofon"])
PASSWORD = "kept-by-nobody"  # a canary
State = Registration.State


def form(agent: Agent, **values: str) -> dict[str, Any]:
    return {
        "key": "1d2f5d2c-6d1e-4ad0-9d4b-5c2b6a0f3a11",
        "register_at": "sip.novofon.ru",
        "register_login": "123456",
        "register_password": PASSWORD,
        "numbers": "8 (499) 112-41-48",
        "agent": agent.pk,
        "name": "Novofon",
        **values,
    }


@pytest.fixture
def line() -> Trunk:
    return Trunk.objects.create(
        name="Novofon",
        provider="novofon",
        register_at="sip.novofon.ru",
        register_login="123456",
        register_password=PASSWORD,
    )


def stands(line: Trunk, state: str, msgid: str = "", **values: Any) -> Registration:
    Pulse.beat(signing.PULSE)
    return Registration.objects.create(
        trunk=line, state=state, result={"msgid": msgid, "values": {}}, **values
    )


def part(staff: Client, line: Trunk) -> str:
    return staff.get(reverse("connect-sign-in", args=[line.pk]), {"part": 1}).content.decode()


# What is typed


def test_novofon_is_asked_which_of_the_two_ways_it_is(staff: Client) -> None:
    page = staff.get(reverse("connect-provider", args=["novofon"])).content.decode()
    assert "Calls are sent to our address" in page
    assert "I was given a login and a password" in page
    assert NOVOFON in page and reverse("connect-address", args=["novofon"]) in page


def test_a_provider_with_one_way_is_not_asked(staff: Client) -> None:
    for slug, name in (("twilio", "connect-address"), ("beeline", "connect-login")):
        answer: Any = staff.get(reverse("connect-provider", args=[slug]))
        assert answer.url == reverse(name, args=[slug])


def test_only_server_login_password_and_number_are_asked(staff: Client, agent: Agent) -> None:
    asked = staff.get(NOVOFON).context["form"]
    plain = [field.name for field in asked.visible_fields() if field.name not in asked.MORE]
    login = ["register_at", "register_login", "register_password"]
    assert plain == [*login, "numbers", "agent"]
    assert asked["register_at"].value() == "sip.novofon.ru"


def test_one_form_makes_the_line_and_waits_for_the_sign_in(
    staff: Client, agent: Agent, woken: list[str]
) -> None:
    shown = staff.post(NOVOFON, form(agent))
    assert "+7 499 112-41-48: nobody -&gt; Support." in shown.content.decode()
    assert not Trunk.objects.exists()
    done = connect(staff, NOVOFON, form(agent))
    line = Trunk.objects.get()
    assert (line.register_at, line.register_login) == ("sip.novofon.ru", "123456")
    assert (line.register_password, line.register_transport) == (PASSWORD, "udp")
    assert (line.addresses, line.username, line.password) == ("", "", "")
    assert line.learned_number_in == "called_did"
    assert PhoneNumber.objects.get().number == NUMBER
    assert DispatchRule.objects.get().agent == agent
    assert done.url == reverse("connect-sign-in", args=[line.pk])
    assert "telephony.apply" in woken


def test_the_password_is_not_typed_again_after_the_look_ahead(staff: Client, agent: Agent) -> None:
    shown = staff.post(NOVOFON, form(agent))
    assert PASSWORD not in shown.content.decode()
    asked = shown.context["form"]
    kept = asked["kept_register_password"].value()
    yes = {"seen": shown.context["impact"].token, "kept_register_password": kept}
    staff.post(NOVOFON, form(agent, register_password="", **yes))
    assert Trunk.objects.get().register_password == PASSWORD


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("register_password", "", "Type the password"),
        ("register_login", "", "Write the login"),
        ("register_at", "", "stands beside the login"),
        ("register_at", "not a server", "is not a provider"),
        ("register_proxy", "sip.novofon.ru:99999", "is not a provider"),
        ("numbers", "hello", ""),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_its_field(
    staff: Client, agent: Agent, name: str, value: str, said: str
) -> None:
    page = staff.post(NOVOFON, form(agent, **{name: value}))
    assert page.status_code == 400
    assert said in " ".join(page.context["form"].errors[name])
    assert not Trunk.objects.exists()


@pytest.mark.parametrize(
    ("at", "login"),
    [
        ("vpbx400.mangosip.ru", "anna@vpbx400.mangosip.ru"),
        ("", "anna@vpbx400.mangosip.ru"),
        ("sip:VPBX400.mangosip.ru;transport=udp", "sip:anna@vpbx400.mangosip.ru"),
    ],
)
def test_a_login_may_be_copied_whole(staff: Client, agent: Agent, at: str, login: str) -> None:
    url = reverse("connect-login", args=["mango"])
    connect(staff, url, form(agent, register_at=at, register_login=login))
    line = Trunk.objects.get()
    assert (line.register_at, line.register_login) == ("vpbx400.mangosip.ru", "anna")


# What became of it


def test_where_the_program_is_missing_the_line_that_installs_it_is_there(
    staff: Client, agent: Agent, line: Trunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *args, **kwargs: None)
    for page in (NOVOFON, reverse("connect-sign-in", args=[line.pk])):
        text = staff.get(page).content.decode()
        assert "sudo apt install kamailio" in text
        assert "sudo systemctl disable --now kamailio" in text
    Pulse.beat(signing.PULSE)
    assert "apt install" not in staff.get(NOVOFON).content.decode()


def test_the_page_waits_and_then_leads_on_to_the_call(
    staff: Client, line: Trunk, agent: Agent
) -> None:
    number = PhoneNumber.objects.create(number=NUMBER, trunk=line)
    call = reverse("connect-call", args=[number.pk])
    Pulse.beat(signing.PULSE)
    waiting = part(staff, line)
    assert "data-waiting" in waiting and call not in waiting
    msgid = "Signed in until %(until)s; the provider answers from 10.1.1.1."
    stands(line, State.REGISTERED, msgid, until=timezone.now() + timedelta(minutes=5))
    done = part(staff, line)
    assert "data-waiting" in done and call in done
    assert "10.1.1.1" in done


def test_a_refused_sign_in_is_told_and_can_be_corrected_there(
    staff: Client, line: Trunk, woken: list[str]
) -> None:
    stands(line, State.REFUSED, "The password is wrong.", code=403)
    shown = part(staff, line)
    assert "The password is wrong." in shown
    assert "data-wrong" in shown and "data-waiting" in shown
    url = reverse("connect-sign-in", args=[line.pk])
    kept = staff.post(url, {"register_at": "sip.novofon.ru", "register_login": "777"})
    assert kept.status_code == 302
    line.refresh_from_db()
    assert (line.register_login, line.register_password) == ("777", PASSWORD)
    again = {"register_at": "sip.novofon.ru", "register_login": "777", "register_password": "two"}
    staff.post(url, again)
    line.refresh_from_db()
    assert line.register_password == "two"
    assert staff.post(url, {**again, "register_at": "no server"}).status_code == 400


def test_the_same_again_is_tried_at_once(staff: Client, line: Trunk) -> None:
    refused = stands(line, State.REFUSED, "Blocked.", code=403)
    same = {"register_at": "sip.novofon.ru", "register_login": "123456"}
    staff.post(reverse("connect-sign-in", args=[line.pk]), same)
    refused.refresh_from_db()
    assert refused.again_at is not None


def test_without_a_sign_of_life_nothing_is_called_signed_in(line: Trunk) -> None:
    row = stands(line, State.REGISTERED, until=timezone.now())
    assert signing.of(Trunk.objects.get()).is_in  # type: ignore[union-attr]  # it signs in
    Pulse.objects.all().delete()
    shown = signing.of(Trunk.objects.get())
    assert shown and shown.is_wrong and shown.label == "Not running"
    assert row.state == State.REGISTERED


def test_a_line_that_is_switched_off_does_not_wait(line: Trunk) -> None:
    line.is_active = False
    shown = signing.of(line)
    assert shown and shown.tone == "off"


def test_a_line_by_address_has_no_sign_in(staff: Client, trunk: Trunk) -> None:
    assert signing.of(trunk) is None
    assert staff.get(reverse("connect-sign-in", args=[trunk.pk])).status_code == 404


# The connection's own page


def admin_form(**values: Any) -> dict[str, Any]:
    return {"name": "Novofon", "is_active": "on", "spelling": "any", **values}


def save(staff: Client, url: str, values: dict[str, Any]) -> Any:
    shown: Any = staff.post(url, values)
    if shown.status_code != 200 or not shown.context["adminform"].form.asks:
        return shown
    asked = shown.context["adminform"].form
    return staff.post(url, {**values, "seen": asked.impact.token, "accepted": "on"})


def page_of(line: Trunk) -> str:
    return reverse("admin:telephony_trunk_change", args=[line.pk])


def test_the_list_and_the_page_show_how_it_signs_in(staff: Client, line: Trunk) -> None:
    stands(line, State.REFUSED, "", code=404, reason="No such user", over_at=timezone.now())
    stands(line, State.REFUSED, "The password is wrong.", code=403)
    listed = staff.get(reverse("admin:telephony_trunk_changelist")).content.decode()
    assert "The password is wrong." in listed
    page = staff.get(page_of(line)).content.decode()
    assert "The password is wrong." in page
    assert "404 No such user" in page


def test_a_list_without_logins_has_no_column_for_them(staff: Client, trunk: Trunk) -> None:
    page = staff.get(reverse("admin:telephony_trunk_changelist")).content.decode()
    assert "sign-in to the provider" not in page.lower()


def test_the_list_asks_as_little_for_many_as_for_one(
    staff: Client, line: Trunk, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    url = reverse("admin:telephony_trunk_changelist")
    staff.get(url)
    with django_assert_max_num_queries(30) as few:
        staff.get(url)
    for at in range(5):
        Trunk.objects.create(name=f"Line {at}", register_at=f"s{at}.example", register_login="1")
    with django_assert_num_queries(len(few)):
        staff.get(url)


def test_a_login_is_added_on_the_connection_s_page(staff: Client) -> None:
    url = reverse("admin:telephony_trunk_add")
    values = {
        "way": "login",
        "register_login": "anna@sip.provider.example",
        "new_register_password": PASSWORD,
    }
    save(staff, url, admin_form(**values))
    line = Trunk.objects.get()
    assert (line.register_at, line.register_login) == ("sip.provider.example", "anna")
    assert line.register_password == PASSWORD


@pytest.mark.parametrize("missing", ["register_at", "register_login", "new_register_password"])
def test_half_a_login_is_not_saved(staff: Client, missing: str) -> None:
    whole = {"register_at": "s.example", "register_login": "1", "new_register_password": "p"}
    values = admin_form(way="login", **{**whole, missing: ""})
    page = staff.post(reverse("admin:telephony_trunk_add"), values)
    assert missing in page.context["adminform"].form.errors
    assert not Trunk.objects.exists()


def test_an_empty_password_keeps_the_one_that_is_stored(staff: Client, line: Trunk) -> None:
    values = {"way": "login", "register_at": "sip.novofon.ru", "register_login": "777"}
    save(staff, page_of(line), admin_form(**values))
    line.refresh_from_db()
    assert (line.register_login, line.register_password) == ("777", PASSWORD)


def test_a_stored_password_is_not_sent_to_another_server(staff: Client, line: Trunk) -> None:
    url = reverse("connect-sign-in", args=[line.pk])
    moved = {"register_at": "sip.elsewhere.example", "register_login": line.register_login}
    answer = staff.post(url, moved)
    assert answer.context["form"].errors["register_password"] == [str(ANOTHER_SERVER)]
    kept = {"way": "login", "register_at": line.register_at, "register_login": "7"}
    answer = staff.post(page_of(line), admin_form(**kept, register_proxy="b.example"))
    errors = answer.context["adminform"].form.errors
    assert errors["new_register_password"] == [str(ANOTHER_SERVER)]
    line.refresh_from_db()
    assert line.register_proxy == "" and line.register_at != "sip.elsewhere.example"


def test_a_sentence_of_another_day_names_the_day(line: Trunk) -> None:
    long_ago = timezone.now() - timedelta(days=3)
    row = stands(line, State.SILENT, "No answer since %(since)s.", since=long_ago)
    assert date_format(timezone.localtime(long_ago), "j E") in str(row.sentence)


@pytest.mark.parametrize(("listen", "is_told"), [("127.0.0.1", True), ("0.0.0.0", False)])  # noqa: S104  # compared
def test_who_listens_on_this_computer_alone_is_told(
    staff: Client, settings: Any, listen: str, is_told: bool
) -> None:
    settings.SIP_LISTEN = listen
    page = staff.get(reverse("connect-login", args=["novofon"])).content.decode()
    assert ("PUBLIC_IP=auto" in page) is is_told


def test_a_line_that_signs_in_asks_callers_for_no_login(staff: Client, trunk: Trunk) -> None:
    Trunk.objects.update(username="in", password=encrypt("x"))
    values = {
        "way": "login",
        "register_at": "sip.novofon.ru",
        "register_login": "1",
        "new_register_password": "p",
        "username": "in",
        "addresses": "37.139.38.0/24",
    }
    save(staff, page_of(trunk), admin_form(**values))
    trunk.refresh_from_db()
    assert (trunk.username, trunk.password, trunk.register_login) == ("", "", "1")


def test_back_to_our_address_forgets_the_login(staff: Client, line: Trunk) -> None:
    values = {"way": "address", "register_at": "sip.novofon.ru", "addresses": "37.139.38.0/24"}
    save(staff, page_of(line), admin_form(**values))
    line.refresh_from_db()
    assert (line.register_at, line.register_login, line.register_password) == ("", "", "")


def test_no_page_shows_the_password(staff: Client, line: Trunk) -> None:
    list_page = reverse("admin:telephony_trunk_changelist")
    for url in (page_of(line), list_page, reverse("connect-sign-in", args=[line.pk])):
        assert PASSWORD not in staff.get(url).content.decode()
