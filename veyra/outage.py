"""What is away is said once, and once more when it is back: never with every try."""

import logging


class Outage:
    """Keeps the log of one process short while something that it needs is away."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log, self._what = log, what
        self._is_away = False

    def felt(self, error: Exception) -> None:
        """A try failed."""
        if not self._is_away:
            self._log.warning("%s: %s; said once until it works", self._what, type(error).__name__)
        self._is_away = True

    def over(self) -> None:
        """A try went well."""
        if self._is_away:
            self._log.info("%s: it works again", self._what)
        self._is_away = False
