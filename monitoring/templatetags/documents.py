"""The “?” of a page, and the words of the glossary that stand on it."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.translation import get_language

from monitoring.documents import help as pages
from monitoring.documents import words

register = template.Library()


@register.inclusion_tag("monitoring/documents/_help.html", takes_context=True)
def page_help(context: Context) -> dict[str, Any]:
    """Nothing for whoever is not logged in: he cannot read documents. A page that is about one of
    many things may have a part of its own, as `help_here`.
    """
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if request is None or match is None or not request.user.is_staff:
        return {}
    found = context.get("help_here") or pages.of(match.view_name)
    if found is None:
        return {"url": reverse("docs-home")}
    word, meaning = _explained(context, found.term)
    return {"url": found.url, "word": word, "meaning": meaning}


@register.inclusion_tag("monitoring/documents/_words.html", takes_context=True)
def page_words(context: Context) -> dict[str, Any]:
    named = words.named(context.flatten())
    told = [(label, *_explained(context, term)) for label, term in named.items()]
    return {
        "words": [
            {"label": label, "word": word, "meaning": meaning} for label, word, meaning in told
        ]
    }


def _explained(context: Context, term: str) -> tuple[str, str]:
    """Engineers get the field's own word with it."""
    is_engineer = context["request"].user.has_perm("telephony.view_trunk")
    return pages.explained(term, (get_language() or "en")[:2], is_engineer=is_engineer)
