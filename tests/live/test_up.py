"""`manage.py up`, as `make run` starts it: everything comes up, is kept up, and leaves together."""

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.live.stack import missing, wait_until
from tests.live.up import Up
from veyra.kamailio.client import Registrar, RegistrarError
from veyra.kamailio.config import program
from veyra.livekit.probe import gateway_answers, server_answers

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    if lacking := missing():
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    with tempfile.TemporaryDirectory(prefix="veyra-up-") as folder:
        started = Up(Path(folder))
        started.start()
        yield started
        started.stop()


def left(processes: list[psutil.Process], seconds: float) -> list[str]:
    """The command lines of those that still run after `seconds`."""
    return [" ".join(p.cmdline()) for p in psutil.wait_procs(processes, timeout=seconds)[1]]


def test_the_login_page_the_gateway_and_the_first_login_are_there(up: Up) -> None:
    assert server_answers(f"http://127.0.0.1:{up.port}", path="/admin/login/")
    wait_until(lambda: gateway_answers("127.0.0.1", up.sip_port, 0.2), "the gateway was silent")
    assert re.search(r"First login: admin, password: \w{4}-\w{4}-\w{4}-\w{4}\n", up.output())
    assert f"sip:NUMBER@127.0.0.1:{up.sip_port}" in up.output()


def test_only_this_machine_reaches_what_listens(up: Up) -> None:
    open_to_all = [
        connection.laddr
        for process in up.tree()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.ip != "127.0.0.1"
    ]
    assert open_to_all == []


@pytest.mark.parametrize("words", ["uvicorn", "livekit-server --config", "celery -A veyra beat"])
def test_a_program_that_dies_comes_back(up: Up, words: str) -> None:
    old = up.child(words)
    old.kill()
    wait_until(
        lambda: any(words in line and pid != old.pid for pid, line in up.commands().items()),
        f"{words} did not come back",
    )
    wait_until(
        lambda: server_answers(f"http://127.0.0.1:{up.port}", path="/admin/login/"), "no web"
    )


def test_kamailio_is_there_with_nothing_of_it_in_the_way_when_it_dies(up: Up) -> None:
    if not program():
        pytest.skip("not on this machine: kamailio")
    registrar = Registrar(up.state / "run" / "registrar.sock")
    wait_until(lambda: answers(registrar), "Kamailio did not answer")
    old = up.child("kamailio -DD")
    family = [old, *old.children(recursive=True)]
    old.kill()
    assert left(family, 5) == []
    wait_until(lambda: answers(registrar), "Kamailio did not come back", 10)


def answers(registrar: Registrar) -> bool:
    try:
        return registrar.lines() == {}
    except RegistrarError:
        return False


def test_an_agent_that_is_killed_leaves_no_job_process(up: Up) -> None:
    wait_until(lambda: bool(up.child("runagent").children()), "the agent made no job processes")
    agent = up.child("runagent")
    jobs = agent.children(recursive=True)
    agent.kill()
    assert left(jobs, 5) == []


@pytest.mark.prove
def test_a_second_start_on_the_same_state_is_refused_in_a_sentence(up: Up) -> None:
    second = up.again()
    assert second.returncode == 1
    assert second.stderr.startswith("Veyra runs already with ")


@pytest.mark.prove
def test_a_taken_port_is_one_sentence(up: Up) -> None:
    with tempfile.TemporaryDirectory(prefix="veyra-") as state:
        other = up.again(VEYRA_STATE=state)
    assert other.returncode == 1
    sentence = f"Port {up.port} is taken by another program."
    assert other.stderr.startswith(sentence) and len(other.stderr.splitlines()) == 1


@pytest.mark.prove
def test_a_path_too_long_for_a_socket_is_one_sentence(up: Up) -> None:
    with tempfile.TemporaryDirectory(prefix="veyra-") as folder:
        other = up.again(VEYRA_STATE=f"{folder}/{'long' * 25}")
    assert other.returncode == 1
    assert "too long a name for a socket" in other.stderr
    assert len(other.stderr.splitlines()) == 1


# The last three end the start, each in another way, and bring it back for the next.
@pytest.mark.prove
@pytest.mark.parametrize("victim", [pytest.param("supervisord", marks=pytest.mark.prove), "up"])
def test_sigkill_leaves_nothing_behind(up: Up, victim: str) -> None:
    everything = up.tree()
    assert up.process is not None
    killed = up.child("supervisord") if victim == "supervisord" else psutil.Process(up.process.pid)
    killed.kill()
    assert left(everything, 25) == []
    up.process.wait(5)
    up.start()


def test_ctrl_c_leaves_nothing_behind(up: Up) -> None:
    everything = up.tree()
    assert up.process is not None
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(90) == 0
    assert left(everything, 1) == []
