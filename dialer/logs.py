"""Structured logs: lines for people, or JSON for machines, on standard error."""

import logging
import re
import sys
from typing import Any, TextIO

import structlog

from config.settings import Log
from dialer.log_writer import LogWriter


def set_up_logs(settings: Log, to: TextIO | None = None) -> None:
    to = to or sys.stderr
    stream: Any = LogWriter(to)  # a stream as far as loggers use one
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else _console(colors=True)
        if to.isatty()
        else PlainLines()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    safe: list[structlog.typing.Processor] = [*shared, structlog.processors.format_exc_info, without_rows]
    structlog.configure(
        processors=[*safe, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the standard library's logging: the same lines, from warnings on.
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=safe, processor=renderer))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def without_rows(_logger: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Without the values of the row that PostgreSQL refused, which its errors tell: they are somebody's."""
    if "exception" in event:
        event["exception"] = _ROW.sub(r"\1 (left out)", event["exception"])
    return event


def _console(*, colors: bool) -> structlog.dev.ConsoleRenderer:
    # Plain: a traceback with its local variables would tell tokens and people's data.
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)


class PlainLines:
    """The lines of structlog's renderer without colors, in a fraction of its time: there is one for each outcome."""

    def __init__(self) -> None:
        self._others = _console(colors=False)

    def __call__(self, logger: Any, name: str, event: structlog.typing.EventDict) -> str:
        if not _SELDOM.isdisjoint(event):
            return self._others(logger, name, event)
        head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event'):<30}"
        return " ".join([head, *[f"{key}={_shown(event[key])}" for key in sorted(event)]]).rstrip(" ")


_ROW = re.compile(r"(\bDETAIL:).*")
_SELDOM = frozenset({"stack", "exception", "exc_info", "logger", "logger_name"})
_QUOTED = re.compile(r"[ \t=\r\n\"']")


def _shown(value: object) -> str:
    return value if isinstance(value, str) and not _QUOTED.search(value) else repr(value)
