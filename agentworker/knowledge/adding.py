"""How a document comes to be known: from a file, a web page, or words that somebody pasted."""

import asyncio
import logging
import subprocess
import sys
from pathlib import PurePath
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop as _

from agentworker.knowledge.cutting import passages
from agentworker.knowledge.models import Document, Passage
from agentworker.knowledge.reader import LONGEST
from agentworker.tools import errand
from veyra.models import User
from veyra.sentences import Sentence

log = logging.getLogger(__name__)

LARGEST = 5_000_000
SECONDS = 25
PAGE_SECONDS = 15.0
KINDS = {
    ".txt": Document.Kind.TEXT,
    ".csv": Document.Kind.TEXT,
    ".md": Document.Kind.MARKDOWN,
    ".pdf": Document.Kind.PDF,
    ".docx": Document.Kind.DOCX,
}
PAGES = frozenset({"text/html", "application/xhtml+xml"})

WRONG_KIND = _(
    "“%(name)s” is of a kind that cannot be read. Choose a text, a PDF or a Word file (.docx)."
    " Save a table of Excel as PDF first."
)
TOO_LARGE = _(
    "“%(name)s” is larger than %(megabytes)s MB. Choose a smaller file, or paste its text."
)
TOO_LONG = _("“%(name)s” has too much text. Keep what callers ask about, and leave out the rest.")
BROKEN = _("“%(name)s” cannot be read: it is damaged, or locked by a password. Save it anew.")
EMPTY = _(
    "“%(name)s” has no text in it. A picture of a page is not read: paste the text, or save the"
    " file with text."
)
NO_PAGE = _("This address leads to a file of a kind that cannot be read. Give that of a page.")


class KnowledgeError(Exception):
    """It is not taken; `sentence` says why, and what to do."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def add_file(name: str, data: bytes, user: User | None) -> Document:
    """Raises KnowledgeError."""
    kind = KINDS.get(PurePath(name).suffix.lower())
    if kind is None:
        raise KnowledgeError(Sentence(WRONG_KIND, {"name": name}))
    return _add(name, kind, _read(name, kind, data), user)


def add_words(name: str, text: str, user: User | None) -> Document:
    """Raises KnowledgeError."""
    data = text.encode()
    return _add(name, Document.Kind.TEXT, _read(name, Document.Kind.TEXT, data), user)


def add_page(address: str, user: User | None) -> Document:
    """Fetched now, and never again by itself. Raises KnowledgeError."""
    host = urlsplit(address).hostname or address
    try:
        way = errand.Errand("GET", address, seconds=PAGE_SECONDS, most=LARGEST)
        answer = asyncio.run(errand.run(way))
    except errand.ErrandError as error:
        raise KnowledgeError(error.sentence) from error
    kind = _kind_of(answer.kind, address)
    text = _read(host, kind, answer.data)
    return _add(address[:200], Document.Kind.PAGE, text, user, address)


def _kind_of(told: str, address: str) -> str:
    if told in PAGES:
        return Document.Kind.PAGE
    kind = KINDS.get(PurePath(urlsplit(address).path).suffix.lower())
    if kind is None and told != "text/plain":
        raise KnowledgeError(Sentence(NO_PAGE))
    return kind or Document.Kind.TEXT


def _read(name: str, kind: str, data: bytes) -> str:
    if len(data) > LARGEST:
        values = {"name": name, "megabytes": LARGEST // 1_000_000}
        raise KnowledgeError(Sentence(TOO_LARGE, values))
    text = _text_of(name, kind, data)
    if not any(map(str.isalnum, text)):
        raise KnowledgeError(Sentence(EMPTY, {"name": name}))
    if len(text) > LONGEST:
        raise KnowledgeError(Sentence(TOO_LONG, {"name": name}))
    return text


def _text_of(name: str, kind: str, data: bytes) -> str:
    command = [sys.executable, "-m", "agentworker.knowledge.reader", kind]
    try:
        done = subprocess.run(  # noqa: S603  # our own program
            command,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            # Ours holds the secrets of the installation.
            env={},
            cwd=settings.BASE_DIR,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise KnowledgeError(Sentence(BROKEN, {"name": name})) from error
    if done.returncode:
        log.info(
            "a file of kind %s was not read: %s",
            kind,
            done.stderr[-100:].decode("utf-8", "replace"),
        )
        raise KnowledgeError(Sentence(BROKEN, {"name": name}))
    return done.stdout.decode()


@transaction.atomic
def _add(name: str, kind: str, text: str, user: User | None, address: str = "") -> Document:
    row = Document.objects.create(
        name=name[:200], kind=kind, text=text, address=address, added_by=user
    )
    Passage.objects.bulk_create(
        Passage(document=row, number=number, text=each)
        for number, each in enumerate(passages(text), 1)
    )
    return row
