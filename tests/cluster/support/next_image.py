"""The image of the next program: the same layers, and one more with what it does otherwise."""

import shutil
import tempfile
from pathlib import Path

from tools.image import build, oci
from tools.image.python import ROOT

TAG = "next"


def make(folder: Path) -> Path:
    """Makes the image; gives its layout."""
    layers = [build.kept("system", build.system_layer), build.kept("libraries", build.libraries_layer)]
    with tempfile.TemporaryDirectory() as place:
        program, root = Path(place) / "program", Path(place) / "next"
        program.mkdir()
        build.program_layer(program, layers)
        ignored = shutil.ignore_patterns("__pycache__", "test_*")
        shutil.copytree(ROOT / "tests/upgrade", root / "opt/next/tests/upgrade", ignore=ignored)
        oci.write_layer(root, folder / "next.tar.gz")
        archives = [*(layer / build.ARCHIVE for layer in (*layers, program)), folder / "next.tar.gz"]
        entry = {"Entrypoint": ["/usr/bin/python3.11", "/opt/next/tests/upgrade/next_program.py"]}
        config = {**build.config(build.version_of()), **entry}
        oci.write(oci.Image(f"{build.NAME}:{TAG}", archives, config), folder / "next.tar")
    return folder / "next.tar"
