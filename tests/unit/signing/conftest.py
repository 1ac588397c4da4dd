"""One demo authority and one signed letter for all tests of this folder: making RSA keys takes a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from lienthong.signing.verification.trust import TrustConfig
from lienthong.testing.authority import DemoAuthority, Identity
from lienthong.testing.documents import Letter, letter_pdf
from lienthong.testing.signatures import DemoSigner, Signing, signed_pdf

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
AGENCY = "Ủy ban nhân dân Thành phố Hồ Chí Minh"


@dataclass(frozen=True)
class Office:
    """An agency that signs: its authority, its leader, its seal, a time-stamp authority, and what they signed."""

    authority: DemoAuthority
    leader: Identity
    seal: Identity
    stamps: Identity
    letter: bytes
    signed: bytes

    @property
    def trust(self) -> TrustConfig:
        """Trust in the authority, with its revocation lists of now."""
        return self.trusting(self.authority.revocation_lists(NOW))

    def trusting(self, crls: tuple[bytes, ...]) -> TrustConfig:
        """Trust in the authority, with these revocation lists."""
        return TrustConfig((self.authority.root.der,), (self.authority.intermediate.der,), crls)

    def signing(self, identity: Identity, field: str = "NguoiKy", at: datetime = NOW) -> Signing:
        """One signature without a time stamp."""
        return Signing(DemoSigner(self.authority, identity), field, at)


@pytest.fixture(scope="session")
def office() -> Office:
    """An office with a letter signed by its leader and sealed by the agency."""
    authority = DemoAuthority.create(NOW - timedelta(days=1))
    leader = authority.person("Nguyễn Thị Hồng Ửng", AGENCY, "Phó Chủ tịch", "079123456789")
    seal = authority.agency(AGENCY, "0301234567")
    letter = letter_pdf(Letter(), NOW)
    signings = [
        Signing(DemoSigner(authority, leader), "NguoiKy", NOW),
        Signing(DemoSigner(authority, seal), "CoQuan", NOW),
    ]
    return Office(authority, leader, seal, authority.time_stamper(), letter, signed_pdf(letter, signings))
