"""Structured logs: lines for people, or JSON for machines, on standard error."""

import logging
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
        # Plain: a traceback with its local variables would tell tokens and people's data.
        else structlog.dev.ConsoleRenderer(colors=to.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the standard library's logging: the same lines, from warnings on.
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
