"""That LiveKit's key was changed, by whom, and how far that has come. No secret is in it."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:  # it imports us
    from django.contrib.auth.models import AnonymousUser

    from veyra.models import User


class KeyRotationQuerySet(models.QuerySet["KeyRotation"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """As veyra.querysets.VisibleQuerySet, which imports the models."""
        return self if user.is_authenticated and user.is_active else self.none()

    def going_on(self) -> "KeyRotation | None":
        return self.filter(ended_at=None).order_by("-pk").first()

    def newest(self) -> Self:
        return self.select_related("by").order_by("-pk")


class KeyRotation(models.Model):
    """One change from a pair to another. `name` and `former` are the names of the pairs."""

    name = models.CharField(_("new key"), max_length=100)
    former = models.CharField(_("former key"), max_length=100)
    # Null: by the command.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    switched_at = models.DateTimeField(_("changed to the new key"), auto_now_add=True)
    # From then on LiveKit is to forget the former one at its next start.
    dropped_at = models.DateTimeField(_("former key taken out"), null=True, editable=False)
    # LiveKit refused it.
    ended_at = models.DateTimeField(_("former key refused"), null=True, editable=False)

    objects = KeyRotationQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of LiveKit's key")
        verbose_name_plural = _("changes of LiveKit's key")
        default_permissions = ("view", "add")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(ended_at=None), name="key_rotation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.former} → {self.name}"
