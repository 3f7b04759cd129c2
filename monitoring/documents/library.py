"""Which documents there are. They come with the program, so each is read once a process."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from monitoring.documents.writing import Section, Written, write

ROOT: Path = settings.BASE_DIR
FOLDER, EXAMPLES, IMAGES = ROOT / "docs", ROOT / "examples", ROOT / "docs" / "images"
# Those that stand beside the folder.
BESIDE = ("README.md", "README.ru.md", "ARCHITECTURE.md", "ARCHITECTURE.ru.md", "CHANGELOG.md")
LANGUAGES = ("ru", "en")
# Of pictures: the end of a name, and what a browser calls it.
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
INDEX = "livekit_documentation_index"


@dataclass(frozen=True)
class Document:
    """One text in one language. `place`: its path from the root of the project."""

    slug: str
    language: str
    place: str

    @property
    def source(self) -> str:
        return (ROOT / self.place).read_text()

    @property
    def written(self) -> Written:
        return _written(self)


@cache
def _written(document: Document) -> Written:
    folder = posixpath.dirname(document.place)
    # It is kept for every reader, so it speaks the document's language and not the first reader's.
    with override(document.language):
        return write(document.source, lambda link: _leads(folder, link), _drawn)


@cache
def documents() -> Mapping[tuple[str, str], Document]:
    """By slug and language."""
    places = [f"docs/{path.name}" for path in sorted(FOLDER.glob("*.md"))]
    found = [_named(place, set(places)) for place in (*places, *BESIDE)]
    return {(each.slug, each.language): each for each in found if (ROOT / each.place).exists()}


def _named(place: str, places: set[str]) -> Document:
    """A name without a language is Russian where an English text stands beside it, else English."""
    stem = posixpath.basename(place).removesuffix(".md")
    slug, _dot, language = stem.partition(".")
    if not language:
        language = "ru" if f"docs/{slug}.en.md" in places else "en"
    return Document(slug, language, place)


def find(slug: str, language: str) -> Document | None:
    """In this language, else in the other; None: there is no such document."""
    known = documents()
    other = "en" if language == "ru" else "ru"
    return known.get((slug, language)) or known.get((slug, other))


def of_language(language: str) -> list[Document]:
    """Each document once, in this language where it exists in it."""
    slugs = dict.fromkeys(slug for slug, _language in documents())
    return [found for slug in slugs if (found := find(slug, language))]


def section(slug: str, anchor: str, language: str) -> Section | None:
    document = find(slug, language)
    found = document.written.sections if document else ()
    return next((each for each in found if each.anchor == anchor), None)


@cache
def by_place() -> Mapping[str, Document]:
    return {each.place: each for each in documents().values()}


def examples() -> list[str]:
    return sorted(path.name for path in EXAMPLES.glob("*.py"))


def image(name: str) -> Path | None:
    found = (path for path in IMAGES.iterdir() if path.suffix in KINDS and path.name == name)
    return next(found, None)


def _drawn(name: str) -> str:
    return reverse("doc-image", args=[name]) if image(name) else ""


def _leads(folder: str, link: str) -> str:
    """A link between files, as one between pages. What the desk does not show stays as it is."""
    path, hash_, anchor = link.partition("#")
    place = posixpath.normpath(posixpath.join(folder, path))
    if document := by_place().get(place):
        return reverse("doc", args=[document.slug]) + hash_ + anchor
    inside, name = posixpath.split(place)
    if inside == "examples" and name in examples():
        return reverse("doc-example", args=[name]) + hash_ + anchor
    if inside == "docs/images":
        return reverse("doc-image", args=[name])
    return link
