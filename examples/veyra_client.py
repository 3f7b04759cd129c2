"""The little that each example needs: JSON over HTTP, with a key from the page “Keys for programs”.

VEYRA_URL is the address of your Veyra (https://desk.example), VEYRA_KEY the key (veyra_…).
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class ProblemError(Exception):
    """What Veyra answered instead: `status`, and a sentence."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", ""))
        self.status, self.problem = status, problem


class Veyra:
    def __init__(self, url: str = "", key: str = "") -> None:
        self.url = (url or os.environ["VEYRA_URL"]).rstrip("/")
        self.key = key or os.environ["VEYRA_KEY"]

    def open(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        """The answer itself. Raises ProblemError."""
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        address = path if path.startswith("http") else f"{self.url}/api/v1/{path}"
        asked = Request(address, data, sent, method=method)  # noqa: S310  # our own address
        try:
            return urlopen(asked, timeout=30)  # noqa: S310  # as above
        except HTTPError as error:
            with error:
                raise ProblemError(error.code, _problem(error.read())) from error

    def get(self, path: str, **query: Any) -> Any:
        with self.open(f"{path}?{urlencode(query)}" if query else path) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any = None, once: str = "") -> Any:
        """`once`: an Idempotency-Key. Sent twice with it, a thing is done once."""
        headers = {"Idempotency-Key": once} if once else {}
        with self.open(path, "POST", {} if body is None else body, **headers) as answer:
            return json.load(answer)

    def patch(self, path: str, body: Any) -> Any:
        with self.open(path, "PATCH", body) as answer:
            return json.load(answer)

    def rows(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self.get(page["next"])


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(body)
    except ValueError:
        return {"detail": body.decode(errors="replace")[:200]}
    return found
