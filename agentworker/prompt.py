"""What a mind is told before a call: who it is, what it may do, and how one speaks on a phone."""

from datetime import datetime

from django.utils import translation
from django.utils.formats import date_format

from agentworker.script import Script
from agentworker.tools import configs_of

SPOKEN = {
    "ru": {
        "phone": (
            "Ты говоришь по телефону, тебя слушают, а не читают. Отвечай коротко: одно-два"
            " предложения, по одной мысли. Без списков, разметки, ссылок и смайликов. Числа, даты"
            " и цены пиши словами. Задавай не больше одного вопроса за раз. Если не расслышал —"
            " переспроси. Чего не знаешь — не выдумывай, так и скажи."
        ),
        "tools": "Обещай только то, что можешь сделать своими инструментами, и сразу это делай.",
        "no_tools": "Ты можешь только разговаривать: не обещай перевести звонок или перезвонить.",
        "language": "Говори по-русски.",
        "follow": "Говори по-русски, а если звонящий говорит по-английски — по-английски.",
        "now": "Сейчас {weekday}, {date}, {time}.",
    },
    "en": {
        "phone": (
            "You are on the phone: people hear you, they do not read you. Be brief: one or two"
            " sentences, one thought at a time. No lists, markup, links or emoji. Write numbers,"
            " dates and prices in words. Ask one question at a time. If you did not catch"
            " something, ask again. What you do not know you do not invent: say so."
        ),
        "tools": "Promise only what you can do with your tools, and then do it at once.",
        "no_tools": "You can only talk: do not promise to transfer the call or to call back.",
        "language": "Speak English.",
        "follow": "Speak English, and Russian if the caller speaks Russian.",
        "now": "It is {weekday}, {date}, {time}.",
    },
}


def instructions_of(script: Script, now: datetime) -> str:
    """Pure. The script's words are filled; `now` is in the time zone of the place that is called.

    Who calls is not told: staff write {caller_number} where the mind, a stranger's, may know it.
    """
    said = SPOKEN[script.language]
    parts = [
        script.instructions,
        said["phone"],
        said["tools" if configs_of(script) else "no_tools"],
        said["follow" if script.follows_caller else "language"],
        said["now"].format(**_moment(script.language, now)),
    ]
    return "\n".join(part.strip() for part in parts if part.strip())


def _moment(language: str, now: datetime) -> dict[str, str]:
    day = {"ru": "j E Y", "en": "F j, Y"}[language]
    with translation.override(language):
        return {
            "weekday": date_format(now, "l").lower() if language == "ru" else date_format(now, "l"),
            "date": date_format(now, day),
            "time": date_format(now, "H:i"),
        }
