"""Programs that hang, end, or cannot start."""

from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.line import Line


class Hangs(Fault):
    """The program lives, and does nothing: only a restart helps."""

    program: ClassVar[str]
    step = "restart"

    def make(self, line: Line) -> None:
        line.hang(self.program)


class AgentHangs(Hangs):
    name, program, rule, target = "the assistants' program hangs", "agent", "worker", "agent@"


class StandbyHangs(Hangs):
    name, program, rule = "the voice of last resort hangs", "standby", "standby"
    target = "standby@"


class WatchdogHangs(Hangs):
    name, program, rule, target = "the watchdog hangs", "watchdog", "watchdog", "watchdog@"


class RecorderHangs(Hangs):
    name, program, rule, target = "the recorder hangs", "recorder", "recorder", "recorder@"


class TapHangs(Hangs):
    name, program, rule = "the listener at the call entrance hangs", "tap", "tap"
    step = "resubscribe_tap"


class BeatHangs(Hangs):
    name, program, rule, target = "the schedule hangs", "beat", "schedule", "beat@"


class WorkerHangs(Hangs):
    name, program, rule, target = "the background worker hangs", "worker", "schedule", "worker@"


class DialerHangs(Hangs):
    name, program, rule = "the worker that dials hangs", "worker-calls", "queues"
    target = "worker-calls@"


class LookoutHangs(Hangs):
    name, program, rule, target = "the lookout hangs", "lookout", "lookout", "lookout@"


class WebHangs(Hangs):
    name, program, rule, target = "the web hangs", "web", "web", "web@"


class RecorderDies(Fault):
    """Again and again, as soon as it is there."""

    name, rule = "the recorder dies again and again", "crash_loop"
    step, target = "restart", "recorder@"

    def make(self, line: Line) -> None:
        for _time in range(12):
            line.kill("recorder")
            line.wait_for_program("recorder")
            if self.seen(line):
                break


class BrokerHangs(Hangs):
    name, program, rule = "the queue's Redis hangs", "broker", "broker"


class LiveKitHangs(Hangs):
    name, program, rule = "LiveKit hangs", "livekit-server", "livekit"
    target = "livekit-server"


class GatewayHangs(Hangs):
    name, program, rule = "the call entrance hangs", "livekit-sip", "gateway"
    target = "livekit-sip"


class GatewayIsClosed(Fault):
    """Nobody listens on its port, since its program is gone."""

    name, rule, step = "the port of the call entrance is closed", "gateway", "check_again"
    by_hand = "its program is put back"

    def make(self, line: Line) -> None:
        line.take_away("livekit-sip")

    def repair(self, line: Line) -> None:
        line.put_back("livekit-sip")
        line.wait_for_port(line.up.sip_port)

    def tidy(self, line: Line) -> None:
        if not (line.bin / "livekit-sip").exists():
            line.put_back("livekit-sip")


class LiveKitIsGone(GatewayIsClosed):
    name, rule = "LiveKit's program is killed and cannot start", "livekit"

    def make(self, line: Line) -> None:
        line.take_away("livekit-server")

    def repair(self, line: Line) -> None:
        line.put_back("livekit-server")
        line.wait_for_port(line.up.livekit_port)

    def tidy(self, line: Line) -> None:
        if not (line.bin / "livekit-server").exists():
            line.put_back("livekit-server")


class LiveKitHasAnotherKey(Fault):
    name, rule, step = "LiveKit was started with another key", "livekit", "restart"
    target = "livekit-server"

    def make(self, line: Line) -> None:
        secret = line.secret
        line.config("livekit-server", lambda text: text.replace(secret, secret[::-1]))
        line.kill("livekit-server")

    def tidy(self, line: Line) -> None:
        secret = line.secret
        line.config("livekit-server", lambda text: text.replace(secret[::-1], secret))


FAULTS: tuple[type[Fault], ...] = (
    AgentHangs,
    StandbyHangs,
    WatchdogHangs,
    RecorderHangs,
    TapHangs,
    BeatHangs,
    WorkerHangs,
    DialerHangs,
    LookoutHangs,
    WebHangs,
    RecorderDies,
    BrokerHangs,
    LiveKitHangs,
    GatewayHangs,
    GatewayIsClosed,
    LiveKitIsGone,
    LiveKitHasAnotherKey,
)
