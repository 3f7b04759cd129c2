"""Documents and their passages. A document is never changed: another text is another document."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.wordforms import StemsField


class Document(models.Model):
    """Named by its key in Content.knowledge, of as many assistants and versions as know it."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        MARKDOWN = "markdown", _("Markdown")
        PDF = "pdf", _("PDF")
        DOCX = "docx", _("Word")
        PAGE = "page", _("web page")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    # Of a page: where it was fetched.
    address = models.TextField(_("address"), blank=True)
    text = models.TextField(_("text"))
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = VisibleQuerySet["Document"].as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Passage(models.Model):
    """A piece of a document that answers a question by itself."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    # From 1, in the order of the text.
    number = models.PositiveIntegerField()
    text = models.TextField()
    stems = StemsField(of="text")

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["document", "number"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["document", "number"], name="passage_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.document_id}/{self.number}"
