"""Signs documents of :mod:`lienthong.testing.documents` as agencies do: the person first, then the agency (ND30)."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, cms, keys
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, PdfTimeStamper, Signer
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pyhanko.sign.fields import FieldMDPSpec

    from lienthong.testing.authority import DemoAuthority, Identity

RESERVED_BYTES = 8192
"""Room for one signature. A fixed size spares pyHanko a trial signature for each document."""


@dataclass(frozen=True)
class Signing:
    """One signature to apply: by whom, in which field, at which claimed time, with which time stamp if any.

    `lock` says which fields of the form nobody may fill in any more.
    """

    signer: DemoSigner
    field: str
    at: datetime
    stamper: DummyTimeStamper | None = None
    lock: FieldMDPSpec | None = None


class DemoSigner(Signer):
    """Signs with a key object that is parsed once; pyHanko's own signer parses its key for every signature."""

    def __init__(self, authority: DemoAuthority, identity: Identity) -> None:
        store = _chain_store(authority)
        super().__init__(
            signing_cert=identity.asn1,
            cert_registry=store,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            embed_roots=False,
        )
        self.identity = identity

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002 - pyHanko's signature
        """Return the RSA signature of ``data``; pyHanko calls it with SHA-256."""
        if dry_run or digest_algorithm != "sha256":
            return bytes(self.identity.key.key_size // 8)
        return self.identity.key.sign(data, rsa_padding.PKCS1v15(), hashes.SHA256())


def _chain_store(authority: DemoAuthority) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call] # untyped in pyHanko
    store.register(authority.intermediate.asn1)
    return store


def time_stamper(authority: DemoAuthority, identity: Identity, at: datetime) -> DummyTimeStamper:
    """Return a time-stamp authority in this process whose clock stands still at ``at``."""
    key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = _chain_store(authority)
    return DummyTimeStamper(identity.asn1, keys.PrivateKeyInfo.load(key), certs_to_embed=store, fixed_dt=at)


def signed_pdf(pdf: bytes, signings: Sequence[Signing], padding: bytes = b"") -> bytes:
    """Apply PAdES signatures in their order, in fields without appearance.

    Args:
        pdf: The document.
        signings: Usually two: the person, then the agency (ND30 Art. 14).
        padding: Put into the first signed revision as a stream that nothing shows: random bytes make documents for
            a load test different, and as large as wanted.
    """
    document = pdf
    for number, signing in enumerate(signings):
        document = asyncio.run(_sign(document, signing, padding if number == 0 else b""))
    return document


def stamped_pdf(pdf: bytes, stamper: DummyTimeStamper) -> bytes:
    """Append a document time stamp, which proves that everything before it existed at that time."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    output = PdfTimeStamper(stamper).timestamp_pdf(writer, md_algorithm="sha256", bytes_reserved=2 * RESERVED_BYTES)
    return bytes(output.getvalue())


def with_evidence(pdf: bytes, ocsps: Sequence[bytes] = (), crls: Sequence[bytes] = ()) -> bytes:
    """Append a document security store with OCSP responses and revocation lists (PAdES B-LT)."""
    output = io.BytesIO(pdf)
    DocumentSecurityStore.add_dss(
        output,
        sig_contents=None,
        ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in ocsps],
        crls=[asn1_crl.CertificateList.load(one) for one in crls],
        force_write=True,
    )
    return output.getvalue()


async def _sign(pdf: bytes, signing: Signing, padding: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    if writer.prev.encrypted:
        writer.encrypt("")  # type: ignore[no-untyped-call] # untyped in pyHanko
        _know_all_names()
    if padding:
        writer.root["/PieceInfoPadding"] = writer.add_object(generic.StreamObject(stream_data=padding))
        writer.update_root()  # type: ignore[no-untyped-call] # untyped in pyHanko
    append_signature_field(writer, SigFieldSpec(sig_field_name=signing.field, field_mdp_spec=signing.lock))
    metadata = PdfSignatureMetadata(
        field_name=signing.field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=signing.signer.subject_name,
    )
    signer = _ClockedSigner(metadata, signing.signer, signing.stamper, signing.at)
    output: Any = await signer.async_sign_pdf(writer, bytes_reserved=2 * RESERVED_BYTES)
    return bytes(output.getvalue())


def _know_all_names() -> None:
    """Bring the names of attributes up to date.

    pyHanko adds one for encrypted files, the wrong way round where names were used before it was loaded.
    """
    kinds: Any = cms.CMSAttributeType
    kinds._reverse_map = {name: number for number, name in kinds._map.items()}  # noqa: SLF001 -- no public way


class _ClockedSigner(PdfSigner):
    """Signs at a given time; pyHanko's own reads the system clock."""

    def __init__(
        self,
        metadata: PdfSignatureMetadata,
        signer: DemoSigner,
        stamper: DummyTimeStamper | None,
        at: datetime,
    ) -> None:
        super().__init__(metadata, signer=signer, timestamper=stamper)
        self._at = at

    def init_signing_session(self, *args: Any, **options: Any) -> Any:
        """Start a session as pyHanko does, with the clock set."""
        session = super().init_signing_session(*args, **options)
        session.system_time = self._at
        return session
