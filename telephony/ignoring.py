"""Addresses that are not ours, as somebody said: their refused calls are only counted."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class IgnoredSourceQuerySet(VisibleQuerySet["IgnoredSource"]):
    def newest_first(self) -> Self:
        return self.select_related("ignored_by").order_by("-ignored_at", "pk")

    def has(self, address: str) -> bool:
        return self.filter(address=address).exists()

    def let_go(self, address: str) -> None:
        """It is somebody of ours after all."""
        self.filter(address=address).delete()


class IgnoredSource(models.Model):
    """An address that callers were turned away at, and that nobody wants to hear of."""

    address = models.CharField(_("address"), max_length=64, unique=True)
    ignored_at = models.DateTimeField(_("since"), auto_now_add=True)
    ignored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )

    objects = IgnoredSourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("ignored address")
        verbose_name_plural = _("ignored addresses")

    def __str__(self) -> str:
        return self.address
