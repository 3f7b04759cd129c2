"""Which LiveKit it is: Veyra was tried with some versions, and others may behave otherwise."""

import mmap
import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.models import Worker
from monitoring.health.base import Asking, Link, Verdict, off, warn, well


@dataclass
class Versions(Asking):
    """LiveKit tells its version to workers; that of the gateway stands in its program."""

    name, title, link, period = "versions", _("Versions"), Link.LIVEKIT, 60

    def known(self, now: datetime) -> str:
        rows = Worker.objects.exclude(livekit_version="").order_by("-seen_at")
        return rows.values_list("livekit_version", flat=True).first() or ""

    def ask(self, known: str) -> Verdict:
        if settings.LIVEKIT_SIMULATED:
            return off(gettext_noop("The simulator has no version."))
        told = {"LiveKit": known, "livekit-sip": program_version(gateway_program())}
        strange = [f"{name} {told[name]}" for name in told if not is_tested(name, told[name])]
        versions = ", ".join(f"{name} {version}" for name, version in told.items() if version)
        if not versions:
            return off(gettext_noop("Nobody has said yet which version LiveKit is."))
        if strange:
            return warn(
                gettext_noop(
                    "Veyra was not tried with %(versions)s. It may work; where something is odd,"
                    " install %(tested)s."
                ),
                versions=", ".join(strange),
                tested="LiveKit 1.13, livekit-sip 1.8",
            )
        return well(gettext_noop("Known versions: %(versions)s."), versions=versions)


# From the first to before the second.
TESTED = {"LiveKit": ((1, 13), (1, 14)), "livekit-sip": ((1, 8), (1, 9))}


def is_tested(name: str, version: str) -> bool:
    """What is not known is not accused."""
    parts = version.lstrip("v").split("-")[0].split(".")
    if not all(part.isdigit() for part in parts):
        return True
    first, beyond = TESTED[name]
    return first <= tuple(int(part) for part in parts) < beyond


def gateway_program() -> str:
    """livekit-sip on this host, "" where it is elsewhere."""
    own = settings.STATE / "bin" / "livekit-sip"
    return str(own) if own.is_file() else shutil.which("livekit-sip") or ""


def program_version(program: str) -> str:
    """ "1.8.0", as Go wrote it into the program; "" where it cannot be read."""
    try:
        return _program_version(program, os.stat(program).st_mtime) if program else ""
    except (OSError, ValueError):
        return ""


@lru_cache(maxsize=2)
def _program_version(program: str, _changed: float) -> str:
    with (
        open(program, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        found = re.search(rb"github\.com/livekit/sip\tv([0-9.]+)", content)
        return found[1].decode() if found else ""
