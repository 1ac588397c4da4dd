"""`python -m tools.reference`: writes the pages, or checks them."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.reference import MAKERS
from tools.reference.common import COMMAND, ROOT, ContradictionError

from lienthong.chassis import logging


def differing() -> list[str]:
    """Tells the pages that are not what would be written."""
    return [name for name, make in MAKERS.items() if not _same(ROOT / name, make())]


def _same(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text


def main(arguments: Sequence[str]) -> int:
    """Writes the pages, or checks them; gives the exit code."""
    try:
        old = differing()
    except ContradictionError as error:
        print(error, file=sys.stderr)
        return 1
    if "--check" not in arguments:
        for name in old:
            (ROOT / name).write_text(MAKERS[name](), "utf-8")
            print(f"wrote {name}")
        return 0
    for name in old:
        print(f"{name} is out of date: run `{COMMAND}` and commit it", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    # A platform is assembled for its metrics; what it says of itself meanwhile concerns nobody.
    logging.configure("ERROR", "text")
    sys.exit(main(sys.argv[1:]))
