"""A slow line between a host and the web, which can be cut."""

import socket
import threading
import time
from contextlib import suppress

CHUNK = 64 * 1024


class Line:
    """Carries at most `speed` bytes a second to `port` of this machine. `carried`: so far."""

    def __init__(self, port: int, speed: int) -> None:
        self._to, self._speed = port, speed
        self.carried = 0
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def has_carried(self, size: float) -> bool:
        return self.carried > size

    def cut(self, seconds: float) -> None:
        """Everything that is on its way is lost, and nobody gets through."""
        self._is_cut = True
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        time.sleep(seconds)
        self._is_cut = False

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _address = self._listener.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        with suppress(OSError), caller:
            if self._is_cut:
                return
            with socket.create_connection(("127.0.0.1", self._to)) as web:
                self._open |= {caller, web}
                back = threading.Thread(target=self._pipe, args=(web, caller), daemon=True)
                back.start()
                self._pipe(caller, web)
                back.join()
                self._open -= {caller, web}

    def _pipe(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self.carried += len(data)
                time.sleep(len(data) / self._speed)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
