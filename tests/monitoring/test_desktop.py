"""On Docker Desktop the first page says what cannot work there."""

import platform
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from monitoring.recovery import installation

SAYS = "This is Docker Desktop"


@pytest.mark.django_db
@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("kernel", "in_docker", "told"),
    [
        ("6.10.14-linuxkit", True, True),
        ("5.15.167.4-microsoft-standard-WSL2", True, True),
        ("5.15.167.4-microsoft-standard-WSL2", False, False),
        ("6.1.0-31-amd64", True, False),
    ],
)
def test_who_sets_up_the_line_is_told_what_docker_desktop_cannot_do(
    kernel: str,
    in_docker: bool,
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged_in: Callable[..., Client],
) -> None:
    mark = tmp_path / ".dockerenv"
    if in_docker:
        mark.touch()
    monkeypatch.setattr(installation, "DOCKER", mark)
    monkeypatch.setattr(platform, "release", lambda: kernel)
    page = logged_in("telephony.add_trunk").get("/admin/")
    assert page.status_code == 200 and (SAYS in page.content.decode()) is told
