"""What callers hear where nobody wrote a message: that it is closed, and when it opens.

Spoken in the assistant's language, so not in the catalogue of the pages.
"""

from datetime import date, datetime, timedelta

from django.utils import translation
from django.utils.formats import date_format

from agentworker.hours.book import Ruling
from agentworker.hours.state import Closed
from agentworker.placeholders import fill, values

SPOKEN = {
    "ru": {
        "closed": "Здравствуйте! Сейчас мы не работаем.",
        "until": "Мы ответим {when}.",
        "goodbye": "Пожалуйста, позвоните позже. До свидания!",
        "today": "сегодня",
        "tomorrow": "завтра",
    },
    "en": {
        "closed": "Hello! We are closed at the moment.",
        "until": "We will answer {when}.",
        "goodbye": "Please call again later. Goodbye!",
        "today": "today",
        "tomorrow": "tomorrow",
    },
}
WEEKDAYS = {
    "ru": [
        *("в понедельник", "во вторник", "в среду", "в четверг"),
        *("в пятницу", "в субботу", "в воскресенье"),
    ],
    "en": [
        *("on Monday", "on Tuesday", "on Wednesday", "on Thursday"),
        *("on Friday", "on Saturday", "on Sunday"),
    ],
}


def words(
    ruling: Ruling, language: str, now: datetime, *, caller: str = "", company: str = ""
) -> str:
    """The message of who is closed: staff's own with its places filled, or ours. `caller`: his
    number.
    """
    if language not in SPOKEN:
        language = "ru"
    if ruling.message:
        return fill(ruling.message, values(language, now.astimezone(ruling.zone), caller, company))
    said = SPOKEN[language]
    until = ruling.state.until if isinstance(ruling.state, Closed) else None
    when = [said["until"].format(when=when_of(until, ruling, language, now))] if until else []
    return " ".join([said["closed"], *when, said["goodbye"]])


def when_of(until: datetime, ruling: Ruling, language: str, now: datetime) -> str:
    local, today = until.astimezone(ruling.zone), now.astimezone(ruling.zone).date()
    return f"{_day(local.date(), today, language)} {_clock(local, language)}"


def _day(day: date, today: date, language: str) -> str:
    if day == today:
        return SPOKEN[language]["today"]
    if day == today + timedelta(days=1):
        return SPOKEN[language]["tomorrow"]
    if day < today + timedelta(days=7):
        return WEEKDAYS[language][day.weekday()]
    with translation.override(language):
        written = date_format(day, "j E")
    return written if language == "ru" else f"on {written}"


def _clock(local: datetime, language: str) -> str:
    if language != "ru":
        return (
            f"at {local:%-I:%M %p}".replace(":00", "").replace("AM", "a.m.").replace("PM", "p.m.")
        )
    begun = f"в {local.hour} {_plural(local.hour, 'час', 'часа', 'часов')}"
    if not local.minute:
        return begun
    return f"{begun} {local.minute} {_plural(local.minute, 'минуту', 'минуты', 'минут')}"


def _plural(count: int, one: str, few: str, many: str) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else many
