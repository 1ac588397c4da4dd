"""The page of calls and messages, from the protos with their comments."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tools.reference.common import ROOT, page, table


@cache
def contracts() -> Any:
    """Compiles the protos, with their comments, to a descriptor set."""
    sys.path.insert(0, str(ROOT))
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from tools.protos import PROTOS, googleapis, well_known

    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    folders = [f"-I{folder}" for folder in (PROTOS, googleapis(), well_known())]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "set"
        command = [sys.executable, "-m", "grpc_tools.protoc", *folders, f"--descriptor_set_out={target}"]
        subprocess.run([*command, "--include_source_info", *sources], check=True)  # noqa: S603 -- own compiler
        return FileDescriptorSet.FromString(target.read_bytes())


def api_page() -> str:
    """Lists services, their calls, and the messages of each contract."""
    files = sorted(contracts().file, key=lambda file: (not file.service, "google" in file.package, file.name))
    parts = [_contract(file) for file in files]
    names = [f"- [{one.name}](#{slug(f'{file.package}.{one.name}')})" for file in files for one in file.service]
    intro = (
        "Every call speaks TLS with a client certificate. Who may call what stands in [policy.md](policy.md), what\n"
    )
    intro += "can go wrong in [errors.md](errors.md). Fields marked *required* are refused when absent.\n"
    return page("Calls and messages", "`protos/`", intro, "\n".join(names) + "\n", *parts)


def slug(heading: str) -> str:
    """Gives the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def comments_of(file: Any) -> dict[tuple[int, ...], str]:
    """Gives the comments of a proto file by the place of what they stand at."""
    return {
        tuple(one.path): " ".join(one.leading_comments.split())
        for one in file.source_code_info.location
        if one.leading_comments
    }


def _contract(file: Any) -> str:
    said = comments_of(file)
    parts = [f"## {file.name}\n\n{said.get((2,), '')}\n"]
    parts += [_service(file.package, one, said, (6, at)) for at, one in enumerate(file.service)]
    parts += [_message(file.package, one, said, (4, at)) for at, one in enumerate(file.message_type)]
    parts += [_enum(file.package, one, said, (5, at)) for at, one in enumerate(file.enum_type)]
    return "\n".join(parts)


def _service(package: str, service: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    parts = [f"### {package}.{service.name}\n\n{said.get(place, '')}\n"]
    for at, method in enumerate(service.method):
        takes = f"{'stream of ' * method.client_streaming}{_type_link(method.input_type)}"
        gives = f"{'stream of ' * method.server_streaming}{_type_link(method.output_type)}"
        comment = said.get((*place, 2, at), "")
        parts.append(f"#### {service.name}.{method.name}\n\n{comment}\n\n{takes} → {gives}\n")
    return "\n".join(parts)


def _message(package: str, message: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    entries = {f".{package}.{message.name}.{one.name}": one for one in message.nested_type if one.options.map_entry}
    rows = [
        (one.name, str(one.number), _field_type(one, entries), _required(one) + said.get((*place, 2, at), ""))
        for at, one in enumerate(message.field)
    ]
    fields = table(("Field", "Number", "Type", "Meaning"), rows) if rows else "No fields.\n"
    return f"#### {package}.{message.name}\n\n{said.get(place, '')}\n\n{fields}"


def _enum(package: str, enum: Any, said: Mapping[tuple[int, ...], str], place: tuple[int, ...]) -> str:
    rows = [(one.name, str(one.number), said.get((*place, 2, at), "")) for at, one in enumerate(enum.value)]
    return f"#### {package}.{enum.name}\n\n{said.get(place, '')}\n\n{table(('Value', 'Number', 'Meaning'), rows)}"


def _field_type(one: Any, entries: Mapping[str, Any]) -> str:
    if one.type_name in entries:
        key, value = entries[one.type_name].field
        return f"map of {_field_type(key, {})} to {_field_type(value, {})}"
    name = _type_link(one.type_name) if one.type_name else one.Type.Name(one.type).removeprefix("TYPE_").lower()
    return f"repeated {name}" if one.label == one.LABEL_REPEATED else name


def _type_link(full: str) -> str:
    name = full.removeprefix(".")
    if name.startswith("google.") and not name.startswith("google.bytestream"):
        return name
    return f"[{name.rpartition('.')[2]}](#{slug(name)})"


def _required(one: Any) -> str:
    from google.api import field_behavior_pb2 as behaviour

    return "*Required.* " if behaviour.REQUIRED in one.options.Extensions[behaviour.field_behavior] else ""
