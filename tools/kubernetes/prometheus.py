"""Prometheus and its promtool, built once from the module that is pinned under `k8s/tools/prometheus`."""

import hashlib
from functools import cache
from pathlib import Path

from tools.kubernetes import golang
from tools.reference.common import ROOT

from lienthong.dev.cache import cached

MODULE = ROOT / "k8s" / "tools" / "prometheus"
_PACKAGES = tuple(f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool"))
# Without the clients of every cloud: what is scraped in tests is named.
_TAGS = "remove_all_sd"


@cache
def prometheus() -> Path:
    """Gives the folder with both programs; the first time they are built, in some minutes.

    Raises:
        EngineError: They cannot be built.
    """
    pinned = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    return cached(f"prometheus-{hashlib.sha256(b''.join([*pinned, _TAGS.encode()])).hexdigest()[:12]}", _build)


def _build(folder: Path) -> None:
    golang.build(_PACKAGES, MODULE, folder, tags=_TAGS)
