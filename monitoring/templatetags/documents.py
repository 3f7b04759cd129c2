"""The “?” of a page."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import get_language

from monitoring.documents import help as pages

register = template.Library()


@register.inclusion_tag("monitoring/documents/_help.html", takes_context=True)
def page_help(context: Context) -> dict[str, Any]:
    """Nothing for whoever is not logged in: he cannot read documents."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or not request.user.is_staff:
        return {}
    found = pages.of(match.view_name)
    if found is None:
        return {"url": reverse("docs-home")}
    word, meaning = pages.explained(found.term, (get_language() or "en")[:2])
    return {"url": found.url, "word": word, "meaning": meaning}
