"""How templates write what they show."""

from datetime import timedelta

from django import template

from monitoring.health.reading import Finding
from monitoring.health.words import of_check as meaning_of
from monitoring.words import seconds as spelled
from monitoring.words import spell as spell_out
from monitoring.words import summary as summary_of
from telephony.models import Call
from telephony.numbers import pretty as spaced
from telephony.testcalls import caller as caller_of

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
def of_check(check: Finding) -> str:
    """What a check means for the line."""
    return meaning_of(check)


@register.filter
def caller(call: Call) -> str:
    """Who calls; "" where he withholds it."""
    return caller_of(call)


@register.filter
def seconds(milliseconds: int | None) -> str:
    """Milliseconds as seconds; a dash where they are not known."""
    return spelled(milliseconds)


@register.filter
def spell(length: timedelta) -> str:
    """ "2 min 05 s"."""
    return spell_out(length)
