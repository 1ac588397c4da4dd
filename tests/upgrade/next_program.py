"""`lienthong` as the next program: run as a file, from any folder."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / "services"), str(_ROOT)]

if __name__ == "__main__":
    from tests.upgrade.support.next_code import install

    from lienthong.cli.main import main

    install()
    main()
