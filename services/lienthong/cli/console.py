"""What commands print: tables and words for people, JSON for programs, errors that say what to do."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.segment import Segment

from lienthong.chassis.clock import VIETNAM
from lienthong.chassis.text import OBEYED, escaped
from lienthong.chassis.times import from_timestamp
from lienthong.cli.names import remember
from lienthong.cli.tables import fit, table_of
from lienthong.client import Axis, AxisCallError, AxisUnavailableError, connect
from lienthong.client.context import Context, find_context, load_context


class Terminal(Console):
    """A console on which words of others are words: what a terminal would obey is left out of them."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Renders as a console does."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(OBEYED.sub("", segment.text), segment.style)


out = Terminal(highlight=False)
err = Terminal(stderr=True, highlight=False)

As = Annotated[
    str, typer.Option("--as", metavar="CONTEXT", envvar="LIENTHONG_AS", help="Who speaks: name or file of a context.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
RequestId = Annotated[str, typer.Option("--request-id", help="Key for repeats; a new one when absent.")]
Size = Annotated[int, typer.Option("--limit", help="At most so many rows.", min=1, max=500)]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File whose first line encrypts the key that is made; plain when absent.")
]
Filter = Annotated[str, typer.Option("--filter", help="Conditions joined by AND.")]

DEFAULT_CONTEXT = ""
"""The context in use: `lienthong context use NAME`, else `operator`."""

_TO_THE_MINUTE, _TO_THE_DAY = len("2026-11-26 09:30"), len("2026-11-26")

Column = tuple[str, Callable[[Any], str]]


def session(who: str) -> Axis:
    """Opens a session as somebody.

    Raises:
        ContextError: The context cannot be used.
    """
    return connect(context_of(who))


def context_of(who: str) -> Context:
    """Reads the context that speaks."""
    return load_context(context_file(who))


def context_file(who: str) -> Path:
    """Finds the file of the context that speaks: named, in use, or `operator`."""
    return find_context(who or in_use() or "operator")


def in_use() -> str:
    """Tells which context was chosen with `lienthong context use`."""
    chosen = Path("var") / "contexts" / "current"
    return chosen.read_text("utf-8").strip() if chosen.is_file() else ""


def show(message: Message, columns: Sequence[Column], *, as_json: bool) -> None:
    """Prints one thing, with whole names."""
    remember([message])
    if as_json:
        print_json(to_dict(message))
        return
    for title, read in columns:
        text = read(message)
        if text:
            out.print(f"[dim]{title:>14}[/]  {escape(text)}", soft_wrap=True)


def show_list(messages: Iterable[Message], columns: Sequence[Column], *, as_json: bool, more: str = "") -> None:
    """Prints a list, as much of it as fits; columns stand in the order of their importance.

    Args:
        messages: The rows.
        columns: What is shown of each.
        as_json: Whether a program reads it.
        more: Token of the next page; there is more when it is not empty.
    """
    rows = list(messages)
    if more:
        err.print(f"[dim]there is more: these are {len(rows)}; --limit takes up to 500[/]", soft_wrap=True)
    remember(rows)
    if as_json:
        print_json([to_dict(row) for row in rows])
        return
    if not rows:
        out.print("[dim]nothing[/]")
        return
    fitted = fit([title for title, _ in columns], [[read(row) for _, read in columns] for row in rows], out.width)
    out.print(table_of(fitted))
    if fitted.left_out:
        err.print(
            f"[dim]no room for: {', '.join(fitted.left_out)}; a wider terminal or --json shows all[/]", soft_wrap=True
        )


def to_dict(message: Message) -> dict[str, Any]:
    """Makes plain data of a message; bytes are base64, names are those of the contract."""
    return MessageToDict(message, preserving_proto_field_name=True)


def print_json(value: Any) -> None:
    """Prints JSON on one line of standard output, in ASCII where that takes nothing else."""
    _write_json(sys.stdout, value)


def _write_json(stream: TextIO, value: Any) -> None:
    plain = stream.encoding.lower() != "utf-8"
    stream.write(escaped(json.dumps(value, ensure_ascii=plain)) + "\n")
    stream.flush()


def when(message: Timestamp) -> str:
    """Shows a time as people in Viet Nam read it; empty when it is not set."""
    if not message.seconds:
        return ""
    return local(from_timestamp(message))


def local(moment: datetime) -> str:
    """Shows a time in Viet Nam."""
    return moment.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")


def complain(reason: str, *problems: str) -> None:
    """Says what went wrong here, without the axis, on standard error; as one JSON object when JSON was asked for."""
    if for_a_program():
        _write_json(sys.stderr, {"error": {"reason": reason, "message": "\n".join(problems)}})
        return
    for text in problems:
        err.print(f"[bold red]{reason}[/]  {escape(text)}", soft_wrap=True)


def explain(error: AxisCallError, about: str = "") -> None:
    """Says what went wrong and what to do, on standard error; in JSON when JSON was asked for.

    Args:
        error: What went wrong.
        about: With which of several things.
    """
    if for_a_program():
        _write_json(sys.stderr, {"error": _plain(error) | ({"about": about} if about else {})})
        return
    if about:
        err.print(f"{about}:", markup=False, soft_wrap=True)
    err.print(f"[bold red]{error.reason}[/]  {escape(error.message)}", soft_wrap=True)
    for violation in error.violations[1:] if len(error.violations) > 1 else ():
        err.print(f"  · {escape(violation.text())}", soft_wrap=True)
    for key, value in error.metadata.items():
        if key != "violations":
            err.print(f"  [dim]{key}[/] {escape(value)}", soft_wrap=True)


def for_a_program() -> bool:
    """Tells whether JSON was asked for."""
    return "--json" in sys.argv


def _plain(error: AxisCallError) -> dict[str, Any]:
    return {
        "code": error.code.name,
        "reason": error.reason,
        "message": error.message,
        "metadata": dict(error.metadata),
        "violations": [asdict(one) for one in error.violations],
        "retry_after_seconds": error.retry_after.total_seconds() if error.retry_after else None,
    }


def print_no_more() -> None:
    """Drops what standard output and standard error do not take.

    At its end the interpreter would try again, say so at length, and end with an exit code of its own.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


def transfer_bar(title: str, *, as_json: bool) -> "TransferBar":
    """Makes a bar for a transfer; it stays silent when JSON was asked for or nobody looks."""
    return TransferBar(title, silent=as_json or not err.is_terminal)


@contextmanager
def resumable(request_id: str) -> Iterator[None]:
    """Says with which key the same command goes on when a transfer breaks off, by whatever hand."""
    try:
        yield
    except (KeyboardInterrupt, AxisUnavailableError):
        if not for_a_program():
            err.print(f"[dim]it goes on where it stands: the same with --request-id {request_id}[/]", soft_wrap=True)
        raise


class TransferBar:
    """Shows how a transfer goes."""

    def __init__(self, title: str, *, silent: bool) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=err,
            disable=silent,
        )
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._bar.start()
        return self._advance

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def _advance(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total or None)


def field(name: str) -> Callable[[Any], str]:
    """Reads a text field of a message."""
    return lambda message: str(getattr(message, name))


def moment(name: str) -> Callable[[Any], str]:
    """Reads a time field of a message, to the minute."""
    return lambda message: when(getattr(message, name))[:_TO_THE_MINUTE]


def day(name: str) -> Callable[[Any], str]:
    """Reads the day of a time field of a message."""
    return lambda message: when(getattr(message, name))[:_TO_THE_DAY]


def choice(name: str, prefix: str) -> Callable[[Any], str]:
    """Reads an enumerated field of a message, without its prefix; empty when it is not set."""

    def read(message: Message) -> str:
        values = message.DESCRIPTOR.fields_by_name[name].enum_type
        if values is None:
            raise TypeError(f"{name} is no enumerated field")
        found = values.values_by_number[getattr(message, name)].name.removeprefix(prefix).lower()
        return "" if found == "unspecified" else found

    return read
