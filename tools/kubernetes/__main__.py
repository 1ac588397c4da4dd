"""`python -m tools.kubernetes helm` prints where Helm is, built when missing; `prometheus`, `crds` do so likewise."""

import sys

from tools.kubernetes.definitions import definitions
from tools.kubernetes.helm import helm
from tools.kubernetes.prometheus import prometheus

from lienthong.dev.servers import EngineError

PLACES = {"helm": helm, "prometheus": prometheus, "crds": definitions}


def main() -> int:
    """Prints a place; gives the exit code."""
    if len(sys.argv) != 2 or sys.argv[1] not in PLACES:  # noqa: PLR2004 -- the program and one word
        print(f"usage: python -m tools.kubernetes {'|'.join(PLACES)}", file=sys.stderr)
        return 2
    try:
        print(PLACES[sys.argv[1]]())
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
