"""`lienthong topics`: the topics on a Kafka cluster, and who needs which right there."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lienthong.chassis.config import ConfigError
from lienthong.cli.console import Json, err, out, print_json
from lienthong.cli.run import ConfigFile, load
from lienthong.cli.tables import fit, table_of

if TYPE_CHECKING:
    from lienthong.chassis.engines.kafka.settings import KafkaSection
    from lienthong.chassis.engines.kafka.topics import Difference

SAME, DIFFERENT = 0, 3

app = typer.Typer(help="Make and compare the topics on a Kafka cluster.")
MorePartitions = Annotated[
    bool,
    typer.Option(
        "--more-partitions",
        help="Add partitions too. Keys move: stop all services first, when they have consumed everything.",
    ),
]


@app.command("diff")
def diff(*, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Compares the cluster with what is declared; exit code 0 when it is the same, 3 when not."""
    from lienthong.chassis.engines.kafka import topics
    from lienthong.chassis.topics import TOPICS

    section = _section(config_file)
    found = topics.diff(section, TOPICS)
    _print(found, "the topics are as declared", as_json=as_json)
    raise typer.Exit(DIFFERENT if found else SAME)


@app.command("apply")
def apply(*, config_file: ConfigFile = None, more_partitions: MorePartitions = False, as_json: Json = False) -> None:
    """Makes topics that are missing and changes settings; removes nothing. Exit code 3 when a difference remains."""
    from lienthong.chassis.engines.kafka import topics
    from lienthong.chassis.topics import TOPICS

    section = _section(config_file)
    done = topics.apply(section, TOPICS, more_partitions=more_partitions)
    left = topics.diff(section, TOPICS)
    if as_json:
        print_json({"changed": _plain(done), "left": _plain(left)})
    else:
        _print(done, "nothing was to be changed", as_json=False)
        if left:
            err.print("[yellow]these remain; `--more-partitions` adds partitions, replication is for the cluster[/]")
            _print(left, "", as_json=False)
    raise typer.Exit(DIFFERENT if left else SAME)


@app.command("rights")
def rights(*, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Lists the rights that each service needs on the cluster, and no more."""
    from lienthong.chassis.engines.kafka.rights import rights

    found = [asdict(one) for one in rights(load(None, config_file).engines.kafka)]
    if as_json:
        print_json(found)
    else:
        _table(found, ("principal", "operation", "kind", "name"))


def _section(config_file: ConfigFile) -> "KafkaSection":
    section = load(None, config_file).engines.kafka
    if not section.servers:
        raise ConfigError(["engines.kafka.servers: none is named; the embedded event log makes its topics itself"])
    return section


def _print(found: "Sequence[Difference]", nothing: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(found))
    elif found:
        _table(_plain(found), ("topic", "kind", "name", "found", "wanted"))
    else:
        out.print(nothing)


def _plain(found: "Sequence[Difference]") -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    out.print(table_of(fit(list(columns), [[row[name] for name in columns] for row in rows], out.width)))
