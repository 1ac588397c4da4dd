"""Who may use the store: the secret is checked, the certificate too, and a refusal is never told as absence."""

from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from tests.stores import refusing, section

from lienthong.chassis.config import ConfigError
from lienthong.chassis.engines.objects.settings import ObjectsSection
from lienthong.chassis.engines.objects.store import ObjectBlobs
from lienthong.chassis.errors import AxisError, Code
from lienthong.chassis.ids import Uuid7Source
from lienthong.dev.objects import ObjectServer

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


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "RequestTimeTooSkewed", "CONTENT_STORE_REFUSES"),
        (400, "ExpiredToken", "CONTENT_STORE_REFUSES"),
        (503, "SlowDown", "CONTENT_STORE_AWAY"),
        (409, "ConditionalRequestConflict", "CONTENT_STORE_AWAY"),
    ],
)
def test_the_log_has_what_the_store_says(server: ObjectServer, status: int, code: str, reason: str) -> None:
    """The code and the sentence of an answer, which stand behind a line of XML, are the operator's only clue."""
    with capture_logs() as logs, refusing(status, code) as port:
        settings = section(server, "anywhere", endpoint=f"http://127.0.0.1:{port}", retries=0)
        assert refusal(settings) == reason
    assert f"{code} See {code}." in logs[0]["reason"]
    assert "xml" not in logs[0]["reason"]


def test_a_secret_that_is_changed(server: ObjectServer, tmp_path: Path) -> None:
    """The store is used with what the file holds now, without a restart."""
    right = ObjectsSection.model_validate(server.settings()).secret_access_key_file
    assert right is not None
    secret = tmp_path / "secret"
    secret.write_text("old\n")
    store = ObjectBlobs(section(server, uuid4().hex, secret_access_key_file=secret), Uuid7Source())
    with pytest.raises(AxisError, match="CONTENT_STORE_REFUSES"):
        store.create().commit()
    secret.unlink()
    with pytest.raises(AxisError, match="CONTENT_STORE_REFUSES"):
        store.create().commit()
    secret.write_text(right.read_text("ascii"))
    with store.create() as writer:
        writer.write(b"content")
    assert store.open(writer.key).read() == b"content"
    assert [one.key for one in store.entries()] == [writer.key]


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


def test_the_certificate_is_checked(tmp_path: Path) -> None:
    """Over TLS only a store is used whose certificate is trusted."""
    server = ObjectServer(tmp_path / "server", tied=True, secure=True)
    try:
        server.start()
        store = ObjectBlobs(section(server, "tls", **PATIENT), Uuid7Source())
        with store.create() as writer:
            writer.write(b"sealed")
        assert store.open(writer.key).read() == b"sealed"
        assert refusal(section(server, "tls", retries=0, ca_file=None, **PATIENT)) == "CONTENT_STORE_AWAY"
    finally:
        server.kill()
