"""Passwords and codes are not guessed: not by many at once, nor from many addresses of one's own
making, nor by other spellings.
"""

import time

import pytest
from allauth.core import context
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import LazySettings
from django.test import Client, RequestFactory

from tests.people.test_accounts import ENGLISH, SECRET, code, log_in, person
from veyra.accounts import links, throttle
from veyra.models import FailedLogin, SecurityEvent

pytestmark = pytest.mark.django_db


def test_of_many_tries_at_once_only_a_few_are_made(rf: RequestFactory) -> None:
    user, request = person(), rf.post("/account/code/")
    begun = [throttle.begin(request, user) for _ in range(50)]
    made = [one for one in begun if one]
    assert len(made) == throttle.OF_BOTH
    for one in made:
        one.was_right()
    assert throttle.begin(request, user) and SecurityEvent.objects.count() == 1


def test_what_was_right_is_counted_nowhere() -> None:
    person()
    for _ in range(throttle.OF_BOTH + 1):
        assert log_in(Client()) == "/admin/"
    assert not FailedLogin.objects.exists()


def test_who_writes_another_address_into_his_requests_waits_as_well() -> None:
    person()
    for number in range(throttle.OF_BOTH):
        log_in(Client(headers={"X-Forwarded-For": f"198.51.100.{number}"}), password="wrong")
    elsewhere = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert log_in(Client(headers=elsewhere)) == ""


@pytest.mark.parametrize("name", ["Anna", "ANNA", "anna\u200b", "аnna"])
def test_another_spelling_of_a_name_opens_nothing(name: str) -> None:
    """Else each would have tries of its own."""
    person()
    assert log_in(Client(), name=name) == ""


def test_many_names_of_one_address_wait() -> None:
    person()
    for number in range(throttle.OF_ADDRESS):
        log_in(Client(), name=f"guess-{number}", password="wrong")
    assert log_in(Client()) == ""


def test_a_code_opens_no_second_time_with_a_blank_in_it() -> None:
    totp.TOTP.activate(person(), SECRET)
    first, second, now = Client(), Client(headers=ENGLISH), code()
    log_in(first)
    assert first.post("/account/code/", {"code": now}).status_code == 302
    log_in(second)
    for spelled in (f"{now[:3]} {now[3:]}", f"{now[:3]}-{now[3:]}"):
        assert b"used already" in second.post("/account/code/", {"code": spelled}).content


def test_a_code_of_long_ago_opens_nothing() -> None:
    totp.TOTP.activate(person(), SECRET)
    client = Client()
    log_in(client)
    old = totp.format_hotp_value(totp.hotp_value(SECRET, int(time.time()) // 30 - 3))
    assert client.post("/account/code/", {"code": old}).status_code == 200


def test_a_new_password_does_not_do_without_the_second_factor() -> None:
    user = person()
    totp.TOTP.activate(user, SECRET)
    client, link = Client(), "/account/new-password/" + links.new_password(user).split("/")[-2]
    form = client.get(f"{link}/")["Location"]
    words = {"password1": "a-much-longer-word", "password2": "a-much-longer-word"}
    assert client.post(form, words)["Location"] == "/account/new-password/"
    assert client.get("/live/").status_code == 302
    assert log_in(Client(), password="a-much-longer-word") == "/account/code/"


def test_recovery_codes_alone_are_no_second_factor_and_each_opens_once() -> None:
    user = person()
    totp.TOTP.activate(user, SECRET)
    spare = RecoveryCodes.activate(user).get_unused_codes()[0]
    first, second = Client(), Client()
    log_in(first)
    log_in(second)
    assert first.post("/account/code/", {"code": spare}).status_code == 302
    assert second.post("/account/code/", {"code": f"{spare[:4]} {spare[4:]}"}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://testserver.evil.example", "http://testserver", "null"],
)
def test_a_passkey_that_was_used_on_another_site_opens_nothing(
    rf: RequestFactory, settings: LazySettings, origin: str
) -> None:
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    with context.request_context(rf.get("/", headers={"Host": "testserver"})):
        judged = webauthn.get_server()._verify
        assert judged("https://testserver") and not judged(origin)
