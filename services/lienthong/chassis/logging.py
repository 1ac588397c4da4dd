"""Structured logs: one line of JSON (or of words on a terminal) for each thing that happened, on standard error.

Lines never carry content or secrets. `bound` puts document and agency on every line inside a block.
"""

import logging
import sys
from typing import Literal

import structlog

bound = structlog.contextvars.bound_contextvars


def configure(level: str, form: Literal["json", "text"]) -> None:
    """Sets logging up for the process.

    Args:
        level: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
        form: `json` for machines, `text` for people.
    """
    number = logging.getLevelNamesMapping()[level]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if form == "json" else structlog.processors.UnicodeDecoder(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
