"""One look at the line: the checks that are due, then the rules of incidents. The schedule asks for
it every five seconds, and `manage.py lookout` where the schedule is dead.
"""

from datetime import datetime

from monitoring.health import running
from monitoring.incidents import watching
from veyra.models import Lease

TASK = "monitoring.look"
# Whoever looks is alone; of one who was killed another takes over after so long.
LEASE, LEASE_SECONDS = "monitoring-look", 15.0


def look(now: datetime) -> bool:
    """False: somebody else is looking. Raises DatabaseError."""
    holder = Lease.take(LEASE, LEASE_SECONDS)
    if holder is None:
        return False
    try:
        running.look(now)
        watching.watch(now)
    finally:
        Lease.release(LEASE, holder)
    return True
