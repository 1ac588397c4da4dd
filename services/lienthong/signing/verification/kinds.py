"""Whose certificate is it: a person's or an agency's? Decided by data, because the rules of issuers differ.

ND30 Art. 5 asks for two signatures, of the competent person and of the agency; nothing in a PDF says which is which,
only the certificates do. The first rule that matches decides:

1. an operator's own list of certificates (SHA-256 of the certificate) or of certificate policies (OID);
2. ``UID`` in the subject: ``CMND:``, ``CCCD:``, ``CC:``, ``HC:`` (identity papers of a person), ``MST:``, ``MNS:``,
   ``MQHNS:``, ``MDV:`` (tax code, budget code, unit code of a body), as authorities in Viet Nam write them;
3. ETSI EN 319 412: ``organizationIdentifier`` means a body; ``givenName``, ``surname`` or a ``serialNumber`` that
   begins with ``PNO``, ``IDC``, ``PAS`` means a person;
4. a title (``T``) means a person: only persons hold an office;
5. no common name, or a common name equal to the organisation or a unit, means an agency;
6. a common name that begins like the name of a body (Bộ, Sở, Ủy ban nhân dân, Văn phòng …) means an agency;
7. a common name that begins with a family name of Viet Nam and has two to six words means a person;
8. otherwise it is unknown, and counts neither as the person's signature nor as the agency's.

Rules 2, 6 and 7 are read from certificates met in the field and are configuration, not law.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lienthong.signing.verification.report import SignerKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asn1crypto import x509


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


_BODY_BEGINNINGS = _listed(
    "ban |bảo hiểm |bệnh viện |bộ |chi cục |chính phủ|công an |cục |đài |đảng |hội đồng |kho bạc |kiểm toán |"
    "liên đoàn |mặt trận |ngân hàng |phòng |quốc hội|sở |thanh tra |thành ủy |tỉnh ủy |tòa án |tổng cục |"
    "trung tâm |trường |ubnd |ủy ban |uỷ ban |văn phòng |viện "
)
_FAMILY_NAMES = frozenset(
    _listed(
        "an|âu|bạch|bành|bế|bùi|cao|châu|chu|chung|cù|cung|dương|đàm|đàng|đào|đặng|điêu|đinh|đoàn|đỗ|đồng|đường|"
        "giang|giáp|hà|hạ|hàn|hoàng|hồ|hồng|huỳnh|hứa|kha|khổng|khuất|khúc|kiều|kim|la|lã|lại|lâm|lê|lò|lô|lộc|"
        "lục|lương|lưu|lý|ma|mã|mạc|mai|nghiêm|ngô|nguyễn|nhâm|nhan|ninh|nông|ông|phạm|phan|phí|phó|phù|phùng|"
        "phương|quách|quan|quản|sầm|tạ|tán|tăng|thạch|thái|thân|thẩm|thiều|tiêu|tô|tôn|tống|trà|trang|trần|triệu|"
        "trịnh|trương|từ|ung|uông|văn|vi|viên|võ|vũ|vương"
    )
)
_PERSON_ATTRIBUTES = ("given_name", "surname", "title")
_LONGEST_NAME = 6


@dataclass(frozen=True)
class KindRules:
    """The configurable part of the rules; the defaults are those of the module's docstring."""

    certificates: Mapping[str, SignerKind] = field(default_factory=dict)
    """SHA-256 of a certificate, lower-case hexadecimal."""
    policies: Mapping[str, SignerKind] = field(default_factory=dict)
    """OID of a certificate policy."""
    person_uid_prefixes: tuple[str, ...] = ("CMND:", "CCCD:", "CC:", "HC:")
    agency_uid_prefixes: tuple[str, ...] = ("MST:", "MNS:", "MQHNS:", "MDV:")
    body_beginnings: tuple[str, ...] = _BODY_BEGINNINGS
    family_names: frozenset[str] = _FAMILY_NAMES


def kind_of(certificate: x509.Certificate, rules: KindRules) -> SignerKind:
    """Tell whose certificate it is, by the rules of this module."""
    subject = subject_parts(certificate)
    configured = _configured(certificate, rules)
    return configured or _by_identifiers(subject, rules) or _by_names(subject, rules)


def subject_parts(certificate: x509.Certificate) -> dict[str, list[str]]:
    """Return the subject's attributes by name, each with all its values, in order."""
    parts: dict[str, list[str]] = {}
    for rdn in certificate.subject.chosen:
        for pair in rdn:
            parts.setdefault(pair["type"].native, []).append(str(pair["value"].native))
    return parts


def _configured(certificate: x509.Certificate, rules: KindRules) -> SignerKind | None:
    if rules.certificates and (kind := rules.certificates.get(certificate.sha256.hex())):
        return kind
    if rules.policies and certificate.certificate_policies_value is not None:
        for policy in certificate.certificate_policies_value:
            if kind := rules.policies.get(policy["policy_identifier"].dotted):
                return kind
    return None


def _by_identifiers(subject: Mapping[str, list[str]], rules: KindRules) -> SignerKind | None:
    for uid in subject.get("user_id", ()):
        if uid.upper().startswith(rules.person_uid_prefixes):
            return SignerKind.PERSON
        if uid.upper().startswith(rules.agency_uid_prefixes):
            return SignerKind.AGENCY
    if "organization_identifier" in subject:
        return SignerKind.AGENCY
    if any(serial.startswith(("PNO", "IDC", "PAS")) for serial in subject.get("serial_number", ())):
        return SignerKind.PERSON
    if any(attribute in subject for attribute in _PERSON_ATTRIBUTES):
        return SignerKind.PERSON
    return None


def _by_names(subject: Mapping[str, list[str]], rules: KindRules) -> SignerKind:
    bodies = {
        _plain(name) for key in ("organization_name", "organizational_unit_name") for name in subject.get(key, ())
    }
    names = [_plain(name) for name in subject.get("common_name", ())]
    if not names:
        return SignerKind.AGENCY if bodies else SignerKind.UNKNOWN
    name = names[-1]
    if name in bodies or name.startswith(rules.body_beginnings):
        return SignerKind.AGENCY
    words = name.split()
    if words and words[0] in rules.family_names and 1 < len(words) <= _LONGEST_NAME:
        return SignerKind.PERSON
    return SignerKind.UNKNOWN


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
