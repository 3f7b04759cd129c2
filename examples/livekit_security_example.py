"""A receiver of Veyra's webhooks that believes nobody: signature, age, and nothing twice.

VEYRA_HOOK_SECRET=… python examples/livekit_security_example.py 9000
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

OLDEST = 300
LARGEST = 1_000_000


def is_genuine(secret: str, header: str, body: bytes, now: float) -> bool:
    """X-Veyra-Signature is `t=<seconds>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    at, given = parts.get("t", ""), parts.get("v1", "")
    if not (at.isascii() and at.isdecimal()) or abs(now - int(at)) > OLDEST:
        return False
    expected = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), given.encode())


class Receiver(BaseHTTPRequestHandler):
    """Answers at once and works later: Veyra waits for ten seconds, and asks again for a day."""

    secret = ""
    # In a real program these lie in a database.
    seen: set[str] = set()
    taken: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST:
            self._answer(413)
            return
        body = self.rfile.read(size)
        signature = self.headers.get("X-Veyra-Signature", "")
        if not is_genuine(self.secret, signature, body, time.time()):
            self._answer(401)
            return
        event = self.headers.get("X-Veyra-Id", "")
        if event not in self.seen:
            self.seen.add(event)
            self.taken.append(json.loads(body))
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Who called whom does not belong into a log."""


def main(port: int) -> None:
    Receiver.secret = os.environ["VEYRA_HOOK_SECRET"]
    HTTPServer(("127.0.0.1", port), Receiver).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
