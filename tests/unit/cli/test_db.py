"""What `lienthong db` and `lienthong topics` say when they are used wrongly, or nobody is there."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lienthong.chassis import belonging
from lienthong.chassis.errors import AxisError, Code, unavailable
from lienthong.cli import db
from lienthong.cli.main import app
from lienthong.dev.servers import free_port

USAGE = 2


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose engines are away."""
    here = f"['127.0.0.1:{free_port()}']"
    file = tmp_path / "config.yaml"
    kafka = f"{{servers: {here}, security: plaintext, answer_seconds: 1}}"
    file.write_text(f"engines: {{postgres: {{servers: {here}, tls: plain}}, kafka: {kafka}}}", "utf-8")
    return file


def run(*arguments: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("command", [("upgrade",), ("check",), ("downgrade", "1"), ("provision", "postgresql://x")])
def test_a_service_that_there_is_not(config: Path, command: tuple[str, ...]) -> None:
    """It is told with the names that there are, before anything is asked."""
    result = run("db", *command, "--service", "intak", "--config", str(config))
    assert result.exit_code == USAGE
    assert "intake, workflow" in " ".join(result.output.split())


def test_an_address_that_is_none(config: Path) -> None:
    """The administrator's address is named as what is wrong."""
    result = run("db", "provision", "no address", "--config", str(config))
    assert result.exit_code == USAGE
    assert "ADMINISTRATOR" in result.output


def test_what_was_done_is_one_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a program all services are one value, also when the last fails; for people each is told when it is done."""
    failing = {"workflow"}

    def owned(_settings: object, _service: object) -> Iterator[tuple[str, str]]:
        yield from ((name, name) for name in ("intake", "routing", "workflow"))

    def give_up(database: str) -> None:
        if database in failing:
            raise unavailable("DATABASE_AWAY", "It is away.", timedelta(seconds=1))

    monkeypatch.setattr(db, "_owned", owned)
    monkeypatch.setattr(belonging, "give_up", give_up)
    told = run("db", "adopt", "--json")
    assert isinstance(told.exception, AxisError)
    assert json.loads(told.stdout) == [{"service": "intake"}, {"service": "routing"}]
    assert run("db", "adopt").stdout.startswith("intake: belongs to")
    failing.clear()
    rows = json.loads(run("db", "adopt", "--json").stdout)
    assert [row["service"] for row in rows] == ["intake", "routing", "workflow"]


def test_engines_that_are_away(config: Path) -> None:
    """A server that does not answer is told as such, with the exit code of all commands for it."""
    port = free_port()
    for command in (("db", "provision", f"postgresql://postgres@127.0.0.1:{port}/postgres"), ("topics", "apply")):
        error = run(*command, "--config", str(config)).exception
        assert isinstance(error, AxisError), command
        assert error.code is Code.UNAVAILABLE
