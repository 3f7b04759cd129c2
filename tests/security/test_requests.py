"""What every door has in common: forms of other sites, addresses of other sites, what a browser
keeps, and whose a session is.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver

from tests.people import matrix
from tests.people.test_accounts import log_in, person
from veyra.models import User

pytestmark = pytest.mark.django_db
# No person's session stands behind these: they look at a token or key of their own.
NO_FORM: set[str] = set()
# What is nobody's own: pictures, and voices that every caller hears.
KEPT = ("hours/messages/",)


@pytest.fixture
def owner() -> User:
    return person("Owner", name="olga", is_superuser=True)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Hundreds of pages are asked for; how they look is tested elsewhere."""
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    plain: Any = lambda *_, **__: HttpResponse(status=403)  # noqa: E731  # two of them
    monkeypatch.setattr("veyra.urls.handler403", plain)
    monkeypatch.setattr("django.template.backends.django.Template.render", lambda *_, **__: "")
    monkeypatch.setattr("django.template.response.SimpleTemplateResponse.rendered_content", "")


def doors() -> Iterator[tuple[str, str]]:
    key = uuid4()
    for route in dict.fromkeys(matrix.doors(get_resolver().url_patterns)):
        if "logout" not in route:
            yield route, matrix.filled(route, key)


@pytest.mark.usefixtures("_quick")
def test_a_form_of_another_site_changes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(owner)
    taken, seen = set(), 0
    for route, address in doors():
        answer = client.post(address, {"any": "thing"})
        seen += answer.status_code == 403
        if answer.status_code not in (403, 404, 405):
            taken.add(f"{route} {answer.status_code}")
    assert taken == NO_FORM and seen > 150


def test_whose_form_is_too_old_is_told_what_to_do(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/setup/", {"language": "en"})
    html = answer.content.decode()
    assert answer.status_code == 403 and "Go back, reload the page" in html and "CSRF" not in html


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example/",
        pytest.param("https://evil.example/", marks=pytest.mark.prove),
        pytest.param("/\\evil.example/", marks=pytest.mark.prove),
    ],
)
def test_no_door_leads_to_another_site(
    owner: User, evil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them ends the session, so nobody is asked for it."""
    monkeypatch.setattr("django.contrib.auth.get_user", lambda _request: owner)
    client = Client(raise_request_exception=False)
    led = set()
    for route, address in doors():
        for answer in (
            client.get(address, {"next": evil}),
            client.post(f"{address}?next={evil}", {"next": evil}, headers={"Referer": evil}),
        ):
            to = answer.get("Location", "")
            if urlsplit(to.replace("\\", "/")).netloc not in ("", "testserver"):
                led.add(route)
    assert led == set()


def test_the_login_leads_to_no_other_site() -> None:
    person()
    form = {"username": "anna", "password": "right", "next": "https://evil.example/"}
    assert Client().post("/admin/login/", form)["Location"] == "/admin/"


@pytest.mark.usefixtures("_quick")
def test_no_browser_and_no_proxy_keeps_what_a_person_was_shown(owner: User) -> None:
    client, kept = Client(raise_request_exception=False), set()
    client.force_login(owner)
    for route, address in doors():
        answer = client.get(address)
        if "no-store" not in answer.get("Cache-Control", "") and not route.startswith(KEPT):
            kept.add(route)
    assert kept == set()


def test_a_session_that_was_there_before_the_login_is_nobody_s() -> None:
    person()
    client = Client()
    session = client.session
    session["planted"] = "1"
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    assert log_in(client) == "/admin/"
    assert client.cookies["sessionid"].value != session.session_key
    other = Client()
    other.cookies["sessionid"] = session.session_key or ""
    assert other.get("/admin/").status_code == 302
