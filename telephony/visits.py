"""Members of staff at a call: who listens to it, who has joined the talk."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.facts import Call
from telephony.scope import OfCallsQuerySet
from veyra.models import User


class VisitQuerySet(OfCallsQuerySet["Visit"]):
    def going_on(self) -> Self:
        return self.filter(left_at=None)

    def of_calls(self, calls: Any) -> Self:
        """At these calls (rows, keys or a query of them), in the order in which they came."""
        return self.filter(call__in=calls).select_related("user").order_by("began_at", "pk")

    def of_user(self, user: User) -> Self:
        return self.filter(user=user).select_related("call", "user")

    def in_room(self, name: str) -> Self:
        return self.filter(call__room_name=name)

    def with_rights(self) -> Self:
        """With everything that decides whether each may stay."""
        return self.select_related("call", "user", "login")

    def left_since(self, moment: datetime) -> Self:
        return self.filter(left_at__gte=moment).select_related("call")


class Visit(models.Model):
    """One stay of one person in the room of a call. Its participant there is `identity`."""

    class Kind(models.TextChoices):
        LISTEN = "listen", _("listens")
        JOIN = "join", _("has joined the talk")
        # Called to it by a Ring, in place of the assistant.
        TAKE = "take", _("has taken the call")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="visits")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Null: he has logged out since.
    login = models.ForeignKey(
        "sessions.Session", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=6, choices=Kind.choices)
    began_at = models.DateTimeField()
    # When his page said last that it is still open.
    seen_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, db_index=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit to a call")
        verbose_name_plural = _("visits to calls")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["call"], condition=models.Q(left_at=None), name="visit_going_on")
        ]

    def __str__(self) -> str:
        return self.identity

    @property
    def role(self) -> str:
        """The participant's `veyra.role`."""
        return ROLES[Visit.Kind(self.kind)]

    @property
    def identity(self) -> str:
        return f"{self.role}-{self.pk}"

    @property
    def name(self) -> str:
        """Whom colleagues read."""
        return (self.user.get_full_name() or self.user.get_username()) if self.user else ""


ROLES = {
    Visit.Kind.LISTEN: "listener",
    Visit.Kind.JOIN: "supervisor",
    Visit.Kind.TAKE: "colleague",
}
