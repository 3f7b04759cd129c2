"""The page that says what each role may do is read from the roles, and told in words."""

import pytest
from django.test import Client
from django.utils import timezone, translation

from monitoring.people_page import rights
from veyra.models import User

pytestmark = pytest.mark.django_db


def test_the_page_says_what_each_role_may_do() -> None:
    with translation.override("en"):
        told = {
            line.name: dict(zip(rights.SHOWN, line.cells, strict=True)) for line in rights.table()
        }
    assert told["Who answers"]["Manager"] == "sees, adds, changes"
    assert told["Who answers"]["Engineer"] == "sees, adds, changes, removes"
    assert told["Who answers"]["Viewer"] == ""
    assert told["Calls: may hang up"]["Operator"] and not told["Calls: may hang up"]["Manager"]


def test_an_owner_opens_it_from_the_people() -> None:
    owner = User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    client = Client()
    client.force_login(owner)
    assert 'href="/people/rights/"' in client.get("/people/").content.decode()
    assert "sees, adds, changes" in client.get("/people/rights/").content.decode()
