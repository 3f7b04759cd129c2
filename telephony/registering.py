"""The loop of `manage.py registrar`: the registrar holds the lines that sign in, and we tell how
they stand. One writer at a time.
"""

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from django.db import DatabaseError, close_old_connections, transaction
from django.utils import timezone

from telephony import refusals
from telephony.hosts import Lookups
from telephony.line import read_signing
from telephony.models import Registration, Trunk
from telephony.registration import NumberIn
from telephony.routing import signin
from telephony.routing.outgoing import ADDRESS
from telephony.routing.registering import (
    Plan,
    Row,
    State,
    Step,
    Told,
    Wanted,
    away,
    id_of,
    not_taken,
    same_period,
    wanted,
)
from telephony.routing.wish import Line as SavedLine
from telephony.signing import PULSE
from veyra.celery import wake
from veyra.kamailio.client import RegistrarAwayError, RegistrarError
from veyra.kamailio.types import Line, LineState, Stranger
from veyra.models import Lease, Pulse
from veyra.outage import Outage
from veyra.sentences import Sentence

log = logging.getLogger(__name__)
registrar_outage = Outage(log, "the registrar is away")
database_outage = Outage(log, "the database is away")

SECONDS = 1.0
# Of a holder that was killed another takes over after so long.
LEASE, LEASE_SECONDS, RENEW_SECONDS = "registrar", 8.0, 2.0
PULSE_SECONDS = 5.0
STRANGERS_SECONDS = 10.0
# As many addresses of strangers are noted at a time: those that sent most.
STRANGERS = 100
# A registrar that is killed is back in a moment: only then is its absence told.
AWAY_SECONDS = 3.0
KEPT = timedelta(days=90)


class Registers(Protocol):
    """The registrar. Every method raises RegistrarError."""

    def lines(self) -> dict[str, LineState]: ...
    def put(self, line: Line, seal: str) -> None: ...
    def admit(self, line: Line, seal: str) -> None: ...
    def remove(self, line_id: str) -> None: ...
    def retry(self, line_id: str) -> None: ...
    def strangers(self) -> list[Stranger]: ...


class Controller:
    """Keeps `registrar` in step with what is saved until `stop`."""

    def __init__(self, registrar: Registers, lookups: Lookups) -> None:
        self.registrar, self.lookups = registrar, lookups
        self._stopping = threading.Event()
        self._holder: uuid.UUID | None = None
        self._answered_at = time.monotonic()
        self._refused: dict[str, str] = {}
        self._paces = {
            name: Pace(seconds)
            for name, seconds in (
                ("lease", RENEW_SECONDS),
                ("pulse", PULSE_SECONDS),
                ("strangers", STRANGERS_SECONDS),
            )
        }

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._is_ours():
                    self.look(timezone.now())
                    if self._paces["strangers"].is_due():
                        self.count_strangers(timezone.now())
                database_outage.over()
            except DatabaseError as error:
                database_outage.felt(error)
                close_old_connections()
            self._stopping.wait(SECONDS)
        if self._holder:
            Lease.release(LEASE, self._holder)

    def _is_ours(self) -> bool:
        """Do we hold the lease?"""
        if self._holder is None:
            self._holder = Lease.take(LEASE, LEASE_SECONDS)
        elif self._paces["lease"].is_due() and not Lease.renew(LEASE, self._holder, LEASE_SECONDS):
            log.warning("the lease was lost")
            self._holder = None
        return self._holder is not None

    def look(self, now: datetime) -> None:
        """Once: tell the registrar what it lacks, and the rows how the lines stand."""
        is_seen = self._paces["pulse"].is_due()
        if is_seen:
            Pulse.beat(PULSE)
        saved = read_signing()
        names = {name for trunk in saved.trunks for name in signin.names(trunk)}
        wishes = wanted(saved, self.lookups.known(names))
        rows = {str(row.key): row for row in Registration.objects.open().with_key()}
        told = self._told(wishes, {key: as_told(row) for key, row in rows.items()}, saved, now)
        if told is not None:
            store(told, rows, now)
        if is_seen:
            Registration.objects.open().update(seen_at=now)

    def _told(
        self, wishes: list[Wanted], rows: Mapping[str, Row], saved: SavedLine, now: datetime
    ) -> Mapping[str, Told] | None:
        """What to tell of each line; None: that is not known for the moment."""
        try:
            held = self.registrar.lines()
            plan = Plan.of(wishes, held, rows, now)
            if not self._carry_out(plan.steps):
                return None
        except RegistrarError as error:
            registrar_outage.felt(error)
            is_back_soon = time.monotonic() - self._answered_at < AWAY_SECONDS
            return None if is_back_soon else away(rows, wishes)
        registrar_outage.over()
        self._answered_at = time.monotonic()
        learn(saved, held)
        refused = {wish.key: not_taken() for wish in wishes if wish.id in self._refused}
        return {**plan.told, **refused}

    def _carry_out(self, steps: Iterable[Step]) -> bool:
        """What fails is missing at the next look, and tried again. False: we are no longer the one
        who may. Raises RegistrarAwayError.
        """
        refused: dict[str, str] = {}
        for step in steps:
            if not self._is_ours():
                return False
            try:
                self._take(step)
            except RegistrarAwayError:
                raise
            except RegistrarError as error:
                refused[step.id] = f"{step.verb}: {error}"
                if refused[step.id] != self._refused.get(step.id):
                    log.warning("line %s was not taken, said once: %s", step.id, refused[step.id])
        self._refused = refused
        return True

    def _take(self, step: Step) -> None:
        if step.verb == "put" and step.line is not None:
            self.registrar.put(step.line, step.seal)
        elif step.verb == "admit" and step.line is not None:
            self.registrar.admit(step.line, step.seal)
        elif step.verb == "remove":
            self.registrar.remove(step.id)
        elif step.verb == "retry":
            self.registrar.retry(step.id)

    def count_strangers(self, now: datetime) -> None:
        try:
            found = self.registrar.strangers()
        except RegistrarError:
            return  # look() tells that
        largest = sorted(found, key=lambda each: -each.count)[:STRANGERS]
        with transaction.atomic():
            for stranger in largest:
                refusals.count_stranger(stranger.address, stranger.count, now)


