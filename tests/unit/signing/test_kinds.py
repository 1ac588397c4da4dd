"""Persons and agencies are told apart by their certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from lienthong.signing.verification.kinds import KindRules, kind_of
from lienthong.signing.verification.report import SignerKind

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
POLICY = "1.3.6.1.4.1.99999.1"


def certificate(subject: dict[ObjectIdentifier, str]) -> asn1_x509.Certificate:
    """Return a certificate with this subject and one policy."""
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in subject.items()])
    policy = x509.PolicyInformation(ObjectIdentifier(POLICY), None)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    return asn1_x509.Certificate.load(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))


CN, ORG, OU = NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ({CN: "X", NameOID.USER_ID: "CCCD:079"}, SignerKind.PERSON),
        ({CN: "Nguyễn Văn A", NameOID.USER_ID: "MST:030"}, SignerKind.AGENCY),
        ({CN: "Y", NameOID.ORGANIZATION_IDENTIFIER: "NTRVN-030"}, SignerKind.AGENCY),
        ({CN: "Y", NameOID.SERIAL_NUMBER: "IDCVN-079"}, SignerKind.PERSON),
        ({CN: "Y", NameOID.TITLE: "Chủ tịch"}, SignerKind.PERSON),
        ({ORG: "Văn phòng Chính phủ"}, SignerKind.AGENCY),
        ({CN: "VĂN PHÒNG  CHÍNH PHỦ", ORG: "Văn phòng Chính phủ"}, SignerKind.AGENCY),
        ({CN: "Đội 3", ORG: "Ban X", OU: "Đội 3"}, SignerKind.AGENCY),
        ({CN: "Sở Tài chính", ORG: "UBND tỉnh"}, SignerKind.AGENCY),
        ({CN: "Nguyễn Thị Hồng Ửng", ORG: "UBND tỉnh"}, SignerKind.PERSON),
        ({CN: "He\u0302 thống một cửa", ORG: "UBND tỉnh"}, SignerKind.UNKNOWN),
        ({CN: "Smith", ORG: "UBND tỉnh"}, SignerKind.UNKNOWN),
        ({NameOID.COUNTRY_NAME: "VN"}, SignerKind.UNKNOWN),
    ],
)
def test_rules_in_their_order(subject: dict[ObjectIdentifier, str], kind: SignerKind) -> None:
    """Identifiers decide before names; what no rule knows is unknown, never guessed."""
    assert kind_of(certificate(subject), KindRules()) is kind


def test_an_operators_list_decides_first() -> None:
    """Configuration overrides every rule, by certificate and by policy."""
    one = certificate({CN: "Smith"})
    assert kind_of(one, KindRules(certificates={one.sha256.hex(): SignerKind.AGENCY})) is SignerKind.AGENCY
    assert kind_of(one, KindRules(policies={POLICY: SignerKind.PERSON})) is SignerKind.PERSON
