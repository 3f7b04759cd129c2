"""What an assistant's callers are to hear from now on: looked at first, then published."""

from dataclasses import dataclass

from django.db import models, transaction
from django.utils.translation import gettext, gettext_noop

from agentworker import services
from agentworker.comparing import Difference, differences, note_of
from agentworker.models import Agent, AgentVersion
from agentworker.recording import RecordingPolicy
from agentworker.script import CONSENT_KEYS
from agentworker.services import Words, words_of
from agentworker.trying.asking import Standing, standing
from telephony import changes
from telephony.changes import Change, Edit, Impact, StaleError
from telephony.line import rules_ask_callers
from veyra.models import User
from veyra.sentences import Sentence

STALE = gettext_noop("Somebody changed “%(row)s” since you opened it.")
NO_KEY_LEFT = gettext_noop(
    "Its callers are asked whether they may be recorded, and its menu leaves no key by which they"
    " could agree. Take one out of the menu."
)


@dataclass(frozen=True)
class Publishing:
    """What is to be published: `words`, of the draft or of the version `back_to`. `before` is what
    its callers hear, or heard before it was withdrawn.
    """

    agent: Agent
    words: Words
    before: AgentVersion | None
    back_to: int | None = None

    @property
    def is_new(self) -> bool:
        return self.before is None or words_of(self.before) != self.words

    @property
    def edit(self) -> Edit:
        """What it means for the line: an assistant that said nothing answers now."""
        values = {"is_published": True, "has_words": True}
        change = Change(
            model="agent", key=str(self.agent.key), values=values, revision=self.agent.revision
        )
        return Edit(changes=(change,))

    def look(self) -> Impact:
        return changes.preview(self.edit)

    def differences(self) -> list[Difference]:
        return differences(words_of(self.before), self.words) if self.before else []

    def note(self) -> str:
        """What changes, in a sentence that its author may rewrite."""
        if self.back_to is not None:
            return gettext("Back to version %(number)s.") % {"number": self.back_to}
        return note_of(self.differences(), is_first=self.before is None)

    def scenarios(self) -> Standing:
        """How they stand with what is written. To go back needs none."""
        return Standing() if self.back_to is not None else standing(self.agent)

    def fault(self) -> Sentence | None:
        """Why it cannot be published."""
        taken = {item["press"] for item in self.words.menu}
        asks = self.agent.recording == RecordingPolicy.AGREED or rules_ask_callers(self.agent)
        return Sentence(NO_KEY_LEFT) if asks and not set(CONSENT_KEYS) - taken else None


def prepare(agent: Agent, back_to: str = "") -> Publishing | None:
    """What somebody asks to publish: what is written, or the words of a version by its number.
    None: there is nothing of the kind.
    """
    before = agent.newest()
    if back_to:
        number = int(back_to) if back_to.isascii() and back_to.isdecimal() else 0
        version = agent.versions.filter(number=number).first()
        return Publishing(agent, words_of(version), before, number) if version else None
    written = agent.written()
    return Publishing(agent, words_of(written), before) if written else None


@transaction.atomic
def carry_out(
    wanted: Publishing, note: str, user: User | None, seen: str, revision: int
) -> AgentVersion | None:
    """Its callers hear it from their next call on; None: they heard the same words before.

    `seen`: the token of the impact that a person said yes to. `revision`: the assistant's, as he
    saw it. Raises ChangeError, StaleError where somebody else was faster.
    """
    agent = wanted.agent
    if not (agent.is_published and wanted.before):
        changes.carry_out(wanted.edit, seen)
    else:
        same = Agent.objects.filter(pk=agent.pk, revision=revision)
        if not same.update(revision=models.F("revision") + 1):
            raise StaleError([Sentence(STALE, {"row": str(agent)})])
    return services.publish(agent, wanted.words, note, user)
