"""Which of our long-lived programs run where, and who of them is asked to end."""

import os
import socket
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from veyra import processes
from veyra.livekit.pairs import pairs

if TYPE_CHECKING:  # it imports us
    from django.contrib.auth.models import AnonymousUser

    from veyra.models import User

# A program says every few seconds that it is there.
SILENT = timedelta(seconds=25)
# What a host said of itself counts for so long.
SAID = timedelta(minutes=5)
# A host that has been gone for so long is no longer ours.
FORGOTTEN = timedelta(days=1)


class ProgramQuerySet(models.QuerySet["Program"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """As veyra.querysets.VisibleQuerySet, which imports the models."""
        return self if user.is_authenticated and user.is_active else self.none()

    def to_know(self, now: datetime) -> Self:
        """Those that run, or ran until lately."""
        return self.filter(seen_at__gte=now - FORGOTTEN).order_by("name", "host")

    def hanging(self, now: datetime) -> Self:
        """Those in sight that are asked to end, and have read nothing for too long."""
        near = self.filter(host=socket.gethostname(), pid_space=processes.space())
        return near.filter(stop_asked_at__isnull=False, seen_at__lt=now - SILENT)

    def spare_of_others(self, now: datetime) -> dict[str, dict[str, Any]]:
        """What is left on other hosts than ours, by host, as `veyra.spare.measured`."""
        rows = self.filter(seen_at__gte=now - SAID).exclude(host=socket.gethostname())
        told = rows.order_by("seen_at").values_list("host", "spare")
        return {host: spare for host, spare in told if spare}

    def signing_by(self, key: str, now: datetime) -> list["Program"]:
        """Those that live and sign by this pair; the gateway takes the new one with LiveKit."""
        alive = self.filter(livekit_key=key, seen_at__gte=now - SILENT)
        return list(alive.exclude(name="livekit-sip").order_by("name", "host"))

    def that_sign(self, now: datetime) -> Self:
        """Those that live and sign what they ask LiveKit."""
        return self.filter(seen_at__gte=now - SILENT).exclude(livekit_key="").order_by("name")

    def alive(self, name: str, now: datetime) -> Self:
        """Those of this name that live."""
        return self.filter(name=name, seen_at__gte=now - SILENT)

    def named(self, target: str) -> Self:
        """The one of this `Program.target`."""
        name, _at, host = target.partition("@")
        return self.filter(name=name, host=host)


class Program(models.Model):
    """A process of ours on one host, as it said of itself."""

    name = models.CharField(_("program"), max_length=40)
    host = models.CharField(_("host"), max_length=150)
    pid = models.PositiveIntegerField(_("process number"))
    # Who has the same sees its process (veyra.processes.space); "": nobody knows.
    pid_space = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"))
    # It ends when it reads this, and its supervisor starts it again, which clears it.
    stop_asked_at = models.DateTimeField(null=True)
    # The key pair by which it signs what it asks LiveKit, by name; "": it signs nothing.
    livekit_key = models.CharField(max_length=100, blank=True, db_default="")
    # What is left on its host (veyra.spare); empty: it does not say.
    spare = models.JSONField(default=dict)

    objects = ProgramQuerySet.as_manager()

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["name", "host"], name="program_once_a_host")
        ]

    def __str__(self) -> str:
        return self.target

    @property
    def target(self) -> str:
        return f"{self.name}@{self.host}"

    @classmethod
    def begin(
        cls,
        name: str,
        pid: int | None = None,
        started_at: datetime | None = None,
        livekit_key: str | None = None,
    ) -> "Program":
        """This process, or that of `pid`, is `name` from now on. Raises DatabaseError."""
        now = timezone.now()
        signs_by = pairs().first.name if livekit_key is None else livekit_key
        about = {
            "pid": pid or os.getpid(),
            "pid_space": processes.space(),
            "started_at": started_at or now,
            "livekit_key": signs_by,
        }
        row, _made = cls.objects.update_or_create(
            name=name,
            host=socket.gethostname(),
            defaults=about | {"seen_at": now, "stop_asked_at": None},
        )
        return row

    def ask_to_stop(self, now: datetime) -> bool:
        """False: another process has its place by now."""
        mine = Program.objects.filter(pk=self.pk, started_at=self.started_at)
        return mine.update(stop_asked_at=now) == 1

    def listens(self, now: datetime) -> bool:
        """Would it read that it is to end?"""
        return not self.is_gone and self.seen_at >= now - SILENT

    @property
    def is_gone(self) -> bool:
        """Its process has ended, as far as it would be seen from here."""
        return self.is_near and processes.is_gone(self.pid)

    @property
    def is_near(self) -> bool:
        """Its process would be seen from here."""
        return self.pid_space != "" and self.pid_space == processes.space()
