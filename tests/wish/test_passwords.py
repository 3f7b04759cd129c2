"""A connection's password is changed on a page of its own: shown first, and with a way back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from telephony import passwords, signing
from telephony.changes import ChangeError
from telephony.models import FormerPassword, Registration, Trunk
from telephony.tasks import tidy
from tests.monitoring.conftest import logged_in, make_user
from veyra.models import AuditEntry, Pulse

__all__ = ["logged_in", "make_user"]
pytestmark = pytest.mark.django_db
OLD, NEW = "canary-old-1", "canary-new-2"


@pytest.fixture
def engineer(logged_in: Callable[..., Client]) -> Client:
    return logged_in("telephony.view_trunk", "telephony.change_trunk")


@pytest.fixture
def trunk() -> Trunk:
    return Trunk.objects.create(
        name="line", username="user", password=OLD, out_username="out", out_password=OLD
    )


def door(trunk: Trunk) -> str:
    return f"/lines/{trunk.pk}/password/"


def typed(client: Client, trunk: Trunk, which: str = "password", **other: str) -> str:
    given = {"which": which, "password": NEW, "again": NEW} | other
    return client.post(door(trunk), given).content.decode()


def say_yes(client: Client, trunk: Trunk, page: str, which: str = "password") -> int:
    kept = dict(re.findall(r'name="(kept_password|seen)" value="([^"]*)"', page))
    answer = client.post(door(trunk), {"which": which, "sure": "1", **kept})
    return answer.status_code


@pytest.mark.parametrize("which", ["password", "out_password"])
def test_it_is_shown_first_and_then_changed(engineer: Client, trunk: Trunk, which: str) -> None:
    page = typed(engineer, trunk, which)
    assert "not touched" in page and NEW not in page
    assert getattr(Trunk.objects.get(), which) == OLD
    assert say_yes(engineer, trunk, page, which) == 302
    assert getattr(Trunk.objects.get(), which) == NEW


def test_the_former_one_is_put_back_with_one_press(engineer: Client, trunk: Trunk) -> None:
    say_yes(engineer, trunk, typed(engineer, trunk))
    assert "Put the former password back" in engineer.get(door(trunk)).content.decode()
    engineer.post(f"{door(trunk)}back/", {"which": "password"})
    assert Trunk.objects.get().password == OLD
    assert not FormerPassword.objects.exists()
    assert "Put the former password back" not in engineer.get(door(trunk)).content.decode()


def test_a_password_that_was_changed_again_elsewhere_is_not_put_back(trunk: Trunk) -> None:
    passwords.change(trunk, "password", NEW, None)
    trunk = Trunk.objects.get()
    trunk.password = "a third one"
    trunk.save()
    assert passwords.returnable(trunk, timezone.now()) == {}
    with pytest.raises(ChangeError):
        passwords.put_back(trunk, "password")


def test_the_former_one_is_kept_for_a_day_as_ciphertext(trunk: Trunk) -> None:
    passwords.change(trunk, "password", NEW, None)
    row = FormerPassword.objects.get()
    assert (row.password, row.replaced_by) == (OLD, NEW)
    assert OLD not in str(FormerPassword.objects.values().get())
    tidy()
    assert FormerPassword.objects.exists()
    FormerPassword.objects.update(changed_at=timezone.now() - timedelta(hours=25))
    assert passwords.returnable(Trunk.objects.get(), timezone.now()) == {}
    tidy()
    assert not FormerPassword.objects.exists()


def test_the_change_is_an_entry_without_the_password(engineer: Client, trunk: Trunk) -> None:
    AuditEntry.objects.all().delete()
    say_yes(engineer, trunk, typed(engineer, trunk))
    entry = AuditEntry.objects.get()
    assert "password" in entry.changes and entry.actor
    assert OLD not in str(entry.changes) and NEW not in str(entry.changes)


def test_two_that_differ_and_none_at_all_are_said(engineer: Client, trunk: Trunk) -> None:
    assert "not the same" in typed(engineer, trunk, again="other")
    assert "let one be made" in typed(engineer, trunk, password="", again="")
    assert Trunk.objects.get().password == OLD


def test_one_that_is_made_is_shown_once_and_used(engineer: Client, trunk: Trunk) -> None:
    page = typed(engineer, trunk, password="", again="", make="1")
    found = re.search(r'value="([A-Za-z0-9]{24})"', page)
    assert found and say_yes(engineer, trunk, page) == 302
    assert Trunk.objects.get().password == found.group(1)
    assert found.group(1) not in engineer.get(door(trunk)).content.decode()


def test_a_line_that_signs_in_tries_the_new_one_at_once_and_says_when_it_is_refused(
    engineer: Client,
) -> None:
    trunk = Trunk.objects.create(
        name="line", register_at="sip.example.com", register_login="u", register_password=OLD
    )
    Registration.objects.create(trunk=trunk, state=Registration.State.REFUSED, code=403)
    page = typed(engineer, trunk, "register_password")
    assert say_yes(engineer, trunk, page, "register_password") == 302
    assert Registration.objects.get().again_at
    assert Trunk.objects.get().register_password == NEW
    part = engineer.get(f"{door(trunk)}?part=1").content.decode()
    assert "Put the former password back" in part
    Pulse.beat(signing.PULSE)
    part = engineer.get(f"{door(trunk)}?part=1").content.decode()
    assert "does not let us in" in part and "<html" not in part


def test_a_connection_without_a_login_has_nothing_to_change(engineer: Client) -> None:
    trunk = Trunk.objects.create(name="a", addresses="192.0.2.1/32")
    assert "has no login" in engineer.get(door(trunk)).content.decode()


def test_who_may_only_look_may_not(logged_in: Callable[..., Client], trunk: Trunk) -> None:
    reader = logged_in("telephony.view_trunk")
    assert reader.get(door(trunk)).status_code == 403
    assert reader.post(f"{door(trunk)}back/", {"which": "password"}).status_code == 403


def test_the_page_of_a_connection_leads_there(logged_in: Callable[..., Client]) -> None:
    client = logged_in("telephony.view_trunk", "telephony.change_trunk")
    trunk = Trunk.objects.create(name="a", username="u", password=OLD)
    page = client.get(f"/admin/telephony/trunk/{trunk.pk}/change/").content.decode()
    link = re.search(r'href="([^"]*change_password[^"]*)"', page)
    assert link and "Change password" in page
    assert client.get(link.group(1)).headers["Location"] == door(trunk)
