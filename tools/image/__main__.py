"""`python -m tools.image`: makes the image under `build/image`.

`python -m tools.image lay-out FOLDER` only lays its files out; `python -m tools.image pin` pins its packages
anew, and with `pin FILE` those of another listing.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.image.build import build, lay_out
from tools.image.debian import LISTING, ImageError, packages, pinned


def main(arguments: Sequence[str]) -> int:
    """Makes the image, or pins its packages; gives the exit code."""
    try:
        match arguments:
            case ["pin", *files]:
                pin(Path(files[0]) if files else LISTING)
            case ["lay-out", folder]:
                lay_out(Path(folder))
            case []:
                make()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make() -> None:
    """Makes the image, and says what it is."""
    made = build()
    print(f"{made.name}\n{made.digest}\n{made.file}: {made.file.stat().st_size / 1e6:.0f} MB")
    print(f"unpacked: {made.unpacked / 1e6:.0f} MB; bill of materials: {made.bill}")


def pin(listing: Path) -> None:
    """Writes the newest version of each package, and its hash, into a listing."""
    lines = pinned([package.name for package in packages(listing)])
    listing.write_text("# python -m tools.image pin\n" + "".join(f"{line}\n" for line in lines), "ascii")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
