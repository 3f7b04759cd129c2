"""What people of each kind may do to a call, at first."""

import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from monitoring import roles
from recordings.models import Recording
from telephony.models import Call
from veyra.models import User

pytestmark = pytest.mark.django_db

HANDS = {
    "hang-up": "telephony.hang_up_call",
    "transfer": "telephony.transfer_call",
    "hint": "telephony.hint_call",
    "block": "telephony.block_caller",
}
ON_CALLS = {*HANDS.values(), "telephony.listen_call", "telephony.join_call"}
HAND_OVER = {"telephony.hang_up_call", "telephony.transfer_call", "telephony.block_caller"}
MAY: dict[str, set[str]] = {
    "Owner": ON_CALLS,
    "Manager": {"telephony.block_caller"},
    "Operator": HAND_OVER,
    "Supervisor": ON_CALLS,
    "Engineer": {"telephony.hang_up_call", "telephony.block_caller"},
    "Viewer": set(),
    "Auditor": set(),
}


@pytest.fixture
def call() -> Call:
    return Call.objects.create(
        state="answered", started_at=timezone.now(), from_number="79160000001"
    )


def member(role: str) -> User:
    call_command("makeroles")
    user = User.objects.create_user(
        role, is_staff=True, language="en", set_up_at=timezone.now(), password=None
    )
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.mark.parametrize("role", MAY)
def test_each_role_has_its_hands_and_no_others(role: str, call: Call) -> None:
    user = member(role)
    assert {right for right in ON_CALLS if user.has_perm(right)} == MAY[role]
    client = Client()
    client.force_login(user)
    for door, right in HANDS.items():
        answer = client.post(f"/calls/{call.pk}/{door}/?part=1", {"ticket": str(uuid.uuid4())})
        assert (answer.status_code == 403) is (right not in MAY[role]), door


LISTS = {
    "/calls/files/": {"Owner", "Manager", "Supervisor"},
    "/report/weekly/": {"Owner", "Manager"},
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_takes_the_files_and_sends_the_letters_that_it_should(role: str) -> None:
    client = Client()
    client.force_login(member(role))
    for door, allowed in LISTS.items():
        assert (client.get(door).status_code == 200) is (role in allowed), door


WITH_RECORDINGS = {
    "view": {"Owner", "Manager", "Supervisor", "Engineer", "Auditor"},
    "hear": {"Owner", "Manager", "Supervisor"},
    "download": {"Owner", "Manager"},
}


@pytest.mark.parametrize("role", MAY)
def test_each_role_hears_and_takes_the_recordings_that_it_should(role: str) -> None:
    client = Client()
    client.force_login(member(role))
    recording = Recording.objects.create(state="missing")
    doors = {
        "view": f"/recordings/{recording.pk}/",
        "hear": f"/recordings/{recording.pk}/sound",
        "download": f"/recordings/{recording.pk}/recording.mp3",
    }
    found = {do for do, door in doors.items() if client.get(door).status_code != 403}
    assert found == {do for do, allowed in WITH_RECORDINGS.items() if role in allowed}
    assert (client.get("/admin/recordings/recording/").status_code == 200) is ("view" in found)


def test_an_engineer_records_a_room_that_he_sees() -> None:
    assert member("Engineer").has_perms(["recordings.view_roomaction", "recordings.record_call"])


def test_every_right_of_a_role_exists() -> None:
    known = {
        f"{right.content_type.app_label}.{right.codename}"
        for right in Permission.objects.select_related("content_type")
    }
    named = {right for rights in roles.ROLES.values() for right in rights or ()}
    assert named - known == set()


def test_a_role_is_put_right_at_every_start() -> None:
    call_command("makeroles")
    operators = Group.objects.get(name="Operator")
    operators.permissions.set(Permission.objects.filter(codename="delete_call"))
    assert roles.make() == ["Operator"] and roles.make() == []
    found = set(map(roles.name_of, operators.permissions.select_related("content_type")))
    assert found == set(roles.OPERATOR)


def test_a_group_of_somebody_s_own_stays_as_it_is() -> None:
    own = Group.objects.create(name="Night shift")
    own.permissions.set(Permission.objects.filter(codename="view_call"))
    assert "Night shift" not in roles.make() and own.permissions.count() == 1


def test_an_auditor_changes_nothing() -> None:
    verbs = {right.codename.split("_")[0] for right in roles.permissions_of("Auditor")}
    assert verbs == {"view"}
