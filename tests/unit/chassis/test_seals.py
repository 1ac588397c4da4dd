"""Seals: checked by openssl and by ourselves, refused when anything is not as sealed."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from lienthong.chassis import keyfiles, pki, profiles
from lienthong.chassis.pki import Validity
from lienthong.chassis.seals import Sealer, SealError, SealProblem, canonical, verify_seal

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 2, 0, 7, tzinfo=UTC)
SUBJECT: dict[str, Any] = {"sender": "000.00.00.H29", "abstract": "Về việc liên thông", "sha256": "ab" * 32, "n": 3}


class Axis:
    """A root and an intake service with a seal key."""

    def __init__(self) -> None:
        self.root = pki.make_authority("Axis root", "Lienthong", Validity.starting(NOW - timedelta(days=1), 3650), 1)
        self.sealer = self.sealer_of(profiles.seal("intake"))

    def sealer_of(self, profile: pki.Profile, days: int = 90) -> Sealer:
        """Return a sealer with a fresh key and a certificate of ``profile``."""
        key = pki.new_key()
        return Sealer(key, self.root.issue(key.public_key(), profile, Validity.starting(NOW, days), 7), [])


@pytest.fixture(scope="module")
def axis() -> Axis:
    """One axis for all tests."""
    return Axis()


def openssl_verify(directory: Path, axis: Axis, subject: bytes, seal: bytes) -> subprocess.CompletedProcess[str]:
    """Run the documented command, at the time of the test's clock."""
    (directory / "receipt.json").write_bytes(subject)
    (directory / "seal.cms").write_bytes(seal)
    keyfiles.write_certificates(directory / "axis.pem", [axis.root.certificate])
    command = (
        "openssl cms -verify -binary -inform DER -in seal.cms -content receipt.json -CAfile axis.pem -out /dev/null"
    )
    words = [*command.split(), "-attime", str(int(NOW.timestamp()))]
    return subprocess.run(words, cwd=directory, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words


def test_openssl_accepts_a_seal_without_further_flags(axis: Axis, tmp_path: Path) -> None:
    """Whoever has the receipt, the seal and the root can check it with a stranger's tool."""
    seal = axis.sealer.seal(SUBJECT, NOW)
    done = openssl_verify(tmp_path, axis, seal.subject_bytes, seal.cms_der)
    assert done.returncode == 0, done.stderr
    assert "successful" in done.stderr


def test_openssl_refuses_a_changed_receipt(axis: Axis, tmp_path: Path) -> None:
    """A receipt that differs in one byte from what was sealed is refused."""
    seal = axis.sealer.seal(SUBJECT, NOW)
    done = openssl_verify(tmp_path, axis, seal.subject_bytes.replace(b"H29", b"H30"), seal.cms_der)
    assert done.returncode != 0


def test_openssl_refuses_a_seal_by_a_client_certificate(axis: Axis, tmp_path: Path) -> None:
    """A connected system cannot make seals with its own certificate, though the axis issued it."""
    seal = axis.sealer_of(profiles.system_client("hcm-dms", "UBND")).seal(SUBJECT, NOW)
    assert openssl_verify(tmp_path, axis, seal.subject_bytes, seal.cms_der).returncode != 0


def test_a_seal_says_who_and_when(axis: Axis) -> None:
    """The verdict gives the signer and the signing time that was passed in, in whole seconds."""
    seal = axis.sealer.seal(SUBJECT, NOW.replace(microsecond=999_999))
    verdict = verify_seal(seal.subject_bytes, seal.cms_der, [axis.root.certificate], NOW)
    assert verdict.valid
    assert verdict.signed_at == NOW
    assert verdict.signer == axis.sealer.certificate


def test_the_subject_has_one_byte_form(axis: Axis) -> None:
    """RFC 8785: order of members and kind of mapping do not matter; the bytes are JSON."""
    shuffled = dict(reversed(list(SUBJECT.items())))
    assert canonical(shuffled) == canonical(SUBJECT) == axis.sealer.seal(shuffled, NOW).subject_bytes
    assert json.loads(canonical(SUBJECT)) == SUBJECT
    assert canonical({"b": 1.0, "a": "é"}) == '{"a":"é","b":1}'.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=6))
def test_the_canonical_form_is_that_of_the_standard(subject: dict[str, object]) -> None:
    """Whichever encoder is used, the bytes are those of RFC 8785; what that refuses is refused."""
    try:
        expected = rfc8785.dumps(subject)  # type: ignore[arg-type] # what JSON holds
    except (rfc8785.CanonicalizationError, UnicodeError):
        with pytest.raises(SealError):
            canonical(subject)
    else:
        assert canonical(subject) == expected


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), b"bytes", {1: 2}, "\ud800", object()])
def test_what_has_no_canonical_form_is_refused(axis: Axis, value: object) -> None:
    """A value that two machines could write differently is refused before it is sealed."""
    with pytest.raises(SealError):
        axis.sealer.seal({"value": value}, NOW)


def test_a_seal_needs_a_time_with_its_zone(axis: Axis) -> None:
    """A naive time would mean another moment on another machine."""
    with pytest.raises(SealError, match="zone"):
        axis.sealer.seal(SUBJECT, NOW.replace(tzinfo=None))


