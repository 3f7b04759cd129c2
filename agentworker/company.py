"""Whose line this is: what {company} stands for in an assistant's words."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet


class Company(models.Model):
    """One row, or none as long as nobody has written its name."""

    # A bracket in it would be taken for a place to be filled.
    name = models.CharField(
        _("what callers know you by"),
        max_length=100,
        help_text=_("Assistants say it where their words have {company}."),
    )

    objects = VisibleQuerySet["Company"].as_manager()

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")

    def __str__(self) -> str:
        return self.name


def company_name() -> str:
    """ "": nobody has written it."""
    return Company.objects.values_list("name", flat=True).order_by("pk").first() or ""
