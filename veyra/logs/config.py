"""How everything that is logged is written: Python's own logging, our libraries' too."""

import os
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from veyra.logs.redacting import Redactor

FILE = "livekit_system.log"
# A line that is longer tells nobody more.
LONGEST = 16_000
TRACEBACK = "Traceback (most recent call last):"
# Who takes their levels from us; all others are asked for INFO.
LEVELS = {
    # Each task says by itself that it failed (django_structlog), with its ids.
    "celery": "WARNING",
    # That a worker is ready.
    "celery.apps.worker": "INFO",
    "celery.app.trace": "CRITICAL",
    # So does each request.
    "django.request": "CRITICAL",
    "django.channels.server": "WARNING",
    "httpx": "WARNING",
    "httpx2": "WARNING",
    "httpcore": "WARNING",
    "openai": "WARNING",
    "botocore": "WARNING",
    "boto3": "WARNING",
    "s3transfer": "WARNING",
    "urllib3": "WARNING",
    "apprise": "WARNING",
    "asyncio": "WARNING",
}
# What `manage.py` runs for long: their output is a log. That of all others is for who called them.
PROGRAMS = frozenset(
    ("run", "runagent", "standby", "tap", "watchdog", "recorder", "registrar", "lookout")
)


def program(arguments: Sequence[str]) -> tuple[str, bool]:
    """What a process is called in the log, and whether it runs for long."""
    first = PurePath(arguments[0]).name if arguments else ""
    if first != "manage.py" or len(arguments) < 2:
        return first or "python", first != "manage.py"
    command = arguments[1]
    if command == "run" and len(arguments) > 2:
        return arguments[2], True
    return {"runagent": "agent"}.get(command, command), command in PROGRAMS


class Writer:
    """Puts a line together, for a person or for a machine."""

    def __init__(self, name: str, secrets: Iterable[str]) -> None:
        self.name, self.host = name, socket.gethostname()
        self.redactor = Redactor(secrets)

    def signed(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Whose line it is."""
        # Uvicorn says the same again, with colours.
        event.pop("color_message", None)
        event["program"], event["host"], event["pid"] = self.name, self.host, os.getpid()
        return event

    def redacted(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: _cut(self.redactor.value(value, name)) for name, value in event.items()}

    def before(self) -> list[Processor]:
        """What each line gets, whoever wrote it."""
        return [
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ]

    def formatter(self, for_person: bool) -> structlog.stdlib.ProcessorFormatter:
        last: Processor = (
            structlog.dev.ConsoleRenderer(timestamp_key="at", colors=sys.stderr.isatty())
            if for_person
            else structlog.processors.JSONRenderer(ensure_ascii=False)
        )
        signed: list[Processor] = [] if for_person else [self.signed]
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=self.before(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *signed,
                # Without the values of its variables: those may be anything.
                structlog.processors.format_exc_info,
                _apart,
                self.redacted,
                last,
            ],
        )


def _apart(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a child of the assistants' worker hands on has its traceback in the message."""
    words, traceback, rest = str(event.get("event", "")).partition(f"\n{TRACEBACK}")
    if traceback and "exception" not in event:
        event["event"], event["exception"] = words, f"{TRACEBACK}{rest}"
    return event


def _cut(value: Any) -> Any:
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


def logging_config(folder: Path, secrets: Iterable[str], keeper: str = "") -> dict[str, Any]:
    """For LOGGING. `keeper`: a handler's class that keeps errors; "": as in a test, where nothing
    but the console is written to.
    """
    name, runs_long = program(sys.argv)
    writer = Writer(name, secrets)
    structlog.configure(
        processors=[
            *writer.before(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    stream = "ext://sys.stdout" if runs_long else "ext://sys.stderr"
    handlers: dict[str, dict[str, Any]] = {
        "console": {"class": "logging.StreamHandler", "formatter": "console", "stream": stream}
    }
    if keeper:
        file = {"class": "veyra.logs.shared_file.SharedFile", "path": folder / FILE}
        handlers["file"] = {**file, "formatter": "json"}
        handlers["errors"] = {"class": keeper, "level": "ERROR", "formatter": "json"}
    for_person = sys.stdout.isatty() if runs_long else True
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {"()": writer.formatter, "for_person": for_person},
            "json": {"()": writer.formatter, "for_person": False},
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "INFO"},
        "loggers": {
            **{name: {"level": level} for name, level in LEVELS.items()},
            # They bring handlers of their own.
            **{
                name: {"level": "INFO", "handlers": [], "propagate": True}
                for name in ("uvicorn", "uvicorn.error", "django", "django.server")
            },
            # Who asked for which page, with what he searched for.
            "uvicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }
