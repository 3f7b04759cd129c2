"""Doors of the queue: each calls one service."""

from telephony import testcalls
from veyra.celery import app


@app.task(name=testcalls.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def testcall() -> None:
    while testcalls.run_next():
        pass
