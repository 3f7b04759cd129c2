"""The keys by which providers of speech and thought let us in."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.models import Keepable
from veyra.querysets import KeepableQuerySet
from veyra.secrets import EncryptedTextField


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
    # What the last test came to: a sentence (veyra.sentences.Sentence as a mapping), and how long.
    tested_at = models.DateTimeField(null=True, editable=False)
    works = models.BooleanField(null=True, editable=False)
    verdict: "models.JSONField[Any, Any]" = models.JSONField(
        default=dict, blank=True, editable=False
    )
    tested_ms = models.PositiveIntegerField(null=True, editable=False)

    objects = KeepableQuerySet["ProviderKey"].as_manager()

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
