"""A worker outlives whatever its broker answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.live.stack import ROOT, broker_binary, wait_until

pytestmark = pytest.mark.prove
WORK = ("-m", "celery", "-A", "veyra", "worker", "-P", "threads", "-c", "1", "-Q", "default")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[redis.Redis]:
    binary, path = broker_binary(), tmp_path / "broker.sock"
    if binary is None:
        pytest.skip("no broker is installed")
    where = ("--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path))
    process = subprocess.Popen([binary, *where], stdout=subprocess.DEVNULL)
    try:
        wait_until(path.exists, "the broker did not start")
        yield redis.Redis(unix_socket_path=str(path))
    finally:
        process.kill()
        process.wait()


def test_a_broker_that_answers_with_errors_for_a_while_ends_no_worker(
    broker: redis.Redis, tmp_path: Path
) -> None:
    environment = os.environ | {
        "VEYRA_STATE": str(tmp_path),
        "REDIS_URL": f"unix://{tmp_path}/broker.sock",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "DJANGO_SETTINGS_MODULE": "veyra.settings",
    }

    def waits_for_work() -> bool:
        clients: Any = broker.client_list()
        return any(client["cmd"] == "brpop" for client in clients)

    worker = subprocess.Popen([sys.executable, *WORK], cwd=ROOT, env=environment)
    try:
        wait_until(waits_for_work, "the worker did not start", 60)
        # Who waits for work is sent away with an error, and nothing can be written.
        broker.replicaof("127.0.0.1", "1")
        wait_until(lambda: not waits_for_work(), "the broker answers as before")
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=3)
        broker.replicaof("NO", "ONE")
        wait_until(waits_for_work, "the worker does not come back", 60)
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.wait()
