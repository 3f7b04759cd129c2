"""The password that a connection had before, for a day: whoever mistyped the new one goes back."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField, SecretError

if TYPE_CHECKING:  # it imports us
    from telephony.models import Trunk

KEPT = timedelta(days=1)


class FormerPasswordQuerySet(VisibleQuerySet["FormerPassword"]):
    def of(self, trunk: "Trunk", now: datetime) -> Self:
        return self.filter(trunk=trunk, changed_at__gt=now - KEPT).select_related("by")

    def forget(self, now: datetime) -> None:
        self.filter(changed_at__lte=now - KEPT).delete()


class FormerPassword(models.Model):
    """One for each login of a connection: the last one that was changed on the page for it."""

    trunk = models.ForeignKey(
        "telephony.Trunk", on_delete=models.CASCADE, related_name="former_passwords"
    )
    # The column of the connection that holds it.
    column = models.CharField(max_length=40)
    password = EncryptedTextField()
    # By which it was replaced: where another stands there by now, nothing is put back.
    replaced_by = EncryptedTextField()
    changed_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = FormerPasswordQuerySet.as_manager()

    class Meta:
        verbose_name = _("former password of a connection")
        verbose_name_plural = _("former passwords of connections")
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["trunk", "column"], name="former_password_once")
        ]

    def __str__(self) -> str:
        return f"{self.trunk_id} {self.column}"

    def is_left(self, trunk: "Trunk") -> bool:
        """Does the connection still hold what replaced it? A secret that no key opens is no more
        than lost.
        """
        try:
            return bool(self.password) and bool(getattr(trunk, self.column) == self.replaced_by)
        except SecretError:
            return False
