"""`lienthong run`: keeps the platform up."""

import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lienthong.chassis import config, logging
from lienthong.cli.console import Json, print_json, print_no_more

if TYPE_CHECKING:
    from lienthong.app import Platform
    from lienthong.settings import Settings

Target = Literal["all", "intake", "routing", "workflow", "signing", "notification"]
_ENDED_BY = 128
"""Added to the number of a signal: the exit code of whoever was ended by it."""

ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file; see `lienthong config show`.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of engines, keys and contexts.")]


def run(
    target: Annotated[Target, typer.Option(help="What this process is; `all` is every service.")] = "all",
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    listen: Annotated[str, typer.Option(help="Address and port of gRPC.")] = "",
    metrics: Annotated[str | None, typer.Option(help="Address and port of metrics; empty for none.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Keeps the platform up until it gets SIGTERM, SIGINT or SIGHUP; then it drains and ends."""
    # Until it can drain: the first process of a container would not even notice the signal.
    signal.signal(signal.SIGTERM, _give_up)
    from lienthong import app

    settings = load(data_dir, config_file, listen=listen, metrics=metrics)
    logging.configure(settings.log.level, settings.log.form)
    app.run(settings, lambda platform: _announce(platform, as_json=as_json), target)
    print_no_more()


def _give_up(number: int, _frame: object) -> None:
    sys.exit(_ENDED_BY + number)


def load(
    data_dir: Path | None, config_file: Path | None, *, listen: str = "", metrics: str | None = None
) -> "Settings":
    """Reads the configuration; what the command line says weighs most.

    Raises:
        ConfigError: With all problems at once.
    """
    from lienthong.settings import Settings

    overrides: dict[str, Any] = {"data_dir": data_dir} if data_dir else {}
    server = ({"listen": listen} if listen else {}) | ({"metrics": metrics} if metrics is not None else {})
    if server:
        overrides["server"] = server
    settings: Settings = config.load(Settings, config_file, os.environ, overrides)
    return settings


def _announce(platform: "Platform", *, as_json: bool) -> None:
    data_dir, target = platform.settings.data_dir, platform.target
    if as_json:
        print_json({"target": target, "port": platform.port, "data_dir": str(data_dir), "pid": os.getpid()})
        return
    lines = [f"lienthong {target} is up: port {platform.port}, data in {data_dir}, pid {os.getpid()}"]
    if target == "all":
        contexts = shlex.quote(str(data_dir.resolve() / "contexts"))
        lines.append(f"speak as operator: LIENTHONG_CONTEXTS={contexts} lienthong --help")
    # Whoever started it may have gone: it serves all the same.
    with suppress(OSError):
        sys.stderr.write("".join(f"{line}\n" for line in lines))
