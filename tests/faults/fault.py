"""What a fault is, and how one is made, found and healed."""

import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tests.faults.line import Line

# Until the incident is there, and until its trouble is seen no more.
FOUND_SECONDS, HEALED_SECONDS = 90, 180


class Fault:
    """`rule`: whose incident tells of it; `step` and `target`: the button that heals."""

    name: ClassVar[str]
    rule: ClassVar[str]
    step: ClassVar[str]
    target: ClassVar[str] = ""
    # What a person sets right before he presses, as the runbook tells him; "": nothing.
    by_hand: ClassVar[str] = ""

    def prepare(self, line: Line) -> None:
        """What is there before anything breaks."""

    def make(self, line: Line) -> None:
        raise NotImplementedError

    def repair(self, line: Line) -> None:
        """What the runbook says is to be done by hand, before the button."""

    def seen(self, line: Line) -> Any:
        """What tells of it: the incident, with its "sentence"; None while nothing does."""
        return line.ask(f"desk.incident({self.rule!r})")

    def heal(self, line: Line, told: "Row", seen: dict[str, Any]) -> "Row":
        """The button is pressed, and the trouble is waited for until it is over."""
        return _press(self, line, told, seen)

    def after(self, line: Line) -> None:
        """What happens on the line when the button was pressed, and shows that it is well."""

    def tidy(self, line: Line) -> None:
        """Whatever came of it: leave the line as it was."""


@dataclass(frozen=True)
class Row:
    """One line of the table. Seconds."""

    fault: str
    rule: str
    by_hand: str = ""
    found: float | None = None
    sentence: str = ""
    button: str = ""
    typed: str = ""
    healed: float | None = None
    wrong: str = ""

    def __str__(self) -> str:
        found = "never" if self.found is None else f"{self.found:.1f} s"
        healed = "never" if self.healed is None else f"{self.healed:.1f} s"
        before = [f"({self.by_hand})"] if self.by_hand else []
        typed = [f"typed: {self.typed}"] if self.typed else []
        button = " + ".join([*before, self.button, *typed])
        told = [self.fault, found, self.sentence, button, healed, self.wrong]
        return "| " + " | ".join(told) + " |"


def run(fault: Fault, line: Line) -> Row:
    """Make it, wait for its incident, press the button, wait until it is over."""
    line.settle()
    try:
        fault.prepare(line)
        began = time.monotonic()
        fault.make(line)
        return _heal(fault, line, began)
    finally:
        fault.tidy(line)
        line.free()


def _heal(fault: Fault, line: Line, began: float) -> Row:
    seen = wait_for_one(lambda: fault.seen(line), FOUND_SECONDS)
    found = time.monotonic() - began
    if seen is None:
        others = line.ask("desk.all_rules()")
        return Row(fault.name, fault.rule, wrong=f"no incident; there are {others}")
    fault.repair(line)
    told = Row(fault.name, fault.rule, fault.by_hand, found, seen["sentence"])
    return fault.heal(line, told, seen)


def _press(fault: Fault, line: Line, told: Row, seen: dict[str, Any]) -> Row:
    pressed = time.monotonic()
    action = line.ask(f"desk.press({seen['pk']!r}, {fault.step!r}, {fault.target!r})")
    fault.after(line)
    typed = _follow(line, action["pk"], seen["pk"])
    over = wait_for_one(lambda: line.ask(f"desk.is_over({seen['pk']!r})"), HEALED_SECONDS)
    healed = time.monotonic() - pressed if over else None
    said = line.ask(f"desk.said({action['pk']!r})")
    wrong = "" if over and said["ok"] is not False else f"the button said: {said['sentence']}"
    return replace(told, button=action["title"], typed=typed, healed=healed, wrong=wrong)


def _follow(line: Line, action: str, incident: str) -> str:
    """What a step asks to type is typed; "" where it heals by itself."""
    end = time.monotonic() + HEALED_SECONDS
    while time.monotonic() < end and not line.ask(f"desk.is_over({incident!r})"):
        if command := line.ask(f"desk.said({action!r})")["command"]:
            line.type(command)
            return str(command)
        time.sleep(0.5)
    return ""


def wait_for_one(ask: Any, seconds: float) -> Any:
    """The first answer that is one, else None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.25)
    return None
