"""`python -m tools.cluster up`: brings the cluster up with the platform in it; `down` leaves nothing behind."""

import os
import sys
import time
from collections.abc import Sequence

from tools.cluster import cluster, node
from tools.cluster.layout import ClusterError


def main(arguments: Sequence[str]) -> int:
    """Runs a command; gives the exit code."""
    if os.geteuid() != 0:
        print("the node makes namespaces and mounts, which only root may: run this as root", file=sys.stderr)
        return 2
    begun = time.monotonic()

    def tell(step: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {step}", flush=True)

    try:
        match arguments:
            case ["up"]:
                cluster.up(tell)
            case ["down"]:
                node.stop()
                tell("the cluster is down")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
