"""Pages of an Operator and of a Manager use the words of staff; engineers' stand in "Details"."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from lxml import html  # type: ignore[import-untyped]  # it ships no types

from monitoring import roles
from tests.people.test_links import line, walk
from veyra.models import User

pytestmark = pytest.mark.django_db
ENGINEERS = re.compile(r"\b(SIP|INVITE|rooms?|egress|trunks?|транк\w*)\b", re.IGNORECASE)
# Opened by whoever wants it, or read by nobody.
APART = "//details|//script|//style|//template"


def words(page: bytes) -> str:
    """What is read on it at once."""
    root = html.fromstring(page.decode())
    for part in root.xpath(APART):
        part.drop_tree()
    return " ".join(root.text_content().split())


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("role", ["Manager", "Operator"])
def test_no_page_speaks_as_engineers_do(client: Client, role: str, language: str) -> None:
    line()
    roles.make()
    user = User.objects.create_user(
        "boris", is_staff=True, language=language, set_up_at=timezone.now()
    )
    user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    found, read = [], 0
    for source, url, answer in walk(client):
        is_page = "text/html" in answer.get("Content-Type", "") and not answer.get("Location")
        if not is_page or url.startswith("/docs/"):
            continue
        text, read = words(answer.content), read + 1
        found += [
            f"{url} (from {source}): …{text[max(0, one.start() - 40) : one.end() + 40]}…"
            for one in ENGINEERS.finditer(text)
        ]
    assert found == []
    assert read > 15
