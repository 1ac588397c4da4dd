"""Contexts that people write by hand: what is wrong is told by the file, the key and the remedy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from lienthong.chassis import pki, profiles
from lienthong.chassis.keyfiles import write_certificates, write_private_key
from lienthong.chassis.pki import Validity
from lienthong.cli import names
from lienthong.client import Context, ContextError, load_context
from lienthong.client.channel import open_channel
from lienthong.client.context import folders

ADDRESS = "address: 127.0.0.1:7000\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "names no address"),
        (b"- address", "names no address"),
        (b"address:\n", "names no address"),
        (b"address: nowhere\n", "'nowhere' is not host:port"),
        (b"address: [a:1, b]\n", "'b' is not host:port"),
        (b"address: \xff\n", "cannot be read"),
        (b"address: [\n", "cannot be read"),
        (ADDRESS.encode() + b"adress: x\n", "unknown keys: adress"),
        (ADDRESS.encode() + b"1: x\n", "unknown keys: 1"),
        (ADDRESS.encode() + b"agency: 013\n", "agency is no text (11)"),
        (ADDRESS.encode() + b"key: [a]\n", "key is no text"),
        (ADDRESS.encode() + b"addresses: [a:1]\n", "addresses are given by service"),
        (ADDRESS.encode() + b"addresses: {workfow: a:1}\n", "unknown services: workfow"),
        (ADDRESS.encode() + b"addresses: {intake: a}\n", "'a' is not host:port"),
    ],
)
def test_a_context_that_cannot_be_used_is_told(tmp_path: Path, text: bytes, told: str) -> None:
    """Each mistake has its sentence, which begins with the file; none is a traceback."""
    file = tmp_path / "vpcp.yaml"
    file.write_bytes(text)
    with pytest.raises(ContextError) as raised:
        load_context(file)
    assert told in str(raised.value)
    assert str(raised.value).startswith(f"context {file}")


def test_who_has_no_home_folder_has_contexts_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that runs as a number without a name and without HOME finds contexts where it is told to look."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("LIENTHONG_CONTEXTS", "/etc/lienthong/contexts")
    assert folders() == (Path("/etc/lienthong/contexts"), Path("var/contexts"))
    assert names.find("93ee8629", "documents") is None


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("a.crt", "b.key", r"certificate .*a\.crt is of another key than .*b\.key"),
        ("a.p12", "a.key", r"certificate .*a\.p12 is not in PEM"),
        ("a.crt", "a.crt", r"key .*a\.crt is no private key in PEM"),
        ("a.crt", None, "the context names a certificate and no key; name both, or none"),
        (None, "a.key", "the context names a key and no certificate; name both, or none"),
    ],
)
def test_a_pair_that_cannot_be_used_is_told(
    tmp_path: Path, certificate: str | None, key: str | None, told: str
) -> None:
    """Files that do not belong together, or are of another form, are named; they look like an axis that is away."""
    now = Validity.starting(datetime.now(UTC), 1)
    for name in ("a", "b"):
        authority = pki.make_authority(name, "Lienthong", now, 1)
        write_private_key(tmp_path / f"{name}.key", authority.key, None)
        write_certificates(tmp_path / f"{name}.crt", [authority.certificate])
    (tmp_path / "a.p12").write_bytes(b"\x30\x82")
    files = {"certificate": certificate, "key": key}
    named: dict[str, Any] = {setting: tmp_path / file for setting, file in files.items() if file is not None}
    context = Context("127.0.0.1:7000", authority=tmp_path / "a.crt", **named)
    with pytest.raises(ContextError, match=told):
        open_channel(context.address, context)


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ("own", r"certificate .*own\.crt ended on .*lienthong system certify"),
        ("axis", r"authority .*axis\.crt ended on .*new axis-root\.crt"),
    ],
)
def test_what_has_ended_is_told(tmp_path: Path, ended: str, told: str) -> None:
    """A certificate that has ended, and how to get another: the handshake says no more than that it failed."""
    now = datetime.now(UTC)
    long, over = Validity.starting(now, 1), Validity(now - timedelta(hours=1), now - timedelta(seconds=1))
    axis = pki.make_authority("axis", "Lienthong", long, 1)
    key = pki.new_key()
    leaf = axis.issue(key.public_key(), profiles.system_client("own", "Lienthong"), over if ended == "own" else long, 2)
    shown = pki.extend_authority(axis, over.not_after, 3) if ended == "axis" else axis
    write_private_key(tmp_path / "own.key", key, None)
    write_certificates(tmp_path / "own.crt", [leaf])
    write_certificates(tmp_path / "axis.crt", [shown.certificate])
    authority, certificate, own = (tmp_path / name for name in ("axis.crt", "own.crt", "own.key"))
    context = Context("127.0.0.1:7000", authority=authority, certificate=certificate, key=own)
    with pytest.raises(ContextError, match=told):
        open_channel(context.address, context)


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_a_key_is_opened_in_any_form(tmp_path: Path, form: serialization.PrivateFormat) -> None:
    """An RSA key under a passphrase, as openssl writes it today or wrote it once, is used; without one that is told."""
    secret, key = b"long enough for a key", rsa.generate_private_key(65537, 2048)
    protection = serialization.BestAvailableEncryption(secret)
    (tmp_path / "own.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, protection))
    (tmp_path / "passphrase").write_bytes(secret)
    (tmp_path / "passphrase").chmod(0o600)
    authority, life = tmp_path / "axis.crt", Validity.starting(datetime.now(UTC), 1)
    axis = pki.make_authority("axis", "Lienthong", life, 1)
    write_certificates(authority, [axis.certificate])
    profile = profiles.system_client("own", "Lienthong")
    write_certificates(tmp_path / "own.crt", [axis.issue(key.public_key(), profile, life, 2)])
    context = Context("127.0.0.1:7000", authority=authority, certificate=tmp_path / "own.crt", key=tmp_path / "own.key")
    with pytest.raises(ContextError, match=r"key .*own\.key is encrypted; name its passphrase_file"):
        open_channel(context.address, context)
    open_channel(context.address, replace(context, passphrase_file=tmp_path / "passphrase")).close()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(ContextError, match=r"context .*absent\.yaml cannot be read"):
        load_context(tmp_path / "absent.yaml")


def test_keys_without_a_value_are_left_out(tmp_path: Path) -> None:
    """A template with empty keys is a context without them."""
    file = tmp_path / "vpcp.yaml"
    file.write_text(f"{ADDRESS}certificate:\nperson:\naddresses:\n", "utf-8")
    context = load_context(file)
    assert (context.certificate, context.person, context.addresses) == (None, "", {})
