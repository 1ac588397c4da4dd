"""The Containerfile makes the image that `make image` makes: the same words on how it is run."""

import json
import re
import shlex

from tools.image import build, python

TEXT = re.sub(r"\\\n\s*", "", (python.ROOT / "Containerfile").read_text("utf-8"))
LAST = TEXT.rpartition("\nFROM ")[2]


def said(instruction: str) -> list[str]:
    """What the last stage says by an instruction, a line each."""
    return re.findall(rf"^{instruction} (.+)$", LAST, re.MULTILINE)


def pairs(instruction: str) -> dict[str, str]:
    """Names and values of an instruction that sets several."""
    return dict(word.split("=", 1) for line in said(instruction) for word in shlex.split(line))


def test_it_is_run_alike() -> None:
    """User, folder, variables, ports, signal, labels and entry point are those of the maker."""
    config = build.config(build.version_of())
    assert json.loads(said("ENTRYPOINT")[0]) == config["Entrypoint"]
    assert said("USER") == [config["User"]]
    assert said("WORKDIR") == [config["WorkingDir"]]
    assert said("STOPSIGNAL") == [config["StopSignal"]]
    assert [f"{name}={value}" for name, value in pairs("ENV").items()] == config["Env"]
    assert {f"{port}/tcp": {} for port in said("EXPOSE")[0].split()} == config["ExposedPorts"]
    assert pairs("LABEL") == config["Labels"]


def test_its_files_are_those_of_the_maker() -> None:
    """The folder that the tool lays out is copied whole onto nothing; the data folder comes apart, with its user."""
    (made,) = re.findall(r"python -m tools\.image lay-out (\S+)$", TEXT, re.MULTILINE)
    (owned,) = re.findall(rf"^RUN mkdir (\S+) && mv {made}/data \1/data && chmod 750 \1/data$", TEXT, re.MULTILINE)
    assert LAST.startswith("scratch\n")
    assert said("COPY") == [f"--from=files {made} /", f"--from=files --chown={python.USER}:{python.USER} {owned} /"]
    assert build.OWNERS == {"data": python.USER}
