"""Profiles: what the certificates of the axis say of their holders.

The name a certificate carries comes from the profile that the operator chose, never from the certificate
signing request: a request proves possession of a key and nothing else.

======================  ==================================  =============================================
profile                 subject alternative name            key usage / extended key usage
======================  ==================================  =============================================
:func:`tls_server`      host names and addresses            digitalSignature / serverAuth, clientAuth
:func:`system_client`   ``urn:lienthong:system:<id>``       digitalSignature / clientAuth
:func:`operator`        ``urn:lienthong:operator:<id>``     digitalSignature / clientAuth
:func:`seal`            ``urn:lienthong:seal:<service>``    digitalSignature, nonRepudiation /
                                                            emailProtection, documentSigning (RFC 9336)
======================  ==================================  =============================================

Services call each other with the certificate they serve with, hence clientAuth in :func:`tls_server`. A
seal needs emailProtection because ``openssl cms -verify`` judges signers by its purpose ``smimesign``
unless told otherwise.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from lienthong.chassis.pki import PkiError, Profile, subject_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Extended key usage id-kp-documentSigning (RFC 9336)."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_DNS_NAME = re.compile(r"[A-Za-z0-9*_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


def tls_server(common_name: str, hosts: Sequence[str], organisation: str = "Lienthong") -> Profile:
    """Profile of a server; ``hosts`` are DNS names and IP addresses and must not be empty (RFC 9525)."""
    if not hosts:
        raise PkiError(f"server certificate {common_name!r} names no host; pass its DNS names or addresses")
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    return Profile(subject_of(common_name, organisation), tuple(_host(host) for host in hosts), purposes)


def system_client(system_id: str, organisation: str) -> Profile:
    """Profile of a connected system (a DMS, a hub), known to the axis by ``urn:lienthong:system:<id>``."""
    return _caller("system", system_id, organisation)


def operator(operator_id: str, organisation: str) -> Profile:
    """Profile of a person who operates the axis, known to it by ``urn:lienthong:operator:<id>``."""
    return _caller("operator", operator_id, organisation)


def seal(service: str, organisation: str = "Lienthong") -> Profile:
    """Profile of the key with which ``service`` seals receipts and statuses (P-256 only)."""
    uri = x509.UniformResourceIdentifier(f"urn:lienthong:seal:{_identifier(service)}")
    subject = subject_of(f"Lienthong seal: {service}", organisation)
    return Profile(subject, (uri,), (ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING), commits=True)


def _caller(role: str, identifier: str, organisation: str) -> Profile:
    uri = x509.UniformResourceIdentifier(f"urn:lienthong:{role}:{_identifier(identifier)}")
    return Profile(subject_of(identifier, organisation), (uri,), (ExtendedKeyUsageOID.CLIENT_AUTH,))


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise PkiError(
            f"{text!r} cannot stand in a certificate: use 1 to 63 letters, digits, dots, dashes, underscores"
        )
    return text


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        if not _DNS_NAME.fullmatch(host):
            rule = "is no DNS name or address; others than English letters are written as xn--..."
            raise PkiError(f"host {host!r} {rule}") from None
        return x509.DNSName(host)
