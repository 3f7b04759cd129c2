"""A Telegram bot is led to its chat: token, "press Start", the chat that was found, a code back.

https://core.telegram.org/bots/api : getMe, getUpdates, sendMessage.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from monitoring.alarms import sending
from monitoring.alarms.sending import Answer
from veyra.sentences import Sentence

API = "https://api.telegram.org/bot{token}/{method}"
# A code is typed so many times at most.
GUESSES = 5
WRONG_TOKEN = gettext_noop("Telegram does not know this token. Copy it from @BotFather once more.")
IN_USE = gettext_noop(
    "Another program already reads what is written to this bot. Make a new bot by /newbot."
)
NOT_REACHED = gettext_noop(
    "Telegram cannot be reached from here. Where it is closed, fill in a proxy: your engineer knows"
    " one."
)
NOBODY = gettext_noop("Nobody has pressed Start yet. Open the bot, press Start, then look again.")


class TelegramError(Exception):
    """What Telegram would not do; `sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


@dataclass(frozen=True)
class Bot:
    """Nothing of it may be logged."""

    token: str
    proxy: str = ""

    def ask(self, method: str, data: dict[str, Any] | None = None) -> Any:
        """Its "result". Raises TelegramError."""
        url = API.format(token=self.token, method=method)
        answer = sending.fetch(url, self.proxy, data or {}, secrets=[self.token, self.proxy])
        found = _parsed(answer)
        if answer.ok and isinstance(found, dict) and found.get("ok"):
            return found.get("result")
        raise TelegramError(_why(answer))

    def name(self) -> str:
        """Raises TelegramError."""
        return str(self.ask("getMe").get("username", ""))

    def find(self, word: str) -> "Chat":
        """The chat in which somebody pressed Start, best that of our link. Raises TelegramError."""
        chats = [chat for update in self.ask("getUpdates") if (chat := _chat_of(update, word))]
        ours = [chat for chat in chats if chat.is_ours]
        if not (found := ours or chats):
            raise TelegramError(Sentence(NOBODY))
        return found[-1]

    def send_code(self, chat: str, code: str, language: str) -> None:
        """Raises TelegramError."""
        with translation.override(language):
            text = gettext("The code for Veyra: %(code)s") % {"code": code}
        self.ask("sendMessage", {"chat_id": chat, "text": text})


@dataclass(frozen=True)
class Chat:
    pk: str
    title: str
    is_ours: bool


def _chat_of(update: dict[str, Any], word: str) -> Chat | None:
    message = update.get("message") or update.get("channel_post") or {}
    chat, text = message.get("chat") or {}, str(message.get("text", ""))
    if not chat.get("id") or not text.startswith("/start"):
        return None
    names = (chat.get("first_name"), chat.get("last_name"))
    title = chat.get("title") or " ".join(name for name in names if name)
    return Chat(str(chat["id"]), str(title)[:80], text.endswith(f" {word}"))


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.text)
    except ValueError:
        return None


def _why(answer: Answer) -> Sentence:
    if answer.status in (401, 404):
        return Sentence(WRONG_TOKEN)
    if answer.status == 409:
        return Sentence(IN_USE)
    if answer.is_final and answer.status is None:
        return answer.why
    return Sentence(NOT_REACHED) if answer.status is None else answer.why


def new_word() -> str:
    """What our link hands to the bot."""
    return secrets.token_hex(8)


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06}"
