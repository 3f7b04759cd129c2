"""Doors of the queue: each calls one service."""

from agentworker import afterwards, key_testing
from agentworker.trying import asking
from veyra.celery import app


@app.task(name=asking.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def rehearse() -> None:
    # The agent library takes two seconds and much memory: only who tries an assistant needs it.
    from agentworker.trying import working

    working.work()
    working.tidy()


@app.task(name=key_testing.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def test_keys() -> None:
    key_testing.work()


@app.task(name=afterwards.TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def sum_up() -> None:
    # As above.
    from agentworker.afterwards import due

    if due.any_now():
        from agentworker.afterwards import working

        working.work()
