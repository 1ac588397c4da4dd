"""Who may use the store: the secret is checked, the certificate too, and a refusal is never told as absence."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID
from tests.stores import section

from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer

PASSWORD = "of the key store"
PATIENT = {"connect_seconds": 30.0, "request_seconds": 60.0}
"""The first handshake of a server that has just started takes its time on a busy machine."""


def refusal(settings: ObjectsSection) -> str:
    """Reads and writes with settings that do not do; gives the reason."""
    store = ObjectBlobs(settings, Uuid7Source())
    reasons = set()
    for ask in (store.create().commit, lambda: store.open(Uuid7Source().new()), lambda: list(store.entries())):
        with pytest.raises(AxisError) as refused:
            ask()
        assert refused.value.code is Code.UNAVAILABLE
        assert refused.value.retry_after
        reasons.add(refused.value.reason)
    (reason,) = reasons
    return reason


def test_a_wrong_secret_is_refused(server: ObjectServer, blobs: ObjectBlobs, tmp_path: Path) -> None:
    """With another secret nothing is read and nothing is written."""
    secret = tmp_path / "secret"
    secret.write_text("guessed\n")
    assert refusal(section(server, "anywhere", secret_access_key_file=secret)) == "CONTENT_STORE_REFUSES"
    assert not list(blobs.entries())


def test_a_bucket_that_is_not_there(server: ObjectServer) -> None:
    """A bucket that is missing is not a content that is missing."""
    settings = section(server, "anywhere").model_copy(update={"url": "s3://missing/axis"})
    assert refusal(settings) == "CONTENT_STORE_REFUSES"


def test_a_secret_that_cannot_be_read(server: ObjectServer, tmp_path: Path) -> None:
    """A file of the settings that is not there is named at once."""
    settings = section(server, "anywhere", secret_access_key_file=tmp_path / "missing")
    with pytest.raises(ConfigError, match="secret_access_key_file"):
        ObjectBlobs(settings, Uuid7Source())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "bucket"}, "a scheme and a bucket"),
        ({"endpoint": "http://store.example:9000"}, "only loopback"),
        ({"access_key_id_file": "id"}, "both or none"),
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, object], said: str) -> None:
    """Half a key, a URL without a bucket, and secrets over an open network are refused."""
    with pytest.raises(ValueError, match=said):
        ObjectsSection.model_validate({"url": "s3://bucket/axis", **wrong})


def certificate(folder: Path) -> tuple[Path, Path]:
    """Makes an authority and a certificate of loopback; gives the first and a key store with the second."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "store")]
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    authority, leaf = (
        x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=key is keys[0], path_length=None), critical=True)
        .add_extension(address, critical=False)
        .sign(keys[0], hashes.SHA256())
        for key, name in zip(keys, names, strict=True)
    )
    trusted, keystore = folder / "ca.pem", folder / "store.p12"
    trusted.write_bytes(authority.public_bytes(Encoding.PEM))
    sealed = BestAvailableEncryption(PASSWORD.encode())
    keystore.write_bytes(pkcs12.serialize_key_and_certificates(b"store", keys[1], leaf, [authority], sealed))
    return trusted, keystore


def test_the_certificate_is_checked(tmp_path: Path) -> None:
    """Over TLS only a store is used whose certificate is trusted."""
    trusted, keystore = certificate(tmp_path)
    server = ObjectServer(tmp_path / "server", tied=True, keystore=keystore, password=PASSWORD)
    try:
        server.start()
        store = ObjectBlobs(section(server, "tls", ca_file=trusted, **PATIENT), Uuid7Source())
        with store.create() as writer:
            writer.write(b"sealed")
        assert store.open(writer.key).read() == b"sealed"
        assert refusal(section(server, "tls", retries=0, **PATIENT)) == "CONTENT_STORE_AWAY"
    finally:
        server.kill()
