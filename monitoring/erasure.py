"""Callers who were erased, and files with all that there is of one."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.made_file import MadeFile, MadeFileQuerySet
from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence

# Who may look at everything about a caller and take it as a file, and who may erase it.
FINDS, ERASES = "monitoring.find_caller", "monitoring.erase_caller"


class ErasureQuerySet(VisibleQuerySet["Erasure"]):
    def open(self) -> Self:
        return self.filter(done_at=None).order_by("asked_at")

    def newest(self) -> Self:
        return self.select_related("asked_by").order_by("-asked_at")


class Erasure(models.Model):
    """One caller who was erased: the ledger by which he is erased again from a backup.

    When it is done nothing in it tells who he was; `mark` only answers whether a number is his.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A keyed hash of the number (E.164), and which of FIELD_KEYS it was made by.
    mark = models.CharField(max_length=64, db_index=True)
    key_name = models.CharField(max_length=16)
    # Only until it is done.
    number = EncryptedTextField(blank=True)
    keeps_block = models.BooleanField(default=False)
    asked_at = models.DateTimeField(_("asked"))
    # Null: his account was deleted; his name stays on the certificate.
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_by_name = models.CharField(_("who"), max_length=200)
    # {name of what there was: how many}, as monitoring.forgetting.GOES names them.
    counts = models.JSONField(default=dict)
    # Keys of the recordings whose files have to be gone.
    recordings = models.JSONField(default=list)
    # The ledger's own copy is in the storage, where a lost database does not take it along.
    is_noted = models.BooleanField(default=False)
    done_at = models.DateTimeField(_("done"), null=True)
    # A Sentence: what it waits for.
    waits_for = models.JSONField(default=dict, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erased caller")
        verbose_name_plural = _("erased callers")
        ordering = ["-asked_at"]
        default_permissions = ("view",)
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("find_caller", _("may see everything about a caller, and take it as a file")),
            ("erase_caller", _("may erase a caller")),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def why(self) -> Sentence:
        return Sentence.from_json(self.waits_for)


class CallerFile(MadeFile):
    """All that there is of one caller, as a ZIP for him, made in the background."""

    FOLDER = "caller-files"

    number = EncryptedTextField()

    objects = MadeFileQuerySet["CallerFile"].as_manager()

    class Meta(MadeFile.Meta):
        verbose_name = _("file about a caller")
        verbose_name_plural = _("files about callers")
        default_permissions = ()

    @property
    def name(self) -> str:
        """It does not tell whom it is about."""
        return f"caller-{self.asked_at:%Y-%m-%d}-{self.pk.hex[:4]}.zip"

    @property
    def ending(self) -> str:
        return "zip"
