"""Certificates are renewed while the program runs; nobody who is connected notices."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.app import Platform
from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.seals import verify_seal
from lienthong.client import Axis, connect, load_context
from lienthong.client.context import Context
from lienthong.common.v1 import operations_pb2 as pb
from lienthong.demo.timeline import wait_for
from lienthong.settings import Settings
from lienthong.setup import SEAL_DAYS, SERVER_DAYS
from lienthong.testing.clock import FakeClock
from lienthong.testing.platform import Background

DUE_DAYS = SERVER_DAYS * 2 / 3 + 1
"""After so long a certificate of the server is due."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock that begins long ago."""
    return FakeClock(datetime.now(UTC) - timedelta(days=DUE_DAYS))


@pytest.fixture
def platform(tmp_path: Path, clock: FakeClock) -> Iterator[Platform]:
    """A platform whose certificates were made long ago."""
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "server": {"listen": "127.0.0.1:0", "metrics": "", "drain_seconds": 1}}
    )
    with Background(settings, clock) as running:
        yield running


def shown(platform: Platform, context: Context) -> x509.Certificate:
    """The certificate that the server shows to whoever connects now."""
    assert context.certificate is not None
    setting = ssl.create_default_context(cafile=str(context.authority))
    setting.load_cert_chain(context.certificate, context.key)
    with (
        socket.create_connection(("127.0.0.1", platform.port), 10.0) as plain,
        setting.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        der = secure.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def works(axis: Axis) -> bool:
    """Tells whether a call gets an answer."""
    return axis.operations("intake").GetOutbox(pb.GetOutboxRequest(service="intake")).waiting == 0


def test_the_server_shows_its_new_certificate(tmp_path: Path, platform: Platform, clock: FakeClock) -> None:
    """With a third of its life left the server's certificate is renewed; open connections go on, new ones see it."""
    context = load_context(tmp_path / "contexts" / "operator.yaml")
    with ExitStack() as stack:
        before = stack.enter_context(connect(context))
        assert works(before)
        first = shown(platform, context)
        clock.advance(days=DUE_DAYS)
        platform.renew_certificates()
        second = wait_for("the new certificate", lambda: _other(shown(platform, context), first))
        assert second.not_valid_after_utc > first.not_valid_after_utc
        assert second.public_key() == first.public_key()
        assert works(before)
        assert works(stack.enter_context(connect(context)))


def test_what_was_sealed_before_stays_verifiable(platform: Platform, clock: FakeClock) -> None:
    """A seal of before and one of after a renewal both hold against the root, and carry different certificates."""
    root = load_certificates(platform.keyring.root.chain)
    key = SealKey(platform.keyring, "intake")
    old = key.seal({"receipt": "before"}, clock.now())
    serial = platform.keyring.certificate("intake-seal").serial_number
    clock.advance(days=SEAL_DAYS * 2 / 3)
    platform.renew_certificates()
    wait_for("another certificate", lambda: platform.keyring.certificate("intake-seal").serial_number != serial)
    new = key.seal({"receipt": "after"}, clock.now())
    certificate = platform.keyring.certificate("intake-seal")
    der = certificate.public_bytes(Encoding.DER)
    assert der in new.cms_der
    assert der not in old.cms_der
    for seal in (old, new):
        assert verify_seal(seal.subject_bytes, seal.cms_der, root, clock.now()).valid


def _other(now: x509.Certificate, before: x509.Certificate) -> x509.Certificate | None:
    return now if now.serial_number != before.serial_number else None
