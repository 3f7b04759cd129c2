"""Logging in: the second step, who needs it, waiting after wrong passwords, sessions, links."""

import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitoring import roles
from veyra.accounts import throttle
from veyra.models import FailedLogin, SecurityEvent, User
from veyra.secrets import PREFIX

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html"}
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


# Of who is not yet known, the browser tells the language.
ENGLISH = {"accept-language": "en"}


def code(ahead: int = 0) -> str:
    """What the app on the telephone shows now, or some half minutes later."""
    return str(totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30 + ahead)))


def person(role: str = "Operator", name: str = "anna", **fields: object) -> User:
    roles.make()
    fields = {"set_up_at": timezone.now(), "language": "en", "is_staff": True} | fields
    user = User.objects.create_user(name, "", "right", **fields)
    user.groups.set(Group.objects.filter(name=role))
    return user


def test_people_are_called_as_their_colleagues_know_them() -> None:
    anna = User(username="anna", first_name="Anna", last_name="Petrova")
    assert (str(anna), str(User(username="boris"))) == ("Anna Petrova", "boris")


def log_in(client: Client, name: str = "anna", password: str = "right") -> str:
    """Where it leads to; "" where it does not let in."""
    form = {"username": name, "password": password, "next": "/admin/"}
    answer = client.post("/admin/login/", form)
    return str(answer.get("Location", ""))


@pytest.fixture
def needed(settings: LazySettings) -> None:
    settings.SECOND_FACTOR_ROLES = ("Owner", "Engineer")


def test_who_has_an_app_gets_in_by_its_code_and_no_code_opens_twice() -> None:
    user = person()
    factor = totp.TOTP.activate(user, SECRET).instance
    assert factor.data["secret"].startswith(PREFIX)
    client, now = Client(), code()
    assert log_in(client) == "/account/code/"
    assert client.get("/admin/").status_code == 302
    assert client.post("/account/code/", {"code": "000000"}).status_code == 200
    assert client.post("/account/code/", {"code": now})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    shoulder = Client(headers=ENGLISH)
    log_in(shoulder)
    assert b"used already" in shoulder.post("/account/code/", {"code": now}).content
    assert shoulder.post("/account/code/", {"code": code(1)})["Location"] == "/admin/"


def test_a_recovery_code_opens_once() -> None:
    user = person()
    totp.TOTP.activate(user, SECRET)
    spare = RecoveryCodes.activate(user).get_unused_codes()[0]
    for expected in (302, 200):
        client = Client()
        log_in(client)
        assert client.post("/account/code/", {"code": spare}).status_code == expected


def test_wrong_codes_count_like_wrong_passwords() -> None:
    totp.TOTP.activate(person(), SECRET)
    client = Client(headers=ENGLISH)
    log_in(client)
    for _ in range(throttle.OF_BOTH):
        client.post("/account/code/", {"code": "000000"})
    assert b"Wait five minutes" in client.post("/account/code/", {"code": code()}).content
    assert FailedLogin.counts(timezone.now())["anna"] == throttle.OF_BOTH


def test_who_was_wrong_often_waits_and_it_is_told_once() -> None:
    person()
    for _ in range(throttle.OF_BOTH):
        assert log_in(Client(), password="wrong") == ""
    assert log_in(Client()) == log_in(Client()) == ""
    assert SecurityEvent.objects.filter(kind="login_attack").count() == 1
    elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    assert log_in(elsewhere) == "/admin/"
    FailedLogin.objects.update(minute=timezone.now() - throttle.WINDOW - timedelta(minutes=1))
    assert log_in(Client()) == "/admin/"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1, 2, None]), st.integers(1, 9))))
def test_nobody_waits_for_few_and_everybody_for_many(counts: list[throttle.Count]) -> None:
    total = sum(count for _where, _who, count in counts)
    if total < throttle.OF_BOTH:
        assert not throttle.must_wait(counts, "a", 1)
    if sum(count for where, _who, count in counts if where == "a") >= throttle.OF_ADDRESS:
        assert throttle.must_wait(counts, "a", None)
    if throttle.must_wait(counts, "a", 1):
        assert throttle.must_wait([*counts, ("a", 1, 1)], "a", 1)


@pytest.mark.usefixtures("needed")
@pytest.mark.parametrize("role", ["Owner", "Engineer"])
def test_who_needs_a_second_factor_opens_nothing_without(role: str) -> None:
    user = person(role)
    client = Client()
    client.force_login(user)
    led = client.get("/live/", headers=HTML)["Location"]
    assert led == "/account/second-factor/?next=%2Flive%2F"
    assert client.get("/live/rows/").status_code == client.post("/live/").status_code == 403
    page = client.get(led).content.decode()
    assert "Set it up now" in page and "Later" not in page
    totp.TOTP.activate(user, SECRET)
    assert client.get("/live/", headers=HTML).status_code == 200


@pytest.mark.usefixtures("needed")
def test_other_roles_may_do_without() -> None:
    client = Client()
    client.force_login(person("Supervisor"))
    assert client.get("/live/", headers=HTML).status_code == 200
    assert "Later" in client.get("/account/second-factor/").content.decode()


