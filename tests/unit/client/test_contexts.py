"""Contexts that people write by hand: what is wrong is told by the file, the key and the remedy."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lienthong.chassis import pki
from lienthong.chassis.keyfiles import write_certificates, write_private_key
from lienthong.chassis.pki import Validity
from lienthong.client import Context, ContextError, load_context
from lienthong.client.channel import open_channel

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


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("a.crt", "b.key", r"certificate .*a\.crt is of another key than .*b\.key"),
        ("a.p12", "a.key", r"certificate .*a\.p12 is not in PEM"),
        ("a.crt", "a.crt", r"key .*a\.crt is no private key in PEM"),
    ],
)
def test_a_pair_that_cannot_be_used_is_told(tmp_path: Path, certificate: str, key: str, told: str) -> None:
    """Files that do not belong together, or are of another form, are named; they look like an axis that is away."""
    now = Validity.starting(datetime.now(UTC), 1)
    for name in ("a", "b"):
        authority = pki.make_authority(name, "Lienthong", now, 1)
        write_private_key(tmp_path / f"{name}.key", authority.key, None)
        write_certificates(tmp_path / f"{name}.crt", [authority.certificate])
    (tmp_path / "a.p12").write_bytes(b"\x30\x82")
    context = Context(
        "127.0.0.1:7000", authority=tmp_path / "a.crt", certificate=tmp_path / certificate, key=tmp_path / key
    )
    with pytest.raises(ContextError, match=told):
        open_channel(context.address, context)


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
