"""The keys of an installation: under which passphrase they come, what is refused, when certificates are renewed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.chassis.checks import of_certificates
from lienthong.chassis.config import ConfigError, ServerSection
from lienthong.chassis.ids import Uuid7Source
from lienthong.chassis.keyfiles import load_certificates
from lienthong.chassis.keyring import Keyring, for_one, is_encrypted, read_passphrase
from lienthong.chassis.pki import PkiError, names_of
from lienthong.chassis.sealing import SealKey
from lienthong.chassis.seals import verify_seal
from lienthong.custody import open_keys
from lienthong.settings import Settings
from lienthong.setup import OPERATOR_DAYS, ROOT_DAYS, SERVER_DAYS, extend, first_start, renew
from lienthong.testing.clock import FakeClock

OLD, NEW = b"the passphrase of last year", b"the passphrase of this year"
HOSTS = ("localhost", "127.0.0.1")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


def ring(folder: Path, passphrase: bytes | None = None, previous: bytes | None = None) -> Keyring:
    """The keys in the folder of this test."""
    return Keyring(folder / "keys", passphrase, previous)


def started(keys: Keyring, clock: FakeClock) -> Keyring:
    """The keys after a start."""
    first_start(keys, HOSTS, clock, Uuid7Source())
    return keys


def test_a_passphrase_is_changed(tmp_path: Path, clock: FakeClock) -> None:
    """With the one before beside it a new passphrase takes over; then the old one opens nothing."""
    old = started(ring(tmp_path, OLD), clock)
    before = [old.load(file).public_key() for file in old.key_files()]
    new = started(ring(tmp_path, NEW, OLD), clock)
    assert [new.load(file).public_key() for file in new.key_files()] == before
    assert all(is_encrypted(file) for file in new.key_files())
    with pytest.raises(PkiError, match="wrong passphrase"):
        old.load(old.server.key)
    assert started(ring(tmp_path, NEW), clock).protect() == []


def test_the_passphrase_is_shown_nowhere(tmp_path: Path) -> None:
    """Neither logs nor tracebacks that print a keyring print what opens it."""
    shown = repr(ring(tmp_path, OLD, NEW))
    assert OLD.decode() not in shown
    assert NEW.decode() not in shown


def test_every_key_in_the_way_is_told(tmp_path: Path, clock: FakeClock) -> None:
    """Keys that others may read and keys that do not open are told together, and the others stay as they are."""
    keys = started(ring(tmp_path, OLD), clock)
    keys.server.key.chmod(0o640)
    keys.named("intake-seal").key.write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nnothing\n")
    with pytest.raises(ConfigError) as refused:
        ring(tmp_path, NEW, OLD).protect()
    assert len(refused.value.problems) == 2
    assert "chmod 600" in "".join(refused.value.problems)
    assert "intake-seal.key" in "".join(refused.value.problems)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("long enough for a passphrase", 0o640, "may be read by others; it opens the keys: chmod 600"),
        ("short", 0o600, "the first line must have 16 to 1024 characters; make one with: openssl rand -base64 32"),
        ("", 0o600, "the first line must have 16"),
        ("\n" + "x" * 40, 0o600, "the first line must have 16"),
        ("x" * 1025, 0o600, "the first line must have 16"),
        (None, 0, "cannot be read: No such file"),
    ],
)
def test_a_passphrase_file_that_will_not_do(tmp_path: Path, text: str | None, mode: int, words: str) -> None:
    """Readable by others, too short, too long, empty or absent: refused with setting, rule and remedy."""
    file = tmp_path / "passphrase"
    if text is not None:
        file.write_text(text, "utf-8")
        file.chmod(mode)
    with pytest.raises(ConfigError, match=r"keys\.passphrase_file") as refused:
        read_passphrase("keys.passphrase_file", file)
    assert words in str(refused.value)


def test_certificates_are_renewed_with_a_third_of_their_life_left(tmp_path: Path, clock: FakeClock) -> None:
    """Before that nothing changes; then the same key gets a new certificate, and only what is due is renewed."""
    keys = started(ring(tmp_path), clock)
    key, first = keys.server.key.read_bytes(), load_certificates(keys.server.chain)[0]
    clock.advance(days=SERVER_DAYS * 2 / 3 - 1)
    assert renew(keys, HOSTS, clock) == []
    clock.advance(days=2)
    assert renew(keys, HOSTS, clock) == ["server", "operator"]
    assert SERVER_DAYS == OPERATOR_DAYS
    second = load_certificates(keys.server.chain)[0]
    assert keys.server.key.read_bytes() == key
    assert second.serial_number != first.serial_number
    assert second.not_valid_after_utc - clock.now() <= timedelta(days=SERVER_DAYS)
    assert renew(keys, HOSTS, clock) == []


def test_other_names_of_the_server_renew_its_certificate(tmp_path: Path, clock: FakeClock) -> None:
    """A server that is to be reached under another name gets a certificate that says so."""
    keys = started(ring(tmp_path), clock)
    assert renew(keys, ("localhost", "truc.example.vn"), clock) == ["server"]
    assert "truc.example.vn" in str(names_of(keys.certificate("server")))
    assert renew(keys, ("localhost", "truc.example.vn"), clock) == []


def test_nothing_outlives_the_authority(tmp_path: Path, clock: FakeClock) -> None:
    """Towards the end of the authority certificates end with it, and the program goes on."""
    keys = started(ring(tmp_path), clock)
    clock.advance(days=ROOT_DAYS - 30)
    assert set(renew(keys, HOSTS, clock)) == {"server", "operator", "intake-seal", "workflow-seal"}
    ends = keys.certificate("axis-root").not_valid_after_utc
    assert keys.certificate("server").not_valid_after_utc == ends


def test_a_clock_that_was_ahead_and_is_set_back(tmp_path: Path, clock: FakeClock) -> None:
    """What was renewed while the clock was ahead has not begun: nobody could call, so it is renewed again."""
    keys = started(ring(tmp_path), clock)
    clock.advance(days=500)
    renew(keys, HOSTS, clock)
    clock.advance(days=-499)
    assert not any(check.well for check in of_certificates(keys, ("server", "intake-seal"), clock.now()))
    assert set(renew(keys, HOSTS, clock)) == {"server", "operator", "intake-seal", "workflow-seal"}
    assert all(check.well for check in of_certificates(keys, ("server", "intake-seal"), clock.now()))


def test_the_authority_lives_longer_with_the_same_key(tmp_path: Path, clock: FakeClock) -> None:
    """After `keys extend` whatever was certified or sealed before stays good, and what is renewed lives longer."""
    keys = started(ring(tmp_path), clock)
    old, sealed = keys.certificate("axis-root"), SealKey(keys, "intake").seal({"receipt": "1"}, clock.now())
    server, at = keys.certificate("server"), clock.now()
    clock.advance(days=ROOT_DAYS - 30)
    root = extend(keys, clock)
    assert (root.not_valid_before_utc, root.subject) == (old.not_valid_before_utc, old.subject)
    assert root.not_valid_after_utc == clock.now() + timedelta(days=ROOT_DAYS)
    server.verify_directly_issued_by(root)
    assert verify_seal(sealed.subject_bytes, sealed.cms_der, [root], at).valid
    assert set(renew(keys, HOSTS, clock)) == {"server", "operator", "intake-seal", "workflow-seal"}
    assert renew(keys, HOSTS, clock) == []
    # Who has the old certificate of the authority takes what was renewed, until that ends.
    keys.certificate("server").verify_directly_issued_by(old)
    assert keys.certificate("server").not_valid_after_utc == clock.now() + timedelta(days=SERVER_DAYS)
    # Nor does its great age make it due again before a third of what it was given is left.
    clock.advance(days=1000)
    assert all(check.well for check in of_certificates(keys, ("axis-root",), clock.now()))


@pytest.mark.parametrize(("days", "words"), [(ROOT_DAYS, "lienthong keys extend"), (-1, "set the clock")])
def test_an_authority_that_is_not_in_force(tmp_path: Path, clock: FakeClock, days: int, words: str) -> None:
    """Nothing is certified under an authority that has ended or not begun; the remedy is told."""
    keys = started(ring(tmp_path), clock)
    clock.advance(days=days)
    with pytest.raises(PkiError, match=words):
        renew(keys, HOSTS, clock)


@pytest.mark.parametrize(
    ("mode", "owner", "reader", "good"),
    [
        (0o100600, 10001, 10001, True),
        (0o100440, 10001, 10001, False),
        (0o100440, 0, 10001, True),
        (0o100640, 0, 10001, True),
        (0o100460, 0, 10001, False),
        (0o100444, 0, 10001, False),
        (0o100440, 0, 0, False),
    ],
)
def test_a_mounted_secret_may_be_read_by_the_group(mode: int, owner: int, reader: int, good: object) -> None:
    """What root mounts comes by the group; what is one's own, or root's own program reads, is for its owner alone."""
    assert for_one(mode, owner, reader) is good


def test_the_root_is_known_by_its_certificate(tmp_path: Path, clock: FakeClock) -> None:
    """Where systems are not certified the root's key is not mounted, and not missed; any other key is."""
    keys = started(ring(tmp_path), clock)
    keys.root.key.unlink()
    keys.server.key.unlink()
    found = {one.subject: one.well for one in of_certificates(keys, ("axis-root", "server"), clock.now())}
    assert found == {"certificate axis-root": True, "certificate server": False}


