"""Reading the environment so that a wrong value becomes a sentence, not a traceback.

A value that cannot be read is replaced by its default and remembered in `problems`;
`veyra.checks` turns each into a system check that stops the start and names the variable.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ

T = TypeVar("T")
# Written in place of an address: there is no such thing here.
NONE = "none"


def is_address(text: str) -> bool:
    """An IP address, or "auto": LiveKit finds its own. Raises ValueError for all else."""
    return text == "auto" or bool(ipaddress.ip_address(text))


def beside(port: int, distance: int) -> int:
    """The port so far above another one, or below it where there is none."""
    return port + distance if port + distance <= 65535 else port - distance


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be used: its name, what is wrong, and what to write instead."""

    name: str
    wrong: str
    hint: str


@dataclass
class Reader:
    """Typed reading of variables; `defaults` stand in for what the environment lacks."""

    defaults: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        return str(environ.Env().str(name, default=self.defaults.get(name, default)))

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        def parse(value: str) -> int:
            number = int(value)
            if not low <= number <= high:
                raise ValueError
            return number

        return self._read(name, default, parse, f"Write a whole number from {low} to {high}.")

    def flag(self, name: str, default: bool) -> bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        return self._read(name, default, lambda v: words[v.lower()], "Write true or false.")

    def names(self, name: str, default: list[str]) -> list[str]:
        text = self.text(name)
        return [part.strip() for part in text.split(",") if part.strip()] or default

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        def parse(value: str) -> str:
            if urlsplit(value).scheme not in schemes:
                raise ValueError
            return value.rstrip("/")

        wanted = ", ".join(f"{scheme}://" for scheme in schemes)
        return self._read(name, default, parse, f"Write an address that starts with {wanted}.")

    def database(self, name: str, default: str) -> dict[str, Any]:
        def parse(value: str) -> dict[str, Any]:
            config: dict[str, Any] = environ.Env.db_url_config(value)
            if "sqlite" not in config.get("ENGINE", "") and "postg" not in config.get("ENGINE", ""):
                raise ValueError
            return config

        hint = "Write sqlite:////path/to/file or postgres://user:password@host:5432/name."
        return self._read(name, parse(default), parse, hint)

    def choice(self, name: str, default: str, allowed: Callable[[str], bool], hint: str) -> str:
        def parse(value: str) -> str:
            if not allowed(value):
                raise ValueError
            return value

        return self._read(name, default, parse, hint)

    def ports(self, name: str, default: str) -> tuple[int, int]:
        def parse(value: str) -> tuple[int, int]:
            low, high = (int(part) for part in value.split("-"))
            if not 1024 <= low < high <= 65535:
                raise ValueError
            return low, high

        return self._read(name, parse(default), parse, "Write a range such as 10000-10100.")

    def three(self, name: str, default: str) -> tuple[int, int, int]:
        def parse(value: str) -> tuple[int, int, int]:
            first, second, third = (int(part) for part in value.split(","))
            if first < 1 or second < 0 or third < 0:
                raise ValueError
            return first, second, third

        return self._read(name, parse(default), parse, "Write three whole numbers such as 7,4,6.")

    def port_of_host(self, name: str, default: str) -> str:
        """host:port, or "" where somebody wrote NONE."""

        def parse(value: str) -> str:
            host, _colon, port = value.rpartition(":")
            if value == NONE:
                return ""
            if not host or not 1 <= int(port) <= 65535:
                raise ValueError
            return value

        return self._read(name, default, parse, f"Write host:port, or {NONE}.")

    def network(self, name: str, default: str) -> str:
        """An address with the length of its prefix, as 192.0.2.0/24."""

        def parse(value: str) -> str:
            return str(ipaddress.ip_network(value))

        return self._read(name, default, parse, "Write a network such as 192.0.2.0/24.")

    def _read(self, name: str, default: T, parse: Callable[[str], T], hint: str) -> T:
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except Exception:  # whatever a parser raises means the same: this value cannot be used
            # The value itself is not repeated: a URL may carry a password.
            self.problems.append(Problem(name, f"{name} has a value that cannot be used.", hint))
            return default
