"""How often one address may knock at a door without a login. In memory, of each process."""

import threading
import time
from collections import OrderedDict, deque

# So many addresses are remembered; the one that was quiet longest is forgotten first.
MOST = 10_000


class Pace:
    """At most `times` in `seconds` for each key."""

    def __init__(self, times: int, seconds: float) -> None:
        self._times, self._seconds = times, seconds
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def allows(self, key: str) -> bool:
        """False: too often. What is refused does not count."""
        now = time.monotonic()
        with self._lock:
            moments = self._seen.setdefault(key, deque())
            self._seen.move_to_end(key)
            if len(self._seen) > MOST:
                self._seen.popitem(last=False)
            while moments and now - moments[0] > self._seconds:
                moments.popleft()
            if len(moments) >= self._times:
                return False
            moments.append(now)
            return True
