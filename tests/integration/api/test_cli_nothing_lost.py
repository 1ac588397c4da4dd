"""Nothing goes missing in silence: lists say that there is more, and a new version keeps what was attached."""

import json
from pathlib import Path

from .shell import PDF, Shell
from .world import World, attached, file_of, submit


def test_a_list_says_that_there_is_more(world: World, shell: Shell) -> None:
    """A list that was cut says so on standard error, for people and beside JSON; a whole one says nothing."""
    for _ in range(3):
        submit(world.vpcp, file_of(subject="V/v hội nghị giao ban hiếm có"))
    wanted = ("--filter", 'subject : "hoi nghi hiem co"', "--as", "vpcp")
    for form in ((), ("--json",)):
        code, printed, errors = shell.run("document", "list", "--limit", "2", *wanted, *form)
        assert code == 0
        assert "there is more" in errors
        assert not form or len(json.loads(printed)) == 2
        assert "there is more" not in shell.run("document", "list", "--limit", "3", *wanted, *form)[2]


def test_an_update_keeps_what_was_attached(world: World, shell: Shell, tmp_path: Path) -> None:
    """What is not named stays: an update of the header alone carries the attachments of the document."""
    file = attached("Công văn số 1.pdf", PDF)
    first = submit(world.vpcp, file_of(attachments=(file, attached("Phụ lục.xlsx", b"PK\x05\x06" + bytes(18), 2))))
    (tmp_path / "header.json").write_text('{"subject": "Đã sửa"}', "utf-8")
    update = shell.json("document", "update", first.document, "--header", "header.json", "--as", "vpcp")
    before, after = (
        shell.json("document", "get", name, "--as", "vpcp")["attachments"]
        for name in (first.document, update["document"])
    )
    assert [(one["name"], one["sha256"]) for one in after] == [(one["name"], one["sha256"]) for one in before]
    replaced = shell.json("document", "replace", first.document, "--number", "77x", "--as", "vpcp")
    assert len(shell.json("document", "get", replaced["document"], "--as", "vpcp")["attachments"]) == len(before)
