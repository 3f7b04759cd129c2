"""What an assistant knows: its documents, and how it is given another one."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, cast

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agentworker.content import Content
from agentworker.knowledge.adding import (
    KINDS,
    LARGEST,
    KnowledgeError,
    add_file,
    add_page,
    add_words,
)
from agentworker.knowledge.models import Document
from agentworker.parts import Part
from agentworker.services import Words
from veyra.stale import Disagreement

# Names of documents are shown to whoever compares versions; so many.
MOST = 50


class KnowledgePart(Part):
    """A document that is given is kept at once, also where another field of the page is wrong: a
    browser does not send a file a second time.
    """

    name = "knowledge"
    section = "knows"
    template = "agentworker/_knowledge.html"
    accepted: ClassVar[str] = ",".join(KINDS)

    known = forms.MultipleChoiceField(required=False, label=_("Documents"))
    file = forms.FileField(
        label=_("A file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": accepted}),
        help_text=_("A text, a PDF or a Word file (.docx), such as a price list."),
    )
    address = forms.CharField(
        label=_("A page of your site"),
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "url", "placeholder": "https://"}),
        help_text=_("It is read once, now. When the page changes, give it here again."),
    )
    title = forms.CharField(
        label=_("Or words that you write: their name"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
    )
    text = forms.CharField(
        label=_("The words"),
        required=False,
        max_length=100_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = [*self.initial.get("known", []), *self._posted()]
        rows = Document.objects.filter(key__in=[key for key in keys if is_key(key)])
        self.documents = {str(row.key): row for row in rows}
        field = cast(forms.MultipleChoiceField, self.fields["known"])
        field.choices = [(key, row.name) for key, row in self.documents.items()]

    def _posted(self) -> list[str]:
        data = self.data
        return data.getlist(self.add_prefix("known")) if isinstance(data, MultiValueDict) else []

    @classmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        return {"known": list(content.knowledge)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = list(cleaned.get("known", ()))
        if cleaned.get("title") and not cleaned.get("text"):
            self.add_error("text", gettext("Write the words, too: a name alone tells it nothing."))
        for field, add in self._gifts(cleaned):
            try:
                document = add()
            except KnowledgeError as error:
                self.add_error(field, str(error.sentence))
            else:
                self.documents[str(document.key)] = document
                given.append(str(document.key))
        cleaned["known"] = given
        return cleaned

    def _gifts(self, cleaned: dict[str, Any]) -> Iterable[tuple[str, Any]]:
        file, address = cleaned.get("file"), cleaned.get("address")
        title, text = cleaned.get("title", ""), cleaned.get("text")
        if file:
            yield "file", lambda: add_file(file.name, file.read(LARGEST + 1), self.user)
        if address:
            yield "address", lambda: add_page(address.strip(), self.user)
        if text:
            name = title or text.split("\n", 1)[0][:60]
            yield "text", lambda: add_words(name, text, self.user)

    def into(self, words: Words) -> Words:
        return replace(words, knowledge=self.cleaned_data["known"])

    @classmethod
    def told(cls, words: Words) -> Iterable[tuple[str, str]]:
        keys = [key for key in words.knowledge if is_key(key)]
        names = Document.objects.filter(key__in=keys).values_list("name", flat=True)[:MOST]
        yield gettext("What it knows"), "\n".join(names)

    def disagreements(self) -> Iterable[Disagreement]:
        return ()

    @cached_property
    def shown(self) -> list[tuple[Document, bool]]:
        """Each document that was known, or was given, and whether it stays known."""
        cleaned = getattr(self, "cleaned_data", {})
        kept = set(cleaned.get("known", self._posted() if self.is_bound else self.documents))
        return [(row, key in kept) for key, row in self.documents.items()]

    def extra(self) -> dict[str, Any]:
        # What was kept need not be given a second time.
        wrong = {name for name in ("address", "title", "text") if self.has_error(name)}
        stays = wrong | ({"title"} if "text" in wrong else set())
        return {"stays": stays}


def is_key(text: str) -> bool:
    try:
        Document._meta.get_field("key").to_python(text)
    except forms.ValidationError:
        return False
    return True
