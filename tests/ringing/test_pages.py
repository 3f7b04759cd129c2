"""Pages of our people: who may see and change them, and how each says that he is away."""

import re
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agentworker.hours.week import short_days
from monitoring import roles
from telephony.models import Colleague, Team
from telephony.numbers import pretty
from tests.ringing.conftest import MakeColleague
from veyra.models import User

pytestmark = pytest.mark.django_db
COLLEAGUES = reverse("admin:telephony_colleague_changelist")
ADD = reverse("admin:telephony_colleague_add")
ADD_TEAM = reverse("admin:telephony_team_add")
GIVEN = {"name": "Olga", "phone": "8 916 000-00-01", "in_browser": "on", "days": ["1", "2"]}
LogIn = Callable[..., Client]


@pytest.fixture
def log_in(db: None) -> LogIn:
    """With a role, or as the owner of everything."""

    def make(role: str = "", name: str = "anna") -> Client:
        user = User.objects.create_user(
            name, is_staff=True, language="en", set_up_at=timezone.now(), is_superuser=not role
        )
        if role:
            roles.make()
            user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return make


def errors(answer: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def team(*people: Colleague) -> dict[str, Any]:
    rows: dict[str, Any] = {"members-TOTAL_FORMS": len(people), "members-INITIAL_FORMS": 0}
    for n, each in enumerate(people):
        rows |= {f"members-{n}-place": n, f"members-{n}-colleague": each.pk}
        rows |= {f"members-{n}-seconds": 20}
    return {"name": "Sales", **rows}


def test_a_colleague_is_saved_in_any_spelling_of_his_number(log_in: LogIn) -> None:
    client = log_in()
    assert client.post(ADD, GIVEN).status_code == 302
    row = Colleague.objects.get()
    assert (row.phone, row.days, row.away) == ("+79160000001", "12", False)
    page = client.get(COLLEAGUES).content.decode()
    assert pretty(row.phone) in page
    assert "Mon, Tue" in page


@pytest.mark.parametrize(
    ("days", "short"),
    [
        ("", ""),
        ("3", "Wed"),
        ("67", "Sat, Sun"),
        ("12345", "Mon–Fri"),
        ("1235", "Mon–Wed, Fri"),
        ("13567", "Mon, Wed, Fri–Sun"),
        ("1234567", "Mon–Sun"),
    ],
)
def test_days_in_a_row_are_told_as_one(days: str, short: str) -> None:
    assert short_days(days) == short


def test_hours_are_told_with_whose_clock_they_go_by(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client = log_in()
    make_colleague(days="12345", begins=time(9), ends=time(18))
    assert "Mon–Fri, 09:00–18:00" in client.get(COLLEAGUES).content.decode()
    assert "Europe/Moscow" in client.get(ADD).content.decode()


def test_only_where_hours_name_their_clock_does_django_say_nothing_of_the_reader_s(
    log_in: LogIn,
) -> None:
    client = log_in()

    def hides(url: str) -> bool:
        sheets = re.findall(r'href="/static/(veyra/[^"]+[.]css)"', client.get(url).content.decode())
        files = [Path(found) for each in sheets if (found := finders.find(each))]
        assert files
        return any(".timezonewarning" in file.read_text() for file in files)

    assert hides(ADD) and not hides(reverse("admin:telephony_trunk_add"))


def test_who_may_only_look_at_a_colleague_opens_his_page(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    url = reverse("admin:telephony_colleague_change", args=[make_colleague().pk])
    assert log_in("Auditor").get(url).status_code == 200


def test_a_colleague_whom_nobody_can_reach_is_not_saved(log_in: LogIn) -> None:
    answer = log_in().post(ADD, GIVEN | {"phone": ""})
    assert "Nobody could reach this colleague" in errors(answer)["phone"][0]
    assert not Colleague.objects.exists()


def test_half_a_shift_is_not_saved(log_in: LogIn) -> None:
    answer = log_in().post(ADD, GIVEN | {"begins": "09:00"})
    assert errors(answer)["ends"] == ["Give both times, or neither."]


def test_one_login_belongs_to_one_colleague(log_in: LogIn, make_colleague: MakeColleague) -> None:
    client = log_in()
    make_colleague(user=(anna := User.objects.get()))
    answer = client.post(ADD, GIVEN | {"user": anna.pk})
    assert "user" in errors(answer)


def test_who_is_no_longer_with_us_stands_in_the_archive(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client, row = log_in(), make_colleague()
    url = reverse("admin:telephony_colleague_change", args=[row.pk])
    assert client.post(url, GIVEN | {"is_gone": "on"}).status_code == 302
    row.refresh_from_db()
    assert row.archived_at and not row.can_be_reached
    client.get(COLLEAGUES)  # it says that he was changed
    assert "Olga" not in client.get(COLLEAGUES).content.decode()
    assert "Olga" in client.get(f"{COLLEAGUES}?archived=yes").content.decode()
    client.post(url, GIVEN)
    row.refresh_from_db()
    assert row.archived_at is None


def test_a_group_rings_its_people_in_their_order(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client = log_in()
    assert client.post(ADD_TEAM, team(make_colleague(), make_colleague("Ivan"))).status_code == 302
    rows = Team.objects.get().members.order_by("place")
    assert [(row.colleague.name, row.seconds) for row in rows] == [("Olga", 20), ("Ivan", 20)]


def test_who_is_new_in_a_group_is_rung_after_the_others(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client, people = log_in(), [make_colleague(name) for name in ("Olga", "Ivan")]
    client.post(ADD_TEAM, team(*people))
    url = reverse("admin:telephony_team_change", args=[Team.objects.get().pk])
    page = client.get(url)
    new = page.context["inline_admin_formsets"][0].formset.extra_forms
    assert [each["place"].value() for each in new] == [2]
    told = page.content.decode()
    assert "Add a colleague" in told and "Add another Colleague" not in told
    # Nobody is chosen in the new row: there is none.
    rows = team(*people) | {"members-INITIAL_FORMS": 2, "members-TOTAL_FORMS": 3}
    for n, member in enumerate(Team.objects.get().members.order_by("place")):
        rows |= {f"members-{n}-id": member.pk, f"members-{n}-team": member.team_id}
    rows |= {"members-2-place": 7, "members-2-colleague": "", "members-2-seconds": 15}
    assert client.post(url, rows).status_code == 302
    assert Team.objects.get().members.count() == 2


def test_a_new_row_of_a_group_that_was_begun_asks_for_its_colleague(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    rows = team(make_colleague()) | {"members-TOTAL_FORMS": 2}
    rows |= {"members-1-place": 2, "members-1-colleague": "", "members-1-seconds": 40}
    answer = log_in().post(ADD_TEAM, rows)
    assert answer.status_code == 200 and not Team.objects.exists()
    formset = answer.context["inline_admin_formsets"][0].formset
    assert [list(each) for each in formset.errors] == [[], ["colleague"]]


def test_a_group_of_nobody_is_not_saved(log_in: LogIn) -> None:
    answer = log_in().post(ADD_TEAM, team())
    assert "Choose at least one colleague" in answer.content.decode()
    assert not Team.objects.exists()


def test_empty_lists_say_what_they_are_for(log_in: LogIn) -> None:
    client = log_in()
    for url in (COLLEAGUES, reverse("admin:telephony_team_changelist")):
        page = client.get(url).content.decode()
        assert "Nothing here yet" in page and 'class="vy-button"' in page


@pytest.mark.parametrize(
    ("role", "sees", "changes"),
    [
        ("Owner", True, True),
        ("Manager", True, True),
        ("Engineer", True, True),
        ("Operator", True, False),
        ("Supervisor", True, False),
        ("Auditor", True, False),
        ("Viewer", False, False),
    ],
)
def test_each_role_may_do_its_own(
    role: str, sees: bool, changes: bool, log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client, row = log_in(role), make_colleague()
    assert client.get(COLLEAGUES).status_code == (200 if sees else 403)
    assert client.get(ADD).status_code == (200 if changes else 403)
    assert client.get(ADD_TEAM).status_code == (200 if changes else 403)
    url = reverse("admin:telephony_colleague_change", args=[row.pk])
    assert client.post(url, GIVEN | {"name": "Ivan"}).status_code == (302 if changes else 403)
    row.refresh_from_db()
    assert row.name == ("Ivan" if changes else "Olga")


def test_a_colleague_says_on_any_page_that_he_is_away(
    log_in: LogIn, make_colleague: MakeColleague
) -> None:
    client = log_in("Operator")
    assert "/me/away/" not in client.get("/admin/").content.decode()
    row = make_colleague(user=User.objects.get())
    for page in ("/admin/", "/live/", COLLEAGUES):
        assert "I am here" in client.get(page).content.decode()
    answer = client.post("/me/away/", {"away": "1", "next": "/live/"})
    assert answer.headers["Location"] == "/live/"
    row.refresh_from_db()
    assert row.away and "Calls do not ring for you" in client.get("/live/").content.decode()
    client.post("/me/away/", {"away": "", "next": "https://elsewhere.example/"})
    row.refresh_from_db()
    assert not row.away


def test_who_is_no_colleague_changes_nobody(log_in: LogIn, make_colleague: MakeColleague) -> None:
    make_colleague()
    assert log_in("Operator").post("/me/away/", {"away": "1"}).headers["Location"] == "/admin/"
    assert not Colleague.objects.get().away
    assert Client().post("/me/away/", {"away": "1"}).headers["Location"].startswith("/admin/login/")
    assert log_in("Operator", "ivan").get("/me/away/").status_code == 405
