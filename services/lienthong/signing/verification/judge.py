"""Judges one signature after the other, from the last in the file to the first; see :mod:`.pades` for the rules."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR
from functools import partial
from typing import TYPE_CHECKING, Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.ades.report import AdESIndeterminate
from pyhanko.sign.diff_analysis import ModificationLevel, SuspiciousModification
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.pdf_embedded import report_seed_value_validation
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.errors import InvalidCertificateError

from lienthong.signing.verification.faults import FAULTS
from lienthong.signing.verification.forms import changed_since
from lienthong.signing.verification.kinds import kind_of, subject_parts
from lienthong.signing.verification.lines import line
from lienthong.signing.verification.places import TIMESTAMP
from lienthong.signing.verification.proof import Prover
from lienthong.signing.verification.report import (
    JudgedBy,
    Modification,
    Problem,
    Revocation,
    SignatureReport,
    SignerKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from asn1crypto import x509
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko_certvalidator import ValidationContext

    from lienthong.signing.verification.places import Places
    from lienthong.signing.verification.proof import Trust
    from lienthong.signing.verification.trust import Evidence, TrustStore

_OTHER_PURPOSES = frozenset({"server_auth", "code_signing", "time_stamping", "ocsp_signing"})


class _SigningUse(KeyUsageConstraints):
    """What a certificate must be for; one that does not say what it is for, is for anything (RFC 5280 4.2.1.3)."""

    def validate(self, cert: x509.Certificate, *further: Any, **named: Any) -> None:
        """Raise InvalidCertificateError for a certificate that is for something else."""
        purposes = cert.extended_key_usage_value
        if purposes is not None and _OTHER_PURPOSES.issuperset(purposes.native):
            raise InvalidCertificateError("the certificate is for servers, programs, time stamps or responses alone")
        if cert.key_usage_value is not None:
            super().validate(cert, *further, **named)


_USAGE = _SigningUse(key_usage={"non_repudiation", "digital_signature"})
"""Either will do: authorities in Viet Nam issue signing certificates with one or both."""
_COMPROMISED = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})
_MOST_FIELDS = 20
"""Fields told of one signature that were filled or came after it."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object stands in memory, which pyHanko tells of some: the same file would get another report each time."""
_TRUST_PROBLEMS = {
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: Problem.ISSUER_UNKNOWN,
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: Problem.KEY_USAGE,
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: Problem.CERTIFICATE_OUTSIDE_VALIDITY,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE: Problem.WEAK_ALGORITHM,
    AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Problem.WEAK_ALGORITHM,
}


