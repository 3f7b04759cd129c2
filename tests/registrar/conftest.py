"""One Kamailio for all of these tests, and the gateway of a test behind it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.certificate import certify
from tests.live.stack import free_port
from tests.registrar.kamailio import Kamailio, front_on_free_ports, lacks_kamailio
from tests.registrar.telephone import Telephone


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(the authority that Kamailio trusts, a certificate of it with its key)"""
    return certify(tmp_path_factory.mktemp("certificates"), "known")


@pytest.fixture(scope="session")
def running(authority: tuple[Path, Path]) -> Iterator[Kamailio]:
    if lacks_kamailio():
        pytest.skip("not on this machine: kamailio")
    # pytest's own folders are too deep for a socket's path, which ends at 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="veyra a ") as folder,
        Kamailio(front_on_free_ports(Path(folder), free_port(), authority[0])) as kamailio,
    ):
        yield kamailio


@pytest.fixture(scope="module")
def kamailio(running: Kamailio) -> Kamailio:
    """Without lines at first; a line takes a second to sign in, so tests of a file may share it."""
    running.clear()
    return running


@pytest.fixture
def gateway(kamailio: Kamailio) -> Iterator[Telephone]:
    """Takes the calls that are passed on."""
    with Telephone(port=kamailio.front.gateway_port) as gateway:
        yield gateway
