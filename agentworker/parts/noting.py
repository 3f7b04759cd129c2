"""What is written down of each call when it is over."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from agentworker.content import Content
from agentworker.parts import Part
from agentworker.services import Words
from agentworker.tools.written import named

MOST, LONGEST = 12, 60
KIND = "note"


class NotingPart(Part):
    name = "noting"
    section = "after"
    template = "agentworker/parts/noting.html"

    labels = forms.CharField(
        label=_("What to note of each call"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_(
            "One a line, such as: Name, What he wants, Order number. Only what the caller said is"
            " noted."
        ),
    )

    @classmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        return {"labels": lines(content)}

    def clean_labels(self) -> list[str]:
        found = dict.fromkeys(
            words for line in self.cleaned_data["labels"].splitlines() if (words := _plain(line))
        )
        if len(found) > MOST:
            raise forms.ValidationError(
                _("Not more than %(most)s: of a longer list much is missed.") % {"most": MOST}
            )
        if any(len(each) > LONGEST for each in found):
            raise forms.ValidationError(
                _("Write each in a few words: %(most)s letters at most.") % {"most": LONGEST}
            )
        return list(found)

    def into(self, words: Words) -> Words:
        return replace(words, noting=rows(self.cleaned_data["labels"]))

    @classmethod
    def told(cls, words: Words) -> Iterable[tuple[str, str]]:
        if words.noting:
            yield gettext("What to note of each call"), lines(words)


def rows(labels: Iterable[str]) -> list[dict[str, str]]:
    """As Content.noting has it: each with a name by which a mind answers. Pure."""
    found: list[dict[str, str]] = []
    for label in labels:
        name = named(KIND, label, [each["name"] for each in found])
        found.append({"name": name, "label": label})
    return found


def lines(content: Content | Words) -> str:
    return "\n".join(str(each["label"]) for each in content.noting)


def _plain(line: str) -> str:
    return " ".join(line.split()).rstrip(",;")
