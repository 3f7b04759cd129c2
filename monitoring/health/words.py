"""What the checks mean to staff; what an engineer needs of them stands in "Details"."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health import every, running
from monitoring.health.base import Status
from monitoring.health.reading import NOT_KNOWN, OLD, Finding

WELL: Mapping[str, Any] = {
    "database": gettext_lazy("What you save is kept."),
    "broker": gettext_lazy("Changes reach the pages at once."),
    "web": gettext_lazy("Pages open."),
    "livekit": gettext_lazy("Calls can be connected."),
    "gateway": gettext_lazy("Telephone calls get in."),
    "tap": gettext_lazy("Answer times are exact."),
    "registrar": gettext_lazy("Connections with a login are kept signed in."),
    "schedule": gettext_lazy("Saved changes take effect on time."),
    "watchdog": gettext_lazy("No caller is left alone: each call is watched."),
    "standby": gettext_lazy("Where no assistant can answer, the caller is told so."),
    "recorder": gettext_lazy("Calls can be recorded at the press of a button."),
    "uploading": gettext_lazy("What is recorded reaches its storage."),
    "provider": gettext_lazy("Providers are there."),
    "addresses": gettext_lazy("Providers know where to send the sound of calls."),
    "media": gettext_lazy("Callers and assistants hear each other."),
    "load": gettext_lazy("The call entrance has power to spare."),
    "webhooks": gettext_lazy("Pages hear of calls at once."),
    "observer": gettext_lazy("No call that has ended stays on the pages."),
    "drift": gettext_lazy("The line does what was saved."),
    "speech": gettext_lazy("Assistants can speak."),
    "storage": gettext_lazy("Recordings can be kept and heard."),
    "egress": gettext_lazy("Calls can be sent on to other services."),
    "ingress": gettext_lazy("Streams can come in."),
    "queues": gettext_lazy("Work in the background is done without delay."),
    "disk": gettext_lazy("There is space for recordings."),
    "memory": gettext_lazy("The computer has memory to spare."),
    "clock": gettext_lazy("All clocks agree."),
    "certificates": gettext_lazy("Browsers trust our addresses."),
    "versions": gettext_lazy("All programs have versions that are known to work."),
    "lookout": gettext_lazy("Veyra itself is watched over."),
    "channels": gettext_lazy("Somebody is told when the line breaks."),
    "backup": gettext_lazy("What was saved is also kept in a backup."),
}
NOT_WELL: Mapping[str, Any] = {
    "database": gettext_lazy("What you save cannot be kept now."),
    "broker": gettext_lazy("Pages change late, and saved changes wait."),
    "web": gettext_lazy("No page opens, and pages that are open hear of calls late."),
    "livekit": gettext_lazy("No call can be connected, and saved changes wait."),
    "gateway": gettext_lazy("No telephone call gets in."),
    "worker": gettext_lazy("No assistant can answer: none of them runs."),
    "tap": gettext_lazy("Answer times are approximate, and calls turned away are not shown."),
    "registrar": gettext_lazy("No call of a connection with a login gets in."),
    "schedule": gettext_lazy("Saved changes do not take effect."),
    "watchdog": gettext_lazy("Calls are not watched: who loses his assistant hears silence."),
    "standby": gettext_lazy("Where no assistant can answer, the caller only hears it ring."),
    "recorder": gettext_lazy(
        "Calls are not recorded at the press of a button, nor on from where an assistant is lost."
    ),
    "uploading": gettext_lazy(
        "Some recordings have not reached their storage for over an hour, and cannot be heard."
    ),
    "provider": gettext_lazy("A provider cannot be reached, so its calls do not come in."),
    "addresses": gettext_lazy("Providers do not know where to send the sound of calls."),
    "media": gettext_lazy("Callers and assistants do not hear each other."),
    "load": gettext_lazy("The call entrance is overloaded and turns callers away."),
    "webhooks": gettext_lazy("Pages hear of calls late."),
    "observer": gettext_lazy("Calls that have ended may stay on the pages."),
    "drift": gettext_lazy("The line does not do what was saved."),
    "speech": gettext_lazy("Assistants have no voice."),
    "storage": gettext_lazy("Recordings cannot be kept or heard."),
    "egress": gettext_lazy("Calls cannot be sent on to other services."),
    "ingress": gettext_lazy("No stream can come in."),
    "queues": gettext_lazy("Some work in the background stands still."),
    "disk": gettext_lazy("There is hardly any space left: recordings are about to be lost."),
    "memory": gettext_lazy("The computer's memory is full: calls may break off."),
    "clock": gettext_lazy("Clocks differ, so times of calls are wrong."),
    "certificates": gettext_lazy("Browsers do not trust one of our addresses."),
    "lookout": gettext_lazy("Nobody would be told if Veyra itself broke."),
    "channels": gettext_lazy("Messages about troubles do not get through."),
    "backup": gettext_lazy("There is no fresh backup: what was saved may be lost."),
}
LOOK_SOON: Mapping[str, Any] = {
    "database": gettext_lazy("Pages are slow: the database answers late."),
    "broker": gettext_lazy("Changes reach the pages late."),
    "worker": gettext_lazy("All assistants are busy: the next callers wait."),
    "provider": gettext_lazy("Nobody has called for a long time."),
    "addresses": gettext_lazy("Providers may not know where to send the sound of calls."),
    "media": gettext_lazy("Nobody heard anything of the last callers."),
    "drift": gettext_lazy("Somebody changed the line elsewhere than here."),
    "queues": gettext_lazy("Much work waits in the background."),
    "disk": gettext_lazy("Little space is left for recordings."),
    "memory": gettext_lazy("The computer has little memory left."),
    "certificates": gettext_lazy("The certificate of an address soon has to be renewed."),
    "versions": gettext_lazy("A program has a version with which Veyra was not tried."),
    "channels": gettext_lazy("Too few people are told when the line breaks."),
}
SOON: Mapping[str, Any] = {
    "worker": gettext_lazy("Assistants are starting: they answer in a moment."),
    "tap": gettext_lazy("Answer times will be exact in a moment."),
    "registrar": gettext_lazy("Connections with a login sign in in a moment."),
    "schedule": gettext_lazy("Saved changes will take effect in a moment."),
    "watchdog": gettext_lazy("Calls will be watched in a moment."),
    "standby": gettext_lazy("In a moment callers are told where no assistant can answer."),
    "recorder": gettext_lazy("In a moment calls can be recorded at the press of a button."),
}
OF_STATUS: Mapping[str, Mapping[str, Any]] = {
    Status.OK: WELL,
    Status.WARNING: LOOK_SOON,
    Status.FAILED: NOT_WELL,
    Status.STARTING: SOON,
}
# They say that nobody knows, which is no trouble of the line.
UNKNOWN = {NOT_KNOWN.msgid, OLD, running.NO_DATABASE, running.NO_END, running.BROKEN}


def of_check(check: Finding) -> str:
    """What a check means for the line."""
    if settings.LIVEKIT_SIMULATED and check.status == Status.OK:
        return str(check.sentence)
    if check.status == Status.OFF or check.sentence.msgid in UNKNOWN:
        return _about(check)
    words = OF_STATUS.get(check.status, {})
    if check.status == Status.STARTING and check.name not in words:
        return _about(check)
    return str(words.get(check.name, check.sentence))


def _about(check: Finding) -> str:
    title = every.find(check.name).title
    if check.status == Status.OFF:
        return _("%(what)s: not used here.") % {"what": title}
    if check.status == Status.STARTING:
        return _("%(what)s: known in a moment.") % {"what": title}
    return _("%(what)s: not known.") % {"what": title}


def in_one_sentence(findings: Iterable[Finding]) -> str:
    """How the line is. Pure."""
    worst = _worst_first(findings)
    if not worst or worst[0].status == Status.WARNING:
        return _("The line is well: callers are answered.")
    first = of_check(worst[0])
    more = sum(each.status == worst[0].status for each in worst) - 1
    if worst[0].status == Status.STARTING:
        return _("The line is starting. %(what)s") % {"what": first}
    if more:
        return _("The line is not well. %(what)s And %(count)s more.") % {
            "what": first,
            "count": more,
        }
    return _("The line is not well. %(what)s") % {"what": first}


def _worst_first(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Troubles only; those of one kind in the order of the checks."""
    order = [Status.FAILED, Status.STARTING, Status.WARNING]
    found = [each for each in findings if each.status in order]
    return sorted(found, key=lambda each: order.index(Status(each.status)))
