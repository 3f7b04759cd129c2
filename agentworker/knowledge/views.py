"""What the page of an assistant asks about documents."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from agentworker.knowledge.models import Document
from agentworker.knowledge.searching import search
from agentworker.parts.knowledge import is_key
from veyra.doors import staff_page
from veyra.models import User

LONGEST = 300
MOST = 200


@require_POST
@staff_page("agentworker.view_agent")
def find(request: HttpRequest, user: User) -> HttpResponse:
    """What an assistant that knows these documents (`known`) would find for a question."""
    keys = [key for key in request.POST.getlist("known")[:MOST] if is_key(key)]
    question = request.POST.get("question", "")[:LONGEST]
    found = search(keys, question)
    return render(request, "agentworker/_found.html", {"found": found, "question": question})


@staff_page("agentworker.view_agent")
def document(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Its text, as the assistant reads it."""
    row = get_object_or_404(Document.objects.visible_to(user), pk=pk)
    context = {**admin.site.each_context(request), "title": row.name, "document": row}
    return render(request, "agentworker/document.html", context)
