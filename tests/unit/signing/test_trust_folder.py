"""The trust folder: certificates that cannot be read stop the start, revocation lists that cannot be read nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lienthong.chassis.config import ConfigError
from lienthong.signing.config import SigningSection
from lienthong.signing.trust_folder import TrustFolder

from .conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Office

PAGE = b"<html>404 Not Found</html>"


def put(folder: Path, name: str, content: bytes) -> Path:
    """Write a file as operators do."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def folder(office: Office, tmp_path: Path) -> Path:
    """A folder with an authority and its lists."""
    put(tmp_path, "anchors/root.der", office.authority.root.der)
    put(tmp_path, "intermediates/ca.der", office.authority.intermediate.der)
    for number, der in enumerate(office.authority.revocation_lists(NOW)):
        put(tmp_path, f"crls/{number}.crl", der)
    return tmp_path


@pytest.mark.parametrize("name", ["anchors/1.crl", "intermediates/1.crl"])
def test_a_list_among_certificates_is_named(office: Office, folder: Path, name: str) -> None:
    """A file in the wrong folder would make every verdict indeterminate, and nobody would know why."""
    path = put(folder, name, office.authority.revocation_lists(NOW)[1])
    with pytest.raises(ConfigError, match=f"{path} cannot be used as a certificate: .*Replace or remove it"):
        TrustFolder(folder, SigningSection())


@pytest.mark.parametrize("kind", ["page", "certificate", "cut", "empty"])
def test_a_list_that_cannot_be_read_stops_nothing(office: Office, folder: Path, kind: str) -> None:
    """No fault of revocation data stops the start or keeps another list from being taken up; it is told."""
    lists = office.authority.revocation_lists(NOW)
    content = {"page": PAGE, "certificate": office.authority.root.der, "cut": lists[0][:-9], "empty": b""}[kind]
    path = put(folder, "crls/2.crl", content)
    trust = TrustFolder(folder, SigningSection())
    assert trust.trust.config.crls == lists
    assert [f"{path} cannot be used as a revocation list" in problem for problem in trust.unusable] == [True]


def test_a_list_that_was_written_over_counts_on(office: Office, folder: Path) -> None:
    """A page of errors fetched over a list takes nothing away while the axis runs; the next good list mends it."""
    trust = TrustFolder(folder, SigningSection())
    before = trust.trust
    put(folder, "crls/1.crl", PAGE)
    assert not trust.changed()
    assert (trust.trust, len(trust.unusable)) == (before, 1)
    newer = office.authority.revocation_lists(office.authority.now)[1]
    put(folder, "crls/1.crl", newer)
    assert trust.changed()
    assert trust.unusable == ()
    assert trust.trust.config.crls == (before.config.crls[0], newer)
    (folder / "crls/1.crl").unlink()
    assert trust.changed()
    assert trust.trust.config.crls == before.config.crls[:1]


def test_a_list_that_has_ended_is_told(office: Office, folder: Path) -> None:
    """Signatures are undecided once the newest list of an authority has ended; nobody makes lists after its own end."""
    trust = TrustFolder(folder, SigningSection())
    assert trust.outdated(NOW) == []
    later = NOW + timedelta(days=60)
    told = trust.outdated(later)
    assert len(told) == 2
    assert "ended on" in told[0]
    put(folder, "crls/new.crl", office.authority.revocation_lists(later)[0])
    assert trust.changed()
    assert len(trust.outdated(later)) == 1
    assert trust.outdated(NOW + timedelta(days=40 * 365)) == []
