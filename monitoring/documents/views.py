"""The pages of documents. Whoever is staff reads all of them."""

from typing import Any

from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from monitoring.documents import library
from monitoring.documents.examples import read_example
from monitoring.documents.mistakes import report
from monitoring.documents.searching import search
from veyra.doors import staff_page
from veyra.models import User
from veyra.version import version

LONGEST = 200


def _language() -> str:
    return (get_language() or "en")[:2]


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "version": version(),
        "report": report(str(more["title"])),
        **more,
    }
    return render(request, "monitoring/documents/page.html", context)


@require_safe
@staff_page()
def index(request: HttpRequest, user: User) -> HttpResponse:
    """?q: what is looked for."""
    wanted = request.GET.get("q", "").strip()[:LONGEST]
    if not wanted:
        return _document(request, library.INDEX)
    found = [(one, one.words(wanted)) for one in search(wanted, _language())]
    return _page(request, title=wanted, wanted=wanted, found=found)


@require_safe
@staff_page()
def page(request: HttpRequest, user: User, slug: str) -> HttpResponse:
    return _document(request, slug)


def _document(request: HttpRequest, slug: str) -> HttpResponse:
    document = library.find(slug, _language())
    if document is None:
        raise Http404
    written = document.written
    parts = [each for each in written.sections if each.level == 2]
    return _page(
        request,
        title=written.title,
        document=document,
        parts=parts,
        is_foreign=document.language != _language(),
    )


@require_safe
@staff_page()
def example(request: HttpRequest, user: User, name: str) -> HttpResponse:
    """A program of `examples/`; each of its functions has an address."""
    if name not in library.examples():
        raise Http404
    return _page(request, title=name, lines=read_example(name))


@require_safe
@staff_page()
def image(request: HttpRequest, user: User, name: str) -> HttpResponseBase:
    path = library.image(name)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), content_type=library.KINDS[path.suffix])
