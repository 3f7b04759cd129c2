"""Who is told of a number's calls, and what was sent."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.alarms.models import AlertChannel
from telephony.scope import OfNumbersQuerySet
from veyra.sentences import Sentence


class NumberNoticeQuerySet(OfNumbersQuerySet["NumberNotice"]):
    def of_number(self, pk: int) -> Self:
        return self.filter(number=pk)


class NumberNotice(models.Model):
    """By one channel. `hour`: of the day, in the channel's time zone; null: each at once."""

    number = models.ForeignKey(
        "telephony.PhoneNumber", on_delete=models.CASCADE, related_name="notices"
    )
    channel = models.ForeignKey(
        AlertChannel, on_delete=models.CASCADE, related_name="+", verbose_name=_("Who is told")
    )
    summaries = models.BooleanField(_("what came of each call"), default=True)
    call_backs = models.BooleanField(
        _("messages of callers, and who is to be called back"), default=True
    )
    hour = models.PositiveSmallIntegerField(
        _("When"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )
    # What is older is not told.
    since = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = NumberNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice about a number")
        verbose_name_plural = _("notices about numbers")
        ordering = ["pk"]
        default_permissions = ("change",)
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["number", "channel"], name="notice_once_a_channel")
        ]

    def __str__(self) -> str:
        return f"{self.number} · {self.channel}"


class NoticeQuerySet(OfNumbersQuerySet["Notice"]):
    NUMBER = "rule__number"

    def to_send(self, now: datetime) -> Self:
        waiting = self.filter(state=Notice.State.WAITING, due_at__lte=now)
        return waiting.select_related("rule__channel__person", "rule__number").order_by("pk")

    def claimed_before(self, moment: datetime) -> Self:
        return self.filter(state=Notice.State.SENDING, at__lt=moment)

    def made_before(self, moment: datetime) -> Self:
        return self.filter(made_at__lt=moment)

    def newest_of(self, rules: list[NumberNotice]) -> Self:
        return self.filter(rule__in=rules).order_by("-pk")


class Notice(models.Model):
    """One thing that is told, once. Its words are read when it is sent: none are kept here."""

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        NEEDLESS = "needless", _("not needed any more")

    rule = models.ForeignKey(NumberNotice, on_delete=models.CASCADE, related_name="told")
    # "call:<pk>", or "back:<pk>:<when he called last>".
    source = models.CharField(max_length=80)
    made_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # A Sentence: why it was not sent.
    error = models.JSONField(default=dict)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-pk"]
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["rule", "source"], name="notice_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="waiting"), name="notice_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.source}"

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)
