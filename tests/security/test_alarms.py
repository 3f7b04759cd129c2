"""Whatever the security log calls for an alarm for becomes an incident, by the way that it really
happens, and wakes whoever is to be woken.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from monitoring.access import watch
from monitoring.incidents import reading, rulebook
from monitoring.models import CallFile
from telephony.models import Refused
from tests.people.test_accounts import SECRET, code, log_in, person
from veyra.accounts import throttle
from veyra.models import SecurityEvent, User
from veyra.rest import keys

pytestmark = pytest.mark.django_db
Kind = SecurityEvent.Kind
Deed = Callable[[Client, User], object]


def _factor_off(client: Client, olga: User) -> None:
    TOTP.activate(person(), SECRET)
    other = Client()
    log_in(other)
    other.post("/account/code/", {"code": code()})
    other.post("/account/app/off/")


def _much_taken(client: Client, olga: User) -> None:
    CallFile.objects.create(made_by=olga, form="csv", total=watch.MANY_CALLS)
    watch.watch(timezone.now())


def _refused(client: Client, olga: User) -> None:
    now = timezone.now()
    given = {"reason": "stranger", "first_at": now, "last_at": now}
    Refused.objects.create(address="198.51.100.7", number="1", count=watch.MANY_REFUSED, **given)
    watch.watch(now)


DEEDS: Mapping[Kind, Deed] = {
    Kind.NEW_OWNER: lambda client, _olga: client.post(f"/people/{person().pk}/", {"role": "Owner"}),
    Kind.FACTOR_OFF: _factor_off,
    Kind.TOKEN_MADE: lambda client, _olga: client.post(
        "/livekit-tokens/",
        {"note": "x", "identity": "a", "room": "r", "grants": ["join"], "minutes": 10},
    ),
    Kind.KEY_MADE: lambda _client, olga: keys.make(
        "CRM", olga, 30, Group.objects.get(name="Viewer")
    ),
    Kind.MASS_EXPORT: _much_taken,
    Kind.MANY_REFUSED: _refused,
}


@pytest.fixture
def olga() -> User:
    return person("Owner", name="olga")


@pytest.fixture
def owner(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def test_each_alarming_kind_is_tried() -> None:
    """A change of LiveKit's own key beside the flow by which it is made."""
    assert {str(kind) for kind in SecurityEvent.ALARMING} - {"livekit_key"} == set(DEEDS)


@pytest.mark.parametrize("kind", sorted(DEEDS))
def test_what_is_done_becomes_an_incident_with_its_own_sentence(
    kind: str, owner: Client, olga: User
) -> None:
    DEEDS[Kind(kind)](owner, olga)
    row = SecurityEvent.objects.get(kind=kind)
    seen = rulebook.look(reading.read(timezone.now()), {}).sightings
    found = [each for each in seen if each.rule == "security_event"]
    assert [each.cause for each in found] == [f"security_event:{row.pk}"]
    assert str(row.sentence) and str(found[0].sentence) == str(row.sentence)


def test_guessed_passwords_become_an_incident_by_a_rule_of_their_own() -> None:
    person()
    for number in range(throttle.OF_ADDRESS + 5):
        log_in(Client(), name=f"guess-{number}", password="wrong")
    found = {each.rule for each in rulebook.look(reading.read(timezone.now()), {}).sightings}
    assert "login_attack" in found and "security_event" not in found
    assert SecurityEvent.objects.get().kind == Kind.LOGIN_ATTACK
    later = timezone.now() + timedelta(hours=1)
    seen = rulebook.look(reading.read(later), {}).sightings
    assert "login_attack" not in {each.rule for each in seen}


@pytest.mark.parametrize("door", ["/changes/file/"])
def test_the_record_of_changes_taken_as_a_file_is_told(owner: Client, door: str) -> None:
    today = timezone.localdate().isoformat()
    assert owner.post(door, {"since": today, "until": today}).status_code == 200
    seen = rulebook.look(reading.read(timezone.now()), {}).sightings
    assert "security_event" in {each.rule for each in seen}
