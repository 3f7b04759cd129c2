"""What each role may do, door by door: every address of the project with every method, every action
of its lists and every socket is tried as everybody, and must be as the table (`matrix.txt`) has it.

A door that stands in no line fails: whoever makes one says there whose it is.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver
from django.utils import timezone

from agentworker.models import Agent, AgentVersion
from monitoring import bell, roles
from monitoring.board import Viewer, may_see
from monitoring.recovery.steps import STEPS
from telephony.models import Call, Colleague, DispatchRule, PhoneNumber, Trunk
from tests.people import matrix
from tests.people.matrix import EVERYBODY, doors
from veyra.models import AuditEntry, User

pytestmark = pytest.mark.django_db
REFUSED = {401, 403}
PEOPLE = ("world", "staff", *sorted(EVERYBODY))
# The home page leads on to the login whoever is not logged in.
TO_LOGIN = re.compile(r"^/(admin|accounts)/login/")
HOME = re.compile(r"^/admin/$")
METHODS = {False: ("GET", "POST"), True: ("GET", "POST", "PUT", "PATCH", "DELETE")}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of pages are asked for; how they look is tested elsewhere."""
    plain: Any = lambda *_, **__: HttpResponse(status=403)  # noqa: E731  # two of them
    monkeypatch.setattr("veyra.urls.handler403", plain)
    monkeypatch.setattr("django.template.backends.django.Template.render", lambda *_, **__: "")
    monkeypatch.setattr("django.template.response.SimpleTemplateResponse.rendered_content", "")


@pytest.fixture
def call() -> Call:
    """And rows of those kinds whose doors look for the row before they ask for the right."""
    agent = Agent.objects.create(pk=1, name="Maria")
    AgentVersion.objects.create(pk=1, agent=agent, number=1, language="en", greeting="Hello")
    trunk = Trunk.objects.create(pk=1, name="Novofon", addresses="10.0.0.1")
    PhoneNumber.objects.create(pk=1, number="+74991124148", trunk=trunk)
    rule = DispatchRule.objects.create(pk=1, name="Everybody", agent=agent)
    AuditEntry.objects.filter(pk=1).delete()
    kind = ContentType.objects.get_for_model(rule)
    AuditEntry.objects.create(pk=1, content_type=kind, object_pk="1", action=1, changes={})
    return Call.objects.create(
        state="answered", started_at=timezone.now(), from_number="79160000001"
    )


def person(who: str) -> User | None:
    """A role, "staff" without any, or None: the world."""
    if who == "world":
        return None
    roles.make()
    user = User.objects.create_user(
        who, is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.set(Group.objects.filter(name=who))
    return user


def addresses(call: Call) -> Iterator[tuple[str, str]]:
    """Each door with its address, and with a row in its place."""
    for route in dict.fromkeys(doors(get_resolver().url_patterns)):
        yield route, matrix.filled(route, call.pk)


def opened(user: User | None, call: Call, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What does not refuse him. Whatever comes of it is undone at once."""
    monkeypatch.setattr("django.contrib.auth.get_user", lambda _request: user or AnonymousUser())
    found, client = set(), Client(raise_request_exception=False)
    for route, address in addresses(call):
        is_api = route.startswith("api/")
        for method in METHODS[is_api]:
            with transaction.atomic():
                answer = client.generic(method, address, content_type=CONTENT[is_api])
                transaction.set_rollback(True)
            leads_to = answer.get("Location", "")
            to_login = TO_LOGIN.match(leads_to) or (user is None and HOME.match(leads_to))
            if answer.status_code != 405 and answer.status_code not in REFUSED and not to_login:
                found.add(f"{method} {route}")
    return found


CONTENT = {False: "application/x-www-form-urlencoded", True: "application/json"}


def acts(user: User | None, rf: RequestFactory) -> Iterator[str]:
    """What he may do with rows that he chose in a list."""
    request = rf.get("/admin/")
    request.user = user or AnonymousUser()
    for model, page in admin.site._registry.items() if user else ():
        may_look = page.has_view_or_change_permission(request)
        for name in page.get_actions(request) if may_look else ():
            yield f"ACTION {model._meta.label_lower} {name}"
    yield from (
        f"STEP {step.name}" for step in STEPS.values() if user and user.has_perm(step.permission)
    )


def told(user: User | None) -> Iterator[str]:
    """By sockets: which stay open, and what each says that not everybody is told."""
    if user is None:
        return
    Colleague.objects.create(name=user.username, user=user, in_browser=True)
    if bell.rings_for(user):
        yield "SOCKET ring"
    if may_see(user):
        yield "SOCKET live"
        viewer = Viewer.of(user)
        yield from (f"TOLD live {page}" for page in viewer.opens)
        if viewer.reads_words:
            yield "TOLD live words"
        if viewer.helps:
            yield "TOLD live help"


@pytest.mark.parametrize("who", PEOPLE)
def test_each_may_what_the_table_says(
    who: str, call: Call, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, user = matrix.read(), person(who)
    found = {*opened(user, call, monkeypatch), *acts(user, rf), *told(user)}
    if seen := os.environ.get("MATRIX"):
        with Path(seen).open("a") as file:
            file.writelines(f"{who}|{what}\n" for what in found)
    allowed = {what for what, people in table.items() if who in people}
    assert (sorted(found - allowed), sorted(allowed - found)) == ([], []), (
        f"{who} may what is on the left, though the table (tests/people/matrix.txt) does not say"
        " so, and may not what is on the right"
    )


def test_the_table_stands_in_its_own_order() -> None:
    assert matrix.TABLE.read_text().splitlines() == matrix.lines(matrix.read())
