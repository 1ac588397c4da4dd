"""Asks pyHanko for proof that certificates were good at a moment, and weighs the revocation data it had.

Three rules stand above pyHanko's own:

* a response (OCSP) that says good does not outweigh a list (CRL) that says revoked: both are asked;
* a list or response made after a certificate ended says nothing about it, since authorities take ended certificates off
  their lists (RFC 5280 3.3), unless the list says that it keeps them (``expiredCertsOnCRL``);
* without any proof a signature is judged as if there were no revocation, and that it is unknown is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lienthong.signing.verification.report import Revocation
from lienthong.signing.verification.trust import Proof

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from lienthong.signing.verification.trust import Evidence, TrustStore

    Validation = Callable[[Any], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Trust:
    """Outcome of one pyHanko validation, with the revocation state made explicit."""

    status: dict[str, Any]
    revocation: Revocation

    @property
    def trusted(self) -> bool:
        """Whether signature and chain hold."""
        status = self.status
        sound = status["intact"] and status["valid"] and status["validation_path"] is not None
        return bool(sound and status["trust_problem_indic"] is None)


class Prover:
    """Judges chains with the configuration and with what one file brought along, as of ``at``."""

    def __init__(self, store: TrustStore, evidence: Evidence, at: datetime) -> None:
        self._store = store
        self._evidence = evidence
        self._at = at
        self._has_lists = bool(evidence.crls) or store.has_lists
        self._has_responses = bool(evidence.ocsps) or store.has_responses

    async def validate(self, validate: Validation, moment: datetime) -> Trust:
        """Validate with proof of the revocation state; when that proof is missing, without, and say unknown."""
        if self._has_lists or self._has_responses:
            trust = await self._with_proof(validate, moment)
            if trust is not None:
                return trust
        status = await validate(self._store.context(self._evidence, moment, Proof.NONE))
        return Trust(status, Revocation.UNKNOWN)

    async def _with_proof(self, validate: Validation, moment: datetime) -> Trust | None:
        trust = await self._ask(validate, moment, Proof.ANY)
        if trust is None or trust.revocation is Revocation.REVOKED:
            return trust
        if self._has_lists and self._has_responses:
            lists = await self._ask(validate, moment, Proof.LISTS)
            if lists is not None and lists.revocation is Revocation.REVOKED:
                return lists
        ended = self._first_end(trust.status["validation_path"])
        if ended is None:
            return trust
        return await self._ask(validate, moment, Proof.ANY, ended)

    async def _ask(
        self, validate: Validation, moment: datetime, proof: Proof, made_until: datetime | None = None
    ) -> Trust | None:
        status = await validate(self._store.context(self._evidence, moment, proof, made_until))
        if status["revocation_details"] is not None:
            return Trust(status, Revocation.REVOKED)
        good = Trust(status, Revocation.GOOD)
        return good if good.trusted else None

    def _first_end(self, path: Any) -> datetime | None:
        """Return when the first certificate of the path below the anchor ended, if one has."""
        below = list(path.iter_certs(include_root=False))
        ends = [certificate.not_valid_after for certificate in below if certificate.not_valid_after < self._at]
        return min(ends, default=None)
