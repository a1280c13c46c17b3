"""Logs: one JSON object a line, holding only the keys listed here, so that no patient's data can slip in.

A key that is not listed is dropped and its name noted under `dropped`. An exception is told by its class and
by where it was raised; its message is left out, since database and parser messages quote values.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, WrappedLogger

#: The only keys that are ever written. `route` is the URL rule, not the path that was asked for.
ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "logger",
        "method",
        "route",
        "status",
        "code",
        "milliseconds",
        "reference",
        "way",
        "user_id",
        "device_id",
        "authorization_id",
        "run",
        "run_id",
        "portal",
        "outcome",
        "count",
        "host",
        "port",
        "version",
        "error",
        "raised_at",
        "job",
        "next_at",
        "seconds",
        "state",
        "kind",
    ]
)


def exception_without_values(error: BaseException) -> dict[str, object]:
    """{"error": class names from the outermost to the cause, "raised_at": ["file:line function", ...]}."""
    chain: list[str] = []
    frames: list[str] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        chain.append(type(current).__qualname__)
        frames += [
            f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(current.__traceback__)[-6:]
        ]
        current = current.__cause__
    return {"error": chain, "raised_at": frames}


def only_allowed_keys(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """The structlog processor that holds the promise above."""
    error = event.pop("exc_info", None)
    kept: EventDict = {key: value for key, value in event.items() if key in ALLOWED}
    dropped = sorted(set(event) - ALLOWED)
    if dropped:
        kept["dropped"] = dropped
    if isinstance(error, BaseException):
        kept.update(exception_without_values(error))
    return kept


class _WithoutValues(logging.Formatter):
    """Other packages' log records: their fixed text and exception class, never the arguments put into it."""

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {
            "event": str(record.msg) if not record.args else str(record.msg).split("%")[0].strip(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            event.update(exception_without_values(record.exc_info[1]))
        return str(structlog.processors.JSONRenderer()(None, "", event))


def configure(
    quiet: Iterable[str] = ("werkzeug", "apscheduler.executors.default"), least: int = logging.INFO
) -> None:
    """Sets the process's logging up: JSON lines on standard error.

    quiet: loggers that only warn. least: the level below which nothing is written.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed_keys,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutValues())
    logging.basicConfig(level=least, handlers=[handler], force=True)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
