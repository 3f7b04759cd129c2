"""The text of a file, read in a process of its own: a hostile one can be ended, and breaks nothing.

python -m agentworker.knowledge.reader KIND < file > text. Exit code 3: it is no such file.
"""

import io
import re
import resource
import sys
from collections.abc import Callable, Iterator
from zipfile import ZipFile

MEMORY = 1 << 30
CPU_SECONDS = 20
MOST_PAGES = 500
# Of a DOCX, unpacked; a small one may swell without end.
UNPACKED = 100_000_000
# Some three hundred pages of a book; what is longer, no mind needs on the phone.
LONGEST = 600_000
SPACES = re.compile(r"[ \t\u00a0]+")
EMPTY_LINES = re.compile(r"\n{3,}")
NOT_ONE = 3


def read_text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def read_pdf(data: bytes) -> str:
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(data)).pages
    return "\n\n".join(page.extract_text() for page in pages[:MOST_PAGES])


def read_docx(data: bytes) -> str:
    from docx import Document

    with ZipFile(io.BytesIO(data)) as packed:
        if sum(each.file_size for each in packed.infolist()) > UNPACKED:
            raise ValueError("too much in it")
    return "\n\n".join(_blocks(Document(io.BytesIO(data))))


def _blocks(document: object) -> Iterator[str]:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

    for block in document.iter_inner_content():  # type: ignore[attr-defined]  # named only inside
        if isinstance(block, Paragraph):
            style = (block.style.name or "") if block.style else ""
            yield f"# {block.text}" if style.startswith("Heading") else block.text
        elif isinstance(block, Table):
            rows = ([cell.text.strip() for cell in row.cells] for row in block.rows)
            yield "\n".join(" — ".join(filter(None, cells)) for cells in rows)


def read_page(data: bytes) -> str:
    import trafilatura

    found = trafilatura.extract(
        data, output_format="markdown", include_tables=True, include_comments=False
    )
    return found or ""


READERS: dict[str, Callable[[bytes], str]] = {
    "text": read_text,
    "markdown": read_text,
    "pdf": read_pdf,
    "docx": read_docx,
    "page": read_page,
}


def tidy(text: str) -> str:
    text = SPACES.sub(" ", text.replace("\r\n", "\n").replace("\x00", ""))
    return EMPTY_LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        text = tidy(READERS[sys.argv[1]](sys.stdin.buffer.read()))
    except Exception as error:
        # Only its kind: its message may quote the file.
        sys.stderr.write(type(error).__name__)
        return NOT_ONE
    # Cut here, where it costs nobody else memory; one character more says that it is too long.
    sys.stdout.buffer.write(text[: LONGEST + 1].encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
