"""A configuration that cannot be used is refused at start: every problem at once, exit code 2."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

SECONDS = 60


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the program until it ends by itself."""
    return subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "lienthong", *arguments],
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def config(folder: Path, **values: object) -> str:
    """Writes a configuration; gives its file."""
    file = folder / "config.yaml"
    server = {"listen": "127.0.0.1:0", "metrics": ""}
    file.write_text(yaml.safe_dump({"data_dir": str(folder / "data"), "server": server} | values), "utf-8")
    return str(file)


def test_every_problem_at_once(tmp_path: Path) -> None:
    """Unknown keys and bad values of all sections are told together, each with its place."""
    file = config(
        tmp_path,
        colour="red",
        server={"listen": "127.0.0.1:0", "metrics": "", "threads": 0, "thread": 4},
        routing={"lease_seconds": "một phút"},
        intake={"recipients": 5000},
        engines={"kafka": {"servers": "a:9092"}},
    )
    ended = run("run", "--config", file)
    assert ended.returncode == 2
    assert "engines.kafka.servers: is a list; write [one] or [one, two] (found 'a:9092')" in ended.stderr
    for place in ("colour", "server.threads", "server.thread", "routing.lease_seconds", "intake.recipients"):
        assert f"{place}: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_all_of_the_environment_is_checked_at_once(tmp_path: Path) -> None:
    """A value that cannot be read and a section that is none do not hide each other, nor what is wrong in the file."""
    variables = {"LIENTHONG_SERVER__HOSTS": "[oops", "LIENTHONG_SERVR__THREADS": "4", "LIENTHONG_SERVER__THREADS": "0"}
    ended = run("config", "check", "--config", config(tmp_path, colour="red"), **variables)
    assert ended.returncode == 2
    for place in ("LIENTHONG_SERVER__HOSTS: ", "LIENTHONG_SERVR__THREADS: ", "server.threads: ", "colour: "):
        assert place in ended.stderr
    assert "Traceback" not in ended.stderr


def test_calendar_is_checked_at_start(tmp_path: Path) -> None:
    """Office hours and the file of make-up days are read before anything runs, with all other problems."""
    days = tmp_path / "days.yaml"
    days.write_text("worked: [2027-02-13]\n", "utf-8")
    file = config(tmp_path, workflow={"office_hours": ["8h-12h"], "calendar_file": str(days), "edxml_bytes": 0})
    ended = run("run", "--config", file)
    assert ended.returncode == 2
    for place in ("workflow.office_hours: ", f"workflow.calendar_file: {days}", "workflow.edxml_bytes: "):
        assert place in ended.stderr
    assert "HH:MM-HH:MM" in ended.stderr


def test_check_says_the_same(tmp_path: Path) -> None:
    """`config check` refuses what `run` refuses, with the same words."""
    file = config(tmp_path, colour="red", workflow={"statuses_per_call": 0})
    checked, ran = run("config", "check", "--config", file), run("run", "--config", file)
    assert checked.returncode == ran.returncode == 2
    assert checked.stderr == ran.stderr


def test_files_that_are_named_are_looked_at(tmp_path: Path) -> None:
    """Of a target, all at once: before it runs it is told what it would wait for in vain; others' files are others'."""
    empty = tmp_path / "empty"
    empty.touch()
    kafka = {"servers": ["kafka:9093"], "ca_file": "gone.pem", "certificate_file": str(empty), "key_file": "gone.key"}
    postgres = {"servers": ["db:5432"], "password_file": "secrets/{service}", "owner_password_file": "gone.owner"}
    objects = {"url": "s3://bucket", "ca_file": "gone.ca"}
    keys = {"managed": False, "dir": "gone.keys"}
    file = config(tmp_path, engines={"kafka": kafka, "postgres": postgres, "objects": objects}, keys=keys)
    assert run("config", "check", "--config", file).returncode == 0
    ended = run("config", "check", "--config", file, "--target", "workflow")
    assert ended.returncode == 2
    told = " ".join(ended.stderr.split())
    for words in (
        "engines.kafka.ca_file: gone.pem cannot be read: No such file",
        f"engines.kafka.certificate_file: {empty} is empty",
        "engines.kafka.key_file: gone.key",
        "engines.postgres.password_file: secrets/workflow cannot be read",
        "gone.keys/axis-root.crt",
    ):
        assert words in told
    assert not any(words in told for words in ("gone.ca", "gone.owner", "secrets/intake"))


