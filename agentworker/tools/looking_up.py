"""The kind that looks into what the assistant knows."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DatabaseError, connections
from django.utils.translation import gettext_lazy as _

from agentworker.knowledge.models import Passage
from agentworker.knowledge.searching import search
from agentworker.tools.kind import Config, Done, Kind, Parameter, Scene
from agentworker.tools.line import Unable

SAID = {
    "ru": {
        "about": (
            "Ищет ответ в документах компании: цены, правила, адреса. Пользуйся этим, прежде чем"
            " отвечать на вопрос о компании, и говори только то, что нашлось."
        ),
        "words": "О чём спрашивает звонящий: главные слова вопроса.",
        "nothing": "Об этом в документах ничего нет. Так и скажи.",
        "failed": "Сейчас посмотреть не получилось.",
    },
    "en": {
        "about": (
            "Looks for the answer in the company's documents: prices, rules, addresses. Use it"
            " before you answer a question about the company, and say only what was found."
        ),
        "words": "What the caller asks about: the main words of the question.",
        "nothing": "The documents say nothing about it. Say so.",
        "failed": "It could not be looked up just now.",
    },
}


async def _run(_config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    said = SAID[scene.language]
    try:
        found = await asyncio.to_thread(_search, scene.knowledge, str(args.get("words") or ""))
    except DatabaseError as error:
        raise Unable(said["failed"]) from error
    if not found:
        return Done(said["nothing"], {"passages": []})
    used = [[passage.document.name, passage.number] for passage in found]
    return Done("\n\n".join(passage.text for passage in found), {"passages": used})


def _search(keys: Sequence[str], words: str) -> list[Passage]:
    """In a thread of a job, which keeps no connection."""
    try:
        return search(keys, words)
    finally:
        connections.close_all()


def _words(_config: Config, language: str) -> Sequence[Parameter]:
    return (Parameter("words", SAID[language]["words"]),)


KNOWLEDGE = Kind(
    "knowledge",
    _("Look into what it knows"),
    _("It finds passages in its documents, and answers by them."),
    lambda _config, language: SAID[language]["about"],
    _words,
    _run,
)
