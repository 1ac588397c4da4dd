"""What commands print, whoever wrote the words, into whatever takes them."""

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from rich.markup import escape
from rich.text import Text
from typer.testing import CliRunner

from lienthong.chassis.text import OBEYED
from lienthong.cli import console, main
from lienthong.cli.confirmed import confirmed
from lienthong.cli.console import Terminal, print_json, resumable, transfer_bar
from lienthong.cli.main import app
from lienthong.cli.run import _announce
from lienthong.cli.tables import fit, table_of
from lienthong.settings import Settings

LETTER = next(Path("tests/corpus/edxml").rglob("*.edxml")).absolute()
PRESSED = """
import sys

class Hand:
    def find_spec(name, *_):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Hand)
import lienthong.cli
"""
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


def test_a_file_and_json_do_not_share_an_output() -> None:
    """Standard output holds one JSON value: the canonical form goes to a file then, or the command is refused."""
    ended = CliRunner().invoke(app, ["edxml", "canonical", str(LETTER), "--json"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--output" in ended.stderr


def test_a_story_and_json_do_not_share_an_output(capsys: pytest.CaptureFixture[str]) -> None:
    """What is played is told on standard error when a program reads: standard output is one JSON value."""
    with confirmed(as_json=True) as told:
        told.print("step by step")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"confirmed": True}
    assert "step by step" in printed.err
    with confirmed(as_json=False) as told:
        told.print("step by step")
    assert "step by step" in capsys.readouterr().out


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


@pytest.mark.parametrize(
    ("words", "code", "reason", "told"),
    [
        (["mailbox", "list", "--limit", "0"], 2, "USAGE", "--limit"),
        (["mailbox", "lst"], 2, "USAGE", "lst"),
        (["status", "report"], 2, "USAGE", "give --file"),
        (["config", "check", "--config", "two.yaml"], 2, "CONFIG", "log.level"),
        (["keys", "init", "keys", "--host", "văn phòng"], 2, "KEYS", "'văn phòng' is no DNS name"),
        (["export", "folder", "--data-dir", "none"], 7, "EXPORT", "holds no installation"),
        (["import", "folder"], 7, "IMPORT", "manifest.json"),
        (["edxml", "check", "none.edxml"], 2, "FILE", "none.edxml"),
    ],
)
def test_whatever_went_wrong_is_one_json_object(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    reason: str,
    told: str,
) -> None:
    """Wrong usage, several settings at once, keys, files, moves: a program reads one object, and a sentence in it."""
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text("{no: 1, log: {level: LOUD}}", "utf-8")
    monkeypatch.setattr(sys, "argv", ["lienthong", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    (error,) = json.loads(capsys.readouterr().err).values()
    assert error["reason"] == reason
    assert told in error["message"]


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


def test_the_line_for_the_operator_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever one pastes it, whatever the folder is called."""
    folder = tmp_path / "dữ liệu của trục"
    _announce(cast("Any", SimpleNamespace(settings=Settings(data_dir=folder), target="all", port=1)), as_json=False)
    line = capsys.readouterr().err.splitlines()[-1].partition(": ")[2]
    assert shlex.split(line)[0] == f"LIENTHONG_CONTEXTS={folder}/contexts"


def test_ctrl_c_while_the_program_is_loaded() -> None:
    """Whoever thinks better of it within the first second is shown no traceback."""
    ended = subprocess.run([sys.executable, "-c", PRESSED], capture_output=True, timeout=60, check=False)  # noqa: S603 -- ours
    assert (ended.returncode, ended.stderr) == (130, b"")


def test_what_breaks_off_says_how_it_goes_on(printed: io.StringIO) -> None:
    """Ctrl-C in an upload of an hour: the same command with the key that is told does not begin again."""
    with pytest.raises(KeyboardInterrupt), resumable("key-1"):
        raise KeyboardInterrupt
    assert "--request-id key-1" in printed.getvalue()


@pytest.mark.parametrize("command", [("config", "show"), ("config", "check", "--diff")])
def test_a_configuration_is_printed_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """What is shown can be read again as YAML: no line is broken at a terminal's edge, no word in brackets is lost."""
    monkeypatch.setenv("COLUMNS", "40")
    smtp = {
        "smtp_host": f"mail.{'very-' * 20}long.example",
        "smtp_sender": "Trục [bold] liên thông [axis] <axis@example.vn>",
    }
    (tmp_path / "config.yaml").write_text(json.dumps({"notification": smtp}), "utf-8")
    ended = CliRunner().invoke(app, [*command, "--config", str(tmp_path / "config.yaml")])
    assert ended.exit_code == 0, ended.output
    assert yaml.safe_load(ended.stdout)["notification"].items() >= smtp.items()
    assert f"smtp_host: {smtp['smtp_host']}\n" in ended.stdout
