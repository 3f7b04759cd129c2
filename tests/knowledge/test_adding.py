"""Documents that staff give: what is read in them, what is refused, and what is found."""

import asyncio
import io
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator

import pytest
from aiohttp import web
from django.conf import LazySettings
from docx import Document as Docx
from pypdf import PdfWriter

from agentworker.knowledge import adding
from agentworker.knowledge.adding import KnowledgeError, add_file, add_page, add_words
from agentworker.knowledge.models import Document
from agentworker.knowledge.reader import LONGEST
from agentworker.knowledge.searching import search
from agentworker.providers import fenced
from agentworker.tools import errand

pytestmark = pytest.mark.django_db
PRICES = "# Цены\n\nЧистка зубов стоит 3000 рублей.\n\n# Адрес\n\nКазань, улица Баумана, дом 5."
PAGE = """<html><head><title>Клиника</title></head><body><nav>Меню</nav><article><h1>Цены</h1>
<p>Отбеливание зубов стоит двенадцать тысяч рублей, и длится около часа.</p>
<p>Консультация врача бесплатна для всех, кто пришёл в первый раз.</p></article></body></html>"""


def pdf(text: str) -> bytes:
    """One page with a line of Latin text, by hand."""
    drawn = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (6, len(body))
    return body + b"xref\n0 6\n0000000000 65535 f \n" + table + tail


def locked_pdf() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def docx() -> bytes:
    document, out = Docx(), io.BytesIO()
    document.add_heading("Цены", 1)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Пломба", "5000 рублей"
    document.save(out)
    return out.getvalue()


def swelling_docx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"0" * 150_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "question", "told"),
    [
        ("prices.md", PRICES.encode(), "Сколько стоят чистки?", "Чистка зубов стоит 3000 рублей."),
        ("old.txt", "Парковка во дворе".encode("cp1251"), "есть парковка", "Парковка во дворе"),
        ("prices.docx", docx(), "цена пломбы", "Цены\nПломба — 5000 рублей"),
        ("rules.pdf", pdf("Parking is free"), "parking", "Parking is free"),
    ],
    ids=["Markdown", "a text of old Windows", "Word", "PDF"],
)
def test_what_a_file_says_is_found_in_any_form_of_the_words(
    name: str, data: bytes, question: str, told: str
) -> None:
    document = add_file(name, data, None)
    assert search([str(document.key)], question)[0].text.endswith(told)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("photo.jpg", b"\xff\xd8", adding.WRONG_KIND),
        ("empty.txt", b" \n ", adding.EMPTY),
        ("broken.pdf", b"%PDF-1.4 nonsense", adding.BROKEN),
        ("locked.pdf", locked_pdf(), adding.BROKEN),
        ("swelling.docx", swelling_docx(), adding.BROKEN),
        ("large.txt", b"a " * 3_000_000, adding.TOO_LARGE),
        ("long.txt", b"word " * 150_000, adding.TOO_LONG),
    ],
    ids=["a picture", "empty", "broken", "locked", "a bomb", "too large", "too long"],
)
def test_what_cannot_be_read_is_told_and_nothing_is_kept(name: str, data: bytes, told: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        add_file(name, data, None)
    assert error.value.sentence.msgid == told
    assert not Document.objects.exists()


def test_only_documents_that_the_assistant_knows_are_looked_into() -> None:
    ours = add_words("ours", "Доставка бесплатна.", None)
    add_words("theirs", "Доставка стоит 500 рублей.", None)
    found = search([str(ours.key)], "доставка")
    assert [passage.document for passage in found] == [ours]
    assert search([], "доставка") == []
    assert search([str(ours.key)], "?!") == []


@pytest.fixture
def site() -> Iterator[str]:
    """A web server on this computer; its address."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def picture(_request: web.Request) -> web.Response:
        return web.Response(body=b"\x89PNG", content_type="image/png")

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/prices", page)
        app.router.add_get("/picture", picture)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        started.set()
        return runner

    runner = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_of_a_page_its_words_are_read_and_its_menu_is_not(
    site: str, settings: LazySettings
) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.1"]
    document = add_page(f"{site}/prices", None)
    assert "Меню" not in document.text
    assert "двенадцать тысяч" in search([str(document.key)], "отбеливание")[0].text


def test_a_page_inside_our_network_is_not_read(site: str, settings: LazySettings) -> None:
    settings.PROVIDER_NETWORKS = []
    with pytest.raises(KnowledgeError) as error:
        add_page(f"{site}/prices", None)
    assert error.value.sentence.msgid == fenced.INSIDE


@pytest.mark.parametrize(
    ("path", "told"), [("/nowhere", errand.REFUSED), ("/picture", adding.NO_PAGE)]
)
def test_what_is_no_page_is_told(site: str, settings: LazySettings, path: str, told: str) -> None:
    settings.PROVIDER_NETWORKS = ["127.0.0.1"]
    with pytest.raises(KnowledgeError) as error:
        add_page(f"{site}{path}", None)
    assert error.value.sentence.msgid == told


def test_a_text_without_end_does_not_leave_the_process_that_reads_it() -> None:
    command = [sys.executable, "-m", "agentworker.knowledge.reader", "text"]
    done = subprocess.run(command, input=b"word " * 400_000, capture_output=True, check=True)
    assert len(done.stdout) == LONGEST + 1
