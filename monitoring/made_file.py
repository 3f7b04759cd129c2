"""A file made in the background for the person who asked for it; it is kept for a day."""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import User
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence

F = TypeVar("F", bound="MadeFile", covariant=True)


class MadeFileQuerySet(VisibleQuerySet[F]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Everybody sees what he asked for himself."""
        return super().visible_to(user).filter(made_by_id=user.pk)

    def open(self) -> Self:
        """They wait to be made, or are being made."""
        return self.filter(state__in=[MadeFile.State.WAITING, MadeFile.State.DOING])

    def ready(self) -> Self:
        return self.filter(state=MadeFile.State.DONE)

    def waiting(self) -> Self:
        return self.filter(state=MadeFile.State.WAITING).order_by("asked_at")

    def silent_since(self, moment: datetime) -> Self:
        """Begun, and not heard of since then."""
        return self.filter(state=MadeFile.State.DOING, seen_at__lt=moment)

    def asked_before(self, moment: datetime) -> Self:
        return self.filter(asked_at__lt=moment)


class MadeFile(models.Model):
    """How it is made: monitoring.file_making."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits its turn")
        DOING = "doing", _("is being made")
        DONE = "done", _("ready")
        FAILED = "failed", _("not made")
        CANCELLED = "cancelled", _("cancelled")

    # Of MEDIA_ROOT.
    FOLDER: ClassVar[str]

    # Of what the form on the page says (`ask`): pressed twice, it is asked for once.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    # Of its headings and words; its times are those of the person.
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(auto_now_add=True)
    # The last sign of life of whoever makes it.
    seen_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    # A Sentence: why it could not be made, or what it lacks.
    error = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True
        ordering: ClassVar = ["-asked_at"]

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def folder(cls) -> Path:
        return Path(settings.MEDIA_ROOT) / cls.FOLDER

    @property
    def name(self) -> str:
        """As it is called where it is saved."""
        raise NotImplementedError

    @property
    def ending(self) -> str:
        """Of its name; without the dot."""
        raise NotImplementedError

    @property
    def path(self) -> Path:
        return self.folder() / f"{self.pk}.{self.ending}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.DOING)

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.error)

    def tell(self, **now: Any) -> bool:
        """Write how it stands, if it is still to be made. False: stop, nobody waits for it."""
        still = type(self)._default_manager.filter(pk=self.pk, state=self.State.DOING)
        return bool(still.update(**now))
