"""Evidence of a document in one file: whole, and verified by strangers years later."""

import hashlib
import json
import re
import subprocess
import time
from pathlib import Path
from zipfile import ZipFile

from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.seals import verify_seal

from .shell import PDF, Shell
from .world import World, attached, delivered, file_of, report


def test_evidence(shell: Shell, world: World, tmp_path: Path) -> None:
    """The evidence is one ZIP: every hash of its manifest matches, and every seal verifies against its root."""
    receipt, item = delivered(world, file_of(attachments=(attached("công văn.pdf", PDF),)))
    shell.json("status", "report", item.delivery, "--code", "03", "--as", "city")
    told = shell.json("document", "evidence", receipt.document, "-o", "evidence.zip", "--as", "vpcp")
    with ZipFile(tmp_path / "evidence.zip") as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["manifest.json"])
    assert manifest["document"] == receipt.document
    assert set(told["entries"]) == set(entries) == {*manifest["sha256"], "manifest.json"}
    for name, expected in manifest["sha256"].items():
        assert hashlib.sha256(entries[name]).hexdigest() == expected
    (tmp_path / "root.pem").write_bytes(entries["axis-root.pem"])
    root = load_certificates(tmp_path / "root.pem")
    sealed = [name.removesuffix(".cms") for name in entries if name.endswith(".cms")]
    assert "receipt" in sealed
    assert any(name.startswith("statuses/") for name in sealed)
    now = world.platform._clock.now()
    for name in sealed:
        assert verify_seal(entries[f"{name}.json"], entries[f"{name}.cms"], root, now).valid
        assert not verify_seal(entries[f"{name}.json"] + b" ", entries[f"{name}.cms"], root, now).valid
    subject = json.loads(entries["receipt.json"])
    assert subject["rendition"]["sha256"] == manifest["sha256"]["document.edxml"]
    assert subject["attachments"][0]["sha256"] == hashlib.sha256(PDF).hexdigest()


def test_evidence_is_verified_by_a_stranger_years_later(shell: Shell, world: World, tmp_path: Path) -> None:
    """The command that the evidence names verifies each seal as of its moment: its certificate may have ended since."""
    receipt, _item = delivered(world)
    shell.json("document", "evidence", receipt.document, "-o", "evidence.zip", "--as", "vpcp")
    with ZipFile(tmp_path / "evidence.zip") as archive:
        archive.extractall(tmp_path)
    read_me = (tmp_path / "README.txt").read_text("utf-8")
    command = read_me[read_me.index("openssl cms") :].partition("\n\n")[0]
    status = command.replace("receipt.", "statuses/001-01.").replace("acceptedAt", "receive_time")
    later = re.sub(r"-attime \S.*", f"-attime {int(time.time()) + 5 * 365 * 86_400}", command, flags=re.DOTALL)
    for text, verified in ((command, True), (status, True), (later, False)):
        found = subprocess.run(  # noqa: S602 -- a command that people are told to type
            text, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
        )
        assert (found.returncode == 0) is verified, found.stderr


def test_evidence_has_no_names_of_others(shell: Shell, world: World, tmp_path: Path) -> None:
    """A code that a recipient made up names no entry: whoever unpacks the file would write where that says."""
    receipt, item = delivered(world)
    for code in ("../../../../e", "C:\\a", "77"):
        report(world.city, code, delivery=item.delivery)
    shell.json("document", "evidence", receipt.document, "-o", "evidence.zip", "--as", "vpcp")
    with ZipFile(tmp_path / "evidence.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".history.json")]
        assert [json.loads(archive.read(name))["code"] for name in names] == ["../../../../e", "C:\\a", "77"]
    assert names == [f"statuses/{place}.history.json" for place in ("002-unknown", "003-unknown", "004-77")]
