"""Nobody keeps a way in that outlasts what he may do: invitations, keys, webhooks."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from agentworker.hours import access
from agentworker.models import Place
from monitoring import roles
from monitoring.hooks.forms import HookForm
from monitoring.hooks.kinds import READS, Kind, offered
from monitoring.hooks.models import Hook
from monitoring.people_page import inviting, staff
from monitoring.people_page.models import Invite
from monitoring.people_page.staff import LastOwnerError
from tests.api.conftest import Program
from tests.people.test_people_page import CHOSEN, GUEST, member, path_in
from veyra.models import AuditEntry, User
from veyra.rest import keys

pytestmark = pytest.mark.django_db
EVERY_NUMBER = "agentworker.view_every_number"


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", [each for each in roles.ROLES if each != "Owner"])
def test_only_an_owner_invites(role: str) -> None:
    client = logged_in(member("anna", role))
    assert client.post("/people/invite/", GUEST | {"role": "Owner"}).status_code == 403
    assert not Invite.objects.exists()


@pytest.mark.parametrize("way", ["role", "switch", "remove"])
def test_who_is_an_owner_no_more_comes_back_by_no_link_of_his(way: str) -> None:
    boss, rogue = member("olga", "Owner"), member("rogue", "Owner")
    link = path_in(logged_in(rogue).post("/people/invite/", GUEST | {"role": "Owner"}).content)
    door = {"role": "", "switch": "switch/", "remove": "remove/"}[way]
    logged_in(boss).post(f"/people/{rogue.pk}/{door}", {"role": "Viewer", "on": "0"})
    assert Client().get(link).status_code == 410
    assert Client().post(link, CHOSEN).status_code == 410
    assert not User.objects.filter(username="boris").exists()


def test_the_links_of_a_last_owner_stay() -> None:
    olga = member("olga", "Owner")
    invitation = Invite(name="Boris", role="Operator")
    inviting.invite(invitation, [], olga)
    with pytest.raises(LastOwnerError):
        staff.switch(olga, is_on=False)
    assert Invite.objects.exists()


def test_who_invited_and_made_a_link_and_ended_logins_is_written_down() -> None:
    olga, anna = member("olga", "Owner"), member("anna", "Operator")
    client = logged_in(olga)
    logged_in(anna)
    client.post("/people/invite/", GUEST)
    client.post(f"/people/{anna.pk}/link/")
    told = [str(each.changes) for each in AuditEntry.objects.filter(actor=olga)]
    assert any("Boris" in each for each in told) and any("password_link" in each for each in told)
    token = Invite.objects.get().digest
    assert token not in str(told)


def test_a_key_may_what_its_person_may_now() -> None:
    anna = member("anna", "Engineer")
    _row, secret = keys.make("mine", anna, 30)
    program = Program(secret)
    assert program.get("trunks/").status_code == 200
    staff.give_role(anna, "Viewer")
    assert program.get("trunks/").status_code == 403
    assert program.get("calls/").status_code == 200
    staff.switch(anna, is_on=False)
    assert program.get("calls/").status_code == 401


def test_keys_of_services_that_somebody_made_are_named_when_he_goes() -> None:
    boss, anna = member("olga", "Owner"), member("anna", "Engineer")
    keys.make("CRM", anna, 30, Group.objects.get(name="Viewer"))
    client = logged_in(boss)
    for door, form in (("", {"role": "Viewer"}), ("switch/", {"on": "0"}), ("remove/", {})):
        page = client.post(f"/people/{anna.pk}/{door}", form, follow=True).content.decode()
        assert "1 key for a program, made by this person" in page, door


@pytest.mark.parametrize("right", ["veyra.add_apikey", "monitoring.add_hook"])
def test_who_lets_programs_in_sees_every_number(right: str) -> None:
    """What a program reads is of no place alone."""
    found = {role for role, rights in roles.ROLES.items() if rights and right in rights}
    assert found == {"Engineer"}
    assert all(EVERY_NUMBER in (roles.ROLES[role] or ()) for role in found)


def limited(*rights: str) -> User:
    """Somebody of one shop, with rights that no role of ours gives him."""
    user = member("timur", "Manager")
    for name in rights:
        app, codename = name.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    access.give(user, [Place.objects.create(name="Kazan")])
    return User.objects.get(pk=user.pk)


def test_who_sees_one_place_makes_no_service_and_no_webhook() -> None:
    hooks = [f"monitoring.{verb}_hook" for verb in ("view", "add", "change")]
    timur = limited("veyra.view_apikey", "veyra.add_apikey", *hooks)
    assert keys.offered_roles(timur) == []
    client = logged_in(timur)
    assert client.get("/webhooks/add/").status_code == 403
    hook = Hook.objects.create(name="crm", url="https://x.example", kinds=[], language="en")
    assert client.get(f"/webhooks/{hook.pk}/").status_code == 200
    for door in ("change", "renew"):
        assert client.post(f"/webhooks/{hook.pk}/{door}/").status_code == 403


def test_every_kind_of_event_asks_for_a_right_that_there_is() -> None:
    assert set(READS) == set(Kind) - {Kind.TEST}
    owner = member("olga", "Owner")
    assert offered(owner) == list(READS)


def test_an_engineer_has_no_program_told_what_he_may_not_read() -> None:
    """Who asked to be called back, and what he said, is for those who call back."""
    engineer = member("anna", "Engineer")
    assert Kind.CALLBACK_ASKED not in offered(engineer)
    given: dict[str, Any] = {"name": "crm", "language": "en", "kinds": ["callback.asked"]}
    form = HookForm(given | {"url": "https://93.184.216.34/x"}, user=engineer)
    assert "kinds" in form.errors
    hook = Hook.objects.create(
        name="crm", url="https://x.example", kinds=["callback.asked"], language="en"
    )
    client = logged_in(engineer)
    page = client.get(f"/webhooks/{hook.pk}/").content.decode()
    assert "does not see" in page and f"/webhooks/{hook.pk}/change/" not in page
    moved = client.post(f"/webhooks/{hook.pk}/change/", given | {"url": "https://93.184.216.34/y"})
    assert moved.status_code == 403 and Hook.objects.get().url == "https://x.example"
    assert client.post(f"/webhooks/{hook.pk}/renew/").status_code == 403
