"""Every check, in the order in which they are shown: first what nothing works without."""

from collections.abc import Sequence

from monitoring.health.base import Check
from monitoring.health.checks.ground import Broker, Database, Queues, Schedule
from monitoring.health.checks.keeping import BackupAge, Egress, Ingresses, Storages
from monitoring.health.checks.line import (
    Entrance,
    LiveKitServer,
    Load,
    Observer,
    Registrar,
    Tap,
    Webhooks,
)
from monitoring.health.checks.machine import Certificates, Clocks, Disk, Memory
from monitoring.health.checks.media import Addresses, Sound
from monitoring.health.checks.programs import (
    Recorder,
    Standby,
    Uploading,
    Watchdog,
    Web,
    Workers,
)
from monitoring.health.checks.providers import Providers
from monitoring.health.checks.versions import Versions
from monitoring.health.checks.wishes import Channels, Drift, Lookout, Speech

CHECKS: Sequence[type[Check]] = (
    Database,
    Broker,
    Web,
    LiveKitServer,
    Entrance,
    Workers,
    Providers,
    Registrar,
    Addresses,
    Sound,
    Load,
    Tap,
    Webhooks,
    Observer,
    Drift,
    Standby,
    Speech,
    Recorder,
    Uploading,
    Storages,
    Egress,
    Ingresses,
    Schedule,
    Queues,
    Disk,
    Memory,
    Clocks,
    Certificates,
    Versions,
    Watchdog,
    Lookout,
    Channels,
    BackupAge,
)


def find(name: str) -> type[Check]:
    """Raises KeyError."""
    return {check.name: check for check in CHECKS}[name]
