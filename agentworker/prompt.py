"""What a mind is told before a call: who it is, what it may do, and how one speaks on a phone."""

from datetime import datetime

from agentworker.script import Script

SPOKEN = {
    "ru": {
        "who": "Ты отвечаешь на телефонный звонок. Ты уже сказал: «{greeting}»",
        "phone": (
            "Ты говоришь по телефону, тебя слушают, а не читают. Отвечай коротко: одно-два"
            " предложения, по одной мысли. Без списков, разметки, ссылок и смайликов. Числа, даты"
            " и цены пиши словами. Задавай не больше одного вопроса за раз. Если не расслышал —"
            " переспроси. Чего не знаешь — не выдумывай, так и скажи."
        ),
        "tools": "Обещай сделать только то, что можешь сделать своими инструментами.",
        "no_tools": "Ты можешь только разговаривать: не обещай перевести звонок или перезвонить.",
        "language": "Говори по-русски.",
        "follow": "Говори по-русски, а если звонящий говорит по-английски — по-английски.",
        "now": "Сейчас {weekday}, {date}, {time}.",
        "caller": "Номер звонящего: {caller}.",
    },
    "en": {
        "who": "You are answering a phone call. You have already said: “{greeting}”",
        "phone": (
            "You are on the phone: people hear you, they do not read you. Be brief: one or two"
            " sentences, one thought at a time. No lists, markup, links or emoji. Write numbers,"
            " dates and prices in words. Ask one question at a time. If you did not catch"
            " something, ask again. What you do not know you do not invent: say so."
        ),
        "tools": "Promise only what you can do with your tools.",
        "no_tools": "You can only talk: do not promise to transfer the call or to call back.",
        "language": "Speak English.",
        "follow": "Speak English, and Russian if the caller speaks Russian.",
        "now": "It is {weekday}, {date}, {time}.",
        "caller": "The caller's number: {caller}.",
    },
}
WEEKDAYS = {
    "ru": ["понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}


def instructions_of(script: Script, now: datetime, caller: str = "") -> str:
    """Pure. `now` is in the time zone of the place that is called; `caller`: his number, or "" ."""
    said = SPOKEN[script.language]
    moment = said["now"].format(
        weekday=WEEKDAYS[script.language][now.weekday()],
        date=now.strftime("%d.%m.%Y"),
        time=now.strftime("%H:%M"),
    )
    parts = [
        said["who"].format(greeting=script.greeting),
        script.instructions,
        said["phone"],
        said["tools" if script.tools else "no_tools"],
        said["follow" if script.follows_caller else "language"],
        moment,
        said["caller"].format(caller=caller) if caller else "",
    ]
    return "\n".join(part.strip() for part in parts if part.strip())
