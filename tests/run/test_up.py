"""The small parts of a start: first login, own address, versions of tools, words at the end."""

import os
import stat
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from telephony.models import PublishedObject
from veyra.management.commands.up import terminal_language
from veyra.models import User
from veyra.up import start
from veyra.up.address import MAGIC, read_answer, request
from veyra.up.build import gateway, go_version, node_version
from veyra.up.choose import Choice, Kind
from veyra.up.login import first_login
from veyra.up.summary import Address, summary
from veyra.up.trouble import CannotBuild


@pytest.mark.django_db
def test_the_first_login_works_and_is_shown_until_somebody_used_it(tmp_path: Path) -> None:
    shown = first_login(tmp_path)
    assert shown is not None
    user = authenticate(username=shown[0], password=shown[1])
    assert isinstance(user, User) and user.is_superuser
    assert first_login(tmp_path) == shown
    note = tmp_path / "first-login"
    assert stat.S_IMODE(note.stat().st_mode) == 0o600

    User.objects.update(last_login=timezone.now())
    assert first_login(tmp_path) is None
    assert not note.exists()


@pytest.mark.django_db
def test_nobody_is_made_where_people_are(tmp_path: Path) -> None:
    User.objects.create_user("anna")
    assert first_login(tmp_path) is None
    assert User.objects.count() == 1


def stun_answer(address: int, before: bytes = b"") -> bytes:
    attribute = b"\x00\x20\x00\x08\x00\x01\x00\x00" + (address ^ MAGIC).to_bytes(4, "big")
    return b"\x01\x01\x00\x00" + bytes(16) + before + attribute


def test_our_address_is_read_from_a_stun_answer() -> None:
    assert read_answer(stun_answer(0xCB007107)) == "203.0.113.7"
    software = b"\x80\x22\x00\x05hello\x00\x00\x00"
    assert read_answer(stun_answer(0xCB007107, software)) == "203.0.113.7"
    assert len(request(bytes(12))) == 20


@given(st.binary(max_size=80))
def test_no_answer_breaks_it(answer: bytes) -> None:
    assert read_answer(answer) is None or answer


def test_versions_of_tools_are_read() -> None:
    assert go_version("go1.26.3\n") == (1, 26)
    assert go_version("devel go1.27-abc") == (0, 0)
    assert node_version("v22.4.1\n") == 22
    assert node_version("") == 0


@pytest.mark.django_db
def test_a_line_is_real_once_livekit_took_it_and_was_not_the_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set here first, so that what a start sets is undone after the test.
    monkeypatch.setenv("LIVEKIT_SIMULATED", "false")
    assert not start._real_line(tmp_path)
    row = {"kind": "trunk", "source": uuid.uuid4(), "state": "waiting"}
    PublishedObject.objects.create(key="trunk:1", **row)
    assert not start._real_line(tmp_path)
    PublishedObject.objects.create(key="trunk:2", livekit_id="ST_1", **row)
    assert start._real_line(tmp_path)
    start._remember(Choice(kind=Kind.SIMULATOR), tmp_path)
    assert not start._real_line(tmp_path)


def test_a_missing_compiler_is_named_with_the_line_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translation.activate("en")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotBuild, match=r"it needs a C compiler .* install"):
        gateway(settings.BASE_DIR, tmp_path, print)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (Choice(kind=Kind.BUILT, server="/bin/livekit-server"), "none"),
        (Choice(kind=Kind.BUILT, server="/bin/livekit-server", gateway="/bin/livekit-sip"), None),
        (Choice(kind=Kind.CONFIGURED), None),
    ],
)
def test_the_programs_are_told_where_there_is_no_gateway(
    choice: Choice, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set first, so that what the function sets is undone after the test.
    monkeypatch.setenv("SIP_TEST_TO", "")
    monkeypatch.delenv("SIP_TEST_TO")
    start._remember(choice, tmp_path)
    assert os.environ.get("SIP_TEST_TO") == told


def test_the_terminal_speaks_its_users_language() -> None:
    assert terminal_language("ru_RU.UTF-8") == "ru"
    assert terminal_language("C.UTF-8") == terminal_language("") == "en"


def words(public_ip: str, gateway: str = "/bin/livekit-sip") -> str:
    translation.activate("en")
    choice = Choice(kind=Kind.BUILT, gateway=gateway, why="LiveKit: here.", gateway_why="Gateway.")
    address = Address(
        web="http://127.0.0.1:8000",
        sip_host=public_ip or "127.0.0.1",
        sip_port=5060,
        rtp_ports=(10000, 10100),
        public_ip=public_ip,
        media_ports=(7881, 7882),
        registrar_port=5080,
    )
    return summary(choice, ("admin", "abcd-efgh"), address, Path("/srv/logs"))


def test_the_end_names_address_login_and_where_to_call() -> None:
    text = words("")
    assert "http://127.0.0.1:8000/admin/" in text
    assert "admin" in text and "abcd-efgh" in text
    assert "sip:NUMBER@127.0.0.1:5060" in text and "PUBLIC_IP=auto" in text


def test_a_public_start_names_what_to_open() -> None:
    text = words("203.0.113.7")
    assert "203.0.113.7:5060" in text
    assert "10000-10100 udp" in text and "7881 tcp" in text and "7882 udp" in text
    assert "5080 udp and tcp, 5081 tcp" in text


def test_without_a_gateway_no_address_to_call_is_promised() -> None:
    assert "sip:" not in words("", gateway="")
