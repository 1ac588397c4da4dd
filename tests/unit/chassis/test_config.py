"""Configuration: all problems at once, what weighs most, and nothing of secrets."""

from pathlib import Path

import pytest

from lienthong.chassis.config import ConfigError, load
from lienthong.settings import Settings


def test_all_problems_of_a_configuration(tmp_path: Path) -> None:
    """Unknown keys and bad values of the file, the environment and the command line are told together."""
    file = tmp_path / "config.yaml"
    file.write_text("colour: red\nserver: {threads: 0}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {"LIENTHONG_ROUTING__CHUNK": "0", "OTHER": "x"}, {"intake": {"recipients": -1}})
    places = {problem.partition(":")[0] for problem in refused.value.problems}
    assert places == {"colour", "server.threads", "routing.chunk", "intake.recipients"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "is not YAML", id="no UTF-8"),
        pytest.param(b"[" * 5000, "is not YAML", id="too deep"),
        pytest.param(b"data_dir: 2026-13-45", "is not YAML", id="a day that does not exist"),
        pytest.param(b"log: {level: INFO}\nlog: {form: text}\n", "log is given twice", id="a section twice"),
        pytest.param(b"log: {level: INFO, level: DEBUG}", "level is given twice", id="a key twice"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    """What stands in the file is told as a problem of the file, and nothing of it is lost in silence."""
    file = tmp_path / "lienthong.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {}, {})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{file}: ")
    assert said in problem


def test_a_merged_section(tmp_path: Path) -> None:
    """A key beside `<<` weighs more than the merged one, as YAML has it; that is no key given twice."""
    file = tmp_path / "lienthong.yaml"
    file.write_text("retention: &r {outbox_days: 3}\nretention2: &s {<<: *r, outbox_days: 4}\nlog: {<<: *s}\n", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {}, {})
    assert not any("twice" in problem for problem in refused.value.problems)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Credentials in an address, and the value of a variable that cannot be read, stay out of what is printed."""
    file = tmp_path / "lienthong.yaml"
    file.write_text("engines: {objects: {url: s3://bucket, endpoint: 'http://me:hush@store.example:9000'}}", "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(Settings, file, {"LIENTHONG_ENGINES__KAFKA__PASSWORD": "hush: ["}, {})
    assert len(refused.value.problems) == 2
    assert "hush" not in str(refused.value)


def test_what_weighs_most(tmp_path: Path) -> None:
    """Defaults, file, environment, command line: each weighs more than the one before."""
    file = tmp_path / "config.yaml"
    file.write_text("server: {threads: 2, queue: 2, drain_seconds: 2}\n", "utf-8")
    found: Settings = load(
        Settings, file, {"LIENTHONG_SERVER__THREADS": "3", "LIENTHONG_SERVER__QUEUE": "3"}, {"server": {"queue": 4}}
    )
    assert (found.server.drain_seconds, found.server.threads, found.server.queue) == (2, 3, 4)
    assert found.server.transfer_threads == Settings().server.transfer_threads


@pytest.mark.parametrize(
    "server",
    [
        {"listen": "0.0.0.0:1", "insecure": True},
        {"listen": "[::]:1", "insecure": True},
        {"listen": "truc.gov.vn:1", "insecure": True},
        {"listen": "nonsense"},
        {"listen": ""},
        {"listen": "127.0.0.1:65536"},
        {"metrics": "127.0.0.1"},
    ],
)
def test_doors_that_are_refused(server: dict[str, object]) -> None:
    """An address has a port that exists; without TLS only loopback is served."""
    with pytest.raises(ConfigError, match="server"):
        load(Settings, None, {}, {"server": server})


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:1", "[::1]:1"])
def test_no_tls_on_loopback(listen: str) -> None:
    """Without TLS loopback may be served when it is written so."""
    found: Settings = load(Settings, None, {}, {"server": {"listen": listen, "insecure": True}})
    assert found.server.insecure
