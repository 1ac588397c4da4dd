"""Private keys on the disk, through the real program: encrypted under a passphrase, refused when others may read."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from lienthong.chassis.clock import SystemClock
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyfiles import load_certificates, load_private_key
from lienthong.chassis.keyring import Keyring
from lienthong.client import AxisCallError, ContextError, connect, load_context
from lienthong.setup import first_start

SECONDS = 60
NAMES = {"axis-root", "server", "operator", "intake-seal", "workflow-seal"}
SECRET = "một hai ba bốn năm sáu"


def config(folder: Path, **keys: object) -> Path:
    """Writes a configuration with this section on keys."""
    file = folder / "config.yaml"
    server = {"listen": "127.0.0.1:0", "metrics": ""}
    file.write_text(yaml.safe_dump({"data_dir": str(folder / "data"), "server": server, "keys": keys}), "utf-8")
    return file


def passphrase(folder: Path, text: str = SECRET, name: str = "passphrase", mode: int = 0o600) -> str:
    """Writes a passphrase file; gives its path."""
    file = folder / name
    file.write_text(f"{text}\n", "utf-8")
    file.chmod(mode)
    return str(file)


def command(file: Path) -> list[str]:
    """The program on a configuration."""
    return [sys.executable, "-m", "lienthong", "run", "--config", str(file)]


def refused(file: Path) -> str:
    """Starts the program, which must refuse as a wrong configuration; gives what it says, in one line."""
    environment = {**os.environ, "COLUMNS": "300"}
    ended = subprocess.run(  # noqa: S603 -- our own program
        command(file), env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert SECRET not in ended.stderr
    return " ".join(ended.stderr.split())


def served(folder: Path, file: Path) -> str:
    """Starts the program, speaks with it as operator, and stops it; gives its log."""
    log = folder / "log"
    with log.open("wb") as target:
        process = subprocess.Popen(command(file), stdout=target, stderr=target)  # noqa: S603 -- our own program
    try:
        end = time.monotonic() + SECONDS
        while not answers(folder / "data" / "contexts" / "operator.yaml"):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < end, "the program did not answer in time"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        (folder / "data" / "contexts" / "operator.yaml").unlink(missing_ok=True)
    return log.read_text("utf-8")


def answers(context: Path) -> bool:
    """Tells whether the program answers the operator, over mutual TLS."""
    try:
        with connect(load_context(context)) as axis:
            return axis.serving(timeout=2.0)
    except (ContextError, AxisCallError):
        return False


def made(folder: Path, secret: bytes | None) -> None:
    """Makes the keys as the first start does."""
    (folder / "data").mkdir()
    keyring = Keyring(folder / "data" / "keys", secret)
    first_start(keyring, ("localhost", "127.0.0.1"), SystemClock(), Uuid7Source())


def keys(folder: Path) -> dict[str, Path]:
    """The key files by name."""
    return {file.stem: file for file in (folder / "data" / "keys").glob("*.key")}


def test_all_keys_are_encrypted_and_the_program_serves(tmp_path: Path) -> None:
    """With a passphrase every private key is PKCS#8 under it, mode 0600; TLS, seals and the operator's context work."""
    log = served(tmp_path, config(tmp_path, passphrase_file=passphrase(tmp_path)))
    found = keys(tmp_path)
    assert found.keys() == NAMES
    for file in found.values():
        assert file.read_text("ascii").startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert load_private_key(file, SECRET.encode())
    assert SECRET not in log
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert b"BEGIN PRIVATE KEY" not in file.read_bytes(), f"{file} holds a plain key"


def test_plain_keys_are_encrypted_at_the_next_start(tmp_path: Path) -> None:
    """Keys made without a passphrase come under it when one is configured; they stay the same keys."""
    made(tmp_path, None)
    before = {name: load_private_key(file, None).public_key() for name, file in keys(tmp_path).items()}
    assert before.keys() == NAMES
    log = served(tmp_path, config(tmp_path, passphrase_file=passphrase(tmp_path)))
    after = {name: load_private_key(file, SECRET.encode()).public_key() for name, file in keys(tmp_path).items()}
    assert before == after
    assert log.count("private key encrypted") == len(NAMES)
    chain = load_certificates(tmp_path / "data" / "keys" / "server.crt")
    assert chain[0].public_key() == after["server"]


def test_wrong_and_missing_passphrases_are_refused(tmp_path: Path) -> None:
    """Keys that cannot be opened stop the start, all of them at once, and nothing is made anew in their place."""
    made(tmp_path, SECRET.encode())
    before = {name: file.read_bytes() for name, file in keys(tmp_path).items()}
    wrong = refused(config(tmp_path, passphrase_file=passphrase(tmp_path, "not the right passphrase", "wrong")))
    missing = refused(config(tmp_path))
    for name in NAMES:
        assert f"{name}.key cannot be read: wrong passphrase or damaged file" in wrong
        assert f"{name}.key is encrypted and no passphrase is configured; set keys.passphrase_file" in missing
    assert {name: file.read_bytes() for name, file in keys(tmp_path).items()} == before


def test_a_context_without_its_passphrase_is_told(tmp_path: Path) -> None:
    """A client whose key is encrypted says what is missing; it does not fail inside TLS."""
    made(tmp_path, SECRET.encode())
    folder = tmp_path / "data" / "keys"
    context = tmp_path / "own.yaml"
    values = {"address": "127.0.0.1:1", "authority": str(folder / "axis-root.crt")}
    values |= {"certificate": str(folder / "operator.crt"), "key": str(folder / "operator.key")}
    context.write_text(yaml.safe_dump(values | {"passphrase_file": passphrase(tmp_path, "wrong but long enough", "w")}))
    with pytest.raises(ContextError, match="wrong passphrase"), connect(context) as axis:
        axis.serving()
    context.write_text(yaml.safe_dump(values))
    with pytest.raises(ContextError, match="passphrase_file"), connect(context) as axis:
        axis.serving()
