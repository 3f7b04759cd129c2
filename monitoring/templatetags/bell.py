"""Whether the reader's browser is one that rings."""

from django import template
from django.template import Context

from monitoring.bell import rings_for

register = template.Library()


@register.simple_tag(takes_context=True)
def browser_rings(context: Context) -> bool:
    request = context.get("request")
    return request is not None and rings_for(request.user)
