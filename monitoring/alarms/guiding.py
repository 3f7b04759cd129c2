"""How a Telegram channel comes to its chat, step by step; what is known meanwhile lies on its row.

values: bot (its name), word (what our link hands to the bot), chat, title, guesses; secret: token,
code.
"""

import hmac
from typing import Any

from django.utils.translation import gettext as _

from monitoring.alarms import telegram
from monitoring.alarms.forms import put
from monitoring.alarms.models import AlertChannel
from monitoring.alarms.sending import UNREADABLE
from monitoring.alarms.telegram import Bot, TelegramError
from veyra.secrets import SecretError
from veyra.sentences import Sentence


def begin(channel: AlertChannel) -> None:
    """Before a channel is saved: a bot that is new has to find its chat. Raises TelegramError."""
    if channel.kind != AlertChannel.Kind.TELEGRAM:
        return
    values = _values(channel)
    # The first half of a token names the bot.
    bot = values["token"].split(":")[0]
    if values.get("bot_id") == bot:
        return
    name = _bot(values).name()
    kept: dict[str, str] = {key: values[key] for key in ("token", "proxy") if key in values}
    put(channel, {**kept, "bot_id": bot, "bot": name, "word": telegram.new_word()})
    channel.is_ready = False


def look(channel: AlertChannel) -> None:
    """Find the chat in which Start was pressed, and send it a code. Raises TelegramError."""
    values = _values(channel)
    bot = _bot(values)
    chat = bot.find(values.get("word", ""))
    code = telegram.new_code()
    bot.send_code(chat.pk, code, channel.language)
    put(channel, {**values, "chat": chat.pk, "title": chat.title, "code": code, "guesses": "0"})
    channel.is_ready = False
    channel.save()


def type_code(channel: AlertChannel, typed: str) -> str:
    """Why it is not right; "" where it is, and the channel is ready. Raises TelegramError."""
    values = _values(channel)
    code, guesses = values.get("code", ""), int(values.get("guesses", "0"))
    if not code or guesses >= telegram.GUESSES:
        return _("This code is not good any more. Have another one sent.")
    if not hmac.compare_digest(typed.strip().encode(), code.encode()):
        put(channel, {**values, "guesses": str(guesses + 1)})
        channel.save()
        return _("This is another number than the one in Telegram. Look once more.")
    put(channel, {key: text for key, text in values.items() if key not in ("code", "guesses")})
    channel.is_ready, channel.failing_since, channel.error = True, None, {}
    channel.save()
    return ""


def told(channel: AlertChannel) -> dict[str, Any]:
    """For its page: where the bot is, and how far things are."""
    bot, word = channel.values.get("bot", ""), channel.values.get("word", "")
    return {
        "bot": bot,
        "chat_url": f"https://t.me/{bot}?start={word}",
        "group_url": f"https://t.me/{bot}?startgroup={word}",
        "found": channel.values.get("title", "") if "guesses" in channel.values else "",
    }


def _values(channel: AlertChannel) -> dict[str, str]:
    try:
        return channel.all_values()
    except SecretError as error:
        raise TelegramError(Sentence(UNREADABLE)) from error


def _bot(values: dict[str, str]) -> Bot:
    return Bot(values["token"], values.get("proxy", ""))
