"""What telephony tells a job: a small JSON that travels with the dispatch. No secrets in it."""

import json
from dataclasses import asdict, dataclass

# The data packet that tells an assistant which waits that it is to speak.
TURN_TOPIC = "veyra.turn"


class BriefError(Exception):
    """The job's metadata is not a brief."""


@dataclass(frozen=True)
class Brief:
    """Which assistant speaks (Agent.key), and by which rule the call came (DispatchRule.key).

    `wait`: people are rung for so many seconds before it speaks; then it does so untold.
    """

    agent: str
    rule: str = ""
    wait: int = 0

    def to_json(self) -> str:
        """What `read_brief` reads back."""
        told = asdict(self)
        return json.dumps({k: v for k, v in told.items() if v or k != "wait"}, sort_keys=True)


def read_brief(metadata: str) -> Brief:
    """The brief in a job's metadata. Raises BriefError."""
    try:
        found = json.loads(metadata)
        rule, wait = str(found.get("rule", "")), int(found.get("wait", 0))
        return Brief(agent=str(found["agent"]), rule=rule, wait=wait)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BriefError("the job came without a brief that names an assistant") from error
