"""KEDA on the cluster: scales by what waits in the event log. Built from its Go module, with the one scaler needed."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.cluster import cluster, images, node, programs
from tools.cluster.layout import ClusterError
from tools.kubernetes import golang

from lienthong.dev.cache import cached

_MODULE: Final = "github.com/kedacore/keda/v2@v2.21.0"
_SUM: Final = "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps="
"""Of the module, whose own go.sum pins all others."""

_SCALERS: Final = ("scaler.go", "kafka_scaler.go")
"""Files that stay. The others bring the clients of every cloud, and twice the time of the build."""

_OTHERS: Final = re.compile(r'\tcase "(?!kafka")[^\n]*\n(?:\t\t[^\n]*\n)+')
_PROGRAMS: Final = ("operator", "adapter")
_DEPLOYMENTS: Final = ("keda-operator", "keda-metrics-apiserver")
_MANIFEST: Final = "keda.yaml"
_FETCH_SECONDS: Final = 300.0
_METRICS_SECONDS: Final = 120.0


def install(tell: Callable[[str], None]) -> None:
    """Builds KEDA once, and installs it.

    Args:
        tell: Is told of each step.

    Raises:
        ClusterError: It cannot be built, or does not start in time.
    """
    built = fetch()
    tell(f"KEDA is in {built}")
    cluster.load_image(images.keda(built))
    manifest = re.sub(r"image: \S+/kedacore/\S+", f"image: {images.KEDA}", (built / _MANIFEST).read_text("utf-8"))
    cluster.apply(manifest.replace("imagePullPolicy: Always", "imagePullPolicy: Never"))
    for name in _DEPLOYMENTS:
        cluster.await_rollout("keda", f"deployment/{name}")
    node.await_that(_serves_metrics, _METRICS_SECONDS, "KEDA serves no metrics: see the logs of its adapter")
    tell("KEDA serves metrics")


def fetch() -> Path:
    """Gives the folder of KEDA's programs and manifest; they are made once for each state of what they are made of.

    Raises:
        ClusterError: It is not what it was.
        EngineError: It cannot be built.
    """
    made_of = repr((_SUM, _SCALERS, _OTHERS.pattern, _PROGRAMS)) + golang.version()
    return cached(f"keda-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}", _build, shelf="cluster")


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "keda"
        found = json.loads(golang.go(("mod", "download", "-json", _MODULE), Path(place), {}, _FETCH_SECONDS))
        if found["Sum"] != _SUM:
            raise ClusterError(f"{_MODULE} is not what it was: {found['Sum']} instead of {_SUM}; do not use it")
        shutil.copytree(found["Dir"], source)
        for file in (source / "pkg/scalers").glob("*.go"):
            if file.name not in _SCALERS:
                file.unlink()
        names = source / "pkg/scaling/scalers_builder.go"
        kept = _OTHERS.sub("", names.read_text("utf-8"))
        names.chmod(0o644)
        names.write_text(kept, "utf-8")
        golang.build([f"./cmd/{program}" for program in _PROGRAMS], source, folder)
        manifest = node.run(str(programs.fetch() / "kubectl"), "kustomize", str(source / "config/minimal"))
        (folder / _MANIFEST).write_text(manifest, "utf-8")


def _serves_metrics() -> bool:
    (found,) = cluster.get("apiservices", "v1beta1.external.metrics.k8s.io")["status"]["conditions"]
    return bool(found["status"] == "True")
