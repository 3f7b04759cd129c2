"""Which LiveKit a start uses, and why. Pure: facts in, a choice and its reason out."""

from dataclasses import dataclass
from enum import Enum

from django.utils.translation import gettext as _

from veyra.up.trouble import Trouble


class Kind(Enum):
    CONFIGURED = "configured"
    FOUND = "found"
    BUILT = "built"
    SIMULATOR = "simulator"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known before the choice. Paths are empty where the program is not there.

    `configured` is LIVEKIT_URL; `build_failure` a sentence, empty where a build succeeded or
    was not needed; `real_line` says that LiveKit once took a line of this installation.
    """

    configured: str = ""
    server: str = ""
    server_is_ours: bool = False
    gateway: str = ""
    gateway_failure: str = ""
    build_failure: str = ""
    wants_simulator: bool = False
    real_line: bool = False
    debug: bool = True


@dataclass(frozen=True, kw_only=True)
class Choice:
    """`server` and `gateway` are programs to start, empty where there is none to start."""

    kind: Kind
    server: str = ""
    gateway: str = ""
    why: str = ""
    gateway_why: str = ""


def choose(facts: Facts) -> Choice:
    """The first that is there of: configured, found, built, simulator. Raises Trouble."""
    if facts.configured:
        return Choice(
            kind=Kind.CONFIGURED,
            why=_("LiveKit: %(url)s, from LIVEKIT_URL.") % {"url": facts.configured},
            gateway_why=_("Call entrance: the one that belongs to that LiveKit."),
        )
    if facts.server and not facts.wants_simulator:
        return _real(facts)
    return _simulator(facts)


def _real(facts: Facts) -> Choice:
    kind = Kind.BUILT if facts.server_is_ours else Kind.FOUND
    why = _("LiveKit: built here, %(path)s.") if facts.server_is_ours else _("LiveKit: %(path)s.")
    gateway_why = _("Call entrance: %(path)s.") % {"path": facts.gateway}
    if not facts.gateway:
        gateway_why = _("No call entrance: %(reason)s Calls from the browser work.") % {
            "reason": facts.gateway_failure
        }
    return Choice(
        kind=kind,
        server=facts.server,
        gateway=facts.gateway,
        why=why % {"path": facts.server},
        gateway_why=gateway_why,
    )


def _simulator(facts: Facts) -> Choice:
    reason = facts.build_failure or _("SIMULATOR is set")
    if facts.real_line:
        raise Trouble(
            _(
                "This installation has served a real line, so the simulator is not started in "
                "its place (%(reason)s). Install livekit-server, or set LIVEKIT_URL."
            )
            % {"reason": reason}
        )
    if not facts.debug:
        raise Trouble(
            _(
                "DEBUG is off, so the simulator is not started in place of LiveKit "
                "(%(reason)s). Install livekit-server, or set LIVEKIT_URL."
            )
            % {"reason": reason}
        )
    return Choice(
        kind=Kind.SIMULATOR,
        why=_("LiveKit: the simulator, for training: no real call arrives (%(reason)s).")
        % {"reason": reason},
        gateway_why=_("No call entrance: the simulator takes no real calls."),
    )
