"""A file with calls, made in the background for the person who asked for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from monitoring.made_file import MadeFile, MadeFileQuerySet

TAKES = ("telephony.view_call", "monitoring.add_callfile")


class CallFile(MadeFile):
    """`query`: the search of the list whose calls are in it (monitoring.filters.tidy)."""

    class Form(models.TextChoices):
        CSV = "csv", "CSV"
        EXCEL = "xlsx", "Excel"

    FOLDER = "call-files"

    form = models.CharField(max_length=4, choices=Form.choices)
    query = models.TextField(blank=True)
    # Calls; null until they are counted.
    total = models.PositiveIntegerField(null=True)
    written = models.PositiveIntegerField(default=0)

    objects = MadeFileQuerySet["CallFile"].as_manager()

    class Meta(MadeFile.Meta):
        verbose_name = _("file with calls")
        verbose_name_plural = _("files with calls")
        default_permissions = ("add",)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"calls-{self.asked_at:%Y-%m-%d-%H%M}-{self.pk.hex[:4]}.{self.form}"

    @property
    def ending(self) -> str:
        return self.form

    @property
    def percent(self) -> int | None:
        """How far it is; None until that is known."""
        if self.total is None:
            return None
        return min(100, 100 * self.written // self.total) if self.total else 100
