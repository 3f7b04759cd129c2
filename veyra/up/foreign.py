"""LiveKit, its gateway, Kamailio and the broker read no row of ours, nor does a program of ours
that hangs. `manage.py up`, which started their supervisor, reads it for them: who is asked to end
is ended, and started again by that.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import psutil
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from veyra.outage import Outage
from veyra.running import Program
from veyra.stopping import LOOK_SECONDS, TELL_SECONDS
from veyra.up.livekit_files import Kept

log = logging.getLogger(__name__)

# Who does not end by then is stuck, and is killed.
PATIENCE = 10.0
SERVER, GATEWAY = "livekit-server", "livekit-sip"
NAMES = ("broker", SERVER, GATEWAY, "kamailio")


class Foreign:
    """Looks after the programs that are started by these commands below `supervisor`."""

    def __init__(
        self,
        supervisor: int,
        commands: Mapping[str, tuple[str, ...]],
        end: Callable[[list[psutil.Process], float], None],
        files: Kept | None = None,
    ) -> None:
        self.supervisor, self.commands, self.end = supervisor, commands, end
        # What they read when they are started again.
        self.files = files
        self._rows: dict[str, Program] = {}
        self._told = float("-inf")
        self._outage = Outage(log, "requests to stop are not read")

    def start(self) -> None:
        threading.Thread(target=self._run, name="foreign", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.look()
                self._outage.over()
            except DatabaseError as error:
                self._outage.felt(error)
                close_old_connections()
            except psutil.Error:
                pass  # it ended between two looks
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Once. Raises DatabaseError, psutil.Error."""
        for name, process in self._living():
            row = self._rows.get(name)
            if row is None or row.pid != process.pid:
                started = datetime.fromtimestamp(process.create_time(), UTC)
                signs_by = self.files.pairs.first.name if self.files and name == GATEWAY else ""
                self._rows[name] = Program.begin(name, process.pid, started, signs_by)
        mine = Program.objects.filter(pk__in=[row.pk for row in self._rows.values()])
        if time.monotonic() - self._told >= TELL_SECONDS:
            living = [self._rows[name].pk for name, _process in self._living()]
            mine.filter(pk__in=living).update(seen_at=timezone.now())
            self._told = time.monotonic()
        asked = set(mine.filter(stop_asked_at__isnull=False).values_list("pid", flat=True))
        asked |= set(Program.objects.hanging(timezone.now()).values_list("pid", flat=True))
        children = psutil.Process(self.supervisor).children()
        if ending := [process for process in children if process.pid in asked]:
            self.end(ending + self._beside(ending), PATIENCE)

    def _beside(self, ending: list[psutil.Process]) -> list[psutil.Process]:
        """The gateway, too, where LiveKit will not know the pair any more by which that signs."""
        if not (self.files and self.files.put_back()):
            return []
        near = dict(self._living())
        gateway = near.get(GATEWAY)
        wanted = gateway and gateway not in ending and near.get(SERVER) in ending
        return [gateway] if gateway and wanted else []

    def _living(self) -> Iterable[tuple[str, psutil.Process]]:
        for process in psutil.Process(self.supervisor).children():
            name = self._name_of(process)
            if name:
                yield name, process

    def _name_of(self, process: psutil.Process) -> str | None:
        """By its file: a broker writes words of its own behind that."""
        words = " ".join(process.cmdline())
        found = (name for name, command in self.commands.items() if words.startswith(command[0]))
        return next(found, None)
