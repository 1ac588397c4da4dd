"""What tests of the documents share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """The generator of the reference pages."""
    spec = importlib.util.spec_from_file_location("lienthong_reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Data classes look their module up.
    spec.loader.exec_module(module)
    return module