@pytest.mark.usefixtures("needed")
def test_the_first_superuser_may_put_it_off_for_a_week() -> None:
    user = person("", is_superuser=True)
    client = Client()
    client.force_login(user)
    assert client.get("/live/", headers=HTML).status_code == 200
    page = client.get("/account/second-factor/?next=/live/").content.decode()
    assert "for 7 days" in page and 'href="/live/"' in page
    User.objects.update(date_joined=timezone.now() - timedelta(days=8))
    assert "second-factor" in client.get("/live/", headers=HTML)["Location"]


@pytest.mark.usefixtures("needed")
def test_who_needs_a_second_factor_does_not_switch_off_the_last() -> None:
    user = person("Engineer")
    totp.TOTP.activate(user, SECRET)
    client = Client()
    log_in(client)
    client.post("/account/code/", {"code": code()})
    assert b"Your role needs a second factor" in client.post("/account/app/off/").content
    assert Authenticator.objects.exists()


def test_a_second_factor_that_is_switched_off_is_told() -> None:
    totp.TOTP.activate(person(), SECRET)
    client = Client()
    log_in(client)
    client.post("/account/code/", {"code": code()})
    assert client.post("/account/app/off/").status_code == 302
    assert not Authenticator.objects.exists()
    assert str(SecurityEvent.objects.get().sentence).startswith("anna")


def test_the_app_is_set_up_by_a_code_and_gives_recovery_codes() -> None:
    person()
    client = Client()
    log_in(client)
    page = client.get("/account/app/").content.decode()
    secret = re.search(r'id="secret">(\w+)<', page)
    assert secret and "data:image/svg" in page and "The six digits" in page
    now = totp.hotp_value(secret[1], int(time.time()) // 30)
    answer = client.post("/account/app/", {"code": totp.format_hotp_value(now)})
    assert answer["Location"] == "/account/codes/"
    shown = client.get("/account/codes/").content.decode()
    assert len(re.findall(r"^(?:<pre[^>]*>)?\d{8}$", shown, re.M)) == 10


def test_a_session_is_ended_from_another_one() -> None:
    person()
    here, there = Client(), Client(headers={"User-Agent": "Mozilla (iPhone) Safari"})
    log_in(here)
    log_in(there)
    page = here.get("/account/").content.decode()
    assert "Safari, iPhone" in page
    mine = UserSession.objects.get(session_key=here.session.session_key)
    other = UserSession.objects.exclude(pk=mine.pk).get()
    here.post(f"/account/sessions/{mine.pk}/end/")
    here.post(f"/account/sessions/{other.pk}/end/")
    assert there.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else() -> None:
    person()
    person(name="boris")
    anna, boris = Client(), Client()
    log_in(anna)
    log_in(boris, "boris")
    his = UserSession.objects.get(session_key=boris.session.session_key)
    anna.post(f"/account/sessions/{his.pk}/end/")
    anna.post("/account/sessions/end/")
    assert boris.get("/admin/").status_code == 200


def test_who_is_no_staff_is_told_so_and_not_led_in_a_circle() -> None:
    client = Client(headers=HTML)
    person(is_staff=False)
    assert log_in(client) == "/admin/"
    assert client.get("/admin/login/").status_code == 403


def test_without_mail_a_forgotten_password_says_whom_to_ask(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert b"resetlogin" in Client().get("/account/forgotten/").content


def test_a_link_of_the_command_sets_a_password_once(capsys: pytest.CaptureFixture[str]) -> None:
    totp.TOTP.activate(person(), SECRET)
    call_command("resetlogin", "anna", "--second-factor")
    link = capsys.readouterr().out.strip().split("\n")[-1]
    assert not Authenticator.objects.exists()
    assert SecurityEvent.objects.get().kind == "factor_off"
    client = Client()
    form = client.get(re.sub(r"^https?://[^/]+", "", link))["Location"]
    words = {"password1": "a-much-longer-word", "password2": "a-much-longer-word"}
    assert client.post(form, words)["Location"] == "/account/new-password/"
    assert log_in(Client(), password="a-much-longer-word") == "/admin/"
    again = Client().get(re.sub(r"^https?://[^/]+", "", link)).content
    assert b"used up" in again or "уже".encode() in again


def test_the_command_knows_only_those_who_are_there() -> None:
    with pytest.raises(CommandError):
        call_command("resetlogin", "nobody")


def test_who_writes_his_address_gets_a_letter_where_he_forgot_his_password(
    settings: LazySettings, mailoutbox: list[EmailMessage]
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    person()
    client = Client(headers=HTML)
    log_in(client)
    client.post("/account/address/", {"email": "anna@example.com"})
    assert "anna@example.com" in client.get("/account/").text
    Client(headers=HTML).post("/account/forgotten/", {"email": "anna@example.com"})
    assert [letter.to for letter in mailoutbox] == [["anna@example.com"]]
    found = re.search(r"/account/new-password/\S+", str(mailoutbox[0].body))
    assert found and Client().get(found.group(), follow=True).status_code == 200


def test_who_logged_in_long_ago_is_asked_again_before_he_changes_his_address() -> None:
    user = person()
    client = Client(headers=HTML)
    log_in(client)
    kept = client.session
    for record in kept["account_authentication_methods"]:
        record["at"] -= 3600
    kept.save()
    answer = client.post("/account/address/", {"email": "thief@example.com"})
    assert "/account/confirm/" in answer["Location"]
    user.refresh_from_db()
    assert user.email == ""
