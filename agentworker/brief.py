"""What telephony tells a job: a small JSON that travels with the dispatch. No secrets in it."""

import json
from dataclasses import dataclass


class BriefError(Exception):
    """The job's metadata is not a brief."""


@dataclass(frozen=True)
class Brief:
    """Which assistant speaks (Agent.key), and by which rule the call came (DispatchRule.key)."""

    agent: str
    rule: str = ""


def read_brief(metadata: str) -> Brief:
    """The brief in a job's metadata. Raises BriefError."""
    try:
        found = json.loads(metadata)
        return Brief(agent=str(found["agent"]), rule=str(found.get("rule", "")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BriefError("the job came without a brief that names an assistant") from error
