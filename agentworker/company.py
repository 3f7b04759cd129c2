"""Whose line this is: what {company} stands for in an assistant's words, and in messages."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.placeholders import named, problems
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence


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


NOT_NAMED = gettext_noop(
    "Nobody has written yet what {company} stands for. Write it on the page of an assistant, or"
    " leave it out here."
)


def faults(text: str) -> list[Sentence]:
    """What callers would hear wrong of a message with places to be filled."""
    lacks = "company" in named(text) and not company_name()
    return [*problems(text), *([Sentence(NOT_NAMED)] if lacks else [])]


def company_name() -> str:
    """ "": nobody has written it."""
    return Company.objects.values_list("name", flat=True).order_by("pk").first() or ""
