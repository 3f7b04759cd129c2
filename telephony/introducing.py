"""A transfer with an introduction: the caller hears music, a colleague is told who calls and why,
and then they talk.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from agentworker import standin
from agentworker.models import Speaker, StandIn, Turn
from agentworker.talks import talks
from telephony import ringing
from telephony.colleagues import Colleague, Found, Team, people_of
from telephony.hands import CannotDo
from telephony.models import Call, CallAction, Ring
from telephony.numbers import NumberError, e164
from veyra.livekit.client import LiveKit
from veyra.models import Pulse
from veyra.sentences import Sentence

WATCHDOG = "watchdog"

LOOKING = _("The caller hears music while “%(who)s” is rung.")
GONE = _("Whom you chose is no longer there. Choose another colleague or group.")
NOT_FREE = _(
    "Nobody of “%(who)s” can be rung now: away, not at work, or in another talk. The caller stays"
    " with the assistant."
)
SEARCHES = _("Somebody is being looked for already for this call. Wait a moment.")
SHARED = _(
    "Several callers talk in one room here, and all of them would hear the music. Transfer the call"
    " without an introduction."
)
NO_MUSIC = _(
    "The part that plays music to callers does not work now. Transfer the call without an"
    " introduction, and tell your engineer."
)

# Spoken to a colleague in the assistant's language, so they are not in the catalogue of the pages.
SPOKEN = {
    "ru": {
        "call": "Вам звонок с номера {caller}.",
        "withheld": "Вам звонок, номер скрыт.",
        "to": "Звонили на номер {number}.",
        "said": "Последние слова звонящего: {said}.",
        "answered": "Ассистент ответил: {answered}.",
        "note": "Вам передают: {note}.",
        "connecting": "Соединяю.",
    },
    "en": {
        "call": "A call for you from {caller}.",
        "withheld": "A call for you, the number is withheld.",
        "to": "The number called is {number}.",
        "said": "The caller said last: {said}.",
        "answered": "The assistant answered: {answered}.",
        "note": "A note for you: {note}.",
        "connecting": "I am connecting you.",
    },
}
# Nobody listens to a speech while somebody waits. Of what was said only the end is read out, and of
# all but the note no more than about ten seconds.
LONGEST, MOST = 80, 150
# What is most worth to be told is first.
WORTH = ("call", "withheld", "said", "answered", "to")
# Shorter numbers are read out as they are.
SHORTEST_GROUPED = 10


def introduce(_livekit: LiveKit, row: CallAction) -> Sentence:
    """Begin it; the search tells how it goes on. Raises CannotDo."""
    call, found = row.call, people_of(*named(row.params))
    who = name_of(row.params)
    if wrong := why_not(call, found, who):
        raise CannotDo(wrong)
    note = str(row.params.get("note", ""))
    try:
        with transaction.atomic():
            ringing.begin(call, Ring.Why.TRANSFER, found, note, row.asked_by)
            StandIn.hold(
                call.room_sid,
                call.room_name,
                language_of(call),
                is_transfer=True,
                summary=summary_of(call, note),
            )
    except ringing.AlreadyRings as error:
        raise CannotDo(Sentence(SEARCHES)) from error
    return Sentence(LOOKING, {"who": who})


def why_not(call: Call, found: Sequence[Found], who: str) -> Sentence | None:
    """Why it cannot be begun now; None where it can."""
    if not found:
        return Sentence(GONE)
    if Call.objects.going_on().filter(room_sid=call.room_sid).exclude(pk=call.pk).exists():
        return Sentence(SHARED)
    is_felt = (Pulse.is_felt(name, standin.PULSE_IS_OLD) for name in (standin.PULSE, WATCHDOG))
    if not all(is_felt):
        return Sentence(NO_MUSIC)
    if not ringing.is_anybody_free(found, call):
        return Sentence(NOT_FREE, {"who": who})
    return None


def named(params: Mapping[str, Any]) -> tuple[Colleague | None, Team | None]:
    """Who is meant by {"colleague": pk} or {"team": pk}; two None where he is gone."""
    colleague = Colleague.objects.kept().filter(pk=params.get("colleague") or 0).first()
    return colleague, Team.objects.kept().filter(pk=params.get("team") or 0).first()


def name_of(params: Mapping[str, Any]) -> str:
    return next((each.name for each in named(params) if each), "")


def phone_of(params: Mapping[str, Any]) -> str:
    """The telephone that takes a call at once: a group's is that of its first who has one."""
    order = [each.colleague for each in people_of(*named(params))]
    rows = Colleague.objects.in_bulk(order)
    return next((rows[pk].phone for pk in order if rows[pk].phone), "")


def language_of(call: Call) -> str:
    """That of the assistant who was to speak."""
    version = call.agent.newest() if call.agent else None
    return version.language if version else ""


def summary_of(call: Call, note: str = "") -> str:
    """What a colleague is told of the call, by the voice of last resort."""
    legs = call.legs.values_list("sip_call_id", "participant_sid")
    names = {name for pair in legs for name in pair if name}
    turns = [turn for talk in talks(names).values() for turn in talk.lines]
    other, ours = call.from_number, call.to_number
    if call.is_outbound:
        other, ours = ours, other
    label = call.number.label if call.number else ""
    said = last_of(turns, Speaker.CALLER)
    # A greeting tells nothing of the caller.
    answered = last_of(turns, Speaker.AGENT) if said else ""
    return words(language_of(call), other, ours, said, answered, note, label=label)


def last_of(turns: Sequence[Turn], speaker: str) -> str:
    return next((turn.text for turn in reversed(turns) if turn.speaker == speaker), "")


def words(
    language: str, caller: str, number: str, said: str, answered: str, note: str, *, label: str = ""
) -> str:
    """Pure. What is not known is left out; an unknown language is answered in Russian. `label`: how
    our people call the number, which is said faster than its digits.
    """
    spoken = SPOKEN.get(language, SPOKEN["ru"])
    digits = _spelled(number)
    # Digits take four seconds: they are read out where nothing else is known.
    called = _short(label or ("" if digits else number)) or ("" if said else digits)
    parts = {
        "call" if _spelled(caller) else "withheld": {"caller": _spelled(caller)},
        "to": {"number": called},
        "said": {"said": _short(said)},
        "answered": {"answered": _short(answered)},
        # Written for him, so he hears all of it.
        "note": {"note": _plain(note)},
    }
    told = {
        k: spoken[k].format(**v) for k, v in parts.items() if k == "withheld" or any(v.values())
    }
    room = MOST
    for name in WORTH:
        if len(told.get(name, "")) > room:
            del told[name]
        room -= len(told.get(name, ""))
    return " ".join([*told.values(), spoken["connecting"]])


def _spelled(number: str) -> str:
    """As it is read out: in groups, not as one large number. "" where there is none."""
    try:
        digits = e164(number).removeprefix("+")
    except NumberError:
        digits = "".join(each for each in number if each.isdigit())
    if len(digits) < SHORTEST_GROUPED:
        return digits
    ends = (0, len(digits) - 10, len(digits) - 7, len(digits) - 4, len(digits) - 2, len(digits))
    parts = (digits[start:end] for start, end in pairwise(ends))
    return ", ".join(part for part in parts if part)


def _short(text: str) -> str:
    """The end of it, from a whole word on."""
    text = _plain(text)
    return text if len(text) <= LONGEST else text[-LONGEST:].partition(" ")[2]


def _plain(text: str) -> str:
    """In one line, to which a sentence gives its own end."""
    return " ".join(text.split()).rstrip(".")
