"""Words of others on a terminal are text, and files that were written before stay until new ones are whole."""

import re
from pathlib import Path

import pytest

from lienthong.chassis.errors import Code

from .shell import Shell
from .world import World, delivered, file_of, pull, report, submit, to, wait_for

PRECONDITION = 7

MARKS = "[/] [bold]đậm[/x] [link=x"


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A file with marks of the terminal's own in its words, in a date and in a code."""
    data = file_of(subject=MARKS, recipients=to("000.00.00.H29", MARKS))
    data = re.sub(rb"<edXML:PromulgationDate>[^<]*<", f"<edXML:PromulgationDate>{MARKS}<".encode(), data, count=1)
    file = tmp_path / "[b]văn bản.edxml"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("command", [("document", "check"), ("edxml", "check"), ("edxml", "show")])
def test_marks_are_text(shell: Shell, marked: Path, command: tuple[str, str]) -> None:
    """What a document says is printed as it is, whatever it looks like."""
    speaker = ("--as", "vpcp") if command[0] == "document" else ()
    code, printed, errors = shell.run(*command, str(marked), *speaker)
    assert (code, errors) == (0, "")
    assert MARKS in printed


def test_marks_in_a_refusal(shell: Shell, tmp_path: Path) -> None:
    """A refusal repeats what was found, as it is."""
    file = tmp_path / "odd.edxml"
    file.write_bytes(file_of(recipients=to(MARKS)))
    code, printed, errors = shell.run("document", "check", str(file), "--as", "vpcp")
    assert (code, errors) == (3, "")
    assert MARKS in printed


def test_marks_in_the_name_of_an_agency(world: World, shell: Shell) -> None:
    """Credentials are issued to an agency of any name, into files that its short name cannot lead elsewhere."""
    world.register("UBND/Q.12 [/]", f"UBND Quận 12 {MARKS}", "H29.12")
    code, printed, errors = shell.run("agency", "issue-credentials", "H29.12")
    assert code == 0, errors
    assert MARKS in printed
    assert (world.contexts / "ubnd-q.12.yaml").is_file()


def test_a_download_that_fails_leaves_what_was_there(world: World, shell: Shell, tmp_path: Path) -> None:
    """What was downloaded stays whole when the same is asked again in vain, and nothing half is left behind."""
    receipt, item = delivered(world)
    target = tmp_path / "in"
    shell.json("mailbox", "download", item.delivery, "--to", str(target), "--as", "city")
    before = (target / "document.edxml").read_bytes()
    shell.json("document", "recall", receipt.document, "--reason", "gửi nhầm", "--as", "vpcp")
    assert report(world.city, "15", delivery=item.delivery).status.code == 0
    again = ("mailbox", "download", item.delivery, "--to", str(target), "--as", "city")
    wait_for("it is taken back", lambda: shell.run(*again)[0] == PRECONDITION)
    assert [file.name for file in target.iterdir()] == ["document.edxml"]
    assert (target / "document.edxml").read_bytes() == before


def test_an_acknowledgement_in_vain_is_no_success(world: World, shell: Shell) -> None:
    """A script that goes on behind `ack` or `fail` goes on only when each item was taken off its hands."""
    receipt = submit(world.vpcp, file_of())
    item = pull(world.city, receipt.document)
    rows = shell.json("mailbox", "ack", f"{item.name}=wrong", "--as", "city", code=PRECONDITION)
    assert rows[0]["status"]["code"] == Code.FAILED_PRECONDITION.value
    shell.json("mailbox", "ack", f"{item.name}={item.lease}", "--as", "city")
    shell.json("mailbox", "fail", f"{item.name}={item.lease}", "--reason", "x", "--as", "city", code=PRECONDITION)
