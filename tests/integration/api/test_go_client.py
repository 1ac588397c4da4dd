"""A system of an agency in another language: the client in Go that is shown to authors, through the real port."""

import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from .go_client import go_client
from .world import World, attached, emptied, file_of, wait_for

pytestmark = pytest.mark.embedded


def ran(world: World, who: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs the client with somebody's credentials."""
    context = world.sessions[who].context
    connection = ["-address", context.address, "-authority", str(context.authority), "-as", str(world.contexts / who)]
    command = [str(go_client()), *connection, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- our own


def receive(world: World, folder: Path) -> list[str]:
    """Takes what waits for the city; gives what it prints, word by word."""
    done = ran(world, "city", "receive", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("size", [1_000, 3_000_000], ids=["inline", "in pieces"])
def test_a_document_from_agency_to_agency(world: World, tmp_path: Path, size: int) -> None:
    """Handed in twice it has one receipt; the recipient stores what was sealed, once."""
    emptied(world.city)
    file = tmp_path / "cong-van.edxml"
    file.write_bytes(file_of(attachments=(attached("phu-luc.bin", os.urandom(size)),)))
    first, again = (ran(world, "vpcp", "send", str(file)) for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert again.stdout == first.stdout
    stored, *_ = wait_for("it is there", lambda: receive(world, tmp_path))
    rendition = world.vpcp.download(f"{first.stdout.split()[0]}/rendition", io.BytesIO())
    assert hashlib.sha256(Path(stored).read_bytes()).hexdigest() == rendition
    assert receive(world, tmp_path) == []


def test_a_refusal_is_told(world: World, tmp_path: Path) -> None:
    """What the axis refuses is said in its words, with the reason; the command fails."""
    file = tmp_path / "cong-van.edxml"
    file.write_bytes(b"<a/>")
    refused = ran(world, "vpcp", "send", str(file))
    assert refused.returncode == 1
    assert "reason: ROOT_UNKNOWN" in refused.stderr
    assert "line 1" in refused.stderr