def test_the_environment_is_configuration(tmp_path: Path) -> None:
    """A bad variable of the environment is refused like a bad key of the file."""
    ended = run("config", "check", "--config", config(tmp_path), LIENTHONG_SERVER__THREADS="0")
    assert ended.returncode == 2
    assert "server.threads" in ended.stderr


@pytest.mark.parametrize(
    ("content", "words"), [("[1, 2", "is not YAML"), ("- một\n", "sections with keys"), (None, "cannot be read")]
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: str | None, words: str) -> None:
    """A file that cannot be read as YAML with sections is refused with its name."""
    file = tmp_path / "config.yaml"
    if content is not None:
        file.write_text(content, "utf-8")
    ended = run("run", "--config", str(file))
    assert ended.returncode == 2
    assert words in " ".join(ended.stderr.split())
    assert "config.yaml" in ended.stderr.replace("\n", "")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program holds."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.mark.parametrize("door", ["listen", "metrics"])
def test_a_port_in_use(tmp_path: Path, taken: int, door: str) -> None:
    """A port that is taken is refused with the setting that names it."""
    server = {"listen": "127.0.0.1:0", "metrics": ""} | {door: f"127.0.0.1:{taken}"}
    ended = run("run", "--config", config(tmp_path, server=server))
    assert ended.returncode == 2
    assert f"server.{door}" in ended.stderr
    assert str(taken) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_none(tmp_path: Path) -> None:
    """An address that cannot be bound is refused with the setting that names it, and with what is wrong."""
    ended = run("run", "--config", config(tmp_path, server={"listen": "300.1.1.1:0", "metrics": ""}))
    assert ended.returncode == 2
    assert "server.listen: 300.1.1.1:0 cannot be bound: 300.1.1.1 cannot be resolved" in ended.stderr


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A data folder that cannot be made is refused with its name."""
    (tmp_path / "file").write_text("x", "ascii")
    ended = run("run", "--config", config(tmp_path, data_dir=str(tmp_path / "file" / "data")))
    assert ended.returncode == 2
    assert "data_dir" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_in_use(tmp_path: Path) -> None:
    """Two processes never share a data folder."""
    file = config(tmp_path)
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "lienthong", "run", "--config", file], stderr=subprocess.PIPE, text=True
    ) as first:
        assert first.stderr is not None
        for line in first.stderr:
            if "is up" in line:
                break
        ended = run("run", "--config", file)
        first.send_signal(signal.SIGTERM)
        first.stderr.read()
        assert first.wait(SECONDS) == 0
    assert ended.returncode == 2
    assert "in use by another process" in " ".join(ended.stderr.split())


def test_no_tls_beyond_loopback(tmp_path: Path) -> None:
    """`insecure` is refused when bound beyond loopback."""
    server = {"listen": "[::]:0", "metrics": "", "insecure": True}
    ended = run("run", "--config", config(tmp_path, server=server))
    assert ended.returncode == 2
    assert "insecure" in ended.stderr


def test_fail_points_are_for_tests(tmp_path: Path) -> None:
    """A fail point needs the environment of tests, and a name that exists."""
    file = config(tmp_path, test={"failpoint": "uow.after-commit"})
    assert run("run", "--config", file).returncode == 2
    file = config(tmp_path, test={"failpoint": "nonsense"})
    assert run("run", "--config", file, LIENTHONG_TEST="1").returncode == 2
