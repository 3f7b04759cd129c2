"""Keys: made and seen once, with no more rights than their maker has, and ended at once."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from rest_framework.renderers import JSONRenderer

from monitoring import roles, tasks
from telephony.models import Trunk
from tests.api.conftest import Let, Program, member
from veyra.models import ApiKey, AuditEntry, KeptAnswer, SecurityEvent, User
from veyra.rest import keys, once
from veyra.rest.models import A_MINUTE, digest

pytestmark = pytest.mark.django_db


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_key_is_shown_once_and_lets_in_by_its_role() -> None:
    owner = member("Owner")
    client = logged_in(owner)
    role = Group.objects.get(name="Viewer")
    made = client.post("/api-keys/new/", {"name": "CRM", "as_whom": role.pk, "days": "30"})
    found = re.search(r"veyra_[0-9a-f]{64}", made.content.decode())
    assert found
    assert found[0] not in client.get("/api-keys/").content.decode()
    assert not ApiKey.objects.filter(digest__contains=found[0][6:]).exists()
    program = Program(found[0])
    assert program.get("calls/").status_code == 200
    assert program.get("trunks/").status_code == 403
    row = ApiKey.objects.get()
    assert row.last_used_at and row.user != owner and not row.user.has_usable_password()
    assert not row.user.is_staff


def test_who_made_and_ended_a_key_is_written_down() -> None:
    owner = member("Owner")
    client = logged_in(owner)
    client.post("/api-keys/new/", {"name": "CRM", "as_whom": "", "days": "0"})
    row = ApiKey.objects.get()
    assert row.expiry is None and row.user == owner
    assert [(event.kind, event.user) for event in SecurityEvent.objects.all()] == [
        ("key_made", owner)
    ]
    client.post(f"/api-keys/{row.uid}/end/")
    entries = AuditEntry.objects.filter(object_repr="CRM").order_by("pk")
    assert [(entry.action, entry.actor) for entry in entries] == [(0, owner), (2, owner)]
    assert client.get("/admin/veyra/auditentry/").status_code == 200
    for entry in entries:
        page = client.get(f"/admin/veyra/auditentry/{entry.pk}/change/", follow=True)
        assert page.status_code == 200 and "CRM" in page.content.decode()


def test_a_key_that_was_ended_or_ran_out_lets_nobody_in() -> None:
    owner = member("Owner")
    row, secret = keys.make("CRM", owner, 30)
    program = Program(secret)
    assert program.get("calls/").status_code == 200
    ApiKey.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    late = program.ask("get", "calls/", accept_language="en")
    assert late.status_code == 401 and "run out" in late.json()["detail"]
    assert ApiKey.objects.exists()
    assert logged_in(owner).post(f"/api-keys/{row.uid}/end/").status_code == 302
    assert program.get("calls/").status_code == 401


def test_a_service_without_a_key_is_switched_off(let: Let) -> None:
    program = let("Viewer")
    row = ApiKey.objects.get()
    keys.end(row)
    assert program.get("calls/").status_code == 401
    assert not User.objects.get(pk=row.user_id).is_active


def test_nobody_gives_a_key_more_than_he_has() -> None:
    engineer = member("Engineer")
    offered = {group.name for group in keys.offered_roles(engineer)}
    assert "Owner" not in offered and {"Viewer", "Engineer"} <= offered
    owner = Group.objects.get(name="Owner")
    answer = logged_in(engineer).post(
        "/api-keys/new/", {"name": "x", "as_whom": owner.pk, "days": "30"}
    )
    assert answer.status_code == 400 and not ApiKey.objects.exists()


def test_nobody_ends_or_sees_another_one_s_key() -> None:
    row, _secret = keys.make("His", member("Engineer", "boris"), 30)
    anna = logged_in(member("Engineer", "anna"))
    assert "His" not in anna.get("/api-keys/").content.decode()
    assert anna.post(f"/api-keys/{row.uid}/end/").status_code == 404
    assert logged_in(member("Manager", "vera")).get("/api-keys/").status_code == 403
    owner = logged_in(member("Owner", "olga"))
    assert "His" in owner.get("/api-keys/").content.decode()
    assert owner.post(f"/api-keys/{row.uid}/end/").status_code == 302


def test_the_list_of_keys_asks_so_many_questions_however_long_it_is(
    django_assert_max_num_queries: object,
) -> None:
    owner = member("Owner")
    for index in range(12):
        keys.make(f"k{index}", owner, 30, Group.objects.get(name="Viewer"))
    client = logged_in(owner)
    with django_assert_max_num_queries(25):  # type: ignore[operator]  # a fixture of pytest-django
        assert client.get("/api-keys/").status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Bearer a b", "Bearer \xff\xfe", "Token x", "Bearer veyra_"]
)
def test_what_is_no_key_is_refused_in_a_sentence(header: str) -> None:
    client = Client(headers={"Authorization": header})
    answer = client.get("/api/v1/calls/")
    assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json" and answer.json()["detail"]


def test_a_key_is_slowed_down_in_every_process_alike(let: Let) -> None:
    program = let("Viewer")
    assert program.get("calls/").status_code == 200
    ApiKey.objects.update(used=A_MINUTE)
    answer = program.get("calls/")
    if answer.status_code == 200:  # the minute ended in between
        ApiKey.objects.update(used=A_MINUTE)
        answer = program.get("calls/")
    assert answer.status_code == 429 and 0 < int(answer["Retry-After"]) <= 61
    ApiKey.objects.update(minute=timezone.now() - timedelta(minutes=2))
    assert program.get("calls/").status_code == 200


def test_a_person_reads_the_documents_and_others_do_not() -> None:
    assert Client().get("/api/v1/schema/").status_code == 401
    assert Client().get("/api/v1/docs/").status_code == 302
    assert Client().get("/api/v1/tomatoes/").status_code == 401
    client = logged_in(member("Viewer"))
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200 and b"drf_spectacular_sidecar" in page.content
    assert client.get("/api/v1/calls/").status_code == 200
    nothing = client.get("/api/v1/tomatoes/")
    assert nothing.status_code == 404 and nothing["Content-Type"] == "application/problem+json"
    roles.make()
    stranger = User.objects.create_user("nobody", password=None)
    assert logged_in(stranger).get("/api/v1/calls/").status_code == 401


def test_a_page_of_somebody_else_cannot_use_a_login() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member("Owner"))
    answer = client.post("/api/v1/trunks/", {"name": "x"}, "application/json")
    assert answer.status_code == 403


def test_answers_are_kept_for_a_day_and_an_interrupted_one_is_done_again(let: Let) -> None:
    program = let("Engineer")
    body = {"name": "One", "addresses": ["10.0.0.1"]}
    assert program.post("trunks/", body, once="k").status_code == 201
    row = KeptAnswer.objects.get()
    KeptAnswer.objects.update(status=None, body=None)
    assert program.post("trunks/", body, once="k").status_code == 409
    KeptAnswer.objects.update(at=timezone.now() - KeptAnswer.LOST - timedelta(seconds=1))
    again = program.post("trunks/", body, once="k")
    assert again.status_code == 400 and again.json()["errors"]  # the name is taken: done once
    assert not KeptAnswer.objects.exists()
    row.at = timezone.now() - KeptAnswer.KEPT - timedelta(seconds=1)
    row.save()
    other = {"name": "Two", "addresses": ["10.0.0.2"]}
    assert program.post("trunks/", other, once="k").status_code == 201


def test_what_was_refused_may_be_asked_again_with_the_same_key(let: Let) -> None:
    program, nobody = let("Supervisor"), "calls/00000000-0000-0000-0000-000000000000/hang-up/"
    assert [program.post(nobody, once="k").status_code for _time in range(2)] == [404, 404]


def test_what_is_done_and_its_answer_are_saved_together(
    let: Let, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(JSONRenderer):
        def render(self, *_: object) -> bytes:
            raise RuntimeError

    program, body = let("Engineer"), {"name": "One", "addresses": ["10.0.0.1"]}
    program.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(once, "JSONRenderer", PowerCut)
        cut = program.post("trunks/", body, once="k")
    assert cut.status_code == 500 and cut["Content-Type"] == "application/problem+json"
    assert not Trunk.objects.exists()
    KeptAnswer.objects.update(at=timezone.now() - KeptAnswer.LOST - timedelta(seconds=1))
    assert program.post("trunks/", body, once="k").status_code == 201


def test_a_dry_run_uses_up_no_key(let: Let) -> None:
    program, body = let("Engineer"), {"name": "One", "addresses": ["10.0.0.1"]}
    assert program.post("trunks/?dry_run=true", body, once="k").status_code == 200
    assert program.post("trunks/", body, once="k").status_code == 201


def test_no_answer_is_kept_for_longer_than_a_day(let: Let) -> None:
    let("Engineer").post("trunks/", {"name": "One", "addresses": ["10.0.0.1"]}, once="k")
    KeptAnswer.objects.update(at=timezone.now() - KeptAnswer.KEPT)
    tasks.tidy()
    assert not KeptAnswer.objects.exists()


def test_no_two_requests_have_one_digest() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")


def test_errors_speak_the_language_of_the_account_or_of_the_request(let: Let) -> None:
    program = let("Viewer")
    row = ApiKey.objects.get()
    User.objects.filter(pk=row.user_id).update(language="")
    russian = program.ask("put", "calls/", accept_language="ru").json()["detail"]
    english = program.ask("put", "calls/", accept_language="en").json()["detail"]
    assert english == 'Method "PUT" not allowed.' != russian
    User.objects.filter(pk=row.user_id).update(language="ru")
    assert program.ask("put", "calls/", accept_language="en").json()["detail"] == russian
