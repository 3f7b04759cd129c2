"""What callers meet: no worker, a refusal, silence; and calls of which LiveKit tells nothing."""

import os
import signal
import subprocess
import time

from tests.faults.fault import Fault
from tests.faults.line import Line
from tests.live.stack import wait_until


class WorkersRest(Fault):
    """Somebody told them to take no calls, and went home."""

    name, rule, step = "no worker takes calls", "worker", "take_calls_again"

    def make(self, line: Line) -> None:
        line.do("desk.rest(True)")

    def tidy(self, line: Line) -> None:
        line.do("desk.rest(False)")


class AssistantsHang(Fault):
    """Their processes take a call and do nothing; the last resort hangs, too."""

    name, rule, step = "the assistants' processes hang", "no_agent", "end_hung"

    def make(self, line: Line) -> None:
        line.hang("standby")
        line.hang_jobs()
        self.caller = line.call("listen:8")

    def after(self, line: Line) -> None:
        """The one who waits hears an assistant, and so do the next."""
        line.wait_for("desk.talks()")
        self.caller.wait(60)
        answered(line, 2)

    def tidy(self, line: Line) -> None:
        self.caller.kill()


class CallsAreRefused(Fault):
    """Somebody deleted in LiveKit what says who answers."""

    name, rule, step = "the rules were deleted in LiveKit", "calls_refused", "publish_again"

    def make(self, line: Line) -> None:
        line.do("desk.delete_rules()")
        self.callers = [line.call("wait:1") for _each in range(6)]

    def after(self, line: Line) -> None:
        answered(line, 7)

    def tidy(self, line: Line) -> None:
        for caller in self.callers:
            caller.kill()


class NoSoundComes(Fault):
    """The way of the caller's packets to us breaks in the middle of a call."""

    name, rule, step = "the caller's sound does not arrive", "media", "check_again"
    by_hand = "the ports are opened, and somebody calls"

    def prepare(self, line: Line) -> None:
        self.caller = line.call("wait:90")
        line.wait_for("desk.talks()")
        time.sleep(25)

    def make(self, line: Line) -> None:
        os.kill(self.caller.pid, signal.SIGSTOP)

    def repair(self, line: Line) -> None:
        """The way is open again; whoever was cut off calls once more, and talks for a while."""
        os.kill(self.caller.pid, signal.SIGCONT)
        line.call("wait:5", f"say:{line.ask('desk.our_words()')}", "wait:12").wait(60)

    def tidy(self, line: Line) -> None:
        self.caller.kill()


class WebhooksAreSilent(Fault):
    """LiveKit's configuration leads them elsewhere. Only a call shows it."""

    name, rule = "LiveKit's messages go elsewhere", "webhooks"
    step, target = "restart", "livekit-server"

    def prepare(self, line: Line) -> None:
        self._lead(line, str(line.up.port), "9")

    def make(self, line: Line) -> None:
        self.caller = line.call("wait:60")

    def after(self, line: Line) -> None:
        self.caller.kill()
        line.wait_for("'livekit' not in desk.ill() and 'gateway' not in desk.ill()")
        answered(line, 1)

    def tidy(self, line: Line) -> None:
        self.caller.kill()
        self._lead(line, "9", str(line.up.port))

    def _lead(self, line: Line, here: str, there: str) -> None:
        """Where it leads there already, nothing is started anew."""
        path = line.state / "run" / "livekit-server.yaml"
        if f":{here}/livekit" not in path.read_text():
            return
        old = line.process("livekit-server").pid
        line.config(
            "livekit-server", lambda text: text.replace(f":{here}/livekit", f":{there}/livekit")
        )
        line.kill("livekit-server")
        wait_until(lambda: line.is_there("livekit-server", old), "LiveKit did not come back")
        line.wait_until_well()


def answered(line: Line, count: int) -> None:
    """So many callers, side by side, who hear the assistant."""
    callers = [line.call("listen:8") for _each in range(count)]
    for caller in callers:
        try:
            caller.wait(60)
        except subprocess.TimeoutExpired:
            caller.kill()


FAULTS: tuple[type[Fault], ...] = (
    WorkersRest,
    AssistantsHang,
    CallsAreRefused,
    NoSoundComes,
    WebhooksAreSilent,
)
