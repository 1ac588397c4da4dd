"""Schemas on PostgreSQL, and the next program."""

import pytest
from tests.upgrade.support.versions import become_next

from lienthong.chassis import migrations


@pytest.fixture
def next_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the test be the next program, which knows one version more."""
    monkeypatch.setattr(migrations, "scripts", migrations.scripts)
    become_next()
