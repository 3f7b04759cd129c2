"""An assistant's words with their places filled, as a call begins. Pure."""

from dataclasses import replace
from datetime import datetime

from agentworker.placeholders import fill, values
from agentworker.script import Script


def filled(script: Script, now: datetime, caller: str = "") -> Script:
    """`now` is in the time zone of the place that is called; `caller`: his number, or "" ."""
    known = values(script.language, now, caller, script.company)
    return replace(
        script,
        greeting=fill(script.greeting, known),
        instructions=fill(script.instructions, known),
        fallback=fill(script.fallback, known),
        goodbye=fill(script.goodbye, known),
        consent=fill(script.consent, known),
        menu=tuple(
            replace(item, say=fill(item.say, known), about=fill(item.about, known))
            for item in script.menu
        ),
        rules=tuple(replace(rule, say=fill(rule.say, known)) for rule in script.rules),
    )
