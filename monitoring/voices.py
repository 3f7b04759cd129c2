"""Can anybody speak to callers? If nobody can, every page says so."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from agentworker import standin
from agentworker.models import Worker
from monitoring.health.base import GUARD_IS_OLD
from monitoring.incidents import urgent
from telephony import me, probes, watching
from veyra import look
from veyra.models import Pulse


def every_page(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page needs to know."""
    return {
        **look.every_page(request),
        "nobody_speaks": nobody_speaks,
        "urgent": urgent.last.get,
        "my_place": partial(me.button, request),
    }


def nobody_speaks() -> bool:
    """Neither an assistant nor the last resort shows life. One query while all is well.

    The last resort speaks only where the watchdog asks it to.
    """
    now = timezone.now()
    if settings.LIVEKIT_SIMULATED or Worker.objects.taking_calls(now - GUARD_IS_OLD).exists():
        return False
    return not probes.are_coming(now) and not all(
        Pulse.is_felt(name, GUARD_IS_OLD) for name in (watching.PULSE, standin.PULSE)
    )
