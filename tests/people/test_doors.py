"""No door of the project changes anything for somebody without the right to it: each that there is
is knocked at, so that a new one cannot be forgotten. Sockets are not: theirs only tell.
"""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from agentworker.models import Agent, AgentVersion
from monitoring import roles
from telephony.models import Call, DispatchRule, PhoneNumber, Trunk
from veyra.api import router
from veyra.models import AuditEntry, User

pytestmark = pytest.mark.django_db
REFUSED = {401, 403, 405}

# Who is not logged in gets in here, by the address as the project has it.
TO_THE_WORLD = {
    "admin/login/": "where one logs in",
    "i18n/setlang/": "a language for oneself",
    "admin/logout/": "his own login",
    "": "leads to the home page",
    "alarms/answer/<str:token>/": "who has the signed link of an alarm",
    "language/": "a language for oneself",
    "account/forgotten/": "a letter, or whom to ask",
    "account/logout/": "his own login",
    "join/<str:token>/": "who has the link of an invitation",
}
# Pages of one's own login.
ONES_OWN = {
    *("", "password/", "password/set/", "second-factor/", "sessions/<int:pk>/end/"),
    *("sessions/end/", "code/", "app/", "app/off/", "codes/new/", "codes/file/"),
    *("keys/add/", "keys/login/", "keys/<int:pk>/", "keys/<int:pk>/remove/"),
}
# The same for whoever is logged in as staff, without a single right.
TO_STAFF = TO_THE_WORLD | {
    "api/v1/<path:rest>": "says that there is nothing",
    **{f"account/{each}": "his own login" for each in ONES_OWN},
    "admin/": "the home page, on which everybody has his own",
    "admin/search/": "searches what he may see",
    "admin/password_change/": "his own password",
    "setup/": "his own language and time zone",
    "me/away/": "he himself is away, where he is one of our people",
    "rings/": "reads what rings for him",
    "banner/": "says whether callers hear anything",
    # These lead on to a page that asks for the right.
    "admin/agentworker/blockedcaller/<path:object_id>/change/": "leads to the list",
    "admin/telephony/call/<path:object_id>/change/": "leads to the page of the call",
    "admin/recordings/recording/<path:object_id>/change/": "leads to the page of the recording",
    "admin/telephony/outboundcall/<path:object_id>/change/": "leads to the page of the call",
    "admin/telephony/gateway/": "leads to the page of the one row",
}
# The same for who may look at calls, numbers and assistants.
TO_VIEWERS = TO_STAFF | {
    "admin/agentworker/session/": "a list",
    "admin/agentworker/agent/": "a list",
    "admin/telephony/phonenumber/": "a list",
    "admin/telephony/phonenumber/hours/": "leads to the page of the hours",
    "admin/telephony/phonenumber/test-route/": "leads to the page that says who would answer",
    "admin/telephony/call/": "a list",
    "hours/": "a page",
    "hours/<int:pk>/": "a page",
    "hours/messages/<int:pk>.wav": "what callers hear",
    "numbers/test/": "says who would answer",
    "numbers/file/numbers.<str:extension>": "the numbers as a file",
    "assistants/<int:pk>/scenarios/": "a page",
    "assistants/knowledge/<int:pk>/": "a page",
    "assistants/knowledge/find/": "looks up what an assistant knows, and changes nothing",
    "live/": "a page",
    "live/rows/": "a part of it",
    "report/": "a page",
    "calls/<uuid:pk>/": "a page",
    "calls/<uuid:pk>/hands/": "a part of it",
    "calls/<uuid:pk>/conversation.<str:form>": "the talk as a file",
    "calls/filters/keep/": "his own filters",
    "calls/filters/<int:pk>/drop/": "his own filters",
    "visits/<uuid:pk>/stay/": "his own visit; what he may do there is asked once more",
    "visits/<uuid:pk>/leave/": "his own visit",
    "rings/<uuid:pk>/take/": "a call that rings for him",
    "rings/<uuid:pk>/decline/": "a call that rings for him",
}


def doors(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """All addresses, but for what Django's admin and the API have to say where there is none."""
    for each in patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from doors(each.url_patterns, route)
        elif not re.search(r"[\^$]|<path:object_id>/(history/)?$|/r/|drf_format_suffix", route):
            yield route


def open_to(user: User | None, call: Call) -> set[str]:
    """The doors that do not refuse who wants them to do something, with a row behind them."""
    found = set()
    for route in doors(get_resolver().url_patterns):
        address = re.sub(r"<uuid:\w+>", str(call.pk), route)
        address = re.sub(r"<(slug|str):\w+>", "csv", address)
        client = Client()
        if user:  # one of the doors logs him out
            client.force_login(user)
        answer = client.post(f"/{re.sub(r'<.*?>', '1', address)}", {"ticket": str(uuid.uuid4())})
        to_login = answer.get("Location", "").startswith("/admin/login/")
        if answer.status_code not in REFUSED and not to_login:
            found.add(route)
    return found


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of times it is said that one may not; the page that says it is drawn elsewhere."""
    monkeypatch.setattr("veyra.urls.handler403", lambda *_, **__: HttpResponse(status=403))


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


def member(*groups: str) -> User:
    roles.make()
    user = User.objects.create_user(
        "x", is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def test_who_is_not_logged_in_opens_no_door(call: Call) -> None:
    assert open_to(None, call) == set(TO_THE_WORLD)


def test_who_has_no_right_opens_only_what_is_everybodys(call: Call) -> None:
    assert open_to(member(), call) == set(TO_STAFF)


def test_who_may_only_look_changes_nothing(call: Call) -> None:
    assert open_to(member("Viewer"), call) == set(TO_VIEWERS)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_who_may_only_look_changes_nothing_by_the_api(call: Call, method: str) -> None:
    client = Client()
    client.force_login(member("Viewer"))
    told = {}
    for route in router.urls:
        if isinstance(route, URLPattern):
            named = {"IntConverter": 1, "UUIDConverter": call.pk, "StringConverter": "RM_1"}
            kinds = route.pattern.converters.items()
            keys = {name: named[type(kind).__name__] for name, kind in kinds}
            address = reverse(str(route.name), kwargs=keys)
            told[address] = getattr(client, method)(address, {}, "application/json").status_code
    assert f"/api/v1/calls/{call.pk}/" in told and set(told.values()) <= REFUSED, told
