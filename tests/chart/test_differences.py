"""One template makes all components: in what each differs, and in what the sizes differ, is written down.

`LIENTHONG_WRITE_GOLDEN=1` writes the files again; what changes in them is what a review looks at.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from tests.chart.conftest import Render
from tests.chart.support.rendering import SERVICES, Manifest, of_kind
from tests.chart.test_rendering import FILES

GOLDEN = Path(__file__).parent / "golden"
_SOURCE = "# Written by the tests: LIENTHONG_WRITE_GOLDEN=1 make test-chart\n"


def compare(name: str, found: object) -> None:
    """Compares with a golden file, or writes it."""
    text = _SOURCE + yaml.safe_dump(found, sort_keys=True, width=120)
    file = GOLDEN / f"{name}.yaml"
    if os.environ.get("LIENTHONG_WRITE_GOLDEN"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


Place = tuple[str, ...]


def flat(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Gives each leaf with its path; things in lists go by what names them, where something does."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, (*path, str(key)))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from flat(inner, (*path, _name(inner, number)))
    else:
        yield path, value


def _name(value: Any, number: int) -> str:
    names = [value[key] for key in ("name", "path", "port") if key in value] if isinstance(value, dict) else []
    return str(names[0] if names else number)


def neutral(one: Manifest, name: str) -> Any:
    """A manifest with NAME for the component's name, and its configuration unpacked."""
    text = yaml.safe_dump(one).replace(name, "NAME")
    made = yaml.safe_load(text)
    if made["kind"] == "ConfigMap":
        made["data"] = {key: yaml.safe_load(held) for key, held in made["data"].items()}
    if made["kind"] == "Deployment":
        made["spec"]["template"]["metadata"].pop("annotations")
    return made


def leaves(manifests: list[Manifest], name: str) -> dict[Place, Any]:
    """All leaves of a component, of every kind."""
    found: dict[Place, Any] = {}
    for one in manifests:
        if one["metadata"]["name"] == f"lienthong-{name}":
            found.update(flat(neutral(one, name), (one["kind"],)))
    return found


def absent(path: Place, found: dict[Place, Any]) -> str:
    """The largest part around a path of which nothing is there."""
    for length in range(1, len(path) + 1):
        if not any(one[:length] == path[:length] for one in found):
            return "/".join(path[:length])
    return "/".join(path)


def test_what_sets_components_apart(rendered: Render) -> None:
    """Whatever is not listed is the same in most of them."""
    manifests = rendered()
    found = {name: leaves(manifests, name) for name in SERVICES}
    counts = Counter((path, str(value)) for one in found.values() for path, value in one.items())
    common = {key for key, count in counts.items() if count > len(SERVICES) // 2}
    apart = {}
    for name, one in found.items():
        own = {"/".join(path): value for path, value in one.items() if (path, str(value)) not in common}
        missing = {absent(path, one): "not here" for path, _ in common if path not in one}
        apart[name] = own | missing
    compare("differences", apart)


def test_what_sets_sizes_apart(rendered: Render) -> None:
    """Pods, signals and resources of each size at one glance."""
    compare("sizes", {file: dict(_sizes(rendered(files=[file]))) for file in FILES})


def _sizes(manifests: list[Manifest]) -> Iterator[tuple[str, str]]:
    scaled = of_kind(manifests, "HorizontalPodAutoscaler") | of_kind(manifests, "ScaledObject")
    for name, one in of_kind(manifests, "Deployment").items():
        resources = one["spec"]["template"]["spec"]["containers"][0]["resources"]
        asked, limits = resources["requests"], resources["limits"]
        yield name, f"{_pods(one, scaled.get(name))}; {asked['cpu']}, {asked['memory']} to {limits['memory']}"


def _pods(one: Manifest, scaled: Manifest | None) -> str:
    if scaled is None:
        return f"{one['spec']['replicas']} pods"
    spec = scaled["spec"]
    least, most = (spec.get(f"{key}Replicas", spec.get(f"{key}ReplicaCount")) for key in ("min", "max"))
    return f"{least} to {most} pods by {'lag' if scaled['kind'] == 'ScaledObject' else 'processor time'}"
