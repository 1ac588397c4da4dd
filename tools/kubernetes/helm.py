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


@cache
def helm() -> Path:
    """Gives the program; the first time it is built, in about three minutes.

    Raises:
        EngineError: It cannot be built.
    """
    pinned = hashlib.sha256(b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))).hexdigest()
    return cached(f"helm-{pinned[:12]}", _build) / "helm"


def _build(folder: Path) -> None:
    flags = ["-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w"]
    go(["build", *flags, "-o", str(folder / "helm"), _PACKAGE], MODULE, {"CGO_ENABLED": "0"}, _BUILD_SECONDS)
