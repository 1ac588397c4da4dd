"""`python -m tools.cluster up`: brings the cluster up with the platform in it; `down` leaves nothing behind.

`fetch` builds and fetches beforehand all that a cluster and its tests are made of.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console
from tools.cluster import cluster, images, keda, node, platform, programs
from tools.cluster.layout import ClusterError
from tools.image.build import build, kept, libraries_layer, system_layer
from tools.image.debian import ImageError
from tools.kubernetes.helm import helm

from lienthong.client import AxisCallError
from lienthong.demo.timeline import StoryError
from lienthong.dev.servers import EngineError


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
                bring_up(tell)
            case ["fetch"]:
                fetch(tell)
                keda.fetch()
                tell("KEDA is built")
            case ["down"]:
                node.stop()
                tell("the cluster is down")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (ClusterError, ImageError, EngineError, StoryError, AxisCallError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def bring_up(tell: Callable[[str], None]) -> None:
    """Brings up the cluster, installs everything, and plays the story."""
    fetch(tell)
    image = build()
    tell(f"{image.name} is made")
    cluster.up(tell)
    platform.install(image, tell)
    platform.play_story(Console())
    tell("the story was played")
    print(platform.addresses())


def fetch(tell: Callable[[str], None]) -> None:
    """Builds and fetches what a cluster is made of: what comes over the network, beside what is compiled."""
    with ThreadPoolExecutor(1) as threads:
        fetched = threads.submit(_fetch_packages)
        programs.fetch()
        helm()
        tell("programs are built")
        fetched.result()
        tell("packages are fetched")


def _fetch_packages() -> None:
    programs.install()
    kept("system", system_layer)
    kept("libraries", libraries_layer)
    images.engines()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
