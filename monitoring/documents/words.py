"""Words of the glossary that stand as names of fields and columns."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.db.models import Model
from django.forms import BaseForm
from django.utils.text import capfirst

# The name of a field or a column in the code, with its model where others have such a name for
# something else, and the anchor of the word in the glossary.
FIELDS: Mapping[str, str] = {
    "agent": "assistant",
    "call": "call",
    "call.codec": "codec",
    "call.is_test": "test-call",
    "call.rule": "who-answers",
    "colleague.person": "colleague",
    "dispatchrule.kind": "room",
    "number": "number",
    "out_codecs": "codec",
    "out_encryption": "encryption",
    "out_identity": "caller-header",
    "out_next": "reserve",
    "out_refer": "refer",
    "out_transport": "transport",
    "phonenumber.shown": "number",
    "pin": "pin",
    "recording": "recording",
    "reserve": "reserve",
    "room": "room",
    "room_name": "room",
    "short_standing": "published",
    "standing": "published",
    "storage": "storage",
    "trunk": "trunk",
    "trunks": "trunk",
    "worker": "worker",
}


def term(model: type[Model], name: str) -> str:
    """The anchor of the word that explains this field; "" for one that explains itself."""
    return FIELDS.get(f"{model._meta.model_name}.{name}") or FIELDS.get(name, "")


def named(shown: Mapping[Any, Any]) -> dict[str, str]:
    """The names that stand on a page and have a word: each with the word's anchor. `shown`: what
    the template of the page is given: of a list or a form of the admin, or a `form` of our own.
    """
    return {str(capfirst(label)): word for word, label in _standing(shown) if word}


def _standing(shown: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """(the anchor of a word or "", what staff read)"""
    if listed := shown.get("cl"):
        yield from _columns(listed)
    if form := shown.get("adminform"):
        yield from _fields(form)
    if isinstance(own := shown.get("form"), BaseForm):
        yield from ((FIELDS.get(each.name, ""), str(each.label)) for each in own)
    for inline in shown.get("inline_admin_formsets") or ():
        model = inline.opts.model
        yield from ((term(model, each["name"]), str(each["label"])) for each in inline.fields())


def _columns(listed: Any) -> Iterator[tuple[str, str]]:
    for column in listed.list_display:
        word = term(listed.model, column) if isinstance(column, str) else ""
        if word:
            yield word, str(label_for_field(column, listed.model, listed.model_admin))


def _fields(page: Any) -> Iterator[tuple[str, str]]:
    """Of those that its form has: a page may name one that its form leaves out today."""
    admin, form = page.model_admin, page.form
    yield from ((term(admin.model, name), str(form[name].label)) for name in form.fields)
    for name in page.readonly_fields:
        yield term(admin.model, name), str(label_for_field(name, admin.model, admin, form=form))
