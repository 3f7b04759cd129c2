"""People who log in, and leases that keep single what must be single."""

import uuid
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra.audit_entries import AuditEntry
from veyra.key_rotation import KeyRotation
from veyra.rest.models import ApiKey, KeptAnswer, ReadSample
from veyra.running import Program
from veyra.security import FailedLogin, SecurityEvent

__all__ = [
    "ApiKey",
    "AuditEntry",
    "FailedLogin",
    "Keepable",
    "KeptAnswer",
    "KeyRotation",
    "Lease",
    "Program",
    "Pulse",
    "ReadSample",
    "SecurityEvent",
    "User",
]


class User(AbstractUser):
    """A member of staff, with the language and time zone of his pages."""

    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    # Null until the person has answered the questions of the first login.
    set_up_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        """As colleagues know each other."""
        return self.get_full_name() or self.get_username()


class Keepable(models.Model):
    """A row that staff put away instead of deleting it, and that two people may have open at once.

    `revision` grows by one with each change that a person makes.
    """

    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


class Lease(models.Model):
    """The right to do a thing alone, for a while: one row a name.

    A holder that dies loses it by time; one that lives renews it between its steps.
    """

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.UUIDField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def take(cls, name: str, seconds: float) -> "uuid.UUID | None":
        """A new holder's token, or None where somebody else holds `name`."""
        now, holder = timezone.now(), uuid.uuid4()
        until = now + timedelta(seconds=seconds)
        if cls.objects.filter(name=name, until__lt=now).update(holder=holder, until=until):
            return holder
        # SQLite and PostgreSQL both answer with the row that was there first.
        _row, created = cls.objects.get_or_create(
            name=name, defaults={"holder": holder, "until": until}
        )
        return holder if created else None

    @classmethod
    def renew(cls, name: str, holder: uuid.UUID, seconds: float) -> bool:
        """Hold on for `seconds` more. False: it was lost, stop at once."""
        until = timezone.now() + timedelta(seconds=seconds)
        held = cls.objects.filter(Q(until__gte=timezone.now()), name=name, holder=holder)
        return held.update(until=until) == 1

    @classmethod
    def release(cls, name: str, holder: uuid.UUID) -> None:
        cls.objects.filter(name=name, holder=holder).delete()


class Pulse(models.Model):
    """The last sign of life of a part that has no row of its own: the schedule, the tap."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """I am alive. Raises DatabaseError."""
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})

    @classmethod
    def is_felt(cls, name: str, within: timedelta) -> bool:
        """Has it shown life lately?"""
        return cls.objects.filter(name=name, at__gte=timezone.now() - within).exists()

    @classmethod
    def felt(cls, start: str, within: timedelta) -> list[str]:
        """Names that start so, of those that have shown life lately."""
        lately = cls.objects.filter(name__startswith=start, at__gte=timezone.now() - within)
        return list(lately.order_by("name").values_list("name", flat=True))
