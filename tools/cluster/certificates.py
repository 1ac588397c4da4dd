"""Keys and certificates of the cluster's components: an authority, and one leaf for each server and each client."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tools.cluster.layout import API_ADDRESS, KEYS, NODE, NODE_ADDRESS

_DAYS: Final = 30
"""A cluster for tests and developers is not older."""

_API_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    NODE_ADDRESS,
    API_ADDRESS,
)
_CLIENTS: Final = (
    ("admin", "admin", "system:masters"),
    ("kube-apiserver-kubelet", "kube-apiserver-kubelet", "system:masters"),
    ("kube-controller-manager", "system:kube-controller-manager", ""),
    ("kube-scheduler", "system:kube-scheduler", ""),
    ("kube-proxy", "system:kube-proxy", ""),
    ("kubelet", f"system:node:{NODE}", "system:nodes"),
)
"""File, user and group."""


class _Authority:
    """Certifies keys, and writes them beside its own."""

    def __init__(self, name: str) -> None:
        self._name = _subject(name, "")
        self._key = ec.generate_private_key(ec.SECP256R1())
        usage = _usage(certifies=True)
        builder = _builder(self._name, self._name, self._key).add_extension(usage, critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        _write(name, self._key, builder.sign(self._key, SHA256()))

    def server(self, name: str, hosts: Sequence[str]) -> None:
        """Certifies a server."""
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        self._leaf(name, _subject(name, ""), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, name: str, user: str, group: str) -> None:
        """Certifies a client."""
        self._leaf(name, _subject(user, group), ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _leaf(
        self, name: str, subject: x509.Name, purpose: x509.ObjectIdentifier, names: x509.SubjectAlternativeName | None
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._name, key).add_extension(_usage(certifies=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        _write(name, key, builder.sign(self._key, SHA256()))


def make() -> None:
    """Writes all keys and certificates."""
    KEYS.mkdir(mode=0o700, parents=True)
    authority = _Authority("cluster")
    authority.server("kube-apiserver", _API_NAMES)
    authority.server("kubelet-server", (NODE, NODE_ADDRESS))
    for name, user, group in _CLIENTS:
        authority.client(name, user, group)
    _Authority("front-proxy").client("front-proxy-client", "front-proxy-client", "")
    accounts = ec.generate_private_key(ec.SECP256R1())
    _write_key("service-accounts", accounts)
    public = accounts.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (KEYS / "service-accounts.pub").write_bytes(public)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        now - timedelta(minutes=5),
        now + timedelta(_DAYS),
    )


def _usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(user: str, group: str) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(names)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _write_key(name, key)
    (KEYS / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))


def _write_key(name: str, key: ec.EllipticCurvePrivateKey) -> None:
    file = KEYS / f"{name}.key"
    file.touch(0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
