"""Finds certificates and revocation data inside a file: the document security store and Adobe's archive attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asn1crypto import crl, ocsp
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.sign.general import (
    MultivaluedAttributeError,
    NonexistentAttributeError,
    find_unique_cms_attribute,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError

from lienthong.signing.verification.trust import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature


def of_file(reader: PdfFileReader, signatures: Iterable[EmbeddedPdfSignature]) -> Evidence:
    """Return all evidence in the file. A damaged store counts as none: it cannot make a signature better."""
    found = Evidence()
    try:
        _add_store(DocumentSecurityStore.read_dss(reader), found)
    except NoDSSFoundError:
        pass
    # Hostile content, read by libraries that answer with whatever broke first.
    except Exception:  # noqa: BLE001
        found = Evidence()
    for signature in signatures:
        _add_archive(signature, found)
    return found


def _add_store(store: Any, found: Evidence) -> None:
    found.certificates.extend(store.load_certs())
    for reference in store.crls:
        content = reference.get_object().read_data(DecodePurpose.CRL)
        found.crls.append(crl.CertificateList.load(content))
    for reference in store.ocsps:
        content = reference.get_object().read_data(DecodePurpose.OCSP_RESPONSE)
        found.ocsps.append(ocsp.OCSPResponse.load(content))


def _add_archive(signature: EmbeddedPdfSignature, found: Evidence) -> None:
    attributes = signature.signer_info["signed_attrs"]
    try:
        archive = find_unique_cms_attribute(attributes, "adobe_revocation_info_archival")
        crls, ocsps = list(archive["crl"] or ()), list(archive["ocsp"] or ())
    except (NonexistentAttributeError, MultivaluedAttributeError, ValueError, TypeError):
        return
    found.crls.extend(crls)
    found.ocsps.extend(ocsps)
