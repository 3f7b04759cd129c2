"""What telephony tells a job: a small JSON that travels with the dispatch. No secrets in it."""

import json
from dataclasses import asdict, dataclass


class BriefError(Exception):
    """The job's metadata is not a brief."""


@dataclass(frozen=True)
class Brief:
    """Which assistant speaks (Agent.key), and by which rule the call came (DispatchRule.key)."""

    agent: str
    rule: str = ""

    def to_json(self) -> str:
        """What `read_brief` reads back."""
        return json.dumps(asdict(self), sort_keys=True)


def read_brief(metadata: str) -> Brief:
    """The brief in a job's metadata. Raises BriefError."""
    try:
        found = json.loads(metadata)
        return Brief(agent=str(found["agent"]), rule=str(found.get("rule", "")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BriefError("the job came without a brief that names an assistant") from error
