"""Answers of a responder about certificates of :mod:`lienthong.testing.authority` (OCSP, RFC 6960)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from lienthong.testing.authority import DemoAuthority, Identity

RESPONSE_LIFE = timedelta(days=7)


def ocsp_response(
    authority: DemoAuthority,
    about: Identity,
    at: datetime,
    *,
    responder: Identity | None = None,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
) -> bytes:
    """Make an answer about a certificate of ``authority`` (DER), given at ``at``, good for seven days.

    Args:
        authority: Issuer of the certificate.
        about: Whose certificate it is.
        at: Time of the answer.
        responder: Who answers; absent, the issuer itself.
        revoked_at: When the certificate was revoked; absent, it is good.
        reason: Why it was revoked.
    """
    speaker = responder or authority.intermediate
    status = ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=authority.intermediate.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=at,
            next_update=at + RESPONSE_LIFE,
            revocation_time=revoked_at,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, speaker.certificate)
        .certificates([speaker.certificate])
    )
    return builder.sign(speaker.key, hashes.SHA256()).public_bytes(Encoding.DER)
