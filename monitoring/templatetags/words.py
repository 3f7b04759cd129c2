"""How templates write what they show."""

from django import template

from monitoring.words import caller as caller_of
from monitoring.words import summary as summary_of
from telephony.models import Call
from telephony.numbers import pretty as spaced

register = template.Library()


@register.filter
def pretty(number: str) -> str:
    """A telephone number with its spaces."""
    return spaced(number)


@register.filter
def summary(call: Call) -> str:
    """The call in one sentence."""
    return summary_of(call)


@register.filter
def caller(call: Call) -> str:
    """Who calls; "" where he withholds it."""
    return caller_of(call)
