"""What the page needs of the browser that listens."""

from django import template
from django.conf import settings
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def secure_address(context: Context) -> str:
    """This page where browsers open a microphone; "" where Veyra has no such address."""
    if not settings.PUBLIC_URL.startswith("https://"):
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}{context['request'].path}"
