"""Sections of an assistant's page."""

from typing import Any

import pytest

from agentworker.models import Agent
from agentworker.parts import Part


def test_a_section_that_does_not_say_what_it_writes_is_none() -> None:
    class Half(Part):
        name = "half"

        @classmethod
        def initial_from(cls, content: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(TypeError, match="into"):
        Half(agent=Agent())  # type: ignore[abstract]  # which is what is tried here
