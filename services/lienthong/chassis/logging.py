"""Structured logs: one line of JSON (or of words on a terminal) for each thing that happened, on standard error.

Lines of libraries have the same form, and say which library speaks. Lines never carry content or secrets. `bound` puts
document and agency on every line inside a block. A line that cannot be written is lost: a full disk, a closed terminal
or a reader that has gone fails nobody who logs.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final, Literal

import structlog

# Without the variables of each frame: among them are contents, names and passwords.
_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_OURS: Final = frozenset({"asyncio", "concurrent.futures"})
"""Loggers of the interpreter that tell of errors which nobody caught."""

bound = structlog.contextvars.bound_contextvars


def configure(level: str, form: Literal["json", "text"]) -> None:
    """Sets logging up for the process.

    Args:
        level: `DEBUG`, `INFO`, `WARNING` or `ERROR`.
        form: `json` for machines, `text` for people.
    """
    shared: tuple[structlog.typing.Processor, ...] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _TRACEBACKS if form == "json" else structlog.processors.UnicodeDecoder(),
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _no_alarm],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def release() -> None:
    """Lets the process end with its own exit code though nobody reads its log any more."""
    try:
        sys.stderr.flush()
    except OSError:
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123 -- a descriptor, not a file
            os.dup2(nothing.fileno(), sys.stderr.fileno())


class _Lines(structlog.PrintLogger):
    """Lines on standard error, which fail nobody who logs."""

    def msg(self, message: str) -> None:
        """Writes a line, if it can be written."""
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


def _no_alarm(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Lets no line of a library wake anybody: whether what it met is an error is told by who called it."""
    if line["level"] in ("error", "critical") and line["logger"] not in _OURS:
        line["level"] = "warning"
    return line