class Judge:
    """Judges the signatures of one file; ``report`` must be called from the last signature to the first."""

    def __init__(
        self, store: TrustStore, evidence: Evidence, at: datetime, places: Places, *, tail_explained: bool
    ) -> None:
        self._store = store
        self._places = places
        self._tail_explained = tail_explained
        self._proved_at = at
        self._proved_by = JudgedBy.VERIFICATION_TIME
        self._at = at
        self._prover = Prover(store, evidence, at)

    async def report(self, signature: EmbeddedPdfSignature) -> SignatureReport:
        """Return the report of one signature; what breaks inside pyHanko makes it MALFORMED, and hides no change."""
        judged = blank = SignatureReport(line(signature.fq_name), judged_at=self._proved_at, judged_by=self._proved_by)
        try:
            described = _describe(blank, signature, self._store, self._at)
            judged = self._tail(_integrity(described, signature, self._places))
            if signature.sig_object_type == TIMESTAMP:
                return await self._document_timestamp(judged, signature)
            return await self._approval(judged, signature)
        # The content is hostile: asn1crypto and pyHanko answer it with whatever broke first.
        except Exception:  # noqa: BLE001
            return replace(
                blank,
                modification=judged.modification,
                modifications=judged.modifications,
                problems=(Problem.MALFORMED, *judged.problems),
            )

    def _tail(self, report: SignatureReport) -> SignatureReport:
        # pyHanko compares revisions; bytes that belong to none are invisible to it.
        if self._tail_explained or report.covers_whole_file:
            return report
        return replace(
            report, modification=Modification.SUSPICIOUS, problems=(*report.problems, Problem.BYTES_APPENDED)
        )

    async def _document_timestamp(self, report: SignatureReport, signature: Any) -> SignatureReport:
        trust = await self._prover.validate(
            lambda context: generic_cms.validate_tst_signed_data(
                signature.signed_data, context, signature.compute_digest
            ),
            self._proved_at,
        )
        report = self._conclude(replace(report, kind=SignerKind.TIMESTAMP), trust, signature.signer_cert)
        if report.trusted and report.modification is not Modification.SUSPICIOUS:
            # Everything before this time stamp existed when it was made.
            moment = self._proved(trust)
            report = replace(report, timestamp_at=moment)
            if moment < self._proved_at:
                self._proved_at, self._proved_by = moment, JudgedBy.TIMESTAMP
        return report

    async def _approval(self, report: SignatureReport, signature: Any) -> SignatureReport:
        report = await self._place_in_time(report, signature)
        moment = report.judged_at or self._proved_at
        trust = await self._prover.validate(
            lambda context: generic_cms.cms_basic_validation(
                signature.signed_data,
                raw_digest=signature.compute_digest(),
                validation_context=context,
                status_kwargs={},
                key_usage_settings=_USAGE,
            ),
            moment,
        )
        report = self._conclude(report, trust, signature.signer_cert)
        seeds = report_seed_value_validation(
            signature, trust.status["validation_path"], report.timestamp_at is not None
        )
        if seeds["seed_value_constraint_error"] is not None:
            report = replace(report, problems=(*report.problems, Problem.SEED_VALUES_VIOLATED))
        return report

    async def _place_in_time(self, report: SignatureReport, signature: Any) -> SignatureReport:
        """Judge the signature's own time stamp, and with it the time the certificates are judged for."""
        tokens = list(generic_cms.extract_tst_data_iter(signature.signer_info, signed=False))
        imprint = generic_cms.message_imprint_checker(signature.signer_info)
        best = report
        if self._proved_by is JudgedBy.TIMESTAMP:
            best = replace(best, timestamp_at=self._proved_at)
        trusted = 0
        for token in tokens:
            trust = await self._prover.validate(partial(_validate_token, token, imprint), self._proved_at)
            if not trust.trusted:
                continue
            trusted += 1
            moment = self._proved(trust)
            if best.timestamp_at is None or moment < best.timestamp_at:
                best = replace(best, timestamp_at=moment)
        if tokens and not trusted:
            best = replace(best, problems=(*best.problems, Problem.TIMESTAMP_NOT_TRUSTED))
        if best.timestamp_at is not None:
            best = replace(best, judged_at=best.timestamp_at, judged_by=JudgedBy.TIMESTAMP)
        return best

    def _proved(self, trust: Trust) -> datetime:
        # A clock that is ahead proves no more than that the time stamp is there.
        stamped: datetime = trust.status["timestamp"]
        return min(stamped, self._proved_at)

    def _conclude(self, report: SignatureReport, trust: Trust, certificate: x509.Certificate) -> SignatureReport:
        status = trust.status
        details = status["revocation_details"]
        report = replace(
            report,
            intact=status["intact"],
            valid=status["valid"],
            trusted=trust.trusted,
            revocation=trust.revocation,
            revoked_at=None if details is None else details.revocation_date,
            algorithm=line(f"{status['md_algorithm']} {status['pkcs7_signature_mechanism']}"),
        )
        return replace(report, problems=(*self._problems(report, trust, certificate), *report.problems))

    def _problems(self, report: SignatureReport, trust: Trust, certificate: x509.Certificate) -> tuple[Problem, ...]:
        if not report.intact:
            return (Problem.DIGEST_MISMATCH,)
        if not report.valid:
            return (Problem.SIGNATURE_WRONG,)
        if trust.revocation is Revocation.REVOKED:
            details = trust.status["revocation_details"]
            return (_revoked(report, details), *([Problem.ISSUER_REVOKED] if details.ca_revoked else []))
        if not report.trusted:
            return (_untrusted(report, trust.status["trust_problem_indic"], certificate),)
        if trust.revocation is Revocation.UNKNOWN and self._store.config.revocation_required:
            return (Problem.REVOCATION_UNKNOWN,)
        return ()


