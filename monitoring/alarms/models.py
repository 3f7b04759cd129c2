"""Whom the line wakes and by which way, and what was sent to whom."""

import json
from datetime import datetime, time
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitoring.alarms.kinds import KINDS
from monitoring.incidents.models import Incident, Severity
from veyra.look import link
from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField, SecretError
from veyra.sentences import Sentence


class AlertChannelQuerySet(VisibleQuerySet["AlertChannel"]):
    def usable(self) -> Self:
        """Switched on, set up to the end, and of nobody who may not log in any more."""
        of_somebody = Q(person=None) | Q(person__is_active=True)
        return self.filter(of_somebody, is_on=True, is_ready=True).select_related("person")

    def shown(self) -> Self:
        return self.select_related("person").order_by("name", "pk")

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def others(self, channel: "AlertChannel") -> Self:
        return self.usable().exclude(pk=channel.pk)

    def failing_before(self, moment: datetime) -> Self:
        return self.usable().filter(failing_since__lt=moment)

    def fingerprint(self) -> tuple[int, datetime | None]:
        """Changes with every change of a channel."""
        found = self.aggregate(count=models.Count("pk"), newest=models.Max("changed_at"))
        return found["count"], found["newest"]


class AlertChannel(models.Model):
    """A way on which somebody, or a group of people, is told of incidents."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        TELEGRAM = "telegram", "Telegram"
        SMS = "sms", _("SMS (smsc.ru)")
        MATTERMOST = "mattermost", "Mattermost"
        ROCKETCHAT = "rocketchat", "Rocket.Chat"
        SLACK = "slack", "Slack"
        NTFY = "ntfy", _("Push message to a telephone (ntfy)")
        WEBHOOK = "webhook", _("Your own program (webhook)")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, editable=False)
    # Null: a group chat, or a mailbox that several people read.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="alert_channels",
        verbose_name=_("whose it is"),
    )
    # {field of the kind: text}; what is secret, and the proxy, lies in `secret`, as JSON.
    values = models.JSONField(default=dict, editable=False)
    secret = EncryptedTextField(blank=True, editable=False)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    # The least severe of which it tells.
    severity = models.PositiveSmallIntegerField(
        _("tells of"), choices=Severity.choices, default=Severity.MEDIUM
    )
    # In the person's time zone. Both or neither.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    is_on = models.BooleanField(_("in use"), default=True)
    # False: of a Telegram bot, while nobody has typed the code back.
    is_ready = models.BooleanField(default=True, editable=False)
    worked_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    # A Sentence: why the last message could not be sent; {} after one that could.
    error = models.JSONField(default=dict, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    # Of what staff say of it, not of what was sent by it.
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AlertChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm channel")
        verbose_name_plural = _("alarm channels")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def audit_text(column: str, value: Any, name: str) -> str | None:
        if column != "values":
            return None
        labels = {field.name: field.label for kind in KINDS.values() for field in kind.fields}
        return ", ".join(f"{labels.get(key, key)}: {text}" for key, text in value.items())

    @staticmethod
    def audit_page(pk: str, name: str) -> str:
        return link("alarm-change", pk)

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)

    @property
    def is_locked(self) -> bool:
        """Is there a secret that no key of FIELD_KEYS opens?"""
        try:
            self.all_values()
        except SecretError:
            return True
        return False

    def all_values(self) -> dict[str, str]:
        """With the secret ones. Raises SecretError."""
        return {**self.values, **json.loads(self.secret or "{}")}

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo((self.person and self.person.time_zone) or settings.TIME_ZONE)

    def is_quiet(self, now: datetime) -> bool:
        return is_within(now.astimezone(self.zone).time(), self.quiet_from, self.quiet_until)


def is_within(moment: time, begin: time | None, end: time | None) -> bool:
    """Between the two, which may lie around midnight; never where either is missing."""
    if begin is None or end is None:
        return False
    if begin <= end:
        return begin <= moment < end
    return moment >= begin or moment < end


class EscalationStepQuerySet(VisibleQuerySet["EscalationStep"]):
    def in_order(self) -> Self:
        return self.select_related("person").order_by("position", "pk")


class EscalationStep(models.Model):
    """Who is woken when nobody before him has answered. The first is woken at once."""

    position = models.PositiveSmallIntegerField(default=0)
    # Null: everybody.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("who"),
    )
    # After the step before.
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=5, validators=[MaxValueValidator(1440)]
    )

    objects = EscalationStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step of the alarm chain")
        verbose_name_plural = _("alarm chain")
        ordering = ["position", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.position}"


class DeliveryQuerySet(VisibleQuerySet["Delivery"]):
    def to_send(self, now: datetime) -> Self:
        waiting = self.filter(state=Delivery.State.WAITING, not_before__lte=now)
        return waiting.exclude(channel=None).select_related("channel__person").order_by("pk")

    def claimed_before(self, moment: datetime) -> Self:
        return self.filter(state=Delivery.State.SENDING, at__lt=moment)

    def of_incidents(self) -> Self:
        return self.filter(word__in=(Delivery.Word.ALARM, Delivery.Word.OVER))

    def made_since(self, moment: datetime) -> Self:
        return self.filter(made_at__gte=moment)

    def made_before(self, moment: datetime) -> Self:
        return self.filter(made_at__lt=moment)

    def stuck(self, moment: datetime) -> Self:
        """Alarms that reached nobody: they wait for long, or were given up lately."""
        alarms = self.filter(word=Delivery.Word.ALARM)
        waits = Q(state=Delivery.State.WAITING, made_at__lt=moment)
        return alarms.filter(waits | Q(state=Delivery.State.FAILED, at__gte=moment))

    def newest(self) -> Self:
        found = self.select_related("channel", "about").prefetch_related("told__incident")
        return found.order_by("-pk")

    def newest_of(self, channels: "list[AlertChannel]") -> Self:
        """Of a few weeks: enough to tell how the last one fared."""
        return self.filter(channel__in=channels).order_by("-pk")[:500]

    def answerable(self) -> Self:
        """Whoever got it may still say that he is on it."""
        of_somebody = Q(channel__person=None) | Q(channel__person__is_active=True)
        found = self.filter(of_somebody, word=Delivery.Word.ALARM, channel__is_on=True)
        return found.select_related("channel__person")


class Delivery(models.Model):
    """One message to one channel: claimed before it is sent, and never sent twice."""

    class Word(models.TextChoices):
        ALARM = "alarm", _("Alarm")
        OVER = "over", _("It is over")
        TEST = "test", _("Trial")
        WEEKLY = "weekly", _("Trial of the week")
        BROKEN = "broken", _("Another channel does not work")

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        NEEDLESS = "needless", _("not needed any more")

    channel = models.ForeignKey(
        AlertChannel, null=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    # Of the channel, which may be gone.
    name = models.CharField(max_length=80)
    word = models.CharField(max_length=7, choices=Word.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    # The channel that a message about a broken one is about.
    about = models.ForeignKey(AlertChannel, null=True, on_delete=models.CASCADE, related_name="+")
    # What is said once is not said by two processes.
    once = models.CharField(max_length=80, unique=True, null=True)  # noqa: DJ001  # unique, mostly unknown
    made_at = models.DateTimeField(db_index=True)
    not_before = models.DateTimeField()
    # Of the last thing that was done with it.
    at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # A Sentence: why it was not sent.
    error = models.JSONField(default=dict)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("sent alarm")
        verbose_name_plural = _("sent alarms")
        ordering = ["-pk"]
        default_permissions = ()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["not_before"],
                name="delivery_to_send",
                condition=Q(state__in=["waiting", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.word}"

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)


class ToldQuerySet(VisibleQuerySet["Told"]):
    def of(self, incidents: "list[Incident]") -> Self:
        return self.filter(incident__in=incidents).select_related("delivery")

    def heard_and_over(self, since: datetime) -> Self:
        """Whoever got an alarm of what is over by now, and was not told so."""
        over = Incident.objects.resolved_since(since)
        heard = self.filter(
            word=Delivery.Word.ALARM, delivery__state=Delivery.State.SENT, incident__in=over
        )
        done = Told.objects.filter(
            word=Delivery.Word.OVER,
            incident=models.OuterRef("incident"),
            channel=models.OuterRef("channel"),
            times__gte=models.OuterRef("times"),
            put_off__gte=models.OuterRef("put_off"),
        )
        return heard.exclude(models.Exists(done)).select_related("incident")


class Told(models.Model):
    """That a message speaks of an incident: to one channel once, each time that it came back, and
    that it was put off.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="told")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="told_to")
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=7, choices=Delivery.Word.choices)
    times = models.PositiveIntegerField()
    put_off = models.PositiveIntegerField(default=0)

    objects = ToldQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["incident", "channel", "word", "times", "put_off"], name="told_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.word} {self.channel_id}"


class Watch(models.Model):
    """The address on another host that is called each well minute. One row."""

    # It names us to that host, so it is a secret.
    url = EncryptedTextField(blank=True)
    proxy = EncryptedTextField(blank=True)
    called_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    error = models.JSONField(default=dict)

    objects = VisibleQuerySet["Watch"].as_manager()

    class Meta:
        verbose_name = _("watch from outside")
        verbose_name_plural = _("watch from outside")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)

    @property
    def is_set(self) -> bool:
        """Whether the address can be read or not."""
        return bool(self.__dict__.get("url"))

    @classmethod
    def get(cls) -> "Watch":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
