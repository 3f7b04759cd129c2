"""Everything about one caller: found, and erased for good.

An erasure is a row, carried out by a worker, in steps that can be cut short anywhere and begun
anew: the ledger's line first, then his recordings, and his calls last, since all else is found by
them. It is done when every storage has said that it has nothing of him any more.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from agentworker.models import BlockedCaller
from monitoring import ledger, traces
from monitoring.erasure import Erasure
from recordings import deleting
from recordings import forgetting as sound
from recordings.keeping_models import Deletion, Hold
from recordings.storing import StoreError
from telephony import forgetting as line
from telephony.callers import one_spelling
from telephony.forgetting import Traces
from telephony.models import (
    Call,
    CallAction,
    CallBack,
    Colleague,
    ExpectedCall,
    OutboundCall,
    PhoneNumber,
    Refused,
    Ring,
)
from veyra.celery import wake
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

TASK = "monitoring.forget"

# What goes, in the order in which it is told.
GOES: dict[str, Any] = {
    "calls": gettext_lazy("Calls: the number, the address and every fact of them"),
    "words": gettext_lazy("What was said, line by line, also for the search of words"),
    "recordings": gettext_lazy("Recordings, also where they are stored"),
    "notes": gettext_lazy("Hints, transfers and notes of staff on his calls"),
    "call_backs": gettext_lazy("Calls to return, with their notes"),
    "asked": gettext_lazy("Calls to him that were asked for here"),
    "refused": gettext_lazy("Attempts to call that were turned away"),
    "blocks": gettext_lazy("His place in the list of blocked callers"),
    "transfers": gettext_lazy("Other calls that were transferred to him: his number"),
    "expected": gettext_lazy("Test calls that were announced from his telephone"),
    "files": gettext_lazy("Files with calls that hold him, and those that are being made"),
    "about": gettext_lazy("Files about him that were made on this page"),
    "filters": gettext_lazy("Kept searches for his number"),
    "log": gettext_lazy("His number in the log of who did what, and in security events"),
}

GOES_ON = gettext_noop("He is in a call now. Erase him when it is over.")
WAITS = gettext_noop(
    "A call to him was asked for and is about to be placed. Erase him when it is over."
)
NUMBER_HELD = gettext_noop(
    "Nothing about this number may be deleted: “%(why)s” (%(who)s). Whoever placed the hold lifts"
    " it on the page of how long recordings are kept."
)
RECORDING_HELD = gettext_noop(
    "One of his recordings must not be deleted: “%(why)s” (%(who)s). Whoever placed the hold lifts"
    " it on the page of how long recordings are kept."
)
OURS = gettext_noop("This is a number of yours, and not a caller's.")
BEGUN = gettext_noop("He is being erased already.")
ON_ITS_WAY = gettext_noop(
    "The recording of a call of his is still being saved. He is erased as soon as it is there."
)
STORAGE_AWAY = gettext_noop("The storage of the recordings does not answer: %(reason)s")
STILL_STORED = gettext_noop(
    "%(count)s of his recordings are still in the storage, which does not delete them now. Nobody"
    " can hear them any more, and it is tried again."
)
BROKEN = gettext_noop("Something went wrong, and it is tried again. The worker's log tells what.")


@dataclass(frozen=True)
class Stays:
    """Something that is not erased, and why; `link`: the URL name and arguments of its page."""

    sentence: Sentence
    link: tuple[Any, ...] = ()


FIGURES = gettext_noop(
    "Calls as figures (%(count)s): when, how long, which assistant, how they ended. So your reports"
    " stay true; without number and words they are nobody's."
)
OTHERS = gettext_noop(
    "Recordings of other callers who were in one room with him (%(count)s): they belong to those"
    " people, and he may be heard in them."
)
RULE = gettext_noop(
    "“%(rule)s” is for certain callers and names him. Take his number out there, if it is not"
    " needed."
)
COLLEAGUE = gettext_noop("It is also the telephone of your colleague %(who)s, which stays.")
KEPT_BLOCK = gettext_noop(
    "His number in the list of blocked callers, as you chose, so that he does not reach you."
)
BACKUPS = gettext_noop(
    "Backups made before today hold him until they are deleted. When one is restored, he is erased"
    " again."
)
OUTSIDE = gettext_noop(
    "What left Veyra before: files that were downloaded, the provider's bills, and the log of"
    " LiveKit. Reports by mail held no caller's number."
)
LEDGER = gettext_noop(
    "One line of the ledger: a code made of the number, by which it is known again and from which"
    " it cannot be read."
)


@dataclass(frozen=True)
class Found:
    """All that there is of one caller. `stops`: why he cannot be erased now."""

    traces: Traces
    counts: dict[str, int]
    stops: list[Sentence] = field(default_factory=list)
    stays: list[Stays] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.traces.number

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values())


def look(number: str) -> Found:
    """`number`: E.164."""
    found = Traces(number)
    counts = count(found)
    return Found(found, counts, list(stops(found)), list(stays(found, counts)))


def count(found: Traces) -> dict[str, int]:
    """How much there is of each that goes."""
    calls = found.calls
    notes = CallAction.objects.filter(call__in=calls).exclude(params={}).count()
    notes += Ring.objects.filter(call__in=calls).exclude(note="").count()
    notes += sound.lifted_holds(found.number, calls).count()
    return {
        "calls": len(calls),
        "words": found.words(),
        "recordings": sound.of_calls(calls).exclude(file="").count(),
        "notes": notes,
        "call_backs": found.call_backs.count(),
        "asked": found.asked.count(),
        "refused": found.refused.count(),
        "blocks": found.blocks.count(),
        "transfers": found.transfers.count(),
        "expected": found.expected.count(),
        "files": len(traces.files_with(calls)),
        "about": len(traces.files_about(found.number)),
        "filters": len(traces.filters_for(found.number)),
        "log": len(traces.log_of(found.number))
        + traces.changes_naming(found.number).count()
        + found.security.count(),
    }


def stops(found: Traces) -> Iterator[Sentence]:
    if PhoneNumber.objects.kept().filter(number=found.number).exists():
        yield Sentence(OURS)
    if found.going_on().exists():
        yield Sentence(GOES_ON)
    if found.waiting().exists():
        yield Sentence(WAITS)
    yield from held(found)


def held(found: Traces) -> Iterator[Sentence]:
    holds = Hold.objects.in_force().select_related("placed_by")
    of_number = [hold for hold in holds.exclude(number="") if hold.number == found.number]
    of_his = holds.filter(recording__in=sound.of_calls(found.calls))
    for msgid, rows in ((NUMBER_HELD, of_number), (RECORDING_HELD, of_his)):
        for hold in rows:
            yield Sentence(msgid, {"why": hold.why, "who": name_of(hold.placed_by)})


def name_of(user: User | None) -> str:
    return (user.get_full_name() or user.get_username()) if user else "—"


def stays(found: Traces, counts: dict[str, int]) -> Iterator[Stays]:
    if counts["calls"]:
        yield Stays(Sentence(FIGURES, {"count": counts["calls"]}))
    if others := sound.of_others(found.calls).count():
        yield Stays(Sentence(OTHERS, {"count": others}))
    for rule in found.rules():
        link = ("admin:telephony_dispatchrule_change", rule.pk)
        yield Stays(Sentence(RULE, {"rule": rule.name}), link)
    for colleague in Colleague.objects.kept().filter(phone=found.number):
        link = ("admin:telephony_colleague_change", colleague.pk)
        yield Stays(Sentence(COLLEAGUE, {"who": colleague.name}), link)
    yield from (Stays(Sentence(msgid)) for msgid in (BACKUPS, OUTSIDE, LEDGER))


# To be erased


class CannotErase(Exception):
    def __init__(self, sentences: list[Sentence]) -> None:
        super().__init__(sentences[0].msgid)
        self.sentences = sentences


def ask(number: str, user: User, now: datetime, *, keeps_block: bool = False) -> Erasure:
    """Have him erased soon; the row tells how it goes. Raises CannotErase."""
    marks = ledger.marks(number)
    if Erasure.objects.open().filter(mark__in=[mark.text for mark in marks]).exists():
        raise CannotErase([Sentence(BEGUN)])
    if wrong := list(stops(Traces(number))):
        raise CannotErase(wrong)
    row: Erasure = Erasure.objects.create(
        mark=marks[0].text,
        key_name=marks[0].key_name,
        number=number,
        keeps_block=keeps_block,
        asked_at=now,
        asked_by=user,
        asked_by_name=name_of(user),
    )
    wake(TASK)
    return row


def work(now: datetime) -> None:
    """Go on with everybody who is to be erased, and remove what came late of the others."""
    for row in Erasure.objects.open():
        try:
            waits = carry_out(row, now)
        except Exception:
            # One that is broken holds up none of the others.
            log.exception("erasure %s was cut short", row.pk)
            waits = Sentence(BROKEN)
        told = waits.to_json() if waits else {}
        Erasure.objects.filter(pk=row.pk).update(waits_for=told)
    if line.sweep(now):
        log.info("removed what came late of callers who were erased")
    try:
        sound.sweep(now)
    except StoreError:
        log.warning("sound of callers who were erased is not removed yet: the storage is away")


def carry_out(row: Erasure, now: datetime, *, again: bool = False) -> Sentence | None:
    """What it waits for; None: he is erased. `again`: from a backup, whatever that holds up."""
    found = Traces(row.number, until=row.asked_at)
    if not again:
        if waits := next(stops(found), None):
            return waits
        if sound.of_calls(found.calls).open().exists():
            return Sentence(ON_ITS_WAY)
    _remember_counts(row, found)
    try:
        _note(row)
        _remember_recordings(row, sound.claim(found.calls, now, again=again))
        if sound.is_left(found.calls):
            return Sentence(ON_ITS_WAY)
        sound.forget_parts(found.calls)
    except StoreError as error:
        return Sentence(STORAGE_AWAY, {"reason": str(error.sentence)})
    traces.forget_files(traces.files_with(found.calls))
    traces.forget_files(traces.files_about(found.number))
    for search in traces.filters_for(found.number):
        search.delete()
    traces.forget_in_log(traces.log_of(found.number))
    traces.forget_answers(traces.answers_naming(found.number))
    sound.forget_holds(found.number, found.calls)
    sound.forget_rooms(found.calls)
    line.erase(found, now, keeps_block=row.keeps_block)
    # Last: that he is blocked no more was just written down.
    traces.forget_in_changes(traces.changes_naming(found.number))
    deleting.carry_out(timezone.now(), row.recordings)
    if left := Deletion.objects.of(row.recordings).open().count():
        return Sentence(STILL_STORED, {"count": left})
    _remember(row, number="", done_at=timezone.now())
    return None


def _remember(row: Erasure, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _remember_counts(row: Erasure, found: Traces) -> None:
    """How much there was before anything went. Two workers may do the same at once: the first tells
    it, before it erases anything.
    """
    if not row.counts:
        Erasure.objects.filter(pk=row.pk, counts={}).update(counts=count(found))
        row.refresh_from_db(fields=["counts"])


@transaction.atomic
def _remember_recordings(row: Erasure, gone: list[UUID]) -> None:
    """With those that somebody else found."""
    known = Erasure.objects.select_for_update().get(pk=row.pk).recordings
    _remember(row, recordings=sorted({*known, *map(str, gone)}))


def _note(row: Erasure) -> None:
    """Into the ledger, before anything is erased. Raises StoreError."""
    if not row.is_noted:
        at = row.asked_at.isoformat()
        ledger.write(ledger.Line(str(row.pk), row.mark, row.key_name, at, row.keeps_block))
        _remember(row, is_noted=True)


# Once more, after a backup was restored


@dataclass
class Again:
    """`erased`: keys of the erasures that were done again; `unknown`: lines that no key of ours
    reads; `wrong`: what else kept us from it.
    """

    erased: list[str] = field(default_factory=list)
    unknown: int = 0
    wrong: list[Sentence] = field(default_factory=list)


def again(now: datetime) -> Again:
    """Erase everybody whom the ledger knows and who is here all the same. Afterwards it is whole:
    what only the storage had is a row again.
    """
    result = Again()
    lines, wrong = ledger.read()
    result.wrong += [error.sentence for error in wrong]
    for each in lines:
        values = {"mark": each.mark, "key_name": each.key_name, "keeps_block": each.keeps_block}
        known = values | {"asked_at": each.until, "done_at": now, "is_noted": True}
        Erasure.objects.get_or_create(pk=each.id, defaults=known)
    rows: dict[str, list[Erasure]] = {}
    for row in Erasure.objects.order_by("asked_at"):
        rows.setdefault(row.mark, []).append(row)
    names = ledger.key_names()
    result.unknown = sum(row.key_name not in names for each in rows.values() for row in each)
    for number, mark in _whom_we_know(set(rows)):
        for row in rows[mark]:
            _erase_again(row, number, now, result)
    return result


def _erase_again(row: Erasure, number: str, now: datetime, result: Again) -> None:
    with transaction.atomic():
        _remember(row, number=number, done_at=None, recordings=[])
    if not any(count(Traces(number, until=row.asked_at)).values()):
        return _remember(row, number="", done_at=now)
    if waits := carry_out(row, now, again=True):
        _remember(row, waits_for=waits.to_json())
        result.wrong.append(waits)
    result.erased.append(str(row.pk))


def _whom_we_know(marks: set[str]) -> Iterator[tuple[str, str]]:
    """Numbers that stand somewhere, each with its mark, where that is one of these."""
    seen: set[str] = set()
    for number in _numbers():
        for mark in ledger.marks(number):
            if mark.text in marks and mark.text not in seen:
                seen.add(mark.text)
                yield number, mark.text


def _numbers() -> Iterator[str]:
    columns = (
        *((Call, "from_number"), (Call, "to_number"), (OutboundCall, "to_number")),
        *((CallBack, "caller"), (Refused, "caller"), (ExpectedCall, "caller")),
        *((BlockedCaller, "number"), (Hold, "number")),
    )
    for model, column in columns:
        texts = model._default_manager.order_by().values_list(column, flat=True).distinct()
        # All of them first: SQLite lets nobody write while somebody reads.
        yield from {one_spelling(text) for text in texts.iterator() if text}
    yield from traces.numbers()
