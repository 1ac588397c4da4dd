"""A system of an agency in another language: the client in Go that is shown to authors, through the real port."""

import hashlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from .go_client import go_client
from .world import World, attached, file_of, wait_for

pytestmark = pytest.mark.embedded


def ran(world: World, who: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs the client with somebody's credentials."""
    context = world.sessions[who].context
    connection = ["-address", context.address, "-authority", str(context.authority), "-as", str(world.contexts / who)]
    command = [str(go_client()), *connection, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 -- our own


def receive(world: World, folder: Path) -> set[str]:
    """Takes what waits for the city; gives the hashes of all that is in the folder then."""
    done = ran(world, "city", "receive", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return {hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("size", [1_000, 3_000_000], ids=["inline", "in pieces"])
def test_a_document_from_agency_to_agency(world: World, tmp_path: Path, size: int) -> None:
    """Handed in twice it has one receipt; the recipient stores what was sealed, once."""
    file, received, later = (tmp_path / name for name in ("cong-van.edxml", "received", "later"))
    received.mkdir()
    later.mkdir()
    file.write_bytes(file_of(attachments=(attached("phu-luc.bin", os.urandom(size)),)))
    first, again = (ran(world, "vpcp", "send", str(file)) for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    assert again.stdout == first.stdout
    sealed = world.vpcp.download(f"{first.stdout.split()[0]}/rendition", io.BytesIO())
    # Beside it comes what others left in this mailbox.
    wait_for("it is there", lambda: sealed in receive(world, received))
    assert sealed not in receive(world, later)


def test_a_refusal_is_told(world: World, tmp_path: Path) -> None:
    """What the axis refuses is said in its words, with the reason; the command fails."""
    file = tmp_path / "cong-van.edxml"
    file.write_bytes(b"<a/>")
    refused = ran(world, "vpcp", "send", str(file))
    assert refused.returncode == 1
    assert "reason: ROOT_UNKNOWN" in refused.stderr
    assert "line 1" in refused.stderr
