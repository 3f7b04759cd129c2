"""What is saved becomes a registration at a provider, by the real Kamailio, and is told in time."""

import time
from collections.abc import Callable, Collection

import pytest
from django.utils import timezone

from telephony.hosts import Lookups
from telephony.models import PhoneNumber, Refused, Registration, Trunk
from telephony.registering import SECONDS, Controller
from telephony.routing import wish
from tests.registrar.kamailio import Kamailio
from tests.registrar.provider import DOMAIN, Provider
from tests.registrar.telephone import Telephone

pytestmark = [pytest.mark.live, pytest.mark.django_db]
# What the issue promises for a change, for an answer and for a Kamailio that was killed.
PROMISED = 10.0
# The one that is asked first comes first in the order of addresses.
SICK, HOST, STRANGER = "127.0.0.3", "127.0.0.4", "127.0.0.66"


class Names(Lookups):
    """The provider's name leads where the test says."""

    def __init__(self, *addresses: str) -> None:
        super().__init__()
        self.addresses = addresses

    def known(self, names: Collection[str]) -> wish.Resolved:
        return dict.fromkeys(names, self.addresses)


def saved(provider: Provider, login: str = "1001", **values: object) -> Trunk:
    known = {
        "name": f"Line {login}",
        "register_at": f"{DOMAIN}:{provider.wire.port}",
        "register_login": login,
        "register_password": provider.accounts.get(login, "wrong"),
        **values,
    }
    return Trunk.objects.create(**known)


def until(signing: Controller, right: Callable[[], bool], seconds: float = PROMISED) -> float:
    """Let the controller look, as often as it does, until it is right; how long that took."""
    began = time.monotonic()
    while True:
        signing.look(timezone.now())
        signing.count_strangers(timezone.now())
        if right():
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            rows = list(Registration.objects.open().values_list("state", "code", "address"))
            raise AssertionError(f"not so in {seconds} s: {rows}")
        time.sleep(SECONDS)


def stands(trunk: Trunk, state: str, code: int | None = None) -> Callable[[], bool]:
    def right() -> bool:
        row = Registration.objects.now(trunk)
        return row is not None and row.state == state and code in (None, row.code)

    return right


def signing_with(kamailio: Kamailio, *addresses: str) -> Controller:
    return Controller(kamailio.client, Names(*(addresses or (HOST,))))


def test_a_saved_line_is_registered_and_told(kamailio: Kamailio) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        trunk = saved(provider)
        until(signing_with(kamailio), stands(trunk, "registered", 200))
        assert provider.wait_for("1001").contact.startswith(f"sip:{trunk.key.hex}@")
        row = Registration.objects.now(trunk)
        assert row
        assert row.address == HOST
        assert row.until


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_is_told_in_time_and_the_right_one_registers_in_time(
    kamailio: Kamailio, status: int
) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        provider.refusal = status
        trunk, signing = saved(provider, register_password="wrong"), signing_with(kamailio)
        until(signing, stands(trunk, "refused", status))
        trunk.register_password = "secret"
        trunk.save()
        until(signing, stands(trunk, "registered"))


def test_a_password_that_the_provider_changed_is_followed(kamailio: Kamailio) -> None:
    with Provider({"1001": "secret", "1002": "other"}, host=HOST) as provider:
        trunk, other = saved(provider), saved(provider, "1002")
        signing = signing_with(kamailio)
        until(signing, lambda: stands(trunk, "registered")() and stands(other, "registered")())
        provider.accounts["1001"] = "new"
        trunk.register_password = "new"
        trunk.save()
        asked, changed = len(provider.registers_of("1002")), time.monotonic()
        until(signing, stands(trunk, "registered"))
        provider.wait_for("1001", after=changed)
        assert len(provider.registers_of("1002")) == asked


def test_after_kamailio_was_killed_every_line_is_registered_again_in_time(
    kamailio: Kamailio,
) -> None:
    with Provider({"1001": "secret", "1002": "other"}, host=HOST) as provider:
        trunks, signing = [saved(provider), saved(provider, "1002")], signing_with(kamailio)
        until(signing, lambda: all(stands(trunk, "registered")() for trunk in trunks))
        kamailio.kill()
        until(signing, stands(trunks[0], "away"))
        killed = time.monotonic()
        kamailio.start()
        until(signing, lambda: all(stands(trunk, "registered")() for trunk in trunks))
        for login in ("1001", "1002"):
            provider.wait_for(login, after=killed)


