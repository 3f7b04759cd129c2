"""What a program does with the line: numbers, calls, and assistants.

python examples/livekit_api_usage_examples.py +79161234567
"""

import sys
import time
from typing import Any
from uuid import uuid4

from veyra_client import ProblemError, Veyra


def numbers_of_the_line(veyra: Veyra) -> list[str]:
    """Every number, and whether LiveKit has it."""
    rows = veyra.rows("numbers/", page_size=100)
    return [f"{row['number']}: {row['published']['sentence']}" for row in rows]


def what_would_change(veyra: Veyra, number: int, **values: Any) -> list[str]:
    """What callers would notice, before anything is saved."""
    preview = veyra.patch(f"numbers/{number}/?dry_run=true", values)
    return [*preview["changes"], *preview["warnings"]]


def call_somebody(veyra: Veyra, to: str, order: str) -> dict[str, Any]:
    """Place a call; whoever asks again for the same order calls nobody twice."""
    placed: dict[str, Any] = veyra.post("calls/", {"to": to}, once=f"order-{order}")
    return placed


def wait_for(veyra: Veyra, call: str, seconds: float = 60.0) -> str:
    """How it went: a state, and a sentence where it was not placed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        placing = veyra.get(f"calls/{call}/placing/")
        if placing["state"] != "waiting":
            return f"{placing['state']} {placing['sentence']}".strip()
        time.sleep(0.5)
    return "waiting"


def voice_ai_integration_examples(veyra: Veyra) -> dict[str, list[str]]:
    """What each assistant says first, and what was said in the newest call."""
    greetings = [
        f"{agent['name']}: {version['greeting']}"
        for agent in veyra.rows("agents/")
        for version in veyra.get(f"agents/{agent['id']}/versions/", page_size=1)["results"]
    ]
    lines: list[str] = []
    for call in veyra.get("calls/", page_size=1)["results"]:
        said = veyra.get(f"calls/{call['id']}/transcript/")["lines"]
        lines = [f"{line['speaker']}: {line['text']}" for line in said]
    return {"greetings": greetings, "lines": lines}


def main(to: str) -> None:
    veyra = Veyra()
    print("\n".join(numbers_of_the_line(veyra)))
    print(voice_ai_integration_examples(veyra))
    if to:
        placed = call_somebody(veyra, to, str(uuid4()))
        print("call", placed["id"], wait_for(veyra, placed["id"]))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or [""])
    except ProblemError as error:
        sys.exit(f"{error.status}: {error}")
