"""Parts of the local cluster that need no cluster."""

from pathlib import Path

import pytest
import yaml
from cryptography import x509
from tools.cluster import certificates, layout, node, programs
from tools.cluster.components import components

from lienthong.dev.servers import EngineError


def test_what_a_template_names_and_nobody_knows_is_refused(tmp_path: Path) -> None:
    """A typing error in a manifest is found before it is applied."""
    file = tmp_path / "template.yaml"
    file.write_text("a: $NODE\nb: $NOD\n", "utf-8")
    with pytest.raises(KeyError, match="NOD"):
        layout.filled(file)


@pytest.mark.parametrize("file", sorted(layout.LOCAL.glob("*/*.yaml")), ids=lambda file: file.stem)
def test_manifests_are_yaml_with_all_names_filled_in(file: Path) -> None:
    """Every file of the cluster can be filled in, and read afterwards."""
    text = layout.filled(file, USER="admin", ENGINE="kafka", ENGINES="localhost/engines:1")
    assert all(yaml.safe_load_all(text))


def test_certificates_of_the_cluster_lead_to_its_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each leaf is signed by the authority that its reader is given, and no key may be read by others."""
    monkeypatch.setattr(certificates, "KEYS", tmp_path / "keys")
    certificates.make()
    found = {file.stem: x509.load_pem_x509_certificate(file.read_bytes()) for file in (tmp_path / "keys").glob("*.crt")}
    for name, certificate in found.items():
        issuer = "front-proxy" if name.startswith("front-proxy") else "cluster"
        certificate.verify_directly_issued_by(found[issuer])
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "keys").glob("*.key"))


def test_controllers_wait_for_the_api_server() -> None:
    """Whoever asks the API server starts after it: before its first rules it refuses everybody."""
    asks = {component.name for component in components() if any("kubeconfig" in one for one in component.arguments)}
    waits = {component.name for component in components() if component.after == layout.API_READY}
    assert asks < waits | {"kube-proxy"}


def test_without_go_the_message_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Programs cannot be built without Go, and whoever lacks it is told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"the command go is not here: install Go 1\.26"):
        programs.fetch()


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The node needs programs of Debian, and whoever has another system is told which."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(layout.ClusterError, match=r"apt-get is missing: containerd, runc"):
        programs.install()


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks the node without a cluster is told how to bring one up."""
    monkeypatch.setattr(node, "STATE", tmp_path / "nowhere")
    with pytest.raises(layout.ClusterError, match="make cluster"):
        node.inside("true")
