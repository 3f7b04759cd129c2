"""Attempts to find one of our people for a call: a row each (`telephony.ringing` carries it on)."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.colleagues import Colleague
from telephony.facts import Call
from telephony.scope import OfCallsQuerySet
from veyra.models import User
from veyra.sentences import Sentence


class RingQuerySet(OfCallsQuerySet["Ring"]):
    def ringing(self) -> Self:
        return self.filter(state=Ring.State.RINGING)

    def talking(self) -> Self:
        """Somebody has taken the call, and has not left it yet."""
        return self.filter(state=Ring.State.TAKEN, over_at=None)

    def going_on(self) -> Self:
        return self.filter(over_at=None)

    def over_of(self, calls: Collection[Any]) -> Self:
        """Of these calls (keys), those that are over."""
        return self.filter(call__in=list(calls), over_at__isnull=False)

    def carried_on(self) -> Self:
        """With all that the next step is decided by."""
        return self.select_related("call__trunk", "colleague", "taken_by")

    def of_calls(self, calls: Any) -> Self:
        """Of these calls (rows, keys or a query of them), the oldest first."""
        rows = self.filter(call__in=calls).order_by("started_at", "pk")
        return rows.select_related("call", "colleague", "taken_by")

    def for_user(self, user: User) -> Self:
        """That ring in this person's browser now."""
        rung = {"colleague__user": user, "colleague__in_browser": True}
        return self.ringing().filter(**rung).select_related("call", "colleague")


class Ring(models.Model):
    """One attempt to find one of our people for one call: one rings after the other.

    It ends untaken (`over`), or with somebody who talks (`taken`); `over_at` is when he left.
    """

    class Why(models.TextChoices):
        FIRST = "first", _("people first")
        FALLBACK = "fallback", _("no assistant")
        TRANSFER = "transfer", _("transfer")

    class State(models.TextChoices):
        RINGING = "ringing", _("rings")
        TAKEN = "taken", _("taken")
        OVER = "over", _("nobody took it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="rings")
    why = models.CharField(max_length=8, choices=Why.choices)
    # As they were named when it began: [{"colleague": pk, "seconds": how long he rings}], in order.
    people = models.JSONField(default=list)
    # What the colleague is told. Never in logs.
    note = models.TextField(blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.RINGING)
    # Who rings now: his index in `people` (-1: nobody yet), since when, and when the next does.
    place = models.SmallIntegerField(default=-1)
    place_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    # The last place whose card was on a page of him who rings there.
    shown = models.SmallIntegerField(default=-1)
    colleague = models.ForeignKey(
        Colleague, null=True, on_delete=models.SET_NULL, related_name="rung_for"
    )
    taken_by = models.ForeignKey(
        Colleague, null=True, on_delete=models.SET_NULL, related_name="taken"
    )
    # The participant by whom he talks: of his telephone, or of his browser.
    taken_as = models.CharField(max_length=100, blank=True)
    taken_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    # What came of it, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)

    objects = RingQuerySet.as_manager()

    class Meta:
        verbose_name = _("search for a colleague")
        verbose_name_plural = _("searches for a colleague")
        ordering = ["-started_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["call"], condition=models.Q(state="ringing"), name="ring_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["started_at"], condition=models.Q(over_at=None), name="ring_going_on"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.result)

    @property
    def is_shown(self) -> bool:
        """Who rings now has a page open."""
        return self.shown == self.place

    @property
    def is_by_phone(self) -> bool:
        """Whoever took it talks by his telephone (`RungPhone.identity`)."""
        return self.taken_as.startswith(f"colleague-{self.pk}-")


class RungPhoneQuerySet(OfCallsQuerySet["RungPhone"]):
    CALL = "ring__call"

    def waiting(self) -> Self:
        """To be dialled, the oldest first."""
        return self.filter(state=RungPhone.State.WAITING).order_by("asked_at", "pk")

    def open(self) -> Self:
        """Taken to be dialled, and not known to be over: each holds a place on its connection."""
        return self.filter(state=RungPhone.State.DIALLED, over_at=None)

    def of_rings(self, rings: Collection[Ring]) -> Self:
        return self.filter(ring__in=rings).order_by("place")

    def usage(self, trunk: Any, midnight: datetime, just: datetime) -> dict[str, int]:
        """What these take of a connection's limits, as telephony.routing.tolls.Usage names it."""
        dialled = self.filter(trunk=trunk, state=RungPhone.State.DIALLED)
        of_day = models.Q(claimed_at__gte=midnight)
        return dialled.filter(of_day | models.Q(over_at=None)).aggregate(
            going_on=models.Count("pk", filter=models.Q(over_at=None)),
            just_begun=models.Count("pk", filter=models.Q(claimed_at__gt=just)),
            seconds=models.Sum("seconds", filter=of_day, default=0),
        )


class RungPhone(models.Model):
    """A colleague's telephone that is called for a Ring: dialled at most once."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DIALLED = "dialled", _("Dialled")
        # Not dialled, or nobody wanted it any more.
        FAILED = "failed", _("Failed")

    ring = models.ForeignKey(Ring, on_delete=models.CASCADE, related_name="phones")
    # As in Ring.
    place = models.SmallIntegerField()
    colleague = models.ForeignKey(Colleague, null=True, on_delete=models.SET_NULL, related_name="+")
    # What is dialled, and the connection that is paid for it.
    phone = models.CharField(max_length=32)
    trunk = models.ForeignKey(
        "telephony.Trunk", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    # When it was taken to be dialled: from then on it is never dialled again.
    claimed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    # Of the day's allowance: all that it may last while it goes on, then what it took.
    seconds = models.PositiveIntegerField(default=0)
    # Why it was not dialled, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)

    objects = RungPhoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("telephone that was rung")
        verbose_name_plural = _("telephones that were rung")
        ordering = ["-asked_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ring", "place"], name="rung_phone_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"], condition=models.Q(state="waiting"), name="rung_phone_waiting"
            ),
            models.Index(
                fields=["claimed_at"],
                condition=models.Q(state="dialled", over_at=None),
                name="rung_phone_open",
            ),
            models.Index(fields=["trunk", "claimed_at"], name="rung_phone_of_day"),
        ]

    def __str__(self) -> str:
        return self.identity

    @property
    def identity(self) -> str:
        """The telephone's participant."""
        return f"colleague-{self.ring_id}-{self.place}"

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.result)
