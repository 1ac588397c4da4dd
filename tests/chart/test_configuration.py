"""What a pod is told and what it is given fit together, and fit the program."""

from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import (
    ENGINES,
    SERVICES,
    TOPICS_CHART,
    Manifest,
    Wanted,
    files,
    of_kind,
    pods,
    render,
    settings,
)
from tests.chart.test_rendering import FILES, OPTIONS

from lienthong.app import MODULES
from lienthong.chassis import config
from lienthong.cli.main import app
from lienthong.client import load_context
from lienthong.custody import SEALS
from lienthong.engines import CONTENTS
from lienthong.settings import Settings

SECRETS = "/etc/lienthong/secrets"


def loaded(values: Any, folder: Path) -> Settings:
    """The settings that the program makes of a configuration."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    found: Settings = config.load(Settings, file, {}, {})
    return found


def pod_of(manifests: list[Manifest], name: str) -> Manifest:
    """The pod of a component."""
    pod: Manifest = of_kind(manifests, "Deployment")[name]["spec"]["template"]["spec"]
    return pod


def named_files(settings: Settings, service: str) -> set[str]:
    """The files of secrets that the settings name, for a service."""
    kafka, objects, postgres = settings.engines.kafka, settings.engines.objects, settings.engines.postgres
    paths = [kafka.ca_file, kafka.certificate_file, kafka.key_file, kafka.password_file, objects.ca_file]
    paths += [objects.access_key_id_file, objects.secret_access_key_file, postgres.ca_file]
    paths += [settings.keys.passphrase_file, Path(postgres.password_file.replace("{service}", service))]
    return {str(path) for path in paths if path and str(path) != "."}


def key_files(service: str) -> set[str]:
    """The keys that a service works with, as custody says."""
    found = {"axis-root.crt", "server.key", "server.crt"}
    found |= {f"{name}.{kind}" for name in SEALS.get(service, ()) for kind in ("key", "crt")}
    return found | ({"operator.json"} if service == "routing" else set())


@pytest.mark.parametrize("file", FILES)
def test_each_size_configures_the_program(rendered: Render, file: str, tmp_path: Path) -> None:
    """The program takes what it is told; what is a process of its own shares all engines."""
    manifests = rendered(files=[file])
    for name in of_kind(manifests, "Deployment"):
        found = loaded(settings(manifests, name), tmp_path)
        assert found.server.listen.endswith(":7443")
        assert found.server.metrics.endswith(":9443")
        assert (found.engines.embedded() == []) is (name != "all")


@pytest.mark.parametrize("option", ["nothing", "passphrase", "certificates", "secret for each", "cloud", "bare"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_has_the_files_that_it_is_told_of(rendered: Render, tmp_path: Path, option: str, service: str) -> None:
    """Each file that the configuration names is mounted, each key of custody, and nothing else."""
    manifests = rendered(OPTIONS[option])
    wanted = named_files(loaded(settings(manifests, service), tmp_path), service)
    wanted |= {f"{SECRETS}/keys/{name}" for name in key_files(service)}
    assert set(files(pod_of(manifests, service))) == wanted


def test_who_keeps_no_contents_gets_no_key_to_them(rendered: Render) -> None:
    """A service that was taken over gives away what it works with, and no more."""
    manifests = rendered()
    found = {name for name in SERVICES if f"{SECRETS}/objects/secret-access-key" in files(pod_of(manifests, name))}
    assert found == CONTENTS
    holders = {name for name in SERVICES if f"{SECRETS}/keys/axis-root.key" in files(pod_of(manifests, name))}
    assert holders == {"signing"}
    owners = {name for name, pod in pods(manifests) if any("owner" in one for one, _ in files(pod).values())}
    assert owners == {"Job lienthong-migrate"}


def test_a_password_takes_the_place_of_a_certificate(rendered: Render, tmp_path: Path) -> None:
    """With SCRAM each service signs in under its name."""
    manifests = rendered({"config": {"engines": {"kafka": {"security": "scram"}}}})
    found = loaded(settings(manifests, "workflow"), tmp_path)
    assert (found.engines.kafka.username, found.engines.kafka.certificate_file) == ("workflow", None)
    assert files(pod_of(manifests, "workflow"))[f"{SECRETS}/kafka/password"] == ("lienthong-kafka-workflow", "password")


def test_only_who_is_told_otherwise_starts_anew(rendered: Render) -> None:
    """A setting of one component changes its pods and no others; one of all changes all."""

    def templates(values: Any) -> dict[str, Manifest]:
        found = of_kind(rendered(values), "Deployment")
        return {name: one["spec"]["template"] for name, one in found.items()}

    before = templates({})
    one = templates({"components": {"routing": {"config": {"routing": {"lease_seconds": 90}}}}})
    assert {name for name in SERVICES if one[name] != before[name]} == {"routing"}
    every = templates({"config": {"log": {"level": "WARNING"}}})
    assert {name for name in SERVICES if every[name] != before[name]} == set(SERVICES)


def test_what_is_given_weighs_more_than_what_the_chart_knows(rendered: Render) -> None:
    """A component's own setting, then that of all, then the chart's."""
    values = {
        "config": {"server": {"listen": "[::]:7443", "threads": 32}, "data_dir": "/data/axis"},
        "components": {"intake": {"config": {"server": {"threads": 64}}}},
    }
    manifests = rendered(values)
    assert settings(manifests, "intake")["server"]["threads"] == 64
    assert settings(manifests, "routing")["server"] == {
        "listen": "[::]:7443",
        "metrics": "0.0.0.0:9443",
        "threads": 32,
        "drain_seconds": 20,
    }
    assert settings(manifests, "routing")["data_dir"] == "/data/axis"


def test_large_numbers_stay_whole(rendered: Render, tmp_path: Path) -> None:
    """Bytes are not written as a power of ten."""
    manifests = rendered({"config": {"signing": {"largest_bytes": 1073741824}}})
    assert "1073741824" in of_kind(manifests, "ConfigMap")["signing"]["data"]["config.yaml"]
    assert loaded(settings(manifests, "signing"), tmp_path).signing.largest_bytes == 1 << 30


def accepts(arguments: list[str]) -> None:
    """Has the command line take arguments, without doing anything."""
    command: Any = typer.main.get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    command.make_context("lienthong", rest)


def test_the_program_knows_what_it_is_called_with(rendered: Render, tmp_path: Path) -> None:
    """Every command of both charts is one, with options that it has."""
    job = {"mode": "job", "job": {"servers": ["kafka-0.kafka:9093"]}}
    manifests = [*rendered(), *rendered(files=["values-small.yaml"])]
    manifests += render(Wanted([job], chart=TOPICS_CHART), tmp_path)
    called = [pod["containers"][0]["args"] for _, pod in pods(manifests)]
    for arguments in called:
        accepts(arguments)
    assert {arguments[0] for arguments in called} == {"run", "db", "trial", "topics"}
    with pytest.raises(Exception, match="No such option: --targt"):
        accepts(["run", "--targt", "intake"])


def test_the_migration_stands_by_itself(rendered: Render, tmp_path: Path) -> None:
    """It runs before anything of the release is there: what it needs is a hook before it, or was there before."""
    manifests = rendered()
    hooks = [
        one for one in manifests if "pre-install" in one["metadata"].get("annotations", {}).get("helm.sh/hook", "")
    ]
    weights = {one["kind"]: int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in hooks}
    assert weights["ConfigMap"] == weights["NetworkPolicy"] < weights["Job"]
    assert {one["metadata"]["annotations"]["helm.sh/hook-delete-policy"] for one in hooks} == {"before-hook-creation"}
    pod = of_kind(manifests, "Job")["migrate"]["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    found = loaded(settings(manifests, "migrate"), tmp_path).engines.postgres
    owners = {found.owner_password_file.replace("{service}", module.name) for module in MODULES}
    assert set(files(pod)) == owners


def test_the_migration_finds_the_database_wherever_it_is_named(tmp_path: Path) -> None:
    """Engines that are named for every component bring their schemas forward as those of the whole do."""
    manifests = render(Wanted([{"defaults": ENGINES}]), tmp_path)
    found = loaded(settings(manifests, "migrate"), tmp_path).engines.postgres
    assert found == loaded(settings(render(Wanted([ENGINES]), tmp_path), "migrate"), tmp_path).engines.postgres


def test_the_trial_reaches_every_service(rendered: Render, tmp_path: Path) -> None:
    """Its context names each service by the name of its headless service."""
    manifests = rendered()
    file = tmp_path / "operator.yaml"
    file.write_text(of_kind(manifests, "ConfigMap")["test"]["data"]["operator.yaml"], "utf-8")
    context = load_context(file)
    assert context.addresses == {name: f"lienthong-{name}.axis.svc:7443" for name in SERVICES}
    assert set(of_kind(manifests, "Service")) == set(SERVICES)
    mounted = files(of_kind(manifests, "Pod")["test"]["spec"])
    assert {str(context.authority), str(context.certificate), str(context.key)} == set(mounted)
