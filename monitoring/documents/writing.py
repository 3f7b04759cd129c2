"""Markdown into a page: its sections with their addresses, and its links as the desk has them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from monitoring.documents import diagrams
from monitoring.documents.anchors import anchor, own_anchors

# HTML in a document is shown as it is written; all that is made comes from the library.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_AWAY = ("http://", "https://", "mailto:")
# Where a link of a document leads inside the desk.
Leads = Callable[[str], str]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it, as far as the next one."""

    anchor: str
    title: str
    level: int
    text: str


@dataclass(frozen=True)
class Written:
    html: SafeString
    sections: tuple[Section, ...]
    anchors: frozenset[str]
    links: tuple[str, ...]
    diagrams: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.sections[0].title if self.sections else ""


def _none_drawn(_name: str) -> str:
    return ""


def write(source: str, leads: Leads, drawn: diagrams.Drawn = _none_drawn) -> Written:
    """Raises nothing: whatever is in `source`, some page comes of it."""
    text, own = own_anchors(source)
    tokens = _MARKDOWN.parse(text)
    links = tuple(_lead(tokens, leads))
    sections = tuple(_sections(tokens, own, text.split("\n")))
    _box(tokens)
    shown = list(diagrams.with_pictures(_with_own(tokens, own), drawn))
    made = _MARKDOWN.renderer.render(shown, _MARKDOWN.options, {})
    anchors = frozenset({each.anchor for each in sections} | _ids(tokens))
    # No HTML of a document passes, and the library escapes all text.
    html = mark_safe(made)  # noqa: S308  # as above
    return Written(html, sections, anchors, links, diagrams.texts(tokens))


def _lead(tokens: list[Token], leads: Leads) -> Iterator[str]:
    """Changes the links in place, and names each as it was written."""
    for token in _inner(tokens):
        name = {"link_open": "href", "image": "src"}.get(token.type)
        if name is None:
            continue
        # The library writes an address as browsers send it; files and headings have plain letters.
        written = unquote(str(token.attrs[name]))
        yield written
        if written.startswith(_AWAY):
            token.attrs |= {"target": "_blank", "rel": "noopener"}
        elif not written.startswith("#") and (lead := leads(written)) != written:
            token.attrs[name] = lead


def _inner(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or ()


def _sections(tokens: list[Token], own: dict[int, str], lines: list[str]) -> Iterator[Section]:
    """Gives each heading its address on the way."""
    taken: set[str] = set()
    heads = [at for at, token in enumerate(tokens) if token.type == "heading_open"]
    starts = [(tokens[at].map or [0, 0])[0] for at in heads] + [len(lines)]
    for at, start, end in zip(heads, starts, starts[1:], strict=False):
        inline = tokens[at + 1]
        title = "".join(child.content for child in inline.children or ())
        tokens[at].attrSet("id", anchor(title, taken))
        named = own.get(start - 1) or own.get(start - 2) or str(tokens[at].attrs["id"])
        body = "\n".join(lines[start + 1 : end]).strip()
        yield Section(named, title, int(tokens[at].tag[1]), body)


def _ids(tokens: list[Token]) -> set[str]:
    return {str(token.attrs["id"]) for token in tokens if "id" in token.attrs}


def _with_own(tokens: list[Token], own: dict[int, str]) -> list[Token]:
    """With the addresses that headings have besides those of their words."""
    found = []
    for token in tokens:
        start = (token.map or [0])[0] if token.type == "heading_open" else 0
        if named := own.get(start - 1) or own.get(start - 2):
            found.append(Token("html_block", "", 0, content=f'<a id="{named}"></a>\n'))
        found.append(token)
    return found


def _box(tokens: list[Token]) -> None:
    """A point of a checklist gets a box."""
    for token in _inner(tokens):
        if token.type == "text" and token.content.startswith("[ ] "):
            token.content = f"☐ {token.content[4:]}"
