"""The command line against a running platform: every group of commands, JSON for programs, documented exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lienthong.client.transfers import new_request_id
from lienthong.intake.v1 import intake_pb2

from .shell import PDF, Shell
from .world import World, delivered, document_of, file_of, pull, submit, wait_for


def test_the_directory(world: World, shell: Shell, tmp_path: Path) -> None:
    """Agencies are added, imported, listed, shown, renamed, merged, retired, and given credentials."""
    made = shell.json("agency", "add", "UBND tỉnh Thử", "--code", "H70", "--short-name", "thu")
    assert made["codes"][0]["code"] == "H70"
    rows = [{"name": "Sở Một", "codes": ["H70.01"], "parent": made["name"]}, {"name": "Sở Hai", "codes": ["H70.02"]}]
    (tmp_path / "agencies.yaml").write_text(json.dumps(rows), "utf-8")
    assert len(shell.json("agency", "import", "agencies.yaml")) == 2
    assert len(shell.json("agency", "import", "agencies.yaml")) == 2
    assert shell.json("agency", "show", "H70")["name"] == made["name"]
    listed = shell.json("agency", "list", "--filter", 'display_name : "tinh thu"')
    assert [one["name"] for one in listed] == [made["name"]]
    assert shell.json("agency", "rename", "H70", "--name", "UBND tỉnh Mới")["display_name"] == "UBND tỉnh Mới"
    changed = shell.json("agency", "update", "H70", "--group", "provinces", "--no-status-items")
    assert (changed["groups"], changed["status_items_disabled"]) == (["provinces"], True)
    assert (changed["short_name"], changed["display_name"]) == ("thu", "UBND tỉnh Mới")
    changed = shell.json("agency", "update", "H70", "--group", "", "--status-items")
    assert not {"groups", "status_items_disabled"} & changed.keys()
    issued = shell.json("agency", "issue-credentials", "H70", "--folder", str(tmp_path))
    assert Path(issued["context"]).is_file()
    assert shell.json("agency", "merge", "H70.01", "--into", "H70")[0]["successors"] == [made["name"]]
    assert "retire_time" in shell.json("agency", "retire", "H70.02")
    assert world.agencies


def test_an_import_goes_on_behind_a_bad_row(shell: Shell, tmp_path: Path) -> None:
    """Refused rows are told with number and reason, the others are registered; a file of another form is refused."""
    rows = [{"name": "Sở A", "codes": ["H71.01"], "parent": "H00.99"}, {"name": "Sở B", "codes": ["H71.02"]}]
    (tmp_path / "a.yaml").write_text(json.dumps(rows), "utf-8")
    code, _, errors = shell.run("agency", "import", "a.yaml")
    assert code == 3
    assert "row 1 (H71.01)" in errors
    assert "H00.99" in errors
    assert shell.json("agency", "show", "H71.02")["display_name"] == "Sở B"
    for content, words in (
        ('[{"name": "x"}, {"codes": ["H1"], "colour": 1}]', ("row 1: codes", "row 2: name", "row 2: colour")),
        ("name: x", ("holds a list of agencies",)),
        ("[", ("is not YAML",)),
    ):
        (tmp_path / "bad.yaml").write_text(content, "utf-8")
        code, _, errors = shell.run("agency", "import", "bad.yaml")
        assert code == 2
        assert all(word in errors for word in words), errors


@pytest.mark.parametrize("command", [("agency", "import"), ("document", "submit"), ("document", "check")])
def test_a_missing_file_is_a_wrong_usage(shell: Shell, command: tuple[str, ...]) -> None:
    """The file is named, with exit code 2 and without a traceback."""
    code, _, errors = shell.run(*command, "không-có.yaml", "--as", "operator")
    assert code == 2
    assert "không-có.yaml: No such file" in errors


def test_systems(shell: Shell, tmp_path: Path) -> None:
    """Systems are added with credentials, listed, allowed to act for agencies, and revoked."""
    made = shell.json("system", "add", "dms-thu", "--act-for", "H41", "--folder", str(tmp_path))
    assert (tmp_path / "dms-thu.yaml").is_file()
    assert made["name"] in {one["name"] for one in shell.json("system", "list", "--limit", "500")}
    assert len(shell.json("system", "act-for", made["name"], "H29")["grants"]) == 2
    assert "revoke_time" in shell.json("system", "revoke", made["name"])


def test_a_document_from_end_to_end(world: World, shell: Shell, letter: Path, tmp_path: Path) -> None:
    """Submit, list, show, pull, download, acknowledge, report, follow: each command prints what the next one needs."""
    as_vpcp, as_city = ("--as", "vpcp"), ("--as", "city")
    assert shell.json("document", "check", str(letter), *as_vpcp)["acceptable"]
    receipt = shell.json("document", "submit", str(letter), *as_vpcp)
    assert shell.json("document", "submit", str(letter), *as_vpcp) == receipt
    document = receipt["document"]
    assert shell.json("document", "get", document, *as_vpcp)["name"] == document
    assert document in {one["name"] for one in shell.json("document", "list", *as_vpcp)}
    item = wait_for(
        "the item",
        lambda: next(
            (i for i in shell.json("mailbox", "list", "--limit", "500", *as_city) if i.get("document") == document),
            None,
        ),
    )
    pulled = wait_for(
        "the lease",
        lambda: next(
            (i for i in shell.json("mailbox", "pull", "--max", "100", *as_city) if i["name"] == item["name"]), None
        ),
    )
    files = shell.json("mailbox", "download", item["delivery"], "--to", str(tmp_path / "in"), *as_city)
    assert all(one["ok"] for one in files)
    assert len(files) == 2
    (acknowledged,) = shell.json("mailbox", "ack", f"{item['name']}={pulled['lease']}", *as_city)
    assert not acknowledged.get("status")
    wait_for(
        "01 by itself",
        lambda: (
            shell.json("document", "progress", document, *as_vpcp)["recipients"][0]["state"] == "DELIVERY_STATE_ARRIVED"
        ),
    )
    report = shell.json("status", "report", item["delivery"], "--code", "03", "--arrival-number", "7", *as_city)
    assert report[0]["outcome"] == "OUTCOME_APPLIED"
    task = shell.json("task", "assign", item["delivery"], "--unit", "Phòng VX", *as_city)
    assert task["name"] in {one["name"] for one in shell.json("task", "list", *as_city)}
    assert "complete_time" in shell.json("task", "complete", task["name"], "--result", "Đã xong", *as_city)
    progress = shell.json("document", "progress", document, *as_vpcp)
    assert progress["recipients"][0]["arrival_number"] == "7"
    assert shell.json("case", "list", *as_vpcp)
    assert world.vpcp


def test_a_wrong_day_is_a_wrong_usage(shell: Shell) -> None:
    """A deadline that is no day ends with exit code 2 and the way to write it, not with a traceback."""
    code, _, errors = shell.run(
        "document", "compose", "--to", "H29", "--number", "1", "--notation", "X", "--subject", "x", "--due", "mai",
        "--as", "vpcp",
    )  # fmt: skip
    assert code == 2
    assert "write 2027-02-13" in errors


def test_composing_and_what_follows(shell: Shell, tmp_path: Path) -> None:
    """Compose, recall, update, replace."""
    (tmp_path / "một.pdf").write_bytes(PDF)
    made = shell.json(
        "document", "compose", "--to", "H29", "--number", "501", "--notation", "VPCP-CLI", "--subject", "Thử",
        "--attach", "một.pdf", "--due", "2027-01-31", "--as", "vpcp",
    )  # fmt: skip
    (tmp_path / "header.json").write_text('{"subject": "Đã sửa"}', "utf-8")
    update = shell.json(
        "document", "update", made["document"], "--header", "header.json", "--attach", "một.pdf", "--as", "vpcp"
    )
    assert update["document"] != made["document"]
    replaced = shell.json(
        "document", "replace", made["document"], "--number", "502", "--attach", "một.pdf", "--as", "vpcp"
    )
    assert replaced["document"] not in {made["document"], update["document"]}
    recall = shell.json("document", "recall", made["document"], "--reason", "Sai số liệu", "--as", "vpcp")
    assert recall["document"] == made["document"]


def test_a_document_id_may_be_a_uuid(shell: Shell, world: World) -> None:
    """A status by such a DocumentId finds its delivery; one that matches nothing is kept, and said to be."""
    document_id = new_request_id()
    delivered(world, file_of(document_id=document_id))
    (taken,) = shell.json("status", "report", document_id, "--code", "03", "--as", "city")
    assert taken["outcome"] == "OUTCOME_APPLIED"
    code, printed, errors = shell.run("status", "report", new_request_id(), "--code", "03", "--as", "city", "--json")
    assert code == 0
    assert [one["outcome"] for one in json.loads(printed)] == ["OUTCOME_KEPT"]
    assert "lienthong status unmatched list" in errors


def test_statuses_that_match_nothing(shell: Shell, world: World) -> None:
    """What matches nothing is listed and linked."""
    _receipt, item = delivered(world)
    kept = shell.json("status", "report", "không có", "--code", "03", "--as", "city")[0]
    assert kept["outcome"] == "OUTCOME_KEPT"
    wait_for(
        "the list",
        lambda: (
            kept["name"]
            in {one["name"] for one in shell.json("status", "unmatched", "list", "--limit", "500", "--as", "city")}
        ),
    )
    linked = shell.json("status", "unmatched", "link", kept["name"], item.delivery, "--as", "city")[0]
    assert linked["outcome"] == "OUTCOME_APPLIED"


def test_notices(shell: Shell, world: World) -> None:
    """Subscribe, try it out, list, mark as read, end."""
    made = shell.json("subscription", "add", "in-app", "--as", "city")
    assert made["name"] in {one["name"] for one in shell.json("subscription", "list", "--as", "city")}
    notice = shell.json("subscription", "test", made["name"], "--as", "city")
    wait_for(
        "the notice",
        lambda: (
            notice["name"] in {one["name"] for one in shell.json("notice", "list", "--limit", "500", "--as", "city")}
        ),
    )
    assert shell.json("notice", "attempts", notice["name"], "--as", "city") == []
    assert shell.json("notice", "ack", notice["name"], "--as", "city") == {"changed": 1}
    assert shell.json("subscription", "remove", made["name"], "--as", "city") == {"removed": made["name"]}
    assert world.city


def test_uploads_that_were_left_behind(shell: Shell, world: World) -> None:
    """What was begun and not finished is listed, and dropped by the short names of the list, several at once."""
    keys = [new_request_id() for _ in range(2)]
    left = [world.vpcp.intake.CreateUpload(intake_pb2.CreateUploadRequest(size=9, request_id=key)).name for key in keys]
    shown = {one["name"]: one for one in shell.json("upload", "list", "--limit", "500", "--as", "vpcp")}
    assert [shown[name]["size"] for name in left] == ["9", "9"]
    removed = shell.json("upload", "remove", *[name[-8:] for name in left], "--as", "vpcp")
    assert removed == {"removed": left}
    assert not {one["name"] for one in shell.json("upload", "list", "--as", "vpcp")} & set(left)


def test_fields_of_a_header_that_are_none(shell: Shell, world: World, tmp_path: Path) -> None:
    """A file with other fields, another form or no JSON is named with what is wrong with it."""
    document = submit(world.vpcp, file_of()).document
    for content in ('{"sujbect": "x"}', "[]", "5", "{", '{"number": []}'):
        (tmp_path / "header.json").write_text(content, "utf-8")
        code, _, errors = shell.run("document", "update", document, "--header", "header.json", "--as", "vpcp")
        assert code == 2, content
        assert "header.json: is no JSON object with fields of a header" in errors


def test_contexts_and_configuration(shell: Shell, world: World, tmp_path: Path) -> None:
    """Contexts are listed, added and chosen; the configuration is shown and checked."""
    assert {"vpcp", "operator"} <= {one["name"] for one in shell.json("context", "list")}
    added = shell.json(
        "context", "add", "again", "127.0.0.1:1",
        "--authority", str(world.folder / "keys" / "axis-root.crt"),
        "--certificate", str(world.contexts / "vpcp.crt"),
        "--key", str(world.contexts / "vpcp.key"),
    )  # fmt: skip
    assert Path(added["file"]).is_file()
    Path(added["file"]).unlink()
    assert shell.json("context", "use", "vpcp")["name"] == "vpcp"
    assert (tmp_path / "var" / "contexts" / "current").read_text("utf-8").strip() == "vpcp"
    assert isinstance(shell.json("document", "list"), list)
    assert shell.json("config", "show")["server"]["listen"]
    assert shell.json("config", "check", "--diff") == {}


def test_files_without_a_platform(shell: Shell, letter: Path, tmp_path: Path) -> None:
    """`edxml check`, `show` and `canonical` need no platform; a refused file is exit code 3."""
    assert shell.json("edxml", "check", str(letter)) == {"acceptable": True, "warnings": []}
    assert shell.json("edxml", "show", str(letter))["attachments"][0]["name"] == "công văn.pdf"
    shell.json("edxml", "canonical", str(letter), "-o", "canonical.edxml")
    assert (tmp_path / "canonical.edxml").read_bytes() == letter.read_bytes()
    letter.write_bytes(letter.read_bytes()[:200])
    for command in (("check",), ("show",), ("canonical", "-o", "x.edxml")):
        answer = shell.json("edxml", command[0], str(letter), *command[1:], code=3)
        assert answer["problems"][0]["reason"] == "XML_MALFORMED"
    assert shell.run("edxml", "check", "missing.edxml")[0] == 2


def test_exit_codes(shell: Shell, world: World, letter: Path) -> None:
    """2 usage, 3 refused, 4 not found, 5 not allowed, 6 exists with other content, 7 not in this state, 8 away."""
    broken = letter.with_name("broken.edxml")
    broken.write_bytes(b"<")
    document = document_of()
    submit(world.vpcp, file_of(document))
    other = letter.with_name("other.edxml")
    other.write_bytes(file_of(document).replace(b"V/v", "Về".encode()))
    item = pull(world.city, submit(world.vpcp, file_of()).document)
    away = world.contexts / "away.yaml"
    away.write_text((world.contexts / "vpcp.yaml").read_text("utf-8").replace(str(world.platform.port), "1"), "utf-8")
    cases = {
        ("nonsense",): 2,
        ("document", "list", "--as", "nobody"): 2,
        ("document", "submit", str(broken), "--as", "vpcp"): 3,
        ("document", "get", "không-có", "--as", "vpcp"): 4,
        ("document", "list", "--as", "operator"): 5,
        ("document", "submit", str(other), "--as", "vpcp"): 6,
        ("task", "assign", item.delivery, "--unit", "x", "--as", "city"): 7,
        ("document", "list", "--as", "away"): 8,
    }
    assert {arguments: shell.run(*arguments)[0] for arguments in cases} == cases
    away.unlink()


def test_errors_say_what_to_do(shell: Shell, letter: Path) -> None:
    """An error names reason, place, rule and remedy on standard error, and prints no trace."""
    letter.write_bytes(b"<")
    code, printed, errors = shell.run("document", "submit", str(letter), "--as", "vpcp")
    assert (code, printed) == (3, "")
    assert "XML_MALFORMED" in errors
    assert "line 1" in errors
    assert "Correct the file" in errors
    assert "Traceback" not in errors


def test_the_program_itself(world: World) -> None:
    """`python -m lienthong` is the same program."""
    ended = subprocess.run(
        [sys.executable, "-m", "lienthong", "agency", "show", "H29", "--json"],
        env={**os.environ, "LIENTHONG_CONTEXTS": str(world.contexts)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ended.stdout)["name"] == world.agencies["city"].name
