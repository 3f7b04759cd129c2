"""Which trouble explains which: one that is down takes others with it. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from monitoring.incidents.rule import Sighting

# What nobody hears, or is not answered in time, whatever the reason.
OF_CALLS = ("callers_lost", "no_agent", "calls_failed", "test_call")
# Rule -> the rules whose troubles follow from it directly. No cycles.
EXPLAINS: Mapping[str, Sequence[str]] = {
    "disk": ("database", "uploading", "storage", "recorder", "recording_missing", "egress"),
    "memory": ("crash_loop", "turn_delay", "assistant_lost"),
    "database": (
        *("schedule", "queues", "worker", "watchdog", "standby", "recorder", "tap", "registrar"),
        *("web", "observer", "lookout", "facts_late", "webhooks", "drift", "uploading"),
    ),
    "broker": ("schedule", "queues", "livekit", "tap", "gateway", "web"),
    "web": ("webhooks", "uploading"),
    "clock": ("livekit", "certificates"),
    "livekit": (
        *("gateway", "worker", "webhooks", "observer", "egress", "ingress", "drift", "tap"),
        *("recorder", "standby", "media", "speech", "provider", "versions", *OF_CALLS),
    ),
    "gateway": ("provider", "media", "calls_refused", "tap", "registrar", *OF_CALLS),
    "registrar": ("provider",),
    "load": ("calls_refused", "calls_failed", "callers_lost", "media", "test_call"),
    "addresses": ("media", "callers_lost", "test_call"),
    "egress": ("recording_missing",),
    "provider": ("test_call",),
    "drift": ("calls_refused", "test_call"),
    "calls_refused": ("test_call",),
    "media": ("callers_lost", "test_call", "recording_missing"),
    "crash_loop": (
        *("worker", "standby", "watchdog", "recorder", "tap", "registrar", "schedule"),
        *("queues", "observer", "lookout"),
    ),
    "worker": (
        *("no_agent", "callers_lost", "turn_delay", "test_call", "recording_missing"),
        "assistant_lost",
    ),
    "speech": ("assistant_fails", "no_agent", "turn_delay", "test_call", "callers_lost"),
    "assistant_fails": ("no_agent", "callers_lost", "test_call", "recording_missing"),
    "no_agent": ("callers_lost", "test_call"),
    "calls_failed": ("callers_lost", "test_call"),
    "schedule": ("queues", "observer", "drift", "facts_late", "uploading", "webhooks", "backup"),
    "queues": ("facts_late", "drift", "observer"),
    "storage": ("recording_missing", "uploading", "backup"),
    "recorder": ("recording_missing",),
    "uploading": ("recording_missing",),
}


def ancestors(rule: str) -> set[str]:
    """The rules that may explain it, at first hand or not."""
    found: set[str] = set()
    asked = {rule}
    while asked:
        asked = {name for name, follows in EXPLAINS.items() if asked & set(follows)} - found
        found |= asked
    return found


def roots(sightings: Iterable[Sighting], gone: Iterable[Sighting] = ()) -> list[Sighting]:
    """The same, each with what explains it; a root is as grave as the worst that follows.

    `gone`: what was seen a moment ago. It still explains: what it took down needs time to rise.
    """
    seen = list(sightings)
    explaining = [*seen, *gone]
    causes = {sighting.cause: _root(sighting, explaining) for sighting in seen}
    return [
        _as_grave(replace(sighting, root=causes[sighting.cause]), seen, causes) for sighting in seen
    ]


def _root(sighting: Sighting, seen: Collection[Sighting]) -> str | None:
    """Of those that explain it, one that nothing else explains; the gravest of these."""
    above = ancestors(sighting.rule)
    found = [each for each in seen if each.explains and each.rule in above]
    names = {each.rule for each in found}
    first = [each for each in found if not ancestors(each.rule) & names]
    return min(first, key=lambda each: (each.severity, each.cause)).cause if first else None


def _as_grave(
    sighting: Sighting, seen: Collection[Sighting], causes: Mapping[str, str | None]
) -> Sighting:
    follows = [each for each in seen if causes[each.cause] == sighting.cause]
    return replace(
        sighting,
        severity=min([sighting.severity, *(each.severity for each in follows)]),
        is_loud=sighting.is_loud or any(each.is_loud for each in follows),
    )
