"""Programs that are told what happens, what is to be told, and what became of each message."""

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from monitoring.hooks.kinds import READS, Kind, offered
from veyra.look import link
from veyra.models import User
from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence

# A program that has been away for so long is an incident.
ALARMED_AFTER = timedelta(hours=1)


def new_secret() -> str:
    """What messages are signed with."""
    return f"whsec_{secrets.token_urlsafe(32)}"


class HookQuerySet(VisibleQuerySet["Hook"]):
    def working(self) -> Self:
        return self.filter(is_on=True).order_by("pk")

    def shown(self) -> Self:
        return self.order_by("name", "pk")

    def in_trouble(self, now: datetime) -> Self:
        """Those that Veyra switched off, and those that have taken nothing for long."""
        fails = Q(is_on=True, failing_since__lt=now - ALARMED_AFTER)
        return self.filter(fails | Q(given_up_at__isnull=False)).order_by("pk")


class Hook(models.Model):
    """A program of somebody else that is told what happens here."""

    name = models.CharField(_("name"), max_length=80)
    # Addresses of such programs often have a key in them, so nobody is shown it; the host is.
    url = EncryptedTextField(_("address"))
    host = models.CharField(max_length=255, editable=False)
    secret = EncryptedTextField(default=new_secret, editable=False)
    # Values of Kind.
    kinds = models.JSONField(_("tells of"), default=list)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    is_on = models.BooleanField(_("in use"), default=True)
    # What happened before it was made, or switched on, is not told.
    since = models.DateTimeField(default=timezone.now, editable=False)
    # Of kinds that were chosen later: from which moment on, {"call.ended": ISO moment}.
    later = models.JSONField(default=dict, editable=False)
    worked_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    # When Veyra itself switched it off.
    given_up_at = models.DateTimeField(null=True, editable=False)

    objects = HookQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def audit_page(pk: str, name: str) -> str:
        return link("hook", pk)

    def is_readable_by(self, user: User) -> bool:
        """May he read all that this program is told?"""
        return set(self.known) <= set(offered(user))

    @property
    def known(self) -> list[Kind]:
        """Of what it is told. A later version may have stored kinds that this one does not know:
        they wait in the row until it is back.
        """
        return [kind for kind in READS if kind in self.kinds]

    @property
    def labels(self) -> list[str]:
        return [str(kind.label) for kind in self.known]

    @property
    def begins(self) -> dict[Kind, datetime]:
        """Of what it is told, and from which moment on."""
        found = {}
        for kind in self.known:
            later = self.later.get(kind)
            found[kind] = max(self.since, datetime.fromisoformat(later)) if later else self.since
        return found

    def choose(self, kinds: Iterable[str], now: datetime) -> None:
        """Tell it of these, and of those that are new only what happens from now on."""
        chosen = [*kinds, *(kind for kind in self.kinds if kind not in READS)]
        kept = {kind: at for kind, at in self.later.items() if kind in chosen}
        self.later = kept | dict.fromkeys(set(chosen) - set(self.kinds), now.isoformat())
        self.kinds = chosen


class HookEvent(models.Model):
    """Something that happened, and that some hook wants to know. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # The row: a call, a recording, an incident; of a CallBack its number as an UUID.
    about = models.UUIDField()
    # Which time it is: an incident comes back, somebody calls again.
    times = models.PositiveIntegerField(default=0)
    # Events of one subject are told in order: of a call, with its recordings; of an incident.
    subject = models.UUIDField()
    at = models.DateTimeField()
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["about", "kind", "times"], name="hook_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"


class HookDeliveryQuerySet(VisibleQuerySet["HookDelivery"]):
    def open(self) -> Self:
        return self.filter(state__in=HookDelivery.OPEN)

    def due(self, now: datetime) -> Self:
        """None of which something older of the same subject is not told yet."""
        before = HookDelivery.objects.filter(
            hook=models.OuterRef("hook"),
            subject=models.OuterRef("subject"),
            pk__lt=models.OuterRef("pk"),
            state__in=HookDelivery.OPEN,
        )
        waiting = self.filter(state=HookDelivery.State.WAITING, not_before__lte=now)
        return waiting.exclude(models.Exists(before)).order_by("pk")

    def claimed_before(self, moment: datetime) -> Self:
        return self.filter(state=HookDelivery.State.SENDING, at__lt=moment)

    def failed(self) -> Self:
        return self.filter(state=HookDelivery.State.FAILED)

    def newest(self) -> Self:
        return self.select_related("event").order_by("-pk")


class HookDelivery(models.Model):
    """One event, told to one hook: at least once, and again until it is taken or a day is over."""

    class State(models.TextChoices):
        WAITING = "waiting", _("on its way")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("accepted")
        FAILED = "failed", _("not accepted")

    OPEN: ClassVar = (State.WAITING, State.SENDING)

    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(HookEvent, on_delete=models.CASCADE, related_name="deliveries")
    subject = models.UUIDField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    not_before = models.DateTimeField()
    # Then it is given up.
    until = models.DateTimeField()
    # Of the last thing that was done with it.
    at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # What was answered, after how many milliseconds, and the first words of it.
    status = models.PositiveSmallIntegerField(null=True)
    ms = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    # A Sentence: why it was not taken.
    error = models.JSONField(default=dict)

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["hook", "event"], name="hook_told_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["hook", "subject", "id"],
                name="hook_delivery_open",
                condition=Q(state__in=["waiting", "sending"]),
            ),
            models.Index(fields=["hook", "-id"], name="hook_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.hook_id}"

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)
