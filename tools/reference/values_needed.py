"""What a chart cannot be rendered without: for Helm, a key without a value is the wish to have none of it."""

from collections.abc import Iterator

from tools.reference.values import Value, values_of

_MAY_BE_NONE = ("list of ", "map of ", "labels", "k8s ")


def values_needed(chart: str) -> str:
    """Makes the template that names them, whole before part."""
    head = "{{/* Written by `make reference` from values.yaml: what must have a value. */}}\n"
    prefix = chart.removeprefix("lienthong-")
    names = "\n".join(".".join(one.path) for one in _needed(values_of(chart)))
    return f'{head}{{{{- define "{prefix}.needed" -}}}}\n{names}\n{{{{- end -}}}}\n'


def _needed(values: tuple[Value, ...]) -> Iterator[Value]:
    for one in values:
        if not one.form.startswith(_MAY_BE_NONE):
            yield one
            yield from _needed(one.parts)
