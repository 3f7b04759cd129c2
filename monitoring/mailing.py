"""The report of each week, sent to the addresses that staff named."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence

SENDS = ("telephony.view_call", "monitoring.change_mailing")


class Mailing(models.Model):
    """Who is sent the report of the week that is over, when, and in which language."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    # Lower case, each once.
    addresses = models.JSONField(default=list)
    weekday = models.PositiveSmallIntegerField(
        _("day"), choices=Weekday.choices, default=Weekday.MONDAY
    )
    hour = models.PositiveSmallIntegerField(
        _("hour"), default=9, validators=[MaxValueValidator(23)]
    )
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    # The report tells what this person may see, in his time zone. Null: he was deleted, which the
    # letters then tell those who wait for them.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="mailings"
    )
    # A moment before this one is not made up for.
    since = models.DateTimeField()

    objects = VisibleQuerySet["Mailing"].as_manager()

    class Meta:
        verbose_name = _("weekly report")
        verbose_name_plural = _("weekly reports")
        ordering = ["pk"]
        default_permissions = ("change",)

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


class LetterQuerySet(VisibleQuerySet["Letter"]):
    def to_send(self, now: datetime) -> Self:
        waiting = self.filter(state=Letter.State.WAITING, not_before__lte=now)
        return waiting.select_related("mailing__owner").order_by("pk")

    def unsent_to_others(self, addresses: list[str]) -> Self:
        """They wait, and are to none of these."""
        return self.filter(state=Letter.State.WAITING).exclude(address__in=addresses)

    def claimed_before(self, moment: datetime) -> Self:
        return self.filter(state=Letter.State.SENDING, at__lt=moment)

    def newest_of(self, mailings: list[Mailing]) -> Self:
        """Of a few weeks: enough to tell how the last ones fared."""
        return self.filter(mailing__in=mailings).select_related("mailing").order_by("-pk")[:500]

    def made_before(self, moment: datetime) -> Self:
        return self.filter(made_at__lt=moment)


class Letter(models.Model):
    """One report to one address: sent at most once. `first_day`: the Monday of its week."""

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="letters")
    address = models.EmailField()
    first_day = models.DateField()
    is_trial = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    made_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField()
    # Of the last thing that was done with it.
    at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # A Sentence: why it was not sent.
    error = models.JSONField(default=dict)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-pk"]
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["mailing", "first_day", "address"],
                condition=Q(is_trial=False),
                name="letter_once_a_week",
            )
        ]

    def __str__(self) -> str:
        return f"{self.mailing_id} {self.first_day}"

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)
