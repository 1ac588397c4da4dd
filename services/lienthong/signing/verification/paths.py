"""Remembers certification paths that were found good, so that the same signer is not proved anew in every file.

An agency signs thousands of documents with the same certificate. Whether its path is good depends on: the certificate,
the other certificates at hand, the revocation data, what the certificate is used for, and the time it is judged for.
The first four are the key under which an answer is kept, by their content. The time enters by *turning points*: moments
at which anything in that data begins or ends (validity of every certificate at hand, issue and expiry of every list and
response). Between two turning points nothing changes, so an answer holds for the gap it was found in, and for no moment
within two seconds of its ends (pyHanko allows one second of tolerance).

Only good answers are kept, and only where no list or response at hand says anything bad about any certificate at hand:
whatever is revoked, expired, unknown or in doubt takes the long way each time. The signature over the document, its
digest and the changes after signing are never remembered.

The remedy replaces ``validate_cert_usage`` of pyHanko, which all other users reach unchanged.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509 as pyca
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator.policy_decl import FRESHNESS_FALLBACK_VALIDITY_DEFAULT
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from asn1crypto import crl, ocsp, x509

KEPT = 1024
"""Answers; each holds the certificates of one path, a few kilobytes."""
_MARGIN = timedelta(seconds=2)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_NAME = "validate_cert_usage"
_original: Any = getattr(generic_cms, _NAME)


class PathMemory:
    """Answers of one trust configuration. For one thread."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._answers: OrderedDict[Hashable, tuple[datetime, datetime, Any]] = OrderedDict()

    def find(self, key: Hashable, moment: datetime) -> Any:
        """Return the answer that holds at ``moment``, or None."""
        begin, end, answer = self._answers.get(key, (_END, _END, None))
        if not begin < moment < end:
            return None
        self._answers.move_to_end(key)
        return answer

    def keep(self, key: Hashable, moment: datetime, turning_points: Iterable[datetime], answer: Any) -> None:
        """Keep an answer for the gap between turning points in which ``moment`` lies."""
        begin, end = _BEGINNING, _END
        for point in turning_points:
            if point <= moment:
                begin = max(begin, point + _MARGIN)
            else:
                end = min(end, point - _MARGIN)
        if begin < moment < end:
            self._answers[key] = (begin, end, answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._kept:
                self._answers.popitem(last=False)


class RememberingContext:
    """Stands for a ValidationContext of pyHanko, which is only made when nothing is remembered.

    Args:
        memory: Where answers are kept.
        key: All that an answer depends on besides certificates of the signature, their use and the time.
        moment: Time of judgement.
        algorithms: Which algorithms are too weak.
        make: Makes the real context.
    """

    def __init__(
        self, memory: PathMemory, key: Hashable, moment: datetime, algorithms: Any, make: Callable[[], Any]
    ) -> None:
        self.moment = self.best_signature_time = moment
        self.algorithm_policy = algorithms
        self.sig_validator = DefaultSignatureValidator()
        self._memory = memory
        self._key = key
        self._make = make
        self._others: list[x509.Certificate] = []

    @property
    def certificate_registry(self) -> RememberingContext:
        """What takes the certificates of the signature: this object."""
        return self

    @property
    def path_builder(self) -> RememberingContext:
        """What builds paths: this object, later."""
        return self

    def register_multiple(self, certificates: Iterable[x509.Certificate]) -> None:
        """Take certificates that stand in the signature."""
        self._others.extend(certificates)

    def async_build_paths_lazy(self, _certificate: x509.Certificate) -> None:
        """Build nothing yet."""

    async def validate(self, certificate: x509.Certificate, usage: Any) -> Any:
        """Return pyHanko's answer on ``certificate``, remembered or new."""
        others = tuple(other.sha256 for other in self._others)
        key = (self._key, certificate.sha256, others, _usage_key(usage))
        answer = self._memory.find(key, self.moment)
        if answer is not None:
            return answer
        context = self._make()
        context.certificate_registry.register_multiple(self._others)
        paths = context.path_builder.async_build_paths_lazy(certificate)
        answer = await _original(certificate, context, key_usage_settings=usage, paths=paths)
        if answer.success_result is not None:
            at_hand = [certificate, *context.certificate_registry]
            if not _anything_bad(at_hand, context.crls, context.ocsps):
                self._memory.keep(key, self.moment, _turning_points(at_hand, context), answer)
        return answer


def install() -> None:
    """Make pyHanko ask a remembering context; idempotent."""
    setattr(generic_cms, _NAME, _validate)


def uninstall() -> None:
    """Put pyHanko's own function back, for comparisons."""
    setattr(generic_cms, _NAME, _original)


def installed() -> bool:
    """Tell whether a remembering context would be understood."""
    return getattr(generic_cms, _NAME) is _validate


async def _validate(
    cert: x509.Certificate, validation_context: Any, key_usage_settings: Any, paths: Any, **further: Any
) -> Any:
    if isinstance(validation_context, RememberingContext):
        return await validation_context.validate(cert, key_usage_settings)
    return await _original(cert, validation_context, key_usage_settings=key_usage_settings, paths=paths, **further)


def _usage_key(usage: Any) -> Hashable:
    values = (getattr(usage, field.name) for field in fields(usage))
    return (type(usage), *(value if isinstance(value, bool | None) else frozenset(value) for value in values))


def _anything_bad(
    certificates: Iterable[x509.Certificate],
    crls: Iterable[crl.CertificateList],
    ocsps: Iterable[ocsp.OCSPResponse],
) -> bool:
    """Tell whether a list names a certificate at hand, under whatever issuer, or a response is other than good."""
    serials = {certificate.serial_number for certificate in certificates}
    for one in crls:
        revoked = pyca.load_der_x509_crl(one.dump())
        if any(revoked.get_revoked_certificate_by_serial_number(serial) is not None for serial in serials):
            return True
    return any(single["cert_status"].name != "good" for one in ocsps for single in _singles(one))


def _turning_points(certificates: Iterable[x509.Certificate], context: Any) -> Iterator[datetime]:
    for certificate in certificates:
        yield certificate.not_valid_before
        yield certificate.not_valid_after
    for one in context.crls:
        yield from _in_force(one["tbs_cert_list"])
    for one in context.ocsps:
        for single in _singles(one):
            yield from _in_force(single)


def _in_force(holder: Any) -> Iterator[datetime]:
    issued: datetime = holder["this_update"].native
    yield issued
    yield holder["next_update"].native or issued + FRESHNESS_FALLBACK_VALIDITY_DEFAULT


def _singles(response: ocsp.OCSPResponse) -> Iterable[Any]:
    # Responses that are errors were left out when the context was made.
    singles: Iterable[Any] = response["response_bytes"]["response"].parsed["tbs_response_data"]["responses"]
    return singles
