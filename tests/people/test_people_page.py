"""The page of the people: inviting, roles, and that an owner remains."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import LazySettings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agentworker.hours import access
from agentworker.models import Place
from monitoring import roles
from monitoring.people_page import inviting, staff, words
from monitoring.people_page.models import Invite
from telephony.models import Colleague, Trunk
from veyra import audit
from veyra.audit_words import who
from veyra.models import AuditEntry, SecurityEvent, User

pytestmark = pytest.mark.django_db
GUEST = {"name": "Boris", "role": "Operator"}
CHOSEN = {"username": "boris", "password": "a-much-longer-word", "again": "a-much-longer-word"}


def member(name: str, role: str) -> User:
    roles.make()
    user = User.objects.create_user(name, is_staff=True, language="en", set_up_at=timezone.now())
    user.groups.set(Group.objects.filter(name=role))
    return user


@pytest.fixture
def olga() -> User:
    return member("olga", "Owner")


@pytest.fixture
def owner(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


def path_in(page: bytes) -> str:
    """Of the link that is there to be copied."""
    found = re.search(r'id="link"[^>]*>https?://[^/]+(/[^<]+)<', page.decode())
    assert found
    return found[1]


def test_the_page_knows_every_role_and_no_other() -> None:
    assert set(words.ROLES) == set(roles.ROLES)


def test_a_guest_makes_his_login_by_the_link_once(owner: Client) -> None:
    link = path_in(owner.post("/people/invite/", GUEST).content)
    assert "Boris" in owner.get("/people/").content.decode()
    guest = Client()
    assert guest.get(link).status_code == 200
    assert guest.post(link, CHOSEN)["Location"] == "/admin/"
    boris = User.objects.get(username="boris")
    assert (staff.role_of(boris), boris.first_name, boris.is_superuser) == (
        "Operator",
        "Boris",
        False,
    )
    assert guest.get("/live/").status_code == 200 and guest.get("/people/").status_code == 403
    assert Client().get(link).status_code == 410
    assert Client().post(link, CHOSEN | {"username": "eve"}).status_code == 410
    assert SecurityEvent.objects.filter(kind="invite_used").count() == 1


def test_a_link_that_is_old_or_taken_back_or_renewed_opens_nothing(owner: Client) -> None:
    first, second, third = (path_in(owner.post("/people/invite/", GUEST).content) for _ in "123")
    newest, middle, oldest = Invite.objects.all()
    Invite.objects.filter(pk=oldest.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    owner.post(f"/people/invites/{middle.pk}/drop/")
    renewed = path_in(owner.post(f"/people/invites/{newest.pk}/again/").content)
    told = [Client().get(link).status_code for link in (first, second, third, renewed)]
    assert told == [410, 410, 410, 200]


def test_the_link_is_in_no_row(owner: Client) -> None:
    token = path_in(owner.post("/people/invite/", GUEST).content).split("/")[-2]
    assert token not in str(Invite.objects.values().get())


def test_who_guesses_links_waits(owner: Client) -> None:
    told = [Client().get("/join/guessed/").status_code for _ in range(22)]
    assert told[0] == 410 and told[-1] == 429


def test_two_who_use_a_link_at_once_make_one_login(owner: Client) -> None:
    owner.post("/people/invite/", GUEST)
    invitation = Invite.objects.get()
    inviting.accept(invitation, "boris", "x")
    with pytest.raises(inviting.UsedUpError):
        inviting.accept(invitation, "eve", "x")
    assert not User.objects.filter(username="eve").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"username": "OLGA"}, "has this name already"),
        ({"again": "other"}, "passwords are different"),
        ({"password": "123", "again": "123"}, "too short"),
    ],
)
def test_what_a_guest_must_choose_otherwise(
    owner: Client, wrong: dict[str, str], told: str
) -> None:
    link = path_in(owner.post("/people/invite/", GUEST).content)
    guest = Client(headers={"Accept-Language": "en"})
    answer = guest.post(link, CHOSEN | wrong)
    assert answer.status_code == 400 and told in answer.content.decode()
    assert Invite.objects.open(timezone.now()).exists()


def test_a_letter_takes_the_link_where_there_is_mail(owner: Client) -> None:
    page = owner.post("/people/invite/", GUEST | {"email": "boris@example.com"}).content
    assert path_in(page) in mail.outbox[0].body
    owner.post("/people/mail/", {"address": "olga@example.com"})
    assert mail.outbox[1].to == ["olga@example.com"]


def test_without_mail_the_page_says_so_and_shows_the_link(
    owner: Client, settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    page = owner.post("/people/invite/", GUEST | {"email": "boris@example.com"}).content
    assert path_in(page)
    assert "No mail server is set up" in owner.get("/people/").content.decode()


@pytest.mark.parametrize("door", ["", "switch/", "remove/"])
def test_the_last_owner_stays(owner: Client, olga: User, door: str) -> None:
    answer = owner.post(f"/people/{olga.pk}/{door}", {"role": "Viewer"}, follow=True)
    assert "This is the last owner" in answer.content.decode()
    olga.refresh_from_db()
    assert olga.is_active and staff.role_of(olga) == "Owner"
    other = member("oleg", "Owner")
    owner.post(f"/people/{other.pk}/{door}", {"role": "Viewer"})
    assert list(staff.owners()) == [olga]


def test_an_owner_who_is_switched_off_is_none(owner: Client, olga: User) -> None:
    other = member("oleg", "Owner")
    owner.post(f"/people/{other.pk}/switch/", {"on": "0"})
    with pytest.raises(staff.LastOwnerError):
        staff.give_role(olga, "Viewer")


def test_a_new_role_is_in_force_written_down_and_told(owner: Client) -> None:
    anna = member("anna", "Viewer")
    owner.post(f"/people/{anna.pk}/", {"role": "Owner"})
    assert User.objects.get(pk=anna.pk).has_perm("veyra.change_user")
    assert SecurityEvent.objects.get(kind="new_owner").user == anna
    entry = AuditEntry.objects.get(object_pk=str(anna.pk))
    assert entry.actor and entry.changes == {"role": ["Reader", "Line owner"]}
    page = owner.get(f"/admin/veyra/auditentry/{entry.pk}/change/").content.decode()
    assert "Line owner" in page


def test_a_superuser_who_becomes_an_operator_is_no_superuser(owner: Client) -> None:
    boss = User.objects.create_superuser("boss", language="en")
    owner.post(f"/people/{boss.pk}/", {"role": "Operator"})
    boss.refresh_from_db()
    assert not boss.is_superuser and staff.role_of(boss) == "Operator"


def test_a_reset_second_factor_is_gone_and_so_are_the_logins(owner: Client) -> None:
    anna = member("anna", "Operator")
    TOTP.activate(anna, "JBSWY3DPEHPK3PXP")
    owner.post(f"/people/{anna.pk}/factor/")
    assert not staff.one(anna).has_factor
    assert SecurityEvent.objects.get().kind == "factor_off"


def test_who_is_switched_off_is_out_at_once(owner: Client) -> None:
    anna = member("anna", "Operator")
    hers = Client()
    hers.force_login(anna)
    owner.post(f"/people/{anna.pk}/switch/", {"on": "0"})
    assert hers.get("/live/").status_code == 302
    owner.post(f"/people/{anna.pk}/switch/", {"on": "1"})
    assert User.objects.get(pk=anna.pk).is_active


def test_who_is_removed_leaves_his_name_with_what_he_did(owner: Client) -> None:
    anna = member("anna", "Engineer")
    anna.first_name, trunk = "Anna", Trunk.objects.create(name="Novofon")
    anna.save()
    LogEntry.objects.log_actions(anna.pk, [trunk], CHANGE, change_message="Heard it.")
    with audit.by(anna):
        audit.record(trunk, {"username": ["", "login"]})
    colleague = Colleague.objects.create(name="Anna", user=anna)
    owner.post(f"/people/{anna.pk}/remove/")
    assert LogEntry.objects.get(change_message="Heard it.").user.first_name == "Anna"
    assert (
        who(
            AuditEntry.objects.get(
                changes__has_key="username", actor__isnull=False, object_repr="Novofon"
            )
        )
        == "Anna"
    )
    colleague.refresh_from_db()
    assert colleague.user is None
    assert [each.name for each in staff.everybody()] == ["olga"]
    assert not User.objects.filter(username="anna").exists()
    former = User.objects.get(first_name="Anna")
    assert not (former.is_active or former.is_staff or former.has_usable_password())


def test_a_link_for_a_new_password_is_shown(owner: Client) -> None:
    anna = member("anna", "Operator")
    anna.set_password("old")
    anna.save()
    link = path_in(owner.post(f"/people/{anna.pk}/link/").content)
    assert Client().get(link).status_code == 302


def test_a_person_is_given_places_where_there_are_some_to_choose(owner: Client) -> None:
    anna = member("anna", "Operator")
    assert b'name="places"' not in owner.get(f"/people/{anna.pk}/").content
    kazan, _ufa = (Place.objects.create(name=name) for name in ("Kazan", "Ufa"))
    owner.post(f"/people/{anna.pk}/", {"role": "Operator", "places": [kazan.pk]})
    assert access.places_of(anna) == [kazan]


def test_an_auditor_reads_the_page_and_changes_nothing(olga: User) -> None:
    client = Client()
    client.force_login(member("anna", "Auditor"))
    page = client.get(f"/people/{olga.pk}/").content.decode()
    assert "Line owner" in page and '<form method="post" class="vy-form' not in page
    assert client.post(f"/people/{olga.pk}/", {"role": "Viewer"}).status_code in (200, 403)
    assert staff.role_of(User.objects.get(pk=olga.pk)) == "Owner"
    assert client.post("/people/invite/", GUEST).status_code == 403


def test_the_page_asks_as_much_for_many_as_for_few(owner: Client) -> None:
    with CaptureQueriesContext(connection) as few:
        owner.get("/people/")
    for number in range(6):
        TOTP.activate(member(f"p{number}", "Operator"), "JBSWY3DPEHPK3PXP")
        owner.post("/people/invite/", GUEST)
    with CaptureQueriesContext(connection) as many:
        owner.get("/people/")
    assert len(many) == len(few)
