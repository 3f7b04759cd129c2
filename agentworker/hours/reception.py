"""What a job does about the hours at its start: who answers the caller who has just come, or what
he is told.
"""

import io
import logging
import wave
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connections
from django.utils import timezone

from agentworker.hours import spoken
from agentworker.hours.book import ALWAYS, Book, Ruling
from agentworker.hours.models import Announcement, Outside
from agentworker.last_words import Sound
from agentworker.people import Person
from agentworker.script import Script
from agentworker.versions import NoScriptError, newest_version, script_of

log = logging.getLogger(__name__)

# Kinds of facts: he was told that it is closed, another assistant answers, people are rung.
TOLD, OTHER, PEOPLE = "closed_told", "closed_other", "closed_people"
# The same where a day's money is spent (agentworker.spending).
SPENT_TOLD, SPENT_PEOPLE = "spent_told", "spent_people"
FOR_PEOPLE = (PEOPLE, SPENT_PEOPLE)


@dataclass(frozen=True)
class Reception:
    """`script` is of who speaks to him. `kind`: "" where it is open; else what becomes of the call,
    and the words of whoever is turned away, or the sound of somebody of us who says them.
    """

    script: Script
    ruling: Ruling = ALWAYS
    kind: str = ""
    words: str = ""
    sound: Sound | None = None

    @property
    def is_turned_away(self) -> bool:
        return self.kind in (TOLD, SPENT_TOLD) or self.is_for_people

    @property
    def is_for_people(self) -> bool:
        return self.kind in FOR_PEOPLE

    @property
    def is_open(self) -> bool:
        return not self.ruling.is_closed

    @property
    def facts(self) -> dict[str, Any]:
        """What is noted of it: no words, no numbers."""
        until = getattr(self.ruling.state, "until", None)
        return {
            "place": self.ruling.place.name if self.ruling.place else "",
            "why": str(getattr(self.ruling.state, "why", "")),
            "until": until.isoformat() if until else "",
        }


def receive(script: Script, caller: Person, came: datetime | None = None) -> Reception:
    """`decided`; a database that is away closes nobody. The connection is closed behind it."""
    try:
        return decided(script, caller, came or timezone.now())
    except DatabaseError:
        log.exception("the hours could not be read")
        return Reception(script)
    finally:
        connections.close_all()


def decided(script: Script, caller: Person, came: datetime) -> Reception:
    """By the hours of the number that he called at that moment, and of his assistant."""
    if caller.role == "callee":
        return Reception(script)
    called = caller.attributes.get("sip.trunkPhoneNumber", "")
    book, number = Book.read_called(called, script.agent, came)
    ruling = book.ruling(number, script.agent, came)
    if not ruling.is_closed:
        return Reception(script, ruling)
    if ruling.outside is Outside.PEOPLE:
        return told(script, ruling, came, PEOPLE, caller.number)
    if ruling.outside is Outside.AGENT:
        try:
            return Reception(script_of(newest_version(ruling.stand_in)), ruling, OTHER)
        except NoScriptError:
            log.warning("the assistant outside the hours has nothing to say")
    return told(script, ruling, came, TOLD, caller.number)


def told(script: Script, ruling: Ruling, now: datetime, kind: str, caller: str) -> Reception:
    known = {"caller": caller, "company": script.company}
    words = spoken.words(ruling, script.language, now, **known)
    sound = recorded(ruling.sound) if ruling.sound else None
    return Reception(script, ruling, kind, words, sound)


def recorded(pk: int) -> Sound | None:
    """A message that somebody of us said himself."""
    wav = Announcement.objects.filter(pk=pk).values_list("wav", flat=True).first()
    if wav is None:
        return None
    with wave.open(io.BytesIO(bytes(wav)), "rb") as file:
        return Sound(file.getframerate(), file.readframes(file.getnframes()))
