"""Whether the call entrance is there, asked from beside it and from a container."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from veyra.livekit.probe import gateway_answers


@contextmanager
def gateway(answers_from: str) -> Iterator[int]:
    """The port of one that hears at 127.0.0.1, and answers one question from that address."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        ear.bind(("127.0.0.1", 0))
        mouth.bind((answers_from, 0))

        def answer() -> None:
            _question, who = ear.recvfrom(4096)
            mouth.sendto(b"SIP/2.0 200 OK\r\n\r\n", who)

        answering = threading.Thread(target=answer)
        answering.start()
        yield ear.getsockname()[1]
        answering.join()


def test_a_gateway_may_answer_from_another_of_its_addresses() -> None:
    with gateway("127.0.0.2") as port:
        assert gateway_answers("127.0.0.1", port, 30)


def test_a_port_that_nobody_listens_on_says_so_without_a_wait() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    # Longer than any test may take.
    assert not gateway_answers("127.0.0.1", port, 3600)