def open_again(folder: Path, clock: FakeClock, **server: object) -> None:
    """Opens the keys as the whole program does at its start."""
    settings = Settings.model_validate({"data_dir": folder, "server": {"hosts": HOSTS, **server}})
    open_keys(settings, ("intake", "routing", "workflow", "signing"), clock, Uuid7Source())


def _swapped(folder: Path) -> None:
    first, second = folder / "server.key", folder / "intake-seal.key"
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


def _beheaded(folder: Path) -> None:
    for kind in ("key", "crt"):
        (folder / f"axis-root.{kind}").unlink()


HARM: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "a key that is empty": (lambda keys: (keys / "server.key").write_bytes(b""), ("server.key cannot be read",)),
    "swapped keys": (_swapped, ("server.crt is of another key", "intake-seal.crt is of another key")),
    "another authority": (
        lambda keys: (keys / "axis-root.key").write_bytes((keys / "operator.key").read_bytes()),
        ("axis-root.crt is of another key",),
    ),
    "no key of the authority": (
        lambda keys: (keys / "axis-root.key").unlink(),
        ("axis-root.key is missing, and ",),
    ),
    "no certificate of the authority": (
        lambda keys: (keys / "axis-root.crt").unlink(),
        ("axis-root.crt is missing, and ",),
    ),
    "no authority": (_beheaded, ("axis-root.key is missing, and ",)),
    "no operator": (lambda keys: (keys / "operator.json").write_bytes(b""), ("operator.json must name",)),
}


