"""The certificate of a client ends while it runs: replaced in time nobody notices; else it is told, nothing is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.waiting import eventually

from lienthong.chassis import pki, profiles
from lienthong.chassis.engines.kafka.log import KafkaEventLog
from lienthong.chassis.engines.kafka.settings import KafkaSection
from lienthong.chassis.errors import AxisError, Code
from lienthong.dev.kafka import KafkaCluster

from .support import opened, read_all, record, section_of

LIFE = timedelta(seconds=10)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class House:
    """A broker with TLS, and an authority of the test that it trusts, as its clients do."""

    cluster: KafkaCluster
    authority: pki.Authority
    folder: Path

    def certify(self, name: str, life: timedelta) -> None:
        """Writes a key and a certificate that began in the past."""
        key, now = pki.new_key(), datetime.now(UTC).replace(microsecond=0)
        validity = pki.Validity(now - timedelta(hours=1), now + life)
        profile = profiles.tls_server(name, ("localhost", "127.0.0.1"))
        certificate = self.authority.issue(key.public_key(), profile, validity, x509.random_serial_number())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = certificate.public_bytes(Encoding.PEM)
        # Each is replaced at once: a client may be reading it.
        for file, data in ((self.folder / f"{name}.key", private), (self.folder / f"{name}.pem", public)):
            file.with_suffix(".new").write_bytes(data)
            file.with_suffix(".new").replace(file)

    def section(self, name: str) -> KafkaSection:
        """Gives the settings of a client that shows its certificate of this folder."""
        files = {"certificate_file": self.folder / f"{name}.pem", "key_file": self.folder / f"{name}.key"}
        return section_of(self.cluster).model_copy(update=files)

    def restart(self) -> None:
        """Cuts everybody's connections: what is open stays good, whatever ends."""
        self.cluster.kill()
        self.cluster.start()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Such a broker, running."""
    cluster = KafkaCluster(tmp_path_factory.mktemp("kafka"), secure=True)
    assert cluster.credentials is not None
    now = datetime.now(UTC).replace(microsecond=0)
    validity = pki.Validity(now - 2 * DAY, now + 2 * DAY)
    authority = pki.make_authority("the test", "Lienthong", validity, x509.random_serial_number())
    with cluster.credentials.authority.open("ab") as trusted:
        trusted.write(authority.certificate.public_bytes(Encoding.PEM))
    try:
        cluster.start()
        yield House(cluster, authority, tmp_path_factory.mktemp("files"))
    finally:
        cluster.kill()


def ended(file: Path) -> bool:
    """Tells whether a certificate is over."""
    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc < datetime.now(UTC)


def test_a_client_whose_certificate_is_replaced_in_time(house: House) -> None:
    """The new file is used for the next connection, without a restart."""
    section = house.section("admin")
    house.certify("admin", LIFE)
    with opened(section) as log:
        log.publish([record("a", "0")])
        house.certify("admin", DAY)
        house.restart()
        eventually(lambda: taken(log, "1"))
    assert [one.value for one in read_all(admins(house, section), 2)] == [b"0", b"1"]


def test_a_client_whose_certificate_ended(house: House) -> None:
    """It is told why, and nothing it published before is lost; with a new file it goes on by itself."""
    section = house.section("admin")
    house.certify("admin", LIFE)
    with opened(section) as log:
        log.publish([record("a", "0")])
        eventually(lambda: ended(house.folder / "admin.pem"))
        house.restart()
        eventually(lambda: "certificate" in refusal(log, "1"), "the reason is told")
        house.certify("admin", DAY)
        eventually(lambda: taken(log, "1"))
    assert [one.value for one in read_all(admins(house, section), 2)] == [b"0", b"1"]


def refusal(log: KafkaEventLog, value: str) -> str:
    """Gives the words with which publishing is refused for now."""
    with pytest.raises(AxisError) as refused:
        log.publish([record("a", value)])
    assert (refused.value.code, refused.value.reason) == (Code.UNAVAILABLE, "EVENT_LOG_AWAY")
    return refused.value.message.lower()


def taken(log: KafkaEventLog, value: str) -> bool:
    """Publishes as a relay does, which tries again."""
    try:
        log.publish([record("a", value)])
    except AxisError:
        return False
    return True


def admins(house: House, section: KafkaSection) -> KafkaSection:
    """Gives an administrator's settings for the topics of a client."""
    admin = KafkaSection.model_validate(house.cluster.settings())
    names = {"topic_prefix": section.topic_prefix, "group_prefix": section.group_prefix}
    return admin.model_copy(update=names)
