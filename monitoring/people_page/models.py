"""Invitations: a link by which one person, once, makes his own login."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from monitoring.people_page import words
from veyra.querysets import VisibleQuerySet

VALID = timedelta(days=7)


class InviteQuerySet(VisibleQuerySet["Invite"]):
    def open(self, now: datetime) -> Self:
        """Those that still let somebody in."""
        return self.filter(used_at=None, expires_at__gt=now)

    def by(self, token: str) -> Self:
        return self.filter(digest=digest_of(token))


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Invite(models.Model):
    """Its link is shown once, to whoever makes it: the row holds no more than its digest."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(_("What colleagues call him or her"), max_length=150)
    email = models.EmailField(_("mail address"), blank=True)
    role = models.CharField(_("role"), max_length=20)
    places = models.ManyToManyField("agentworker.Place", blank=True, related_name="+")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = InviteQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering: ClassVar[list[str]] = ["-made_at", "-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def role_words(self) -> str | Promise:
        return words.called(self.role)

    def renew(self) -> str:
        """A new token, which is in the link; the one before opens nothing. Not saved."""
        token = secrets.token_urlsafe(32)
        self.digest, self.expires_at = digest_of(token), timezone.now() + VALID
        return token
