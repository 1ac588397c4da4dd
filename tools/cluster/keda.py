"""KEDA on the cluster: scales by what waits in the event log. Built from its Go module, with the one scaler needed."""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tools.cluster import cluster, images, node
from tools.cluster.layout import PROGRAMS, ROOT, ClusterError

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
_BUILD_SECONDS: Final = 1800.0
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
        ClusterError: It cannot be built.
    """
    made_of = repr((_SUM, _SCALERS, _OTHERS.pattern, _PROGRAMS)) + _go("version", folder=ROOT)
    return cached(f"keda-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}", _build, shelf="cluster")


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "keda"
        found = json.loads(_go("mod", "download", "-json", _MODULE, folder=Path(place)))
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
        for program in _PROGRAMS:
            options = ("-trimpath", "-ldflags", "-s -w", "-o", str(folder / program))
            _go("build", *options, f"./cmd/{program}", folder=source)
        manifest = node.run(str(PROGRAMS / "kubectl"), "kustomize", str(source / "config/minimal"))
        (folder / _MANIFEST).write_text(manifest, "utf-8")


def _go(*arguments: str, folder: Path) -> str:
    environment = ("CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -mod=readonly")
    try:
        done = subprocess.run(  # noqa: S603 -- our own command line
            ("env", *environment, "go", *arguments),  # noqa: S607 -- as the developer installed it
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"`go {arguments[0]}` did not end within {_BUILD_SECONDS:g} s") from error
    if done.returncode:
        raise ClusterError(f"`go {' '.join(arguments)}` failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def _serves_metrics() -> bool:
    (found,) = cluster.get("apiservices", "v1beta1.external.metrics.k8s.io")["status"]["conditions"]
    return bool(found["status"] == "True")
