"""The form of an assistant, where the line is known."""

from typing import Any

from django.utils.translation import gettext as _

from agentworker.forms import AgentForm
from agentworker.models import Agent
from agentworker.parts.laid import PARTS
from agentworker.parts.tools import ToolsPart
from telephony.assistant_tools import LineToolsPart
from telephony.line import read_line, rules_ask_callers
from telephony.numbers import pretty
from telephony.routing.impact import reached

# So many numbers are named.
NAMED = 5


class LineAgentForm(AgentForm):
    """A greeting that says nothing is refused, with the numbers whose callers would hear it."""

    part_kinds = tuple(LineToolsPart if kind is ToolsPart else kind for kind in PARTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and (numbers := answered_by(self.instance)):
            shown = [pretty(each) for each in numbers[:NAMED]] + ["…"] * (len(numbers) > NAMED)
            told = _(
                "Callers of %(numbers)s would hear silence. Write the first words; or, if they are"
                " to reach nobody, press “Unpublish” below."
            )
            self.fields["greeting"].error_messages["required"] = told % {
                "numbers": ", ".join(shown)
            }

    def asks_callers(self) -> bool:
        """Where a rule says so, too."""
        return super().asks_callers() or rules_ask_callers(self.instance)


def answered_by(agent: Agent) -> list[str]:
    """The numbers whose callers this assistant answers, as the line is saved now."""
    key = str(agent.key)
    return [
        number
        for number, reach in sorted(reached(read_line()).items())
        if any(answer.agent == key for answer in reach.answers)
    ]


class WordsForm(LineAgentForm):
    """What other programs write: its words. What its parts hold stays as it is."""

    part_kinds = ()
