"""A database belongs to one installation: the services of another one, pointed at it by mistake, do not start."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.engines import close_databases, fresh_schemas, open_postgres

from lienthong.chassis import migrations
from lienthong.chassis.clock import SystemClock
from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.kafka.owner import NOBODY, Owner
from lienthong.chassis.engines.postgres.settings import PostgresSection
from lienthong.chassis.ids import Uuid7Source
from lienthong.cli.main import main
from lienthong.engines import Engines
from lienthong.settings import EnginesSection, Settings

OURS, THEIRS = Owner("00000000000000aa"), Owner("3fffffffffffffff")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Of a process with the schema of intake and its tables."""
    section: PostgresSection = fresh_schemas("intake")
    migrations.upgrade(open_postgres(section, "intake", owner=True), "intake")
    yield Settings(data_dir=tmp_path, engines=EnginesSection(postgres=section))
    close_databases()


def start(settings: Settings, owner: Owner) -> None:
    """Does what a process does before it serves."""
    with closing(Engines(settings, SystemClock(), Uuid7Source(), owner)) as engines:
        engines.database("intake")
        engines.insist_on_schemas()


def test_another_installation_does_not_start(settings: Settings) -> None:
    """It would publish our events to its own services; ours start again and again, older programs too."""
    start(settings, NOBODY)
    start(settings, OURS)
    with pytest.raises(ConfigError, match=r"the database of intake is of another installation: .* 00000000000000aa, "):
        start(settings, THEIRS)
    start(settings, NOBODY)
    start(settings, OURS)


def test_an_authority_that_was_replaced_for_good(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator gives the database to whoever starts next; the one before is refused from then on."""
    start(settings, OURS)
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(settings.model_dump(mode="json")))
    monkeypatch.setattr(sys, "argv", ["lienthong", "db", "adopt", "--service", "intake", "--config", str(config)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    start(settings, THEIRS)
    with pytest.raises(ConfigError, match="another installation"):
        start(settings, OURS)
