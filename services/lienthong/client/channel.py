"""Channels to the axis: mutual TLS with the files that a context names, over all copies of a service."""

import json
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from lienthong.chassis.config import ConfigError
from lienthong.chassis.keyring import read_passphrase
from lienthong.client.addresses import ContextError, on_loopback, split, target
from lienthong.client.context import Context
from lienthong.client.errors import MESSAGE_BYTES_AT_MOST

SHAKE_SECONDS = 10.0
"""Longest TLS handshake."""

_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES_AT_MOST),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Calls go to the copies in turn, past those that are away; a copy that comes back is found within half a second.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
]


def open_channel(address: str, context: Context) -> grpc.Channel:
    """Opens a channel to an address as the context says.

    Raises:
        ContextError: A file of the context cannot be read, a host is not known, or nothing would be encrypted beyond
            this machine.
    """
    place, name = target(address)
    options = [*_OPTIONS, ("grpc.default_authority", context.server_name or name)]
    if context.authority is None:
        if not on_loopback(address):
            raise ContextError(
                f"{address} is not on this machine, and without `authority` nothing is encrypted; name it"
            )
        return grpc.insecure_channel(place, options=options)
    try:
        authority = context.authority.read_bytes()
        key = _key_of(context)
        certificate = context.certificate.read_bytes() if context.certificate else None
    except OSError as error:
        raise ContextError(
            f"{error.filename} cannot be read: {error.strerror}. Mend the context, or its file."
        ) from error
    if key or certificate:
        _insist_on_pair(context, key, certificate)
        renewal = "`lienthong system certify` gives a new one"
        _insist_in_force(f"certificate {context.certificate}", _certificates(certificate)[:1], renewal)
    replacement = "the new axis-root.crt takes its place"
    _insist_in_force(f"authority {context.authority}", _certificates(authority), replacement)
    credentials = grpc.ssl_channel_credentials(authority, _plain(key) if key else None, certificate)
    return grpc.secure_channel(place, credentials, options=options)


def _insist_on_pair(context: Context, key: PrivateKeyTypes | None, certificate: bytes | None) -> None:
    """Refuses what gRPC would call an axis that cannot be reached, or would end the program for."""
    if key is None or certificate is None:
        named, missing = ("certificate", "key") if key is None else ("key", "certificate")
        raise ContextError(f"the context names a {named} and no {missing}; name both, or none")
    try:
        shown = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise ContextError(f"certificate {context.certificate} is not in PEM; name the file that was issued") from error
    if shown != key.public_key():
        raise ContextError(
            f"certificate {context.certificate} is of another key than {context.key}; name those that belong together"
        )


def _insist_in_force(what: str, certificates: Sequence[x509.Certificate], remedy: str) -> None:
    """Refuses what has ended: the handshake would say no more than that it failed."""
    end = max((one.not_valid_after_utc for one in certificates), default=None)
    if end is not None and end <= datetime.now(UTC):
        raise ContextError(f"{what} ended on {end:%Y-%m-%d}. Ask the operator of the axis: {remedy}")


def _certificates(pem: bytes | None) -> Sequence[x509.Certificate]:
    with suppress(ValueError):
        return x509.load_pem_x509_certificates(pem or b"")
    return ()


def _key_of(context: Context) -> PrivateKeyTypes | None:
    """Opens the key, in whichever form a tool wrote it."""
    if context.key is None:
        return None
    try:
        passphrase = read_passphrase("passphrase_file", context.passphrase_file)
    except ConfigError as error:
        raise ContextError(str(error)) from error
    try:
        return _opened(context.key.read_bytes(), passphrase)
    except TypeError as error:
        raise ContextError(f"key {context.key} is encrypted; name its passphrase_file in the context") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = "is no private key in PEM; name the key of the certificate"
        if passphrase is not None:
            reason = "cannot be read: wrong passphrase, or no private key in PEM"
        raise ContextError(f"key {context.key} {reason}") from error


def _opened(pem: bytes, passphrase: bytes | None) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, passphrase)
    except TypeError:
        if passphrase is None:
            raise
        # It is plain, and needs none.
        return serialization.load_pem_private_key(pem, None)


def _plain(key: PrivateKeyTypes) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def server_certificate(context: Context) -> x509.Certificate:
    """Connects, and gives the certificate that the server shows to this client; of several copies the first one's.

    Raises:
        OSError: It cannot be reached, or the handshake fails.
        ContextError: The context cannot be used.
    """
    host, port = split(context.address)[0]
    settings = ssl.create_default_context(cafile=context.authority)
    if context.certificate is not None:
        passphrase = read_passphrase("passphrase_file", context.passphrase_file)
        settings.load_cert_chain(context.certificate, context.key, passphrase)
    with (
        socket.create_connection((host, port), SHAKE_SECONDS) as plain,
        settings.wrap_socket(plain, server_hostname=context.server_name or host) as secure,
    ):
        return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
