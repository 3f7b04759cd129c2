"""Every step by its name."""

from monitoring.recovery import (
    alarm_steps,
    call_steps,
    keeping_steps,
    line_steps,
    livekit_steps,
    program_steps,
    upkeep_steps,
    worker_steps,
)
from monitoring.recovery.step import Step

_ALL = (
    *line_steps.STEPS,
    *livekit_steps.STEPS,
    *program_steps.STEPS,
    *worker_steps.STEPS,
    *keeping_steps.STEPS,
    *call_steps.STEPS,
    *alarm_steps.STEPS,
    *upkeep_steps.STEPS,
)
STEPS: dict[str, Step] = {step.name: step for step in _ALL}
