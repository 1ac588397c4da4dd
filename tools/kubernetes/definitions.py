"""Definitions of the resources that operators bring (CRDs), as their projects publish them."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tools.kubernetes.golang import go
from tools.reference.common import ROOT

from lienthong.dev.cache import cached
from lienthong.dev.jars import jars, java
from lienthong.dev.servers import EngineError

LISTING = ROOT / "k8s" / "tools" / "crds.txt"
STRIMZI = ROOT / "k8s" / "tools" / "strimzi.jars"
_GENERATOR = "io.strimzi.crdgenerator.CrdGenerator"
_KINDS = {
    "kafkatopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
    "kafkauser": "io.strimzi.api.kafka.model.user.KafkaUser",
}
_SECONDS = 300.0


class Pinned(NamedTuple):
    """A file of a Go module.

    Attributes:
        module: Path of the module.
        version: Its version.
        sum: Its hash, in the form of go.sum.
        file: The file in it.
    """

    module: str
    version: str
    sum: str
    file: str


@cache
def definitions() -> Path:
    """Gives the folder with all definitions, one file each.

    Raises:
        EngineError: One cannot be fetched, or is not the one that is listed.
    """
    known = hashlib.sha256(LISTING.read_bytes() + STRIMZI.read_bytes()).hexdigest()
    return cached(f"crds-{known[:12]}", _fetch)


def _fetch(folder: Path) -> None:
    wanted = [Pinned(*line.split()) for line in _lines()]
    modules = folder / "modules"
    modules.mkdir()
    places: dict[str, Path] = {}
    for one in wanted:
        if one.module not in places:
            places[one.module] = _module(one, modules)
        shutil.copy(places[one.module] / one.file, folder)
    shutil.rmtree(modules)
    _strimzi(folder)


def _lines() -> Iterator[str]:
    return (line for line in LISTING.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def _module(one: Pinned, modules: Path) -> Path:
    """Fetches a module beside the user's own modules, so that nothing of it stays."""
    environment = {"GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw"}
    answer = go(["mod", "download", "-json", f"{one.module}@{one.version}"], modules, environment, _SECONDS)
    return verified(one, json.loads(answer))


def verified(one: Pinned, found: Mapping[str, str]) -> Path:
    """Gives the folder of a module that was fetched.

    Raises:
        EngineError: It is not the one that is listed.
    """
    if found["Sum"] != one.sum:
        said = f"{one.module} {one.version} has hash {found['Sum']}, and {one.sum} is expected; it is not used"
        raise EngineError(said)
    return Path(found["Dir"])


def _strimzi(folder: Path) -> None:
    """Strimzi publishes classes from which its own program makes the definitions."""
    for name, kind in _KINDS.items():
        target = folder / f"kafka.strimzi.io_{name}s.yaml"
        command = [str(java()), "-cp", f"{jars(STRIMZI)}/*", _GENERATOR, "--yaml", f"{kind}={target}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 -- as above
        if done.returncode or not target.exists():
            raise EngineError(f"the definition of {kind} cannot be made: {done.stderr[-500:]}")
