"""Diagrams of documents. A browser draws each once, by `make pictures`; the picture lies in
`docs/images/` under the hash of its text, so a text that changed has none until it is drawn anew.
"""

import hashlib
from collections.abc import Callable, Iterator

from django.utils.html import format_html
from django.utils.translation import gettext as _
from markdown_it.token import Token

LANGUAGE = "mermaid"
# The address of a picture by its name; "" where it was not drawn.
Drawn = Callable[[str], str]


def name(text: str) -> str:
    return f"diagram-{hashlib.sha256(text.encode()).hexdigest()[:16]}.svg"


def texts(tokens: list[Token]) -> tuple[str, ...]:
    return tuple(token.content for token in tokens if _is_diagram(token))


def with_pictures(tokens: list[Token], drawn: Drawn) -> Iterator[Token]:
    """The same, with pictures instead of texts; one without a picture stays a text."""
    title = ""
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            title = tokens[at + 1].content
        address = drawn(name(token.content)) if _is_diagram(token) else ""
        yield _figure(token.content, address, title) if address else token


def _is_diagram(token: Token) -> bool:
    return token.type == "fence" and token.info.strip() == LANGUAGE


def _figure(text: str, address: str, title: str) -> Token:
    made = format_html(
        '<figure class="vy-diagram"><div><img src="{}" alt="{}"></div>'
        "<details><summary>{}</summary><pre><code>{}</code></pre></details></figure>\n",
        address,
        _("Diagram: %(title)s") % {"title": title},
        _("Details"),
        text,
    )
    return Token("html_block", "", 0, content=str(made))
