"""What commands print, whoever wrote the words, into whatever takes them."""

import io
import json
import sys
from pathlib import Path

import pytest
from rich.markup import escape
from rich.text import Text

from lienthong.chassis.text import OBEYED
from lienthong.cli import console, main
from lienthong.cli.console import Terminal, print_json, resumable, transfer_bar
from lienthong.cli.tables import fit, table_of

LETTER = next(Path("tests/corpus/edxml").rglob("*.edxml")).absolute()
HOSTILE = "V/v\x1b[2J\x1b]0;x\x07\x9b31m\u202e kết nối"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed on a terminal."""
    stream = io.StringIO()
    terminal = Terminal(file=stream, force_terminal=True, color_system=None, width=60, highlight=False)
    monkeypatch.setattr(console, "out", terminal)
    monkeypatch.setattr(console, "err", terminal)
    return stream


def test_a_terminal_obeys_nobody_else(printed: io.StringIO) -> None:
    """A subject, a name or a refusal cannot clear the screen, colour, turn or hide what stands beside it."""
    console.out.print(table_of(fit(["subject", "from"], [[HOSTILE, HOSTILE]], 60)))
    console.out.print(f"[dim]subject[/] {escape(HOSTILE)}", soft_wrap=True)
    console.err.print(HOSTILE, markup=False)
    console.out.print(Text(HOSTILE))
    assert OBEYED.search(printed.getvalue()) is None
    assert printed.getvalue().count("kết nối") == 5


def test_json_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets every character; a terminal that shows the line gets none that it would obey."""
    print_json({"subject": HOSTILE})
    line = capsys.readouterr().out
    assert OBEYED.search(line) is None
    assert "kết nối" in line
    assert json.loads(line) == {"subject": HOSTILE}


def test_a_name_of_a_file_is_no_mark(printed: io.StringIO) -> None:
    """A transfer shows any name."""
    with transfer_bar("công văn [/x] 1.edxml", as_json=False) as progress:
        progress(1, 2)
    assert "[/x]" in printed.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("wanted", [[], ["--json"]])
def test_any_encoding_takes_any_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str, wanted: list[str]
) -> None:
    """Where Vietnamese cannot be printed it is written in ASCII; JSON stays JSON, names of files may be any bytes."""
    taken = run(monkeypatch, encoding, "edxml", "canonical", str(LETTER), "-o", f"{tmp_path}/đến 😀 \udcff", *wanted)
    assert "\\udcff: " in taken or json.loads(taken)["file"].endswith("/đến 😀 \udcff")
    shown = run(monkeypatch, encoding, "edxml", "show", str(LETTER), *wanted)
    assert not wanted or json.loads(shown)


def test_a_program_gets_errors_as_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What went wrong is one JSON object on standard error where JSON was asked for."""
    monkeypatch.setattr(sys, "argv", ["lienthong", "document", "list", "--as", f"{tmp_path}/none.yaml", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    (error,) = json.loads(capsys.readouterr().err).values()
    assert error["reason"] == "CONTEXT"
    assert "none.yaml" in error["message"]


def test_a_full_disk_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A disk that fills up while something is written is told by the name of the file, not by a traceback."""
    target = tmp_path / "full"
    target.symlink_to("/dev/full")
    monkeypatch.setattr(sys, "argv", ["lienthong", "edxml", "canonical", str(LETTER), "-o", str(target)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert f"{target}: No space left on device" in capsys.readouterr().err


def test_a_refused_file_is_told_with_place_and_cause(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each problem is one line: which file, where in it, which rule, what was found, what to do."""
    mismatched = LETTER.parent / "17-mismatched.edxml"
    monkeypatch.setattr(sys, "argv", ["lienthong", "edxml", "check", str(mismatched)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    rule = "a file must be well-formed XML 1.0; found 'mismatched tag'. Correct the file at this place."
    assert f"XML_MALFORMED 17-mismatched.edxml: line 38, column 81: {rule}\n" == capsys.readouterr().err


def run(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> str:
    """Runs a command whose output takes an encoding; gives the output."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        patched.setattr(sys, "argv", ["lienthong", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        stream.seek(0)
        return stream.read()


def test_what_breaks_off_says_how_it_goes_on(printed: io.StringIO) -> None:
    """Ctrl-C in an upload of an hour: the same command with the key that is told does not begin again."""
    with pytest.raises(KeyboardInterrupt), resumable("key-1"):
        raise KeyboardInterrupt
    assert "--request-id key-1" in printed.getvalue()
