"""Telephone numbers: any spelling that people use to E.164, and the spellings that reach us."""

import re

import phonenumbers
from django.utils.translation import gettext_noop

from veyra.sentences import Sentence

REGION = "RU"
# Inner numbers of a telephone exchange; they stay as they are.
EXTENSION = re.compile(r"\d{2,6}")
# Known at a glance: a long line has ten thousand of them, and a full look takes 100 times as long.
RUSSIAN = re.compile(r"\+7[3489][0-9]{9}")


class NumberError(ValueError):
    """What was written is no telephone number; `sentence` says what to write instead."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def e164(text: str) -> str:
    """ "8 (499) 112-41-48" -> "+74991124148"; "101" -> "101". Raises NumberError."""
    text = text.strip()
    if RUSSIAN.fullmatch(text) or EXTENSION.fullmatch(text):
        return text
    if not text or re.search(r"[^\d\s()+.\-\u00a0\u2010-\u2015]", text):
        raise NumberError(_wrong(text))
    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", text), REGION)
    except phonenumbers.NumberParseException as error:
        raise NumberError(_wrong(text)) from error
    found = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    russian_length = number.country_code != 7 or len(found) == 12
    if not russian_length or not phonenumbers.is_possible_number(number):
        msgid = gettext_noop(
            "“%(text)s” has too few or too many digits. Write it as +7 499 112-41-48."
        )
        raise NumberError(Sentence(msgid, {"text": text}))
    return found


def _wrong(text: str) -> Sentence:
    msgid = gettext_noop("“%(text)s” is not a telephone number. Write it as +7 499 112-41-48.")
    return Sentence(msgid, {"text": text})


def spellings(number: str) -> tuple[str, ...]:
    """How an E.164 number or an extension may arrive, each once for LiveKit.

    LiveKit takes 7499… for +7499… by itself, and refuses a trunk that has both; 8499… is another
    number to it.
    """
    if number.startswith("+7") and len(number) == 12:
        return (number, "8" + number[2:])
    return (number,)


def spelled(number: str, spelling: str) -> str:
    """The one form in which a provider with this `Spelling` writes an E.164 number."""
    if not number.startswith("+"):
        return number
    if spelling == "digits":
        return number[1:]
    if spelling == "national" and number.startswith("+7"):
        return "8" + number[2:]
    return number


def spelling_of(text: str) -> str:
    """The `Spelling` that a Russian number as a provider wrote it shows; "" where it shows none."""
    if re.fullmatch(r"\+7\d{10}", text):
        return "plus"
    if re.fullmatch(r"7\d{10}", text):
        return "digits"
    return "national" if re.fullmatch(r"8\d{10}", text) else ""


def parts_of_number(text: str) -> tuple[str, ...]:
    """What a stored number may contain, if somebody searches for `text`: "8 (499) 11" -> "849911",
    "+749911".
    """
    digits = _joined(text)
    if not digits.isascii() or not digits.isdigit():
        return ()
    if digits.startswith("8") and len(digits) > 1:
        return digits, f"+7{digits[1:]}"
    return (digits.removeprefix("00"),) if digits.startswith("00") else (digits,)


def part_of_any_spelling(text: str) -> str:
    """What a number contains however it was written: "8 (499) 11", "+7 499 11" -> "49911".

    What is no number stays as it is.
    """
    digits = _joined(text)
    if not digits.isascii() or not digits.isdigit():
        return text
    is_national = len(digits) > 4 and digits[0] in "78"
    return digits[1:] if is_national else digits.removeprefix("00")


def _joined(text: str) -> str:
    return re.sub(r"[\s()+.\-\u00a0\u2010-\u2015]", "", text)


def pretty(number: str) -> str:
    """ "+74991124148", "84991124148" -> "+7 499 112-41-48"; what is no number stays as it is."""
    if RUSSIAN.fullmatch(number):
        return f"+7 {number[2:5]} {number[5:8]}-{number[8:10]}-{number[10:]}"
    try:
        parsed = phonenumbers.parse(e164(number))
    except (NumberError, phonenumbers.NumberParseException):
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
