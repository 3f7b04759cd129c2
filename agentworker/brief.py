"""What telephony tells a job: a small JSON that travels with the dispatch. No secrets in it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

# The data packet that tells an assistant which waits that it is to speak.
TURN_TOPIC = "veyra.turn"
# What says nothing where it is empty, and is left out.
MAY_LACK = frozenset({"wait", "recording", "trial", "came", "first"})
# The trial of what nobody has published yet.
DRAFT = "draft"


class BriefError(Exception):
    """The job's metadata is not a brief."""


@dataclass(frozen=True)
class Brief:
    """Which assistant speaks (Agent.key), and by which rule the call came (DispatchRule.key).

    `wait`: people are rung for so many seconds before it speaks; then it does so untold.
    `recording`: a RecordingPolicy of the rule; "" as the assistant says. `trial`: somebody of us
    tries it, by DRAFT or by the pk of a version; "" for a call. `came`: when its caller came, where
    that was long before (ISO 8601); the hours of then hold for him. `first`: he has waited, with
    music perhaps, and goes before those who call only now.
    """

    agent: str
    rule: str = ""
    wait: int = 0
    recording: str = ""
    trial: str = ""
    came: str = ""
    first: bool = False

    @property
    def came_at(self) -> datetime | None:
        """Raises ValueError."""
        return datetime.fromisoformat(self.came) if self.came else None

    def to_json(self) -> str:
        """What `read_brief` reads back."""
        told = asdict(self)
        return json.dumps({k: v for k, v in told.items() if v or k not in MAY_LACK}, sort_keys=True)


def read_brief(metadata: str) -> Brief:
    """The brief in a job's metadata. Raises BriefError."""
    try:
        found = json.loads(metadata)
        return Brief(
            agent=str(found["agent"]),
            rule=str(found.get("rule", "")),
            wait=int(found.get("wait", 0)),
            recording=str(found.get("recording", "")),
            trial=str(found.get("trial", "")),
            came=str(found.get("came", "")),
            first=bool(found.get("first", False)),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BriefError("the job came without a brief that names an assistant") from error
