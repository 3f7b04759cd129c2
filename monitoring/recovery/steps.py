"""Every step by its name."""

from monitoring.recovery import line_steps
from monitoring.recovery.step import Step

STEPS: dict[str, Step] = {step.name: step for step in (*line_steps.STEPS,)}
