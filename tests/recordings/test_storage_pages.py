"""Staff choose where recordings lie, and see whether that works."""

import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recordings import owning, s3_words, saving, trial
from recordings.models import Recording, Storage
from recordings.stores import store_of
from recordings.storing import Store
from tests.recordings.s3 import ALL, BUCKET, S3
from veyra.models import User

pytestmark = pytest.mark.django_db
SECRET = "canary-secret"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(
        User.objects.create_superuser("anna", language="en", set_up_at=timezone.now())
    )
    return client


def page(storage: Storage | None = None) -> str:
    if storage is None:
        return reverse("admin:recordings_storage_add")
    return reverse("admin:recordings_storage_change", args=[storage.pk])


def save(staff: Client, storage: Storage | None = None, **values: Any) -> str:
    """What the form says to this; "" where it is saved."""
    typed = {"kind": "folder", "name": "Ours", **values}
    answer = staff.post(page(storage), typed)
    return "" if answer.status_code == 302 else answer.content.decode()


def tried(storage: Storage) -> str:
    wrong = trial.try_out(storage)
    storage.refresh_from_db()
    assert storage.tested_at and storage.test_error == (wrong.to_json() if wrong else {})
    return wrong.msgid if wrong else ""


def test_a_bucket_is_entered_once_and_its_secret_is_never_shown(staff: Client, s3: S3) -> None:
    values: dict[str, Any] = {
        "kind": "s3",
        "endpoint": s3.address,
        "bucket": BUCKET,
        "access_key": "root",
    }
    assert "S3 needs this" in save(staff, **values)
    assert save(staff, **values, new_secret=SECRET, is_current="on") == ""
    storage = Storage.objects.get()
    assert storage.secret_key == SECRET and storage.is_current
    assert SECRET not in staff.get(page(storage)).content.decode()
    assert save(staff, storage, **values, is_current="on", region="eu") == ""
    storage.refresh_from_db()
    assert storage.secret_key == SECRET and storage.region == "eu"


def test_new_recordings_go_to_one_place(staff: Client) -> None:
    old = Storage.objects.current()
    assert "must go somewhere" in save(staff, old)
    assert save(staff, is_current="on", folder="/srv/sound") == ""
    (new,) = Storage.objects.filter(is_current=True)
    assert new != old and Storage.objects.current() == new


def test_what_holds_recordings_stays_where_it_is(staff: Client, tmp_path: Path) -> None:
    storage = Storage.objects.create(folder=str(tmp_path), price=2, currency="EUR")
    Recording.objects.create(storage=storage, file="a.ogg", size=1024**3 // 2)
    assert "would not be found" in save(staff, storage, folder="/srv/other")
    assert save(staff, storage, folder=str(tmp_path), name="Cellar", price="2") == ""
    assert staff.post(page(storage).replace("change", "delete"), {"post": "yes"}).status_code == 403
    told = staff.get(page(storage)).content.decode()
    assert "1 recording, 512.0" in told and str(tmp_path) in told
    assert "1.00" in staff.get(reverse("admin:recordings_storage_changelist")).content.decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"folder": "sound"}, "Write the whole path"),
        ({"kind": "s3", "endpoint": "storage.example"}, "This is no address"),
        ({"kind": "s3", "endpoint": "http://[", "new_secret": SECRET}, "Type the key once more"),
    ],
)
def test_what_cannot_be_is_told(staff: Client, values: dict[str, Any], said: str) -> None:
    told = save(staff, **values)
    assert said in told and SECRET not in told


def test_a_button_says_whether_it_works(staff: Client, tmp_path: Path) -> None:
    storage = Storage.objects.create(folder=str(tmp_path / "sound"), is_encrypted=True)
    door = reverse("admin:recordings_storage_try_it", args=[storage.pk])
    asked = staff.post(door, {"_form_submitted": "on"}, follow=True)
    assert "was written, read back and deleted" in asked.content.decode()
    assert [path.name for path in (tmp_path / "sound").rglob("*")] == [owning.NAME]
    Storage.objects.update(folder="/proc/none")
    asked = staff.post(door, {"_form_submitted": "on"}, follow=True)
    assert "/proc/none" in asked.content.decode()


def test_a_bucket_is_tried_with_all_that_recordings_need(s3: S3) -> None:
    storage = s3.storage()
    storage.save()
    assert tried(storage) == "" and list(store_of(storage).names("")) == [owning.NAME]
    versioned = {"Status": "Enabled"}
    s3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
    assert tried(storage) == ""
    login = s3.login(*ALL)
    Storage.objects.update(**login)
    storage.refresh_from_db()
    assert tried(storage) == trial.KEEPS_VERSIONS


def test_a_login_without_a_right_is_found_out(s3: S3) -> None:
    login = s3.login(*(right for right in ALL if right != "s3:DeleteObject"))
    storage = s3.storage(**login)
    storage.save()
    assert tried(storage) == s3_words.MAY_NOT["delete"]


def test_the_recording_services_own_login_is_tried_too(s3: S3) -> None:
    storage = s3.storage(**s3.login("s3:*"))
    storage.egress_access_key, storage.egress_secret_key = storage.access_key, "wrong"
    storage.save()
    assert tried(storage) == trial.EGRESS_MAY_NOT
    storage.egress_secret_key = storage.secret_key
    storage.save()
    assert tried(storage) == "" and list(store_of(storage).names("")) == [owning.NAME]


def test_who_may_not_change_it_cannot_try_it(client: Client, tmp_path: Path) -> None:
    storage = Storage.objects.create(folder=str(tmp_path / "sound"))
    client.force_login(User.objects.create_user("eve", is_staff=True, set_up_at=timezone.now()))
    door = reverse("admin:recordings_storage_try_it", args=[storage.pk])
    assert client.post(door).status_code == 403 and not (tmp_path / "sound").exists()


def of_another(store: Store) -> None:
    """Another Veyra keeps its recordings there, and sound of its own is on its way."""
    store.write(owning.NAME, [json.dumps({"installation": str(uuid.uuid4())}).encode()])
    store.write(f"incoming/{uuid.uuid4()}/{0:012}", [b"its sound"])


def test_a_place_of_another_veyra_is_told_at_once_and_nothing_there_is_tidied(
    staff: Client, tmp_path: Path
) -> None:
    folder = str(tmp_path / "sound")
    assert save(staff, folder=folder) == ""
    storage = Storage.objects.get(folder=folder)
    of_another(store := store_of(storage))
    assert "Another Veyra keeps" in save(staff, folder=folder)
    assert tried(storage) == owning.OTHERS
    before = set(store.names(""))
    Storage.objects.update(tested_at=None, test_error={})
    saving.tidy(timezone.now() + timedelta(days=2))
    storage.refresh_from_db()
    assert set(store.names("")) == before and storage.test_error["msgid"] == owning.OTHERS
    # Once the other is gone for good, it is ours, and what nobody needs goes.
    store.delete(owning.NAME)
    saving.tidy(timezone.now() + timedelta(days=2))
    assert list(store.names("")) == [owning.NAME] and tried(storage) == ""


def test_a_bucket_of_another_veyra_is_told_when_it_is_entered(staff: Client, s3: S3) -> None:
    of_another(store_of(s3.storage(prefix="theirs")))
    values: dict[str, Any] = {
        **{"kind": "s3", "endpoint": s3.address, "bucket": BUCKET},
        **{"access_key": "root", "new_secret": SECRET},
    }
    assert "Another Veyra keeps" in save(staff, **values, prefix="theirs")
    assert save(staff, **values, prefix="ours") == ""
