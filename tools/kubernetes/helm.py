"""Helm, built once from the module that pins the programs of the cluster: they share most of what they are made of."""

import hashlib
from functools import cache
from pathlib import Path

from tools.kubernetes import golang
from tools.reference.common import ROOT

from lienthong.dev.cache import cached

MODULE = ROOT / "k8s" / "local" / "programs"
_PACKAGE = "helm.sh/helm/v3/cmd/helm"
_STAMPS = (
    "helm.sh/helm/v3/internal/version.version=v3.19.5",
    # The cluster that is assumed where none is asked; without these it is one of years ago.
    "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
    "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
)


@cache
def helm() -> Path:
    """Gives the program; the first time it is built, in up to two minutes.

    Raises:
        EngineError: It cannot be built.
    """
    pinned = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    made_of = b"".join([*pinned, repr(_STAMPS).encode()])
    return cached(f"helm-{hashlib.sha256(made_of).hexdigest()[:12]}", _build) / "helm"


def _build(folder: Path) -> None:
    golang.build((_PACKAGE,), MODULE, folder, stamps=_STAMPS)
