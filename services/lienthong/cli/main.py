"""`lienthong`: all groups of commands, and what becomes of errors.

Exit codes: 0 done; 1 failed inside; 2 wrong usage or configuration; 3 refused as wrong; 4 not found; 5 not allowed;
6 exists with other content; 7 not in this state; 8 the axis is away or busy; 9 a limit is reached. With --json what
went wrong is a JSON object on standard error, too.
"""

import errno
import io
import sys
from dataclasses import replace
from importlib.metadata import version
from typing import Annotated

import typer

from lienthong.chassis.config import ConfigError
from lienthong.chassis.errors import AxisError, cause_of
from lienthong.chassis.pki import PkiError
from lienthong.cli import (
    agency,
    audit,
    capacity,
    case,
    config,
    contexts,
    db,
    demo,
    dev,
    doctor,
    document,
    edxml,
    keys,
    mailbox,
    moving,
    notice,
    ops,
    run,
    status,
    subscription,
    support,
    system,
    task,
    topics,
    trial,
    upload,
)
from lienthong.cli.console import complain, explain, for_a_program, print_no_more
from lienthong.client import (
    AxisCallError,
    AxisUnavailableError,
    ConflictError,
    ContextError,
    InvalidRequestError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
    PreconditionError,
)
from lienthong.client.errors import from_axis_error

USAGE = 2
_EXIT_CODES: tuple[tuple[type[AxisCallError], int], ...] = (
    (InvalidRequestError, 3),
    (NotFoundError, 4),
    (NotAllowedError, 5),
    (ConflictError, 6),
    (PreconditionError, 7),
    (AxisUnavailableError, 8),
    (LimitReachedError, 9),
)

app = typer.Typer(
    name="lienthong",
    help="An open axis on which agencies exchange signed electronic documents.",
    epilog=(__doc__ or "").split("\n\n")[1],
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 -- a callback of typer is called so
    if wanted:
        typer.echo(f"lienthong {version('lienthong')}")
        raise typer.Exit


@app.callback()
def _everywhere(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    pass


app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("trial")(trial.trial)
app.command("doctor")(doctor.doctor)
app.command("capacity")(capacity.capacity)
app.command("support-bundle")(support.support_bundle)
app.command("export")(moving.export)
app.command("import")(moving.import_)
for name, group in (
    ("agency", agency.app),
    ("system", system.app),
    ("document", document.app),
    ("upload", upload.app),
    ("mailbox", mailbox.app),
    ("status", status.app),
    ("task", task.app),
    ("case", case.app),
    ("notice", notice.app),
    ("subscription", subscription.app),
    ("edxml", edxml.app),
    ("ops", ops.app),
    ("audit", audit.app),
    ("config", config.app),
    ("keys", keys.app),
    ("db", db.app),
    ("topics", topics.app),
    ("context", contexts.app),
    ("dev", dev.app),
):
    app.add_typer(group, name=name, no_args_is_help=True)


def main() -> None:
    """Runs the command line; ends the process with a documented exit code."""
    _take_any_text()
    try:
        # Told in JSON, wrong usage is told here.
        sys.exit(app(standalone_mode=not for_a_program()))
    except typer.TyperException as error:
        complain("USAGE", error.format_message())
        sys.exit(error.exit_code)
    except AxisCallError as error:
        _refused(error)
    except AxisError as error:
        # An engine, asked from here and not through a service: whoever does so may know what it said.
        _refused(from_axis_error(replace(error, message=_in_full(error))))
    except ContextError as error:
        complain("CONTEXT", str(error))
        sys.exit(USAGE)
    except ConfigError as error:
        complain("CONFIG", *error.problems)
        sys.exit(USAGE)
    except PkiError as error:
        complain("KEYS", str(error))
        sys.exit(USAGE)
    except BrokenPipeError:
        print_no_more()
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        # A file that was written is named where it was (`files.written`): without a name it is standard output.
        complain("FILE", f"{error.filename or 'standard output'}: {error.strerror}")
        print_no_more()
        sys.exit(USAGE)


def _take_any_text() -> None:
    """Lets no text fail for the encoding of a terminal, nor the name of a file for not being UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _in_full(error: AxisError) -> str:
    cause = cause_of(error)
    return error.message if cause in error.message else f"{error.message} It said: {cause}"


def _refused(error: AxisCallError) -> None:
    explain(error)
    sys.exit(next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), 1))
