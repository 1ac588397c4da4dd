"""Who calls: certificates, systems and agencies at the handshake and behind it."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from grpc_health.v1 import health_pb2, health_pb2_grpc

from lienthong.chassis import pki, profiles
from lienthong.chassis.clock import SystemClock
from lienthong.chassis.config import ConfigError
from lienthong.chassis.errors import Code
from lienthong.chassis.keyfiles import load_certificates, load_private_key, write_certificates, write_private_key
from lienthong.chassis.keyring import Keyring
from lienthong.client import Axis, AxisCallError, NotAllowedError, connect, credentials, load_context
from lienthong.client.transfers import new_request_id
from lienthong.common.v1 import operations_pb2 as ops
from lienthong.intake.v1 import intake_pb2
from lienthong.routing.v1 import directory_pb2, mailbox_pb2
from lienthong.workflow.v1 import workflow_pb2

from .world import World, document_of, file_of, known_everywhere, refused, submit, wait_for

REVOCATION_SECONDS = 10.0


def listed(axis: Axis) -> object:
    """Lists what was sent, without waiting for a better answer."""
    return axis.intake.ListDocuments(intake_pb2.ListDocumentsRequest(), timeout=2.0)


def test_no_certificate(world: World) -> None:
    """Without a client certificate not even the handshake succeeds."""
    context = replace(load_context(world.contexts / "vpcp.yaml"), certificate=None, key=None)
    with connect(context) as axis:
        refused(Code.UNAVAILABLE, "AXIS_UNREACHABLE", lambda: listed(axis))


def test_no_tls(world: World) -> None:
    """A caller without TLS gets nothing."""
    context = replace(load_context(world.contexts / "vpcp.yaml"), authority=None)
    with connect(context) as axis:
        refused(Code.UNAVAILABLE, "AXIS_UNREACHABLE", lambda: listed(axis))


def test_a_certificate_of_another_authority(world: World, tmp_path: Path) -> None:
    """A certificate that the axis did not issue is refused at the handshake."""
    _write(tmp_path, _stranger(), "01900000-0000-7000-8000-00000000fffe")
    context = replace(
        load_context(world.contexts / "vpcp.yaml"), certificate=tmp_path / "own.crt", key=tmp_path / "own.key"
    )
    with connect(context) as axis:
        refused(Code.UNAVAILABLE, "AXIS_UNREACHABLE", lambda: listed(axis))


def test_a_system_that_is_not_known_yet(world: World, tmp_path: Path) -> None:
    """A valid certificate of a system that is not known here yet gets UNAVAILABLE with a time to try again."""
    root = Keyring(world.folder / "keys").root
    authority = pki.Authority(load_certificates(root.chain)[0], load_private_key(root.key, None))
    _write(tmp_path, authority, "01900000-0000-7000-8000-00000000ffff")
    context = replace(
        load_context(world.contexts / "vpcp.yaml"), certificate=tmp_path / "own.crt", key=tmp_path / "own.key"
    )
    with connect(context) as axis:
        error = refused(Code.UNAVAILABLE, "SYSTEM_NOT_KNOWN_YET", lambda: listed(axis))
    assert error.retry_after is not None
    assert 0 < error.retry_after.total_seconds() < 10


def test_the_server_of_another_axis(world: World, tmp_path: Path) -> None:
    """A client takes only the server whose authority it trusts."""
    write_certificates(tmp_path / "other.crt", [_stranger().certificate])
    context = replace(load_context(world.contexts / "vpcp.yaml"), authority=tmp_path / "other.crt")
    with connect(context) as axis:
        refused(Code.UNAVAILABLE, "AXIS_UNREACHABLE", lambda: listed(axis))


def test_revoked_credentials(world: World) -> None:
    """A revoked system is UNAUTHENTICATED everywhere within 10 seconds, and its open watches are cut."""
    name = world.system("revoked", "city")
    axis = world.speak("revoked")
    known_everywhere(axis)
    axis.workflow.GetStatistics(workflow_pb2.GetStatisticsRequest())
    watch = axis.mailbox.WatchMailbox(mailbox_pb2.WatchMailboxRequest())
    submit(world.vpcp, file_of())
    assert next(iter(watch)).cursor
    request = directory_pb2.RevokeSystemRequest(name=name, request_id=new_request_id())
    begun = time.monotonic()
    assert world.operator.directory.RevokeSystem(request).HasField("revoke_time")
    for call in (
        lambda: listed(axis),
        lambda: axis.mailbox.ListItems(mailbox_pb2.ListItemsRequest()),
        lambda: axis.workflow.ListCases(workflow_pb2.ListCasesRequest()),
    ):
        wait_for("the revocation holds", lambda call=call: _unauthenticated(call), REVOCATION_SECONDS)  # type: ignore[misc]
    with pytest.raises(NotAllowedError) as cut:
        for _ in watch:
            pass
    assert (cut.value.code, cut.value.reason) == (Code.UNAUTHENTICATED, "CREDENTIALS_REVOKED")
    assert time.monotonic() - begun < REVOCATION_SECONDS
    again = directory_pb2.RevokeSystemRequest(name=name, request_id=new_request_id())
    assert world.operator.directory.RevokeSystem(again).HasField("revoke_time")


def test_one_revoked_certificate(world: World) -> None:
    """A single certificate may be revoked; the others of the system stay good."""
    name = world.system("renewed", "city")
    first = world.speak("renewed")
    known_everywhere(first)
    fingerprint = load_certificates(world.contexts / "renewed.crt")[0].fingerprint(hashes.SHA256())
    request = directory_pb2.RevokeSystemRequest(name=name, certificates=[fingerprint], request_id=new_request_id())
    world.operator.directory.RevokeSystem(request)
    wait_for("the revocation holds", lambda: _unauthenticated(lambda: listed(first)), REVOCATION_SECONDS)
    credentials.certify(world.operator, name, "renewed", credentials.Place(world.contexts))
    listed(world.speak("renewed"))


@pytest.mark.parametrize("words", [b"nothing", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_request_that_is_none_registers_no_system(world: World, tmp_path: Path, words: bytes) -> None:
    """Credentials that cannot be certified leave no system behind that may act for the agency."""
    (tmp_path / "dms.csr").write_bytes(words)
    before = _systems(world)
    place = credentials.Place(tmp_path, tmp_path / "dms.csr")
    refused(Code.INVALID_ARGUMENT, "CSR_INVALID", lambda: credentials.issue(world.operator, "H29", "dms", place))
    assert _systems(world) == before


def test_a_passphrase_that_is_too_short_registers_no_system(world: World, tmp_path: Path) -> None:
    """What keeps the key from being written is told before anything is registered."""
    (tmp_path / "passphrase").write_text("short")
    before = _systems(world)
    place = credentials.Place(tmp_path, passphrase_file=tmp_path / "passphrase")
    with pytest.raises(ConfigError, match="passphrase"):
        credentials.issue(world.operator, "H29", "dms", place)
    assert _systems(world) == before


def test_a_pair_in_use_stays_whole_when_the_axis_refuses(world: World, tmp_path: Path) -> None:
    """The key of a name is replaced together with its certificate, or not at all."""
    place = credentials.Place(tmp_path)
    name = credentials.issue(world.operator, "H29", "dms", place).system
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    revoke = directory_pb2.RevokeSystemRequest(name=name, request_id=new_request_id())
    world.operator.directory.RevokeSystem(revoke)
    wait_for("signing knows", lambda: _refused(world, name, credentials.Place(tmp_path / "elsewhere")))
    assert _refused(world, name, place)
    assert {file: (tmp_path / file).read_bytes() for file in before} == before


def _refused(world: World, system: str, place: credentials.Place) -> bool:
    try:
        credentials.certify(world.operator, system, "dms", place)
    except AxisCallError as error:
        return error.reason == "SYSTEM_REVOKED"
    return False


def _systems(world: World) -> list[str]:
    answer = world.operator.directory.ListSystems(directory_pb2.ListSystemsRequest(page_size=500))
    return [system.name for system in answer.systems]


def test_the_operator_sends_nothing(world: World) -> None:
    """An operator acts for no agency: no document, no mailbox, no status."""
    refused(Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", lambda: submit(world.operator, file_of()))


def test_an_agency_operates_nothing(world: World) -> None:
    """An agency's system cannot operate the platform."""
    request = ops.GetOutboxRequest(service="intake")
    refused(Code.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", lambda: world.vpcp.operations("intake").GetOutbox(request))


@pytest.mark.parametrize("person", ["van-thu-01", "Trần Thị Bích Hằng"])
def test_the_person_is_a_claim(world: World, person: str) -> None:
    """The person stands in the audit trail as the system claims it, beside system and agency, in any letters."""
    context = load_context(world.contexts / "vpcp.yaml")
    with connect(replace(context, person=person)) as axis:
        receipt = submit(axis, file_of(document_of()))
    entries = world.operator.operations("intake").ListAuditEntries(
        ops.ListAuditEntriesRequest(service="intake", resource=receipt.document)
    )
    (entry,) = entries.entries
    assert (entry.person, entry.action) == (person, "document.accept")
    assert entry.agency == world.agencies["vpcp"].name.removeprefix("agencies/")


@pytest.mark.parametrize("person", ["Trần\x1b[2J", "Hằng\u202e", "văn thư\0"])
def test_a_person_in_words(world: World, person: str) -> None:
    """What a terminal would obey is no name: nobody writes it into the audit trail."""
    with connect(replace(load_context(world.contexts / "vpcp.yaml"), person=person)) as axis:
        listing = intake_pb2.ListDocumentsRequest()
        refused(Code.INVALID_ARGUMENT, "PERSON_INVALID", lambda: axis.intake.ListDocuments(listing))


def test_health_needs_no_role(world: World) -> None:
    """Health answers by the gRPC protocol, for the whole and for each service."""
    stub: Any = health_pb2_grpc.HealthStub(world.vpcp.channel("intake"))
    for service in ("", "lienthong.intake.v1.Intake", "lienthong.routing.v1.Mailbox"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5.0)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError):
        stub.Check(health_pb2.HealthCheckRequest(service="nonsense"), timeout=5.0)


def _unauthenticated(call: object) -> bool:
    assert callable(call)
    try:
        call()
    except NotAllowedError as error:
        return error.code is Code.UNAUTHENTICATED
    return False


def _stranger() -> pki.Authority:
    validity = pki.Validity.starting(SystemClock().now(), 10)
    return pki.make_authority("Trục khác", "Người lạ", validity, x509.random_serial_number())


def _write(folder: Path, authority: pki.Authority, system: str) -> None:
    key = pki.new_key()
    write_private_key(folder / "own.key", key, None)
    validity = pki.Validity.starting(SystemClock().now(), 5)
    profile = profiles.system_client(system, "Ai đó")
    certificate = authority.issue(key.public_key(), profile, validity, x509.random_serial_number())
    write_certificates(folder / "own.crt", [certificate, authority.certificate])
