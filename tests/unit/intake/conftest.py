"""Intake on the bench."""

from pathlib import Path

import pytest

from lienthong.intake.component import build
from lienthong.intake.config import IntakeSection
from lienthong.testing.service import ServiceBench, service_bench


@pytest.fixture
def intake(tmp_path: Path) -> ServiceBench:
    """Intake on real engines in a temporary folder; it knows VPCP, Ho Chi Minh City and Nghệ An."""
    return service_bench(tmp_path, "intake", build, IntakeSection())
