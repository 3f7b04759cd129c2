"""Words of the glossary are explained where staff meet them."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import override

from monitoring import roles
from monitoring.documents import help as pages
from monitoring.documents import library
from monitoring.documents.words import FIELDS, term
from veyra.models import User

LANGUAGES = library.LANGUAGES


def glossary(language: str) -> dict[str, str]:
    """Each word and its anchor."""
    document = library.find(pages.GLOSSARY, language)
    assert document is not None
    return {each.title: each.anchor for each in document.written.sections if each.level == 3}


def labels() -> dict[tuple[type[Model], str], str]:
    """(row, name in the code) -> what staff read, of fields and columns of the admin."""
    found = {}
    for model, page in admin.site._registry.items():
        names = [field.name for field in model._meta.fields]
        for name in [*names, *map(str, page.list_display)]:
            if name != "__str__":
                found[model, name] = capfirst(str(label_for_field(name, model, page)))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_that_is_the_name_of_a_field_is_explained_there(language: str) -> None:
    known = glossary(language)
    with override(language):
        named = {key: known[label] for key, label in labels().items() if label in known}
    assert len(named) > 5
    assert {key: word for key, word in named.items() if term(*key) != word} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_word_is_of_use_somewhere(language: str) -> None:
    used = {each.term for each in pages.PAGES.values()} | set(FIELDS.values())
    assert used - {""} == set(glossary(language).values())


def test_both_glossaries_have_the_same_words() -> None:
    assert list(glossary("ru").values()) == list(glossary("en").values())


@pytest.mark.parametrize("role", ["Operator", "Manager"])
def test_nobody_but_engineers_reads_the_fields_own_words(role: str, db: None) -> None:
    roles.make()
    user = User.objects.create_user(role, is_staff=True, language="en", set_up_at=timezone.now())
    user.groups.add(Group.objects.get(name=role))
    client = Client(headers={"accept": "text/html"})
    client.force_login(user)
    page = client.get("/admin/telephony/phonenumber/").content.decode()
    assert '"label": "Provider connection"' in page
    assert "The agreement with a telephone company" in page and "SIP trunk" not in page
