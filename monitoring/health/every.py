"""Every check, in the order in which they are shown."""

from collections.abc import Sequence

from monitoring.health.base import Check
from monitoring.health.checks.ground import Broker, Database, Schedule
from monitoring.health.checks.line import Entrance, LiveKitServer, Registrar, Tap
from monitoring.health.checks.programs import (
    Recorder,
    Standby,
    Uploading,
    Watchdog,
    Workers,
)

CHECKS: Sequence[type[Check]] = (
    Database,
    Broker,
    LiveKitServer,
    Entrance,
    Workers,
    Tap,
    Registrar,
    Schedule,
    Watchdog,
    Standby,
    Recorder,
    Uploading,
)
