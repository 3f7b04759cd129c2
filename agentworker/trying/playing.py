"""A scenario played with an assistant, step by step, and judged."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_noop as _
from livekit.agents import llm

from agentworker.trying.answer import Answer
from agentworker.trying.rehearsal import Rehearsal
from agentworker.trying.steps import Kind, Must, Step
from agentworker.trying.verdicts import Verdict, judge, passed
from veyra.sentences import Sentence

JUDGE_SECONDS = 20
OVER = _("The call was over before this line.")
UNDECIDED = _("The language model could not tell.")
# In the words of the mind.
REASON = "%(reason)s"
ASKED = {
    "ru": (
        "Ты проверяешь телефонного ассистента. Звонящий: «{say}». Ассистент: «{answer}»."
        " Верно ли про ответ ассистента: «{wanted}»? Начни с одного слова, ДА или НЕТ, и добавь"
        " одно короткое предложение: почему."
    ),
    "en": (
        "You examine a telephone assistant. Caller: “{say}”. Assistant: “{answer}”. Is this true of"
        " the assistant's answer: “{wanted}”? Begin with one word, YES or NO, and add one short"
        " sentence: why."
    ),
}
YES_OR_NO = re.compile(r"\W*(да|yes|нет|no)\b[\W_]*", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """What came of a step. `answer` is None where the call was over by then."""

    step: Step
    answer: Answer | None
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        return passed(self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """As pages read it."""
        musts = zip(self.step.must, self.verdicts, strict=True)
        return {
            "say": self.step.say,
            "press": self.step.press,
            "answer": self.answer.to_json() if self.answer else None,
            "must": [{**asdict(must), **verdict.to_json()} for must, verdict in musts],
        }


async def play(rehearsal: Rehearsal, steps: Sequence[Step]) -> list[Told]:
    """Raises rehearsal.Unanswered: then nothing is known of the assistant's words."""
    told: list[Told] = []
    greeting = await rehearsal.greeting()
    is_over = False
    for step in steps:
        if is_over:
            told.append(Told(step, None, tuple(Verdict(False, Sentence(OVER)) for _ in step.must)))
            continue
        answer = greeting if not (step.say or step.press) else await _answer(rehearsal, step)
        is_over = answer.ended
        told.append(Told(step, answer, await _judged(rehearsal, step, answer)))
    return told


async def _answer(rehearsal: Rehearsal, step: Step) -> Answer:
    return await (rehearsal.press(step.press) if step.press else rehearsal.hear(step.say))


async def _judged(rehearsal: Rehearsal, step: Step, answer: Answer) -> tuple[Verdict, ...]:
    verdicts = []
    for must in step.must:
        if must.kind is Kind.JUDGED and rehearsal.has_mind:
            verdicts.append(await by_mind(rehearsal, step, answer, must))
        else:
            verdicts.append(judge(must, answer))
    return tuple(verdicts)


async def by_mind(rehearsal: Rehearsal, step: Step, answer: Answer, must: Must) -> Verdict:
    """What the assistant's own language model says of it, asked apart from the talk."""
    question = ASKED[rehearsal.script.language].format(
        say=step.say or step.press, answer=answer.text, wanted=must.text
    )
    asked = llm.ChatContext.empty()
    asked.add_message(role="user", content=question)
    try:
        async with asyncio.timeout(JUDGE_SECONDS):
            async with rehearsal.mind.chat(chat_ctx=asked) as stream:
                said = [chunk.delta.content or "" async for chunk in stream if chunk.delta]
    except Exception:  # whatever a provider's library says of it: nobody has judged
        return Verdict(None, Sentence(UNDECIDED))
    return read_judgement("".join(said))


def read_judgement(text: str) -> Verdict:
    """ "НЕТ: он груб" -> not so, because he is rude. Pure."""
    found = YES_OR_NO.match(text)
    if found is None:
        return Verdict(None, Sentence(UNDECIDED))
    reason = " ".join(text[found.end() :].split())
    return Verdict(found[1].lower() in ("да", "yes"), Sentence(REASON, {"reason": reason}))
