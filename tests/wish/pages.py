"""What a person presses on the pages of the line."""

from typing import Any

from django.test import Client


def save(client: Client, url: str, form: dict[str, Any]) -> Any:
    """ "Save", and where the page first shows what that changes, the tick and "Save it so"."""
    answer: Any = client.post(url, form)
    shown = answer.context["adminform"].form if answer.status_code == 200 else None
    if shown is not None and shown.asks:
        yes = {"seen": shown.impact.token, "accepted": "on"}
        return client.post(url, {**form, **yes})
    return answer


def agree(client: Client, url: str, form: dict[str, Any] | None = None) -> Any:
    """Yes to the page that asks before rows are archived, restored or switched."""
    answer: Any = client.post(url, form or {})
    if answer.status_code != 200:
        return answer
    yes = {"seen": answer.context["panel"]["token"], "accepted": "on"}
    return client.post(url, {**(form or {}), **yes})
