"""Whether a call is being recorded now."""

from django import template

from monitoring.recorded import Mark, mark
from telephony.models import Call

register = template.Library()


@register.simple_tag
def recorded(call: Call) -> Mark:
    return mark(call)
