"""Prints the listing of a Java server's jars for `lienthong.dev.jars`.

`python tools/jars.py group:artifact:version …` prints these jars and all that they need at run time, each with its
SHA-256. `--without group` leaves out the jars of a group and of the groups below it.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

_TIMEOUT_SECONDS = 60


def listing(coordinates: list[str], without: list[str]) -> list[str]:
    """Gives the lines of a listing, sorted."""
    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository), resolver=PythonResolver(), timeout=_TIMEOUT_SECONDS)
        named, needed = context.resolver.resolve([context.create_dependency(one) for one in coordinates])
        lines = set()
        for one in (*named, *needed):
            if any(f"{one.groupId}.".startswith(f"{group}.") for group in without):
                continue
            sha256 = hashlib.sha256(one.artifact.resolve().read_bytes()).hexdigest()
            lines.add(f"{one.groupId}:{one.artifactId}:{one.version} {sha256}")
    return sorted(lines)


def main() -> None:
    """Runs the tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coordinates", nargs="+", help="group:artifact:version")
    parser.add_argument("--without", action="append", default=[], help="a group that is left out")
    found = parser.parse_args()
    sys.stdout.write(f"# python tools/jars.py {' '.join(sys.argv[1:])}\n")
    sys.stdout.writelines(f"{line}\n" for line in listing(found.coordinates, found.without))


if __name__ == "__main__":
    main()
