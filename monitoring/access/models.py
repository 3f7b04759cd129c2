"""Tokens that engineers made for LiveKit. The tokens themselves are kept nowhere."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.livekit.tokens import Grant
from veyra.querysets import VisibleQuerySet


class AccessTokenQuerySet(VisibleQuerySet["AccessToken"]):
    def newest(self) -> Self:
        return self.select_related("made_by").order_by("-pk")


class AccessToken(models.Model):
    """That somebody made a token: who, for what, and until when. Never changed."""

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # What it is for, in his words.
    note = models.CharField(max_length=200)
    identity = models.CharField(max_length=100)
    # "": of no room.
    room = models.CharField(max_length=200, blank=True)
    # Values of Grant.
    grants = models.JSONField(default=list)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token for LiveKit")
        verbose_name_plural = _("tokens for LiveKit")
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return self.identity

    @property
    def labels(self) -> list[str]:
        return [str(Grant(grant).label) for grant in self.grants]