@pytest.mark.parametrize(
    ("mood", "state", "code"),
    [("silent", "silent", 0), (503, "refused", 503), (404, "refused", 404)],
)
@pytest.mark.prove
def test_what_a_provider_does_instead_is_told_in_time(
    kamailio: Kamailio, mood: str | int, state: str, code: int
) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        provider.mood = mood
        trunk = saved(provider)
        until(signing_with(kamailio), stands(trunk, state, code))


@pytest.mark.prove
def test_a_provider_that_comes_back_is_found_in_time(kamailio: Kamailio) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        provider.mood = "silent"
        trunk, signing = saved(provider), signing_with(kamailio)
        until(signing, stands(trunk, "silent"))
        provider.mood = "well"
        # What was asked last may still be unanswered for as long, and is then asked anew.
        until(signing, stands(trunk, "registered"), seconds=20)


@pytest.mark.parametrize("mood", ["silent", 503])
@pytest.mark.prove
def test_another_address_of_the_name_is_tried(kamailio: Kamailio, mood: str | int) -> None:
    with Provider({"1001": "secret"}, host=HOST) as well:
        port = well.wire.port
        with Provider({"1001": "secret"}, host=SICK, port=port) as ill:
            ill.mood = mood
            trunk = saved(well)
            signing = signing_with(kamailio, SICK, HOST)
            until(signing, stands(trunk, "registered"), seconds=20)


def test_a_line_that_is_switched_off_says_goodbye(kamailio: Kamailio) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        trunk, signing = saved(provider), signing_with(kamailio)
        until(signing, stands(trunk, "registered"))
        Trunk.objects.filter(pk=trunk.pk).update(is_active=False)
        until(signing, lambda: not provider.bindings and not kamailio.client.lines())
        assert Registration.objects.now(trunk) is None


def test_where_a_provider_writes_the_number_is_learned(
    kamailio: Kamailio, gateway: Telephone
) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        trunk, signing = saved(provider), signing_with(kamailio)
        for number in ("+74991124148", "+74991124149"):
            PhoneNumber.objects.create(number=number, trunk=trunk)
        until(signing, stands(trunk, "registered"))
        provider.ring("1001", "84991124149", "called_did")
        until(signing, lambda: Trunk.objects.get(pk=trunk.pk).learned_number_in == "called_did")


def test_another_number_of_a_line_is_let_in_without_signing_in_again(
    kamailio: Kamailio, gateway: Telephone
) -> None:
    with Provider({"1001": "secret"}, host=HOST) as provider:
        trunk, signing = saved(provider), signing_with(kamailio)
        PhoneNumber.objects.create(number="+74991124148", trunk=trunk)
        until(signing, stands(trunk, "registered"))
        asked, before = len(provider.registers), kamailio.client.lines()[trunk.key.hex].seal
        PhoneNumber.objects.create(number="+74991124149", trunk=trunk)
        until(signing, lambda: kamailio.client.lines()[trunk.key.hex].seal != before)
        provider.ring("1001", "84991124149")
        assert gateway.called().rung.user("To") == "+74991124149"
        assert len(provider.registers) == asked
        assert stands(trunk, "registered")()


def test_a_hundred_lines_that_are_saved_at_once_are_registered_in_time(
    kamailio: Kamailio,
) -> None:
    logins = {str(2000 + each): f"secret {each}" for each in range(100)}
    with Provider(logins, host=HOST) as provider:
        for login in logins:
            saved(provider, login)
        open_rows = Registration.objects.open()
        until(
            signing_with(kamailio),
            lambda: open_rows.filter(state="registered").count() == len(logins),
            seconds=15,
        )


def test_a_stranger_is_counted(kamailio: Kamailio) -> None:
    with Telephone(host=STRANGER) as stranger:
        stranger.call(f"sip:100@{kamailio.outer}")
        until(signing_with(kamailio), lambda: Refused.objects.filter(reason="stranger").exists())
