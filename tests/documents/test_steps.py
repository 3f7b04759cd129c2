"""What a newcomer presses is the same in both languages, and in each document that says it."""

import pytest
from django.utils.translation import gettext, override

from tests.documents.reading import buttons

# In English and in Russian: a document, and the heading of its part.
PAIRS = {
    "first call": (("README.md", "The first call"), ("README.ru.md", "Первый звонок")),
    "people": (
        ("docs/livekit_auth_usage.en.md", "People and roles"),
        ("docs/livekit_auth_usage.md", "Люди и роли"),
    ),
    "keys": (("docs/api.md", "Keys"), ("docs/api.ru.md", "Ключи")),
    "call by curl": (("docs/api.md", "Place a call"), ("docs/api.ru.md", "Позвонить")),
}
GUIDE = ("docs/livekit_system_setup_guide.md", "4. Первый звонок")


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_pressed_by_the_english_steps_is_pressed_by_the_russian(name: str) -> None:
    english, russian = (buttons(*each) for each in PAIRS[name])
    assert english
    with override("ru"):
        assert [[gettext(each) for each in names] for names in english] == russian


def test_the_guide_has_the_steps_of_the_readme() -> None:
    assert buttons(*GUIDE)[0] == buttons("README.ru.md", "Первый звонок")[0]
