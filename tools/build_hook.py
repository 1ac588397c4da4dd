"""Build hooks: generated code goes into the wheel by itself, dependencies come from `requirements/program.in`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).resolve().parent.parent


class GeneratedCode(BuildHookInterface):  # type: ignore[type-arg] # its parameter says nothing here
    """Generates code from `protos/` before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        """Generates the code."""
        subprocess.run([sys.executable, str(ROOT / "tools" / "protos.py")], check=True)  # noqa: S603 -- our own tool


class LockedDependencies(MetadataHookInterface):
    """Declares the dependencies."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Reads them from `requirements/program.in`."""
        metadata["dependencies"] = (ROOT / "requirements" / "program.in").read_text("utf-8").split()
