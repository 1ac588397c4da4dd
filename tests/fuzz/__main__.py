"""`make fuzz`: lets a coverage-guided fuzzer loose on reading edXML and on the door of intake.

`FUZZ_SECONDS` (600 by default) is shared by the targets. What one finds is kept under `build/fuzz`, and the command
fails: a crash, an answer that took too long, too much memory.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from lienthong import edxml
from lienthong.testing.service import HCMC, VPCP

FOLDER = Path("build/fuzz")
CORPUS = Path("tests/corpus/edxml")
TARGETS = ("codec", "intake")
HANG_SECONDS = 20
MEMORY_MIB = 1024
LARGEST_INPUT = 64 * 1024
GRACE_SECONDS = 120


def main() -> int:
    """Runs all targets; gives the exit code."""
    seconds = int(os.environ.get("FUZZ_SECONDS") or 600)
    FOLDER.mkdir(parents=True, exist_ok=True)
    return max([_fuzz(target, max(1, seconds // len(TARGETS))) for target in TARGETS])


def _fuzz(target: str, seconds: int) -> int:
    folder = FOLDER / target
    found = folder / "found"
    found.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    figures = folder / "figures.json"
    figures.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.targets", target, str(figures), *_options(folder, seconds)]
    with (folder / "log.txt").open("wb") as log:
        try:
            code = subprocess.run(  # noqa: S603 -- our own module
                command, stdout=log, stderr=log, check=False, timeout=seconds + GRACE_SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            code = 1
    return _told(target, code, sorted(set(found.iterdir()) - before), folder)


def _options(folder: Path, seconds: int) -> Iterator[str]:
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for file in CORPUS.glob("*.edxml"):
        shutil.copy(file, corpus)
    (corpus / "letter.edxml").write_bytes(_letter())
    dictionary = folder / "words.dict"
    dictionary.write_text("\n".join(_words()) + "\n", "utf-8")
    yield str(corpus)
    yield f"-max_total_time={seconds}"
    yield f"-timeout={HANG_SECONDS}"
    yield f"-rss_limit_mb={MEMORY_MIB}"
    yield f"-max_len={LARGEST_INPUT}"
    yield f"-artifact_prefix={folder / 'found'}/"
    yield f"-dict={dictionary}"
    yield "-print_final_stats=1"


def _letter() -> bytes:
    """Writes a letter that the bench of intake accepts: between agencies that it knows, with an attachment."""
    data = b"%PDF-1.7\n%%EOF\n"
    content = edxml.ContentRef(len(data), hashlib.sha256(data).hexdigest(), zlib.crc32(data), data)
    document = edxml.Document(
        sender=edxml.Organization(VPCP.codes[0].code, VPCP.name),
        recipients=(edxml.Organization(HCMC.codes[0].code, HCMC.name),),
        document_id="000.00.00.G22,2026/11/20,1/VPCP-TH",
        code=edxml.DocumentCode("1", "VPCP-TH"),
        promulgation=edxml.PromulgationInfo("Hà Nội", date(2026, 11, 20)),
        document_type=edxml.DocumentType(2, 18, "Công văn"),
        subject="V/v kết nối, liên thông phần mềm quản lý văn bản",
        business=edxml.Business(edxml.BusinessKind.NEW, paper=False),
        attachments=(edxml.Attachment("a1", "cong-van.pdf", content),),
    )
    return b"".join(edxml.write(document, edxml.MemorySpools()))


def _words() -> list[str]:
    """Gives the names and marks of the format, so that the fuzzer need not find them letter by letter."""
    names = {name for file in CORPUS.glob("*.edxml") for name in re.findall(rb"</?([A-Za-z:]+)", file.read_bytes())}
    marks = ["<![CDATA[", "]]>", "<!--", "<!DOCTYPE", "<?xml", "&#10;", 'encoding=\\"UTF-16\\"', "UEsDBA=="]
    return [f'"{name.decode()}"' for name in sorted(names)] + [f'"{mark}"' for mark in marks]


def _told(target: str, code: int, found: list[Path], folder: Path) -> int:
    figures = json.loads((folder / "figures.json").read_text()) if (folder / "figures.json").is_file() else {}
    executions, accepted = figures.get("executions", 0), figures.get("accepted", 0)
    first, last = figures.get("first_mib", 0), figures.get("last_mib", 0)
    print(  # noqa: T201 -- the command's output
        f"{target}: {executions:,} executions, {accepted:,} accepted; memory {first} MiB at first, {last} MiB at last; "
        f"{len(found)} found"
    )
    for file in found:
        print(f"  {file}")  # noqa: T201 -- the command's output
    if code or found:
        print(f"  see {folder / 'log.txt'}; again: python -m tests.fuzz.targets {target} /dev/null FILE")  # noqa: T201
    return 1 if code or found or not executions else 0


if __name__ == "__main__":
    sys.exit(main())
