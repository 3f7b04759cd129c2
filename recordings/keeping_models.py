"""How long recordings are kept, which must not be deleted, and the proof of those that were."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.scope import ScopedQuerySet
from recordings.terms import Scope, Terms
from telephony.scope import OfCallsQuerySet
from veyra.models import User
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence

# Ten years and a little.
MOST_DAYS = 3660


def _person(**options: Any) -> "models.ForeignKey[Any, Any]":
    """A member of staff, whose account may be deleted some day."""
    named: dict[str, Any] = {"null": True, "on_delete": models.SET_NULL, "related_name": "+"}
    return models.ForeignKey(settings.AUTH_USER_MODEL, **named, **options)


class Scoped(models.Model):
    """A row about the recordings of a number, of an assistant, or (neither) of all others."""

    number = models.ForeignKey(
        "telephony.PhoneNumber",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("number"),
    )
    agent = models.ForeignKey(
        "agentworker.Agent",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("assistant"),
    )
    # Null: they are kept until somebody deletes them.
    days = models.PositiveIntegerField(
        _("days"), null=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        return Scope(number=self.number_id, agent=self.agent_id)


class TermQuerySet(VisibleQuerySet["Term"]):
    def of(self, scope: Scope) -> Self:
        return self.filter(number=scope.number, agent=scope.agent)

    def all_terms(self) -> Terms:
        """As they are in force now."""
        found = Terms()
        for row in self.order_by():
            found = found.put(row.scope, row.days)
        return found

    def shown(self) -> Self:
        """All others first, then assistants, then numbers."""
        named = self.select_related("number", "agent")
        return named.order_by(models.F("number").asc(nulls_first=True), "agent__name", "pk")


class Term(Scoped):
    """For how many days recordings are kept, as it is in force."""

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("how long recordings are kept")
        verbose_name_plural = _("how long recordings are kept")
        default_permissions = ("view", "change")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["number"], condition=~models.Q(number=None), name="term_of_number"
            ),
            models.UniqueConstraint(
                fields=["agent"], condition=~models.Q(agent=None), name="term_of_agent"
            ),
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(number=None, agent=None), name="term_of_others"
            ),
        ]

    def __str__(self) -> str:
        return str(self.number or self.agent or _("all other recordings"))


class TermChangeQuerySet(VisibleQuerySet["TermChange"]):
    def waiting(self) -> Self:
        return self.filter(done_at=None, cancelled_at=None)

    def of(self, scope: Scope) -> Self:
        return self.filter(number=scope.number, agent=scope.agent)

    def due(self, now: datetime) -> Self:
        return self.waiting().filter(takes_effect_at__lte=now).order_by("takes_effect_at", "pk")

    def shown(self) -> Self:
        return self.select_related("number", "agent", "asked_by", "cancelled_by").order_by("-pk")


class TermChange(Scoped):
    """A change that somebody asked for; one by which recordings go sooner waits for a week."""

    # The number or the assistant has no term of its own any more.
    drops = models.BooleanField(default=False)
    asked_by = _person(verbose_name=_("who"))
    asked_at = models.DateTimeField(_("when"), auto_now_add=True)
    takes_effect_at = models.DateTimeField()
    # Recordings that go when it takes effect, as they were counted when it was asked for.
    deletes = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = _person()

    objects = TermChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of how long recordings are kept")
        verbose_name_plural = _("changes of how long recordings are kept")
        default_permissions = ()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["takes_effect_at"],
                condition=models.Q(done_at=None, cancelled_at=None),
                name="term_change_waiting",
            )
        ]

    def __str__(self) -> str:
        return str(self.number or self.agent or _("all other recordings"))


class HoldQuerySet(OfCallsQuerySet["Hold"]):
    CALL = "recording__call"

    def in_force(self) -> Self:
        return self.filter(lifted_at=None)

    def of(self, recording: Any) -> Self:
        return self.filter(recording=recording)

    def numbers(self) -> frozenset[str]:
        """Those whose recordings and words must not be deleted, E.164."""
        found = self.in_force().exclude(number="")
        return frozenset(found.values_list("number", flat=True))

    def lifted(self) -> Self:
        return self.exclude(lifted_at=None)

    def shown(self) -> Self:
        return self.select_related("placed_by", "lifted_by", "recording__call").order_by("-pk")


class Hold(models.Model):
    """Somebody needs it: one recording, or all that there is of a telephone number."""

    recording = models.ForeignKey(
        "recordings.Recording", null=True, on_delete=models.CASCADE, related_name="holds"
    )
    # E.164; "" where it is about one recording.
    number = models.CharField(_("number"), max_length=32, blank=True)
    why = models.CharField(_("why"), max_length=300)
    placed_by = _person(verbose_name=_("who"))
    placed_at = models.DateTimeField(_("since"), auto_now_add=True)
    lifted_by = _person()
    lifted_at = models.DateTimeField(null=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("what must not be deleted")
        verbose_name_plural = _("what must not be deleted")
        default_permissions = ("view", "change")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["number"],
                condition=models.Q(lifted_at=None) & ~models.Q(number=""),
                name="hold_of_number_once",
            ),
            models.UniqueConstraint(
                fields=["recording"], condition=models.Q(lifted_at=None), name="hold_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class DeletionQuerySet(ScopedQuerySet["Deletion"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """Those whose recording has still its row."""
        from recordings.models import Recording  # it imports us

        seen = Recording.objects.visible_to(user).order_by()
        return self.filter(models.Exists(seen.filter(pk=models.OuterRef("recording"))))

    def open(self) -> Self:
        """Their files may still be there."""
        return self.filter(gone_at=None)

    def to_do(self, now: datetime) -> Self:
        return self.open().filter(not_before__lte=now).order_by("not_before", "pk")

    def of(self, recordings: Any) -> Self:
        return self.filter(recording__in=recordings)

    def troubled(self) -> Self:
        return self.open().exclude(error={})

    def newest(self) -> Self:
        return self.order_by("-asked_at", "-pk")


class Deletion(models.Model):
    """One recording that is not to be heard any more: proof that its file is gone.

    It outlives the recording's own row, and holds nothing of whoever was heard in it.
    """

    class Why(models.TextChoices):
        DAYS = "days", _("its days were over")
        ERASED = "erased", _("its caller was erased")

    recording = models.UUIDField(_("recording"), unique=True)
    why = models.CharField(_("why"), max_length=6, choices=Why.choices)
    asked_at = models.DateTimeField(_("decided"))
    storage = models.ForeignKey(
        "recordings.Storage", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # How the storage is called, and the file in it; "": there was none.
    place = models.CharField(_("storage"), max_length=100, blank=True)
    file = models.CharField(_("file"), max_length=300, blank=True)
    room_sid = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("size"), null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    # When the storage was asked afterwards, and did not have it.
    gone_at = models.DateTimeField(_("gone"), null=True)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    # A Sentence: why it is not gone yet.
    error = models.JSONField(default=dict, blank=True)

    # What is said of it anew where it is deleted once more.
    BEGINNING: ClassVar = (
        *("why", "asked_at", "storage", "place", "file", "room_sid", "size", "sha256"),
        *("gone_at", "tries", "not_before", "error"),
    )

    objects = DeletionQuerySet.as_manager()

    class Meta:
        verbose_name = _("deletion of a recording")
        verbose_name_plural = _("deletions of recordings")
        default_permissions = ("view",)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["not_before"], condition=models.Q(gone_at=None), name="deletion_to_do"
            ),
            models.Index(fields=["-asked_at", "-id"], name="deletion_newest"),
        ]

    def __str__(self) -> str:
        return str(self.recording)

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.error)

    @classmethod
    def of_recording(cls, row: Any, why: str, now: datetime) -> "Deletion":
        """Unsaved: as the recording is now."""
        return cls(
            recording=row.pk,
            why=why,
            asked_at=now,
            not_before=now,
            storage=row.storage,
            place=str(row.storage or ""),
            file=row.file,
            room_sid=row.room_sid,
            size=row.size,
            sha256=row.sha256,
        )
