"""Pages that belong to no model: the bare address, pages that are not there, empty lists."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from agentworker.models import Company
from telephony.models import Gateway, Trunk
from veyra.admin import VeyraAdmin
from veyra.audit_entries import AuditEntry
from veyra.look import menu
from veyra.models import User

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html,*/*"}
LISTS = [
    (model, page)
    for model, page in admin.site._registry.items()
    if isinstance(page, VeyraAdmin) and model not in (User, Gateway, Company)
]


@pytest.fixture
def owner() -> Client:
    user = User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    client = Client(headers=HTML)
    client.force_login(user)
    return client


def test_the_bare_address_leads_home(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["/nothing/", "/admin/nothing/", "/numbers/7/call/"])
def test_a_page_that_is_not_there_says_so_and_leads_home(path: str, owner: Client) -> None:
    answer = owner.get(path)
    assert answer.status_code == 404
    html = answer.content.decode()
    assert "There is no such page." in html and 'href="/admin/"' in html


def test_a_forgotten_slash_is_forgiven(owner: Client) -> None:
    assert owner.get("/live").headers["Location"] == "/live/"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_two_places_of_the_menu_are_called_alike(language: str, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("anna")
    with translation.override(language):
        groups = menu(request)
        titles = [str(line["title"]) for group in groups for line in group["items"]]
        titles += [str(group["title"]) for group in groups if "title" in group]
    assert len(titles) > 20 and len(set(titles)) == len(titles)


def test_no_group_of_the_menu_is_longer_than_one_look(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.create_superuser("anna")
    assert max(len(group["items"]) for group in menu(request)) <= 10


def test_a_group_without_a_line_is_not_in_the_menu(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = User.objects.create_user("boris", is_staff=True)
    assert [[line["link"] for line in each["items"]] for each in menu(request)] == [["/admin/"]]


@pytest.mark.parametrize("page", [page for _model, page in LISTS], ids=lambda page: str(page))
def test_every_list_says_what_it_is_for(page: VeyraAdmin) -> None:
    assert page.purpose


@pytest.mark.parametrize("model", [model for model, _page in LISTS])
def test_an_empty_list_has_the_one_button_that_fills_it(model: type, owner: Client) -> None:
    page = admin.site._registry[model]
    meta = model._meta  # type: ignore[attr-defined]  # a model
    path = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    html = owner.get(path).content.decode()
    assert str(page.purpose) in html  # type: ignore[attr-defined]  # VeyraAdmin's
    assert html.count("vy-button") == 1


def test_the_empty_list_of_connections_leads_to_the_steps_that_make_one(owner: Client) -> None:
    html = owner.get("/admin/telephony/trunk/").content.decode()
    assert '<a class="vy-button" href="/connect/">' in html


def test_a_search_that_finds_nothing_leads_back_to_everything(owner: Client) -> None:
    Trunk.objects.create(name="Novofon")
    html = owner.get("/admin/telephony/trunk/?q=zzz").content.decode()
    assert "Nothing here fits what you search for." in html and "Show everything" in html


def test_a_moment_of_a_change_is_written_as_people_write_it(owner: Client) -> None:
    Trunk.objects.create(name="Novofon")
    entry = AuditEntry.objects.latest("pk")
    html = owner.get(f"/admin/veyra/auditentry/{entry.pk}/change/").content.decode()
    assert entry.timestamp.strftime("%Y") in html and "+00:00" not in html
