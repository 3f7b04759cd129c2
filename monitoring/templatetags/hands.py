"""What the reader may do to a call."""

from django import template
from django.template import Context

from monitoring.hands import Hands, gather
from telephony.models import Call

register = template.Library()


@register.simple_tag(takes_context=True)
def hands_on(context: Context, call: Call) -> Hands:
    return gather(call, context["request"].user)
