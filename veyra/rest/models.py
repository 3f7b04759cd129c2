"""Keys by which other programs come in, what they were answered, and how much they read."""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # it imports us
    from django.contrib.auth.models import AnonymousUser

    from veyra.models import User

# Requests of one key in one minute.
A_MINUTE = 600
MINUTE = timedelta(minutes=1)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """His own, those that he made, and all of them for who looks after people."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        if user.has_perm("veyra.view_user"):
            return self
        return self.filter(Q(user=user) | Q(made_by=user))

    def shown(self) -> Self:
        return self.select_related("user", "made_by").prefetch_related("user__groups")

    def newest(self) -> Self:
        return self.order_by("-created")

    def named_so(self, start: str) -> Self:
        """Those whose secret begins so."""
        return self.filter(token_key=start).select_related("user")


class ApiKey(models.Model):
    """One program's way in. Only a digest of the secret is kept; it acts as `user`.

    `user` is a person, or a service: an account that nobody can log in by, with one role.
    """

    # As knox makes and reads them (knox.models.AbstractAuthToken).
    digest = models.CharField(max_length=128, primary_key=True)
    token_key = models.CharField(max_length=25, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    created = models.DateTimeField(auto_now_add=True)
    expiry = models.DateTimeField(null=True, blank=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    is_service = models.BooleanField(default=False, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    # Requests within the minute that began then.
    minute = models.DateTimeField(null=True, editable=False)
    used = models.PositiveIntegerField(default=0, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("key for programs")
        verbose_name_plural = _("keys for programs")
        default_permissions = ("view", "add", "delete")

    def __str__(self) -> str:
        return self.name

    @property
    def start(self) -> str:
        """What may be shown of the secret, so that its owner knows it again."""
        return f"{self.token_key}…"

    def is_over(self, now: datetime) -> bool:
        return self.expiry is not None and self.expiry <= now

    def take(self, now: datetime) -> bool:
        """Count one request, in whatever process. False: its minute is used up."""
        mine = ApiKey.objects.filter(pk=self.pk)
        this = now.replace(second=0, microsecond=0)
        if mine.filter(minute=this, used__lt=A_MINUTE).update(used=F("used") + 1, last_used_at=now):
            return True
        other = Q(minute=None) | ~Q(minute=this)
        return bool(mine.filter(other).update(minute=this, used=1, last_used_at=now))


class KeptAnswerQuerySet(models.QuerySet["KeptAnswer"]):
    def forget_before(self, moment: datetime) -> None:
        self.filter(at__lt=moment).delete()


class KeptAnswer(models.Model):
    """What was answered to one Idempotency-Key of one account; for a day."""

    KEPT: ClassVar = timedelta(hours=24)
    # Who asked has died under way: whoever asks again does it.
    LOST: ClassVar = timedelta(seconds=60)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    # A digest of method, address and body.
    asked = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    # Null: it is being done.
    status = models.PositiveSmallIntegerField(null=True)
    body: "models.JSONField[Any, Any]" = models.JSONField(null=True)

    objects = KeptAnswerQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReadSampleQuerySet(models.QuerySet["ReadSample"]):
    def since(self, moment: datetime) -> Self:
        return self.filter(at__gte=moment)

    def forget_before(self, moment: datetime) -> None:
        self.filter(at__lt=moment).delete()


class ReadSample(models.Model):
    """One of each EVERY calls that an account read, and when last: many of them are a measure of
    how much it takes. Who asks for the same page each second reads no more calls by that.
    """

    EVERY: ClassVar = 50
    KEPT: ClassVar = timedelta(days=1)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    row = models.UUIDField()
    at = models.DateTimeField(db_index=True)

    objects = ReadSampleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["user", "row"], name="one_sample_a_row")
        ]

    def __str__(self) -> str:
        return str(self.row)

    @classmethod
    def note(cls, user: "User", rows: Iterable[uuid.UUID], now: datetime) -> None:
        """`rows`: random keys, all that it was given."""
        cls.objects.bulk_create(
            [cls(user=user, row=row, at=now) for row in rows if row.int % cls.EVERY == 0],
            update_conflicts=True,
            unique_fields=["user", "row"],
            update_fields=["at"],
        )


def digest(*parts: bytes) -> str:
    """Of everything that was asked; no two ways to cut it are alike."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()
