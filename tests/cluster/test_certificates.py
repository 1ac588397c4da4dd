"""Certificates are replaced while the platform is in use: its pods take the new ones up as they are."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography import x509
from tests.cluster.support.load import no_call_fails
from tests.cluster.support.served import Deployed
from tests.faults.support.run import Run
from tools.cluster import cluster, engines, node, platform

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

PATIENCE_SECONDS = 180.0
"""Kubelets look at secrets now and then, not when they change."""

SHOW = """
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
for address in sys.argv[1:]:
    with context.wrap_socket(socket.create_connection((address, 7443), 10)) as connection:
        print(ssl.DER_cert_to_PEM_cert(connection.getpeercert(True)))
"""
"""Run on the node, which reaches pods by their addresses."""


def test_servers_take_up_new_certificates(run: Run[Deployed]) -> None:
    """A secret with another key and certificate is served by every pod, without a start and without a failed call."""
    before, old = running(), serials()
    with no_call_fails(run, "certificates rotated"):
        begun = time.monotonic()
        new = rotate()
        assert old
        assert new not in old
        node.await_that(lambda: serials() == {new}, PATIENCE_SECONDS, "pods show the certificate of before")
        print(f"every pod shows the new certificate after {time.monotonic() - begun:.0f} s")  # noqa: T201 -- figures
        run.traffic.grant(2)
    assert running() == before


def rotate() -> int:
    """Makes another key of the servers, and puts it into the secret; gives the serial number of its certificate."""
    ring = platform.certify()
    for file in (ring.server.key, ring.server.chain):
        file.unlink()
    number = platform.certify().certificate("server").serial_number
    platform.share_keys()
    return number


def serials() -> set[int]:
    """Gives the serial numbers of the certificates that the pods show."""
    addresses = [pod["status"]["podIP"] for pod in found()]
    shown = node.run(*node.inside(sys.executable, "-c", SHOW, *addresses))
    return {one.serial_number for one in x509.load_pem_x509_certificates(shown.encode())}


def running() -> Mapping[str, int]:
    """Gives the pods of the services, and how often each was started again."""
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in found()}


def found() -> Any:
    """Finds the pods of the services."""
    selector = f"app.kubernetes.io/component in ({','.join(engines.SERVICES)})"
    return cluster.get("-n", platform.NAMESPACE, "pods", "-l", selector)["items"]
