"""Incoming streams: what staff want becomes so in LiveKit, and the page says what LiveKit says."""

from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.test import Client

from recordings import looking, outside
from recordings.models import Ingress
from tests.simulator.conftest import Simulated
from tests.streams.conftest import Person
from veyra.livekit import services
from veyra.livekit.media import Ingress as Info
from veyra.models import Lease
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
ALL = ("view_ingress", "add_ingress", "change_ingress", "delete_ingress")


@pytest.fixture
def in_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads out into the internet, but for our own."""
    address = ip_address("93.184.216.34")
    monkeypatch.setattr(outside, "addresses_of", lambda host, port: [address])
    monkeypatch.setattr(outside, "own", set)


def ask(client: Client, kind: str = "rtmp", **fields: Any) -> Any:
    given = {"name": "Camera", "kind": kind, "room_name": "studio", "source": "", **fields}
    return client.post("/ingress/", given, follow=True)


def made(client: Client, kind: str = "rtmp", **fields: Any) -> Ingress:
    """One that LiveKit has made."""
    assert ask(client, kind, **fields).status_code == 200
    looking.look()
    return Ingress.objects.get()


def page(client: Client) -> str:
    return str(client.get("/ingress/").content.decode())


def test_a_new_one_gets_its_address_and_key(livekit: Simulated, person: Person) -> None:
    client = person(*ALL)
    row = made(client)
    assert (row.state, row.reason) == ("waiting", Sentence("").to_json())
    assert row.address.startswith("rtmp://") and row.key
    html = page(client)
    assert row.address in html and row.key in html
    info = livekit.switchboard.inputs.infos[row.livekit_id]
    assert (info.room_name, info.participant_name) == ("studio", "Camera")
    assert LogEntry.objects.filter(object_id=str(row.pk), user__username="anna").count() == 1


def test_who_may_only_look_is_shown_no_key(person: Person) -> None:
    row = made(person(*ALL))
    html = page(person("view_ingress", name="boris"))
    assert row.address in html and row.key not in html and 'class="vy-button vy-stop' not in html


@pytest.mark.prove
def test_the_key_lies_encrypted(person: Person) -> None:
    row = made(person(*ALL))
    stored = Ingress.objects.values_list("key", flat=True).get()
    assert row.key and row.key not in repr(stored)


def test_its_state_follows_the_sender(livekit: Simulated, person: Person) -> None:
    client = person(*ALL)
    row, inputs = made(client), livekit.switchboard.inputs
    steps: list[tuple[Callable[[], Coroutine[Any, Any, None]], str, str]] = [
        (lambda: inputs.begin(row.livekit_id), "live", "On air"),
        (lambda: inputs.end(row.livekit_id), "waiting", "Waits for a sender"),
        (lambda: inputs.begin(row.livekit_id), "live", "On air"),
        (lambda: inputs.end(row.livekit_id, "internal error"), "error", "broke down"),
    ]
    for step, state, told in steps:
        livekit.do(step())
        looking.look()
        row.refresh_from_db()
        assert row.state == state and told in page(client)


@pytest.mark.prove
def test_senders_are_refused_and_let_in(livekit: Simulated, person: Person) -> None:
    client = person(*ALL)
    row = made(client)
    for enabled in ("0", "1"):
        client.post(f"/ingress/{row.pk}/enable/", {"enabled": enabled})
        looking.look()
        assert livekit.switchboard.inputs.infos[row.livekit_id].enabled is (enabled == "1")
        assert ("Senders are refused" in page(client)) is (enabled == "0")


def test_a_deleted_one_goes_from_livekit_too(livekit: Simulated, person: Person) -> None:
    client = person(*ALL)
    row = made(client)
    client.post(f"/ingress/{row.pk}/delete/")
    assert "Camera" not in page(client).replace("Camera, an", "")
    looking.look()
    assert not Ingress.objects.exists() and livekit.switchboard.inputs.infos == {}
    assert client.post(f"/ingress/{row.pk}/delete/").status_code == 404


def test_what_died_after_livekits_answer_is_taken_over_not_doubled(
    livekit: Simulated, person: Person
) -> None:
    row = made(person(*ALL))
    Ingress.objects.update(livekit_id="", address="", key="", state="making")
    looking.look()
    assert len(livekit.switchboard.inputs.infos) == 1
    assert Ingress.objects.get().livekit_id == row.livekit_id


@pytest.mark.prove
def test_one_that_livekit_lost_is_made_anew_and_says_so(livekit: Simulated, person: Person) -> None:
    client = person(*ALL)
    row = made(client)
    livekit.switchboard.inputs.infos.clear()
    looking.look()
    looking.look()
    again = Ingress.objects.get()
    assert again.livekit_id != row.livekit_id and again.key != row.key
    assert "had lost it" in page(client)


def test_what_is_fetched_shows_no_login(
    livekit: Simulated, person: Person, in_the_world: None
) -> None:
    client = person(*ALL)
    row = made(client, "url", source="https://me:secret@example.org/film.mp4?token=abc")
    assert row.state == "live"
    html = page(client)
    assert "https://example.org/…" in html and "secret" not in html and "abc" not in html
    livekit.do(livekit.switchboard.inputs.end(row.livekit_id))
    looking.look()
    assert Ingress.objects.get().state == "complete"
    livekit.switchboard.inputs.infos.clear()
    looking.look()
    assert livekit.switchboard.inputs.infos == {}


def test_an_address_inside_is_refused_at_once_and_again_before_it_is_fetched(
    livekit: Simulated, person: Person, in_the_world: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = person(*ALL)
    assert ask(client, "url", source="http://example.org/").status_code == 200
    inside = ip_address("10.0.0.1")
    monkeypatch.setattr(outside, "addresses_of", lambda host, port: [inside])
    looking.look()
    looking.look()
    row = Ingress.objects.get()
    assert (row.state, row.reason["msgid"]) == ("error", outside.INSIDE)
    answer = ask(client, "url", source="http://example.org/")
    assert answer.status_code == 400 and "our own network" in answer.content.decode()
    assert Ingress.objects.count() == 1 and livekit.switchboard.inputs.infos == {}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("kind", "source", "told"),
    [("url", "", "Write the address"), ("rtmp", "https://example.org/", "Leave this empty")],
)
def test_a_form_that_fits_not_together_says_so(
    kind: str, source: str, told: str, person: Person
) -> None:
    answer = ask(person(*ALL), kind, source=source)
    assert answer.status_code == 400 and told in answer.content.decode()
    assert not Ingress.objects.exists()


def test_where_no_ingress_runs_the_page_is_grey_and_says_the_way(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = person(*ALL)
    monkeypatch.setattr(services, "runs", lambda service: False)
    html = page(client)
    assert "--profile streams" in html and "<fieldset" in html and " disabled>" in html
    ask(client)
    assert not Ingress.objects.exists()


@pytest.mark.prove
def test_a_livekit_that_is_away_is_asked_again(
    livekit: Simulated, person: Person, settings: LazySettings
) -> None:
    client = person(*ALL)
    settings.LIVEKIT_URL = "http://127.0.0.1:9"
    assert made(client).state == "making"
    settings.LIVEKIT_URL = livekit.url
    looking.look()
    assert Ingress.objects.get().state == "waiting" and not Lease.objects.exists()


@pytest.mark.prove
def test_an_address_that_livekit_does_not_know_is_told(
    livekit: Simulated, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veyra.livekit.simulator.inputs.RTMP_BASE", "")
    client = person(*ALL)
    made(client)
    assert "rtmp_base_url" in page(client)


@pytest.mark.parametrize("door", ["enable", "delete"])
def test_each_hand_needs_its_right(door: str, livekit: Simulated, person: Person) -> None:
    row = made(person(*ALL))
    lacks = {"enable": "change_ingress", "delete": "delete_ingress"}[door]
    others = [right for right in ALL if right != lacks]
    answer = person(*others, name="boris").post(f"/ingress/{row.pk}/{door}/", {"enabled": "0"})
    assert answer.status_code == 403
    looking.look()
    assert livekit.switchboard.inputs.infos[row.livekit_id].enabled


def test_who_may_not_make_one_makes_none(person: Person) -> None:
    ask(person("view_ingress"))
    assert not Ingress.objects.exists()


def test_a_key_is_not_in_what_python_shows_of_it() -> None:
    assert "s3cr3t" not in repr(Info(room="r", identity="i", key="s3cr3t"))
