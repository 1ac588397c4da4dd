"""Structured logs: one line of JSON (or of words on a terminal) for each thing that happened, on standard error.

Lines of libraries have the same form, and say which library speaks. Lines never carry content or secrets, and nothing
that a terminal obeys: what callers call their documents can neither end a line nor hide one. `bound` puts document and
agency on every line inside a block. Nobody waits for the log for long, and nobody fails with it: lines that it does not
take, because its disk is full or its reader stopped, are lost, and counted when it takes lines again.
"""

import io
import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any, Final, Literal, TextIO

import structlog

from lienthong.chassis.sink import Sink
from lienthong.chassis.text import escaped

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
    rendering: tuple[structlog.typing.Processor, ...] = (
        (structlog.processors.JSONRenderer(ensure_ascii=False), _escape)
        if form == "json"
        else (
            _escape_texts,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback),
        )
    )
    sink: Any = Sink(sys.stderr, lambda lost: _told((*shared, *rendering), lost))
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sink),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared, _no_alarm],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _told(steps: Sequence[structlog.typing.Processor], lost: int) -> str:
    line: Any = {"event": "lines of this log were lost: nobody took them", "lost": lost}
    for step in steps:
        line = step(None, "error", line)
    return f"{line}\n"


def _no_alarm(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Lets no line of a library wake anybody: whether what it met is an error is told by who called it."""
    if line["level"] in ("error", "critical") and line["logger"] not in _OURS:
        line["level"] = "warning"
    return line


def _escape(_logger: object, _method: str, line: Any) -> str:
    return escaped(line)


def _escape_texts(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escapes each text by itself: the colours around them are ours."""
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = escaped(value)
    line["event"] = str(line["event"]).replace("\n", "\\n")
    return line


def _write_traceback(stream: TextIO, error: structlog.typing.ExcInfo) -> None:
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, error)
    stream.write(escaped(plain.getvalue()))
