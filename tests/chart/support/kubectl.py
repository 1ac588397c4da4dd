"""Lines of kubectl that pages show, held against what the chart renders."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.chart.support.rendering import Manifest, files, of_kind, pods
from tests.commands import words_of

_STEPS = {"rollout": {"restart", "undo", "history", "status"}}
_ON_NODES = {"cluster-info", "cordon", "drain"}
_VERBS = {"apply", "create", "delete", "describe", "exec", "get", "logs", "scale", "top", *_ON_NODES, *_STEPS}
_KINDS = {"certificate", "deploy", "deployment", "events", "pdb", "pod", "pods", "secret"}
_WITH_VALUE = {"-n", "--namespace", "-o", "-l", "-c", "-f"}


def unknown(line: str, manifests: Sequence[Manifest]) -> list[str]:
    """Tells what of a line neither kubectl nor the rendered chart knows.

    Args:
        line: Beginning with `kubectl`.
        manifests: What the chart renders for the release that the line is about.
    """
    words = words_of(line.partition(" -- ")[0])[1:]
    options = dict(pairwise(words))
    said = [word for at, word in enumerate(words) if word[0] != "-" and (not at or words[at - 1] not in _WITH_VALUE)]
    found = [*_actions(said), *_things(said, manifests)]
    return [*found, *_labels(options.get("-l", ""), manifests), *_container(options.get("-c", ""), manifests)]


def _actions(said: Sequence[str]) -> Iterator[str]:
    if said[0] not in _VERBS:
        yield f"kubectl {said[0]}"
    elif said[0] in _STEPS and said[1] not in _STEPS[said[0]]:
        yield f"kubectl {said[0]} {said[1]}"
    elif said[0] in ("get", "describe", "top") and said[1].partition("/")[0] not in _KINDS:
        yield f"kind {said[1]}"


def _labels(wanted: str, manifests: Sequence[Manifest]) -> Iterator[str]:
    pairs = dict(one.split("=") for one in wanted.split(",") if one)
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(manifests, "Deployment").values()]
    if not any(pairs.items() <= one.items() for one in labels):
        yield f"labels {wanted}"


def _container(wanted: str, manifests: Sequence[Manifest]) -> Iterator[str]:
    names = {container["name"] for _, pod in pods(manifests) for container in pod["containers"]}
    if wanted and wanted not in names:
        yield f"container {wanted}"


def _things(said: Sequence[str], manifests: Sequence[Manifest]) -> Iterator[str]:
    deployments = {one["metadata"]["name"] for one in manifests if one["kind"] == "Deployment"}
    for word in said:
        kind, _, name = word.partition("/")
        if kind in ("deploy", "deployment") and name not in deployments:
            yield f"deployment {name}"
    if said[:2] == ["get", "secret"]:
        secrets = {secret for _, pod in pods(manifests) for secret, _ in files(pod).values()}
        yield from (f"secret {name}" for name in said[2:] if name not in secrets)
