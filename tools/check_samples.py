"""Reads every edXML file of a folder through the codec and shows what became of it.

Usage: python tools/check_samples.py FOLDER

Exit status 1 when the folder holds no edXML file, when a refusal names no reason and place, or when a file that was
accepted does not come back the same after writing.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from lienthong.edxml import Document, EdxmlError, MemorySpools, read, write

_MIB = 1 << 20
_ROW = "{:<40} {:<9} {:<44} {}"


def check(path: Path) -> tuple[bool, tuple[str, str, str], float, float]:
    """Whether a file is in order, its row of the table, and the seconds taken to read and to write it."""
    spools = MemorySpools()
    begin = time.perf_counter()
    try:
        with path.open("rb") as stream:
            result = read(stream, spools)
    except EdxmlError as error:
        problem = error.problems[0]
        placed = bool(problem.reason and (problem.line or problem.path))
        verdict = f"refused: {problem.reason} (line {problem.line}, column {problem.column})"
        return placed, ("-", "", verdict), time.perf_counter() - begin, 0.0
    middle = time.perf_counter()
    written = b"".join(write(result.message, spools))
    end = time.perf_counter()
    same = read([written], MemorySpools()).message == result.message
    kind = "document" if isinstance(result.message, Document) else "status"
    warnings = ", ".join(sorted({finding.code for finding in result.warnings}))
    return same, (kind, warnings, "accepted" if same else "CHANGED"), middle - begin, end - middle


def main(arguments: list[str]) -> int:
    """Check a folder; the exit status."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    paths = sorted(Path(arguments[0]).glob("*.edxml"))
    print(_ROW.format("file", "kind", "warnings", "verdict"))
    checked = [check(path) for path in paths]
    for path, item in zip(paths, checked, strict=True):
        print(_ROW.format(path.name, *item[1]))
    size = sum(path.stat().st_size for path in paths) / _MIB
    reading, writing = sum(item[2] for item in checked), sum(item[3] for item in checked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(paths)} files, {size:.1f} MiB; read {size / max(reading, 1e-9):.0f} MiB/s, ", end="")
    print(f"written in {writing:.3f} s; peak memory {peak:.0f} MiB")
    return 0 if checked and all(item[0] for item in checked) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
