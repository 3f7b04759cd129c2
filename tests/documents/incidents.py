"""What docs/incidents.md and docs/incidents.ru.md have to say below their first lines, as the rules
and the runbooks have it: `python -m tests.documents.incidents` writes it there.
"""

import os
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs"
# Russian stands in a file with the language in its name, as the other document of such a pair does.
PLACES = {"en": FOLDER / "incidents.md", "ru": FOLDER / "incidents.ru.md"}
BEGINS = {"en": "## P1: callers are lost now", "ru": "## P1: звонящие теряются сейчас"}
GRAVITY = {
    "en": ("", "P1: callers are lost now", "P2: they will be", "P3: look at it today"),
    "ru": ("", "P1: звонящие теряются сейчас", "P2: станут теряться", "P3: посмотреть сегодня"),
}
BUTTONS, BY_HAND, PAGES = (
    {"en": "Buttons", "ru": "Кнопки"},
    {"en": "By hand", "ru": "Руками"},
    {"en": "Pages", "ru": "Страницы"},
)
QUOTES = {"en": "“{}”", "ru": "«{}»"}


def written(language: str) -> str:
    from django.utils.translation import override

    from monitoring.incidents.rulebook import RULES

    lines: list[str] = []
    with override(language):
        for gravity, title in enumerate(GRAVITY[language][1:], start=1):
            lines += [f"## {title}", ""]
            for rule in RULES:
                if rule.severity == gravity:
                    lines += _part(rule.slug, str(rule.title), language)
    return "\n".join(lines)


def _part(slug: str, title: str, language: str) -> Iterator[str]:
    from monitoring.incidents.runbooks import RUNBOOKS
    from monitoring.recovery.steps import STEPS

    advice = RUNBOOKS[slug]
    buttons = [str(STEPS[each.step].title) for each in advice.steps]
    told = {
        BUTTONS[language]: buttons,
        PAGES[language]: [str(name) for _u, name, _r in advice.pages],
    }
    yield from (f'<a id="{slug}"></a>', f"### {title}", "", str(advice.why), "")
    for word, names in told.items():
        if names:
            shown = ", ".join(QUOTES[language].format(each) for each in dict.fromkeys(names))
            yield from (f"{word}: {shown}.", "")
    if advice.by_hand:
        yield from (f"{BY_HAND[language]}:", "")
        yield from (f"{at}. {each}" for at, each in enumerate(advice.by_hand, start=1))
        yield ""


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")
    django.setup()
    for spoken, path in PLACES.items():
        before, _rest = path.read_text().split(BEGINS[spoken])
        path.write_text(before + written(spoken))
