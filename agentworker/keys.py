"""The keys by which providers of speech and thought let us in."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access
from veyra.models import Keepable
from veyra.querysets import KeepableQuerySet
from veyra.secrets import EncryptedTextField, SecretError
from veyra.sentences import Sentence


class ProviderKeyQuerySet(KeepableQuerySet["ProviderKey"]):
    def due(self, now: datetime) -> Self:
        """To be tested now, the longest awaited first."""
        return self.kept().filter(due_at__lte=now).order_by("due_at", "pk")

    def named(self, keys: Collection[str]) -> Self:
        """Those that an assistant names; what is no key at all names none."""
        return self.kept().filter(key__in=[each for each in keys if is_key(each)])


def is_key(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


class ProviderKey(Keepable):
    """One account at one provider. Its secrets are written and never shown."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    # Of providers.PROVIDERS.
    provider = models.CharField(_("provider"), max_length=40)
    secret = EncryptedTextField(_("key"), blank=True)
    # What the provider asks for besides, and is no secret: {"folder": "b1g…", "base_url": "…"}
    settings: "models.JSONField[Any, Any]" = models.JSONField(default=dict, blank=True)
    # "http://user:password@host:port"
    proxy = EncryptedTextField(_("proxy"), blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When it is tested next; null: never, since there is nothing to ask.
    due_at = models.DateTimeField(null=True, editable=False)
    # What the last test came to: a sentence (veyra.sentences.Sentence as a mapping), and how long.
    tested_at = models.DateTimeField(null=True, editable=False)
    works = models.BooleanField(null=True, editable=False)
    verdict: "models.JSONField[Any, Any]" = models.JSONField(
        default=dict, blank=True, editable=False
    )
    tested_ms = models.PositiveIntegerField(null=True, editable=False)

    objects = ProviderKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("key of a provider")
        verbose_name_plural = _("keys of providers")
        ordering = ["name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(archived_at=None),
                name="provider_key_name_once",
                violation_error_message=_("There is already a key with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def access(self) -> Access:
        """Raises SecretError."""
        return Access(secret=self.secret, settings=self.settings, proxy=self.proxy)

    @property
    def is_locked(self) -> bool:
        """What is stored cannot be read any more."""
        try:
            return self.access is None
        except SecretError:
            return True

    @property
    def why(self) -> Sentence:
        """What the last test came to; empty before the first."""
        return Sentence.from_json(self.verdict)
