"""Channels to the axis: mutual TLS with the files that a context names."""

import socket
import ssl

import grpc
from cryptography import x509

from lienthong.chassis.config import ConfigError
from lienthong.chassis.keyring import Keyring, is_encrypted, read_passphrase
from lienthong.chassis.pki import PkiError
from lienthong.client.context import Context, ContextError

SHAKE_SECONDS = 10.0
"""Longest TLS handshake."""

_OPTIONS = [
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_permit_without_calls", 1),
]


def open_channel(address: str, context: Context) -> grpc.Channel:
    """Opens a channel to an address as the context says.

    Raises:
        ContextError: The key of the context cannot be opened.
    """
    if context.authority is None:
        return grpc.insecure_channel(address, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        context.authority.read_bytes(),
        _key_of(context),
        context.certificate.read_bytes() if context.certificate else None,
    )
    return grpc.secure_channel(address, credentials, options=_OPTIONS)


def _key_of(context: Context) -> bytes | None:
    if context.key is None:
        return None
    if context.passphrase_file is None:
        if is_encrypted(context.key):
            raise ContextError(f"key {context.key} is encrypted; name its passphrase_file in the context")
        return context.key.read_bytes()
    try:
        passphrase = read_passphrase("passphrase_file", context.passphrase_file)
        return Keyring(context.key.parent, passphrase).pem(context.key)
    except (ConfigError, PkiError) as error:
        raise ContextError(str(error)) from error


def server_certificate(context: Context) -> x509.Certificate:
    """Connects, and gives the certificate that the server shows to this client.

    Raises:
        OSError: It cannot be reached, or the handshake fails.
        ContextError: The context cannot be used.
    """
    host, _, port = context.address.rpartition(":")
    settings = ssl.create_default_context(cafile=context.authority)
    if context.certificate is not None:
        passphrase = read_passphrase("passphrase_file", context.passphrase_file)
        settings.load_cert_chain(context.certificate, context.key, passphrase)
    with (
        socket.create_connection((host.strip("[]"), int(port)), SHAKE_SECONDS) as plain,
        settings.wrap_socket(plain, server_hostname=host.strip("[]")) as secure,
    ):
        return x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
