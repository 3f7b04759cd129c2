"""Does a Prometheus read our figures?"""

from datetime import timedelta

from veyra.models import Pulse

NAME = "prometheus"
# By its name in the request; whoever else looks at the figures is no Prometheus.
AGENT = "Prometheus/"
# Each minute at least, however it is set up.
LATELY = timedelta(minutes=5)


def note(agent: str) -> None:
    """`agent` reads the figures now. Raises DatabaseError."""
    if agent.startswith(AGENT):
        Pulse.beat(NAME)


def is_read() -> bool:
    return Pulse.is_felt(NAME, LATELY)
