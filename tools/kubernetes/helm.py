"""Helm, built once from the module that is pinned under `k8s/tools/helm`."""

import hashlib
from functools import cache
from pathlib import Path

from tools.kubernetes.golang import go
from tools.reference.common import ROOT

from lienthong.dev.cache import cached

MODULE = ROOT / "k8s" / "tools" / "helm"
_PACKAGE = "helm.sh/helm/v3/cmd/helm"
_BUILD_SECONDS = 1200.0
_STAMPS = (
    "internal/version.version=v3.19.5",
    # The cluster that is assumed where none is asked; without these it is one of years ago.
    "pkg/chartutil.k8sVersionMajor=1",
    "pkg/chartutil.k8sVersionMinor=34",
)
_FLAGS = " ".join(("-s", "-w", *(f"-X helm.sh/helm/v3/{stamp}" for stamp in _STAMPS)))


@cache
def helm() -> Path:
    """Gives the program; the first time it is built, in three to five minutes.

    Raises:
        EngineError: It cannot be built.
    """
    pinned = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    return cached(f"helm-{hashlib.sha256(b''.join([*pinned, _FLAGS.encode()])).hexdigest()[:12]}", _build) / "helm"


def _build(folder: Path) -> None:
    flags = ["-trimpath", "-mod=readonly", "-buildvcs=false", f"-ldflags={_FLAGS}"]
    go(["build", *flags, "-o", str(folder / "helm"), _PACKAGE], MODULE, {"CGO_ENABLED": "0"}, _BUILD_SECONDS)