@pytest.mark.parametrize("harm", HARM)
def test_keys_that_do_not_fit_stop_the_start(tmp_path: Path, clock: FakeClock, harm: str) -> None:
    """A key that cannot be read or is of another certificate is told before anything is served or certified with it."""
    started(ring(tmp_path), clock)
    do, said = HARM[harm]
    do(tmp_path / "keys")
    with pytest.raises(ConfigError) as refused:
        open_again(tmp_path, clock)
    assert len(refused.value.problems) == len(said)
    for words, problem in zip(said, refused.value.problems, strict=True):
        assert problem.startswith("keys: ")
        assert words in problem


def test_an_authority_that_is_away_is_not_replaced(tmp_path: Path, clock: FakeClock) -> None:
    """Neither by a renewal while the program runs nor at a start; a first start that was killed is gone on with."""
    keys = started(ring(tmp_path), clock)
    before = keys.root.chain.read_bytes()
    kept = keys.root.key.rename(tmp_path / "in the vault")
    with pytest.raises(PkiError, match="put it back from the backup"):
        renew(keys, HOSTS, clock)
    assert keys.root.chain.read_bytes() == before
    kept.rename(keys.root.key)
    assert renew(keys, HOSTS, clock) == []
    for file in keys.folder.glob("*.crt"):
        file.unlink()
    started(ring(tmp_path), clock)


def test_keys_that_are_all_away_are_not_replaced(tmp_path: Path, clock: FakeClock) -> None:
    """Beside databases of earlier days a start without any key is none: nobody could speak to it any more."""
    open_again(tmp_path, clock)
    (tmp_path / "databases").mkdir()
    (tmp_path / "databases" / "routing.db").touch()
    open_again(tmp_path, clock)
    (tmp_path / "keys").rename(tmp_path / "in the vault")
    with pytest.raises(ConfigError, match=r"Put them back from the backup.*lienthong keys init"):
        open_again(tmp_path, clock)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("host", ["trục.example", "", "a b"])
def test_a_host_that_is_none(tmp_path: Path, clock: FakeClock, host: str) -> None:
    """What is no DNS name and no address goes into no certificate."""
    with pytest.raises(ConfigError, match="is no DNS name or address"):
        open_again(tmp_path, clock, hosts=[host])


@pytest.mark.parametrize(
    ("listen", "host"),
    [
        ("0.0.0.0:7443", "127.0.0.1"),
        ("[::]:7443", "[::1]"),
        ("[::1]:7443", "[::1]"),
        ("10.1.2.3:7443", "10.1.2.3"),
        ("axis.example:7443", "axis.example"),
    ],
)
def test_the_server_is_named_by_what_it_listens_at(tmp_path: Path, clock: FakeClock, listen: str, host: str) -> None:
    """The operator's context, and whoever else is told the address of `listen`, meets a certificate that names it."""
    open_again(tmp_path, clock, listen=listen)
    assert ServerSection(listen=listen).reached_at == host
    certificate = Keyring(tmp_path / "keys").certificate("server")
    assert {*HOSTS, host.strip("[]")} == {str(one.value) for one in names_of(certificate)}


def test_half_of_a_new_pair_is_not_taken_up(tmp_path: Path, clock: FakeClock) -> None:
    """Where key and certificate are replaced one by one, seals go on with the old pair until both are there."""
    keys = started(ring(tmp_path), clock)
    seal = SealKey(keys, "intake")
    other = started(Keyring(tmp_path / "other"), clock)
    (keys.folder / "intake-seal.crt").write_bytes((other.folder / "intake-seal.crt").read_bytes())
    old, new = seal.seal({"receipt": "1"}, clock.now()), other.certificate("intake-seal").public_bytes(Encoding.DER)
    assert new not in old.cms_der
    (keys.folder / "intake-seal.key").write_bytes((other.folder / "intake-seal.key").read_bytes())
    assert new in seal.seal({"receipt": "2"}, clock.now()).cms_der