async def _validate_token(token: Any, imprint: Callable[[str], bytes], context: ValidationContext) -> dict[str, Any]:
    status: dict[str, Any] = await generic_cms.validate_tst_signed_data(token, context, imprint)
    return status


def _untrusted(report: SignatureReport, indication: Any, certificate: x509.Certificate) -> Problem:
    # pyHanko has one word for a certificate that nobody else issued and for one of the wrong use,
    if indication == AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE and certificate.self_issued:
        return Problem.ISSUER_UNKNOWN
    # and tells one that has not begun from one that has ended, but not from other faults of a path.
    moment = report.judged_at
    inside = moment is None or certificate.not_valid_before <= moment <= certificate.not_valid_after
    if indication == AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE and not inside:
        return Problem.CERTIFICATE_OUTSIDE_VALIDITY
    return _TRUST_PROBLEMS.get(indication, Problem.CHAIN_INVALID)


def _revoked(report: SignatureReport, details: Any) -> Problem:
    if report.judged_by is JudgedBy.TIMESTAMP:
        return Problem.REVOKED_BEFORE_SIGNING
    if details.revocation_reason.native in _COMPROMISED:
        return Problem.KEY_COMPROMISED
    if report.claimed_at is None or report.claimed_at >= details.revocation_date:
        return Problem.REVOKED_BEFORE_SIGNING
    return Problem.REVOKED_SINCE


def _describe(report: SignatureReport, signature: Any, store: TrustStore, at: datetime) -> SignatureReport:
    certificate: x509.Certificate = signature.signer_cert
    subject = subject_parts(certificate)
    issuer = certificate.issuer.native
    return replace(
        report,
        kind=kind_of(certificate, store.config.kind_rules),
        signer=line(subject.get("common_name", [""])[-1]),
        organisation=line(subject.get("organization_name", [""])[0]),
        issuer=line(str(issuer.get("common_name", ""))),
        serial=line(f"{certificate.serial_number:x}"),
        ended_at=certificate.not_valid_after if certificate.not_valid_after < at else None,
        claimed_at=_claimed(signature),
    )


def _claimed(signature: Any) -> datetime | None:
    """Return when the signer claims to have signed.

    A claim proves nothing: one without a zone, one that is no time and one that is none in Viet Nam are left out.
    """
    try:
        claimed: datetime | None = signature.self_reported_timestamp
    except (PdfError, *FAULTS):
        return None
    told = claimed is not None and claimed.tzinfo is not None and MINYEAR < claimed.year < MAXYEAR
    return claimed if told else None


def _integrity(report: SignatureReport, signature: Any, places: Places) -> SignatureReport:
    """Compare the file with the revision that was signed."""
    signature.compute_integrity_info()
    summary = signature.summarise_integrity_info()
    coverage, difference = summary["coverage"], summary["diff_result"]
    whole = coverage == SignatureCoverageLevel.ENTIRE_FILE
    report = replace(report, covers_whole_file=whole)
    if coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return replace(report, modification=Modification.SUSPICIOUS, problems=(Problem.COVERAGE_UNCLEAR,))
    if suspicion := _suspicion(signature, difference, places, permitted=summary["docmdp_ok"]):
        return replace(
            report,
            modification=Modification.SUSPICIOUS,
            modifications=(f"reason:{line(suspicion)}",),
            problems=(Problem.MODIFIED_AFTER_SIGNING,),
        )
    if whole or difference.modification_level == ModificationLevel.NONE:
        return report
    filled = changed_since(signature)
    changed = sorted(f"field:{line(name)}" for name in filled | difference.changed_form_fields & places.names)
    permitted = tuple(changed[:_MOST_FIELDS])
    problems = (Problem.FIELDS_FILLED,) if filled else ()
    return replace(report, modification=Modification.PERMITTED, modifications=permitted, problems=problems)


def _suspicion(signature: Any, difference: Any, places: Places, *, permitted: bool) -> str:
    """Say why a later revision is more than the signature permits; an empty text when it is not."""
    if isinstance(difference, SuspiciousModification):
        return _ADDRESS.sub("", str(difference))
    if not permitted:
        return "not permitted by the signer"
    if difference is not None and (unsigned := places.unsigned_since(signature, difference.changed_form_fields)):
        return f"nobody signed what the place for a signature {unsigned[0]!r} shows"
    return ""
