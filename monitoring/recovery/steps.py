"""Every step by its name."""

from monitoring.recovery import keeping_steps, line_steps, program_steps
from monitoring.recovery.step import Step

STEPS: dict[str, Step] = {
    step.name: step for step in (*line_steps.STEPS, *program_steps.STEPS, *keeping_steps.STEPS)
}