class Pace:
    """Is it time again? At most once in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._at = seconds, float("-inf")

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self._at < self._seconds:
            return False
        self._at = now
        return True


def as_told(row: Registration) -> Row:
    told = Told(
        state=State(row.state),
        code=row.code,
        reason=row.reason,
        address=row.address,
        until=row.until,
        result=Sentence.from_json(row.result),
    )
    return Row(told, row.since, row.again_at)


def store(told: Mapping[str, Told], rows: Mapping[str, Registration], now: datetime) -> None:
    """Write how the lines stand, by their connections' keys; what is not told of any more is over.

    A few queries, however many lines changed.
    """
    before = {key: as_told(row).told for key, row in rows.items()}
    new = {
        key: each
        for key, each in told.items()
        if key not in before or not same_period(before[key], each)
    }
    moved = [_filled(rows[k], t) for k, t in told.items() if k not in new and before[k] != t]
    over = [row.pk for key, row in rows.items() if key in new or key not in told]
    if not (new or moved or over):
        return
    found = Trunk.objects.filter(key__in=new).values_list("key", "pk") if new else ()
    trunks = {str(key): pk for key, pk in found}
    with transaction.atomic():
        Registration.objects.filter(pk__in=over).update(over_at=now)
        Registration.objects.bulk_update(moved, FIELDS)
        Registration.objects.bulk_create(
            _filled(Registration(trunk_id=trunks[key], since=now), each)
            for key, each in new.items()
            if key in trunks
        )


FIELDS = ("state", "code", "reason", "address", "until", "result")


def _filled(row: Registration, told: Told) -> Registration:
    row.state, row.code, row.reason = told.state, told.code, told.reason[:200]
    row.address, row.until, row.result = told.address, told.until, told.result.to_json()
    return row


def learn(saved: SavedLine, held: Mapping[str, LineState]) -> None:
    """Where the last call of each line had its number written, and the way of its calls out."""
    for trunk in saved.trunks:
        state = held.get(id_of(trunk.key))
        if state and state.place in NumberIn.values and state.place != trunk.learned_number_in:
            Trunk.objects.filter(key=trunk.key).update(learned_number_in=state.place)
        if state and state.registered and state.service_route != trunk.service_route:
            _learn_way_out(trunk.key, state.service_route)


def _learn_way_out(key: str, server: str) -> None:
    if not server or ADDRESS.fullmatch(server):
        Trunk.objects.filter(key=key).update(service_route=server)
        wake("telephony.apply")


def forget(now: datetime) -> None:
    """How lines stood a quarter of a year ago is nobody's question."""
    Registration.objects.forget_before(now - KEPT)
