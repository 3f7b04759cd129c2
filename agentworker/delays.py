"""How long a caller waits for an answer, and on what the time goes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Question:
    """The caller stopped speaking, or pressed a key, at `asked_at`; at `heard_at` we knew that he
    had finished, None where there was nothing to wait for. Seconds since 1970.
    """

    asked_at: float
    heard_at: float | None = None


def of_answer(
    question: Question | None, began: float, metrics: Mapping[str, Any]
) -> dict[str, int]:
    """Fields of a Turn, in milliseconds, of an answer whose sound began at `began`.

    `metrics` are the library's, of the answer. What was not measured is left out; nothing is known
    of words that answer nobody. The parts need not make up the whole: sound is on its way too, and
    an answer may be thought of before the caller has finished.
    """
    if question is None or began < question.asked_at:
        return {}
    heard = None if question.heard_at is None else question.heard_at - question.asked_at
    seconds = {
        "delay_ms": began - question.asked_at,
        "heard_ms": heard,
        "thought_ms": metrics.get("llm_node_ttft"),
        "spoke_ms": metrics.get("tts_node_ttfb"),
    }
    return {name: max(0, round(1000 * one)) for name, one in seconds.items() if one is not None}