def test_key_and_certificate_must_belong_together(axis: Axis) -> None:
    """A wrong certificate is found when the service starts, not by those who check its seals."""
    with pytest.raises(SealError, match="another key"):
        Sealer(pki.new_key(), axis.sealer.certificate, [])
    with pytest.raises(SealError, match="P-256"):
        Sealer(ec.generate_private_key(ec.SECP384R1()), axis.sealer.certificate, [])


@pytest.mark.parametrize("at", [NOW, datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)])
def test_the_encoding_is_der(axis: Axis, at: datetime) -> None:
    """The parts joined by hand are what an ASN.1 library writes (UTCTime before 2050: RFC 5652 11.3)."""
    der = axis.sealer.seal(SUBJECT, at).cms_der
    parsed = cms.ContentInfo.load(der, strict=True)
    signer = parsed["content"]["signer_infos"][0]
    attributes = {item["type"].native: item["values"][0] for item in signer["signed_attrs"]}
    assert attributes["signing_time"].native == at
    assert attributes["signing_time"].name == ("utc_time" if at.year < 2050 else "generalized_time")
    assert set(attributes) == {"content_type", "message_digest", "signing_time", "signing_certificate_v2"}
    encodings = [item.dump() for item in signer["signed_attrs"]]
    assert encodings == sorted(encodings)
    assert parsed.dump(force=True) == der


def test_an_unknown_root_is_told(axis: Axis) -> None:
    """A seal of another axis is not ours."""
    seal = axis.sealer.seal(SUBJECT, NOW)
    verdict = verify_seal(seal.subject_bytes, seal.cms_der, [Axis().root.certificate], NOW)
    assert verdict.problem is SealProblem.UNKNOWN_ISSUER


def test_a_certificate_for_another_purpose_is_told(axis: Axis) -> None:
    """Only keys certified for sealing seal."""
    seal = axis.sealer_of(profiles.system_client("hcm-dms", "UBND")).seal(SUBJECT, NOW)
    verdict = verify_seal(seal.subject_bytes, seal.cms_der, [axis.root.certificate], NOW)
    assert verdict.problem is SealProblem.NOT_A_SEAL_KEY


def test_times_are_judged(axis: Axis) -> None:
    """A seal is good while its certificate is, at its signing time afterwards, and never from the future."""
    seal = axis.sealer.seal(SUBJECT, NOW)
    anchors = [axis.root.certificate]
    later = NOW + timedelta(days=200)
    assert verify_seal(seal.subject_bytes, seal.cms_der, anchors, later).problem is SealProblem.OUTSIDE_VALIDITY
    early = verify_seal(seal.subject_bytes, seal.cms_der, anchors, NOW - timedelta(hours=1))
    assert early.problem is SealProblem.SIGNED_IN_FUTURE
    late = axis.sealer.seal(SUBJECT, later)
    assert verify_seal(late.subject_bytes, late.cms_der, anchors, later).problem is SealProblem.OUTSIDE_VALIDITY


def test_a_swapped_certificate_is_told(axis: Axis) -> None:
    """Another certificate of the same key cannot be put into a seal: the signed attributes name the one used."""
    key = pki.new_key()
    first, second = (
        axis.root.issue(key.public_key(), profiles.seal(name), Validity.starting(NOW, days), 9)
        for name, days in (("intake", 90), ("intake", 91))
    )
    seal = Sealer(key, first, []).seal(SUBJECT, NOW)
    swapped = _with_certificate(seal.cms_der, second.public_bytes(Encoding.DER))
    verdict = verify_seal(seal.subject_bytes, swapped, [axis.root.certificate], NOW)
    assert verdict.problem is SealProblem.CERTIFICATE_SWAPPED


def _with_certificate(cms_der: bytes, certificate: bytes) -> bytes:
    """Return the seal with its only certificate replaced."""
    parsed = cms.ContentInfo.load(cms_der)
    choice = cms.CertificateChoices("certificate", asn1_x509.Certificate.load(certificate))
    parsed["content"]["certificates"] = cms.CertificateSet([choice])
    return bytes(parsed.dump())


@given(st.integers(0, 100_000))
def test_no_flipped_bit_passes(number: int) -> None:
    """Whatever single bit of a seal is flipped, it is not accepted as the same seal, and nothing raises."""
    seal = PROBE_SEAL
    place = number % (len(seal.cms_der) * 8)
    spoiled = bytearray(seal.cms_der)
    spoiled[place // 8] ^= 1 << (place % 8)
    verdict = verify_seal(seal.subject_bytes, bytes(spoiled), [PROBE.root.certificate], NOW)
    assert not verdict.valid or (verdict.signed_at, verdict.signer) == (NOW, PROBE.sealer.certificate)


@given(st.binary(max_size=200))
def test_nonsense_is_malformed(nonsense: bytes) -> None:
    """Anything that is not a seal is told as such; nothing raises."""
    assert verify_seal(b"{}", nonsense, [PROBE.root.certificate], NOW).problem is SealProblem.MALFORMED


PROBE = Axis()
PROBE_SEAL = PROBE.sealer.seal(SUBJECT, NOW)
