"""What would stop the start later is found before it, and said in one sentence."""

import socket
from pathlib import Path

import pytest
from django.utils import translation

from veyra.up import preflight
from veyra.up.preflight import Port
from veyra.up.trouble import Trouble


@pytest.fixture(autouse=True)
def _in_english() -> None:
    translation.activate("en")


def test_a_socket_path_may_be_as_long_as_the_kernel_takes() -> None:
    room = preflight.SOCKET_PATH_LIMIT - len("//broker.sock")
    preflight.check_socket_path(Path("/" + "a" * room) / "broker.sock")
    with pytest.raises(Trouble, match="VEYRA_STATE"):
        preflight.check_socket_path(Path("/" + "a" * (room + 1)) / "broker.sock")


def test_letters_of_two_bytes_count_as_two() -> None:
    with pytest.raises(Trouble):
        preflight.check_socket_path(Path("/" + "я" * 60) / "broker.sock")


def test_a_full_disk_and_a_small_memory_are_said_with_figures(tmp_path: Path) -> None:
    preflight.check_disk(tmp_path, 1)
    with pytest.raises(Trouble, match=r"1000000000000 MB are needed"):
        preflight.check_disk(tmp_path, 10**18)
    preflight.check_memory(1)
    with pytest.raises(Trouble, match=r"1000000000000 MB of free memory"):
        preflight.check_memory(10**18)


@pytest.mark.parametrize("udp", [False, True])
def test_a_taken_port_is_named_with_the_variable_that_moves_it(udp: bool) -> None:
    with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", 0))
        if not udp:
            holder.listen()
        number = holder.getsockname()[1]
        with pytest.raises(Trouble, match=rf"Port {number} .* make run SIP_PORT={number + 1}"):
            preflight.check_ports([Port(number, "SIP_PORT", udp=udp)])
    preflight.check_ports([Port(number, "SIP_PORT", udp=udp)])


def test_two_programs_of_ours_on_one_port_are_both_named() -> None:
    ports = [
        Port(5081, "AGENT_PORT"),
        Port(5080, "SIP_PORT"),
        Port(5081, "REGISTRAR_PORT", preflight.EVERYWHERE),
    ]
    told = "AGENT_PORT and REGISTRAR_PORT .* port 5081.* make run REGISTRAR_PORT=5082"
    with pytest.raises(Trouble, match=told):
        preflight.check_ports(ports)


def test_one_number_serves_both_protocols_and_two_addresses() -> None:
    numbers = [Port(0, "SIP_PORT"), Port(0, "SIP_PORT", udp=True), Port(0, "PORT", "127.0.0.9")]
    preflight.check_ports(numbers)
