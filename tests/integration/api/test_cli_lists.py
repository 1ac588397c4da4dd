"""Lists of the command line on a terminal: nothing wraps, and what they show is what the next command takes."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from .shell import PDF, Shell
from .world import World, attached, emptied, file_of, wait_for

LISTS: list[tuple[str, ...]] = [
    ("document", "list"),
    ("upload", "list"),
    ("mailbox", "list"),
    ("case", "list"),
    ("task", "list"),
    ("notice", "list"),
    ("subscription", "list"),
    ("status", "unmatched", "list"),
]
OPERATOR_LISTS: list[tuple[str, ...]] = [
    ("agency", "list"),
    ("system", "list"),
    ("audit", "list"),
    ("ops", "parked"),
    ("ops", "outbox"),
]


@pytest.mark.parametrize("width", ["80", "120"])
def test_a_clerk_works_with_what_lists_show(
    world: World, shell: Shell, letter: Path, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    """On 80 columns no line wraps, and the short names of one command are what the next one takes."""
    as_vpcp, as_city = ("--as", "vpcp"), ("--as", "city")
    monkeypatch.setenv("COLUMNS", width)
    letter.write_bytes(file_of(document_id=f"G22,clerk,{width}", attachments=(attached("công văn.pdf", PDF),)))
    emptied(world.city)
    document = shell.json("document", "submit", str(letter), *as_vpcp)["document"]
    wait_for(
        "the item",
        lambda: document in {i.get("document") for i in shell.json("mailbox", "list", "--limit", "500", *as_city)},
    )
    _, pulled, _ = shell.run("mailbox", "pull", "--max", "100", *as_city)
    assert max(map(cell_len, pulled.splitlines())) <= int(width)
    whole = next(i for i in shell.json("mailbox", "list", "--limit", "500", *as_city) if i.get("document") == document)
    item, delivery = whole["name"][-8:], whole["delivery"][-8:]
    assert item in pulled
    assert delivery in pulled
    for arguments in (
        ("mailbox", "download", delivery, "--to", "in"),
        ("mailbox", "download", item, "--to", "in"),
        ("mailbox", "ack", item),
        ("status", "report", delivery, "--code", "03"),
        ("task", "assign", delivery, "--unit", "Phòng VX", "--due", "2027-02-13"),
    ):
        code, printed, errors = shell.run(*arguments, *as_city)
        assert code == 0, errors or printed
    task = next(t for t in shell.json("task", "list", *as_city) if t["delivery"] == whole["delivery"])
    assert task["due_time"] == "2027-02-13T16:59:59Z"
    for act in (["start", "--note", "Đang [soạn]"], ["hand-over", "--person", "Trần B"]):
        code, printed, errors = shell.run("task", act[0], task["name"][-8:], *act[1:], *as_city)
        assert code == 0, errors or printed
    for shown in (*LISTS, *OPERATOR_LISTS):
        code, printed, errors = shell.run(*shown, "--as", "operator" if shown in OPERATOR_LISTS else "city")
        assert code == 0, errors
        assert all(cell_len(line) <= int(width) for line in printed.splitlines()), printed
    code, printed, _ = shell.run("document", "progress", document[-8:], *as_vpcp)
    assert code == 0
    assert "Đang [soạn]" in printed
    assert world.city
