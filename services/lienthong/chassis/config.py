"""Configuration, declared once: defaults, a YAML file, the environment, in this order of growing weight.

Unknown keys are refused. Every field says in its description what it does and in which unit.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from yaml.composer import ComposerError

ENVIRONMENT_PREFIX = "LIENTHONG_"
NESTED = "__"

_PORT_AT_MOST = 65_535
_CREDENTIALS = re.compile(r"://[^/\s'\"]*@")
"""User and password in an address."""
_NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)
"""What reading raises: also for bytes that are no UTF-8, for days that do not exist, for a thousand brackets."""


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSection(Section):
    """How the program logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    form: Literal["json", "text"] = Field("json", description="`json` for machines, `text` for people.")


class TelemetrySection(Section):
    """What is told to a collector of traces."""

    otlp_endpoint: str = Field("", description="Address and port of an OTLP collector (gRPC); empty for none.")
    otlp_secure: bool = Field(default=True, description="Whether the connection to the collector uses TLS.")


class ServerSection(Section):
    """The port that callers reach."""

    listen: str = Field("127.0.0.1:7443", description="Address and port of gRPC; port 0 takes a free one.")
    metrics: str = Field("127.0.0.1:7464", description="Address and port of metrics; empty for none, port 0 free.")
    insecure: bool = Field(default=False, description="No TLS. Refused when bound beyond loopback.")
    hosts: tuple[str, ...] = Field(
        ("localhost", "127.0.0.1"),
        description="Names and addresses in the server certificate, beside the host of `listen`; other ones renew it.",
    )
    threads: int = Field(
        8, ge=1, le=256, description="Unary calls handled at once; one system has three quarters of them at most."
    )
    queue: int = Field(512, ge=0, le=100_000, description="Unary calls that wait for a thread; more are refused.")
    queue_of_one: int = Field(128, ge=0, le=100_000, description="Of these, calls of one system; more are refused.")
    transfer_threads: int = Field(8, ge=1, le=256, description="Steps of transfers and streams handled at once.")
    watches_of_one: int = Field(2000, ge=1, le=1_000_000, description="Open watches of one system; more are refused.")
    transfers_of_one: int = Field(
        128, ge=1, le=100_000, description="Uploads and downloads of one system at once; more are refused."
    )
    drain_seconds: float = Field(20.0, ge=0, le=600, description="How long calls may go on after SIGTERM.")

    @field_validator("listen", "metrics")
    @classmethod
    def _address(cls, value: str, info: ValidationInfo) -> str:
        host, _, port = value.rpartition(":")
        empty = info.field_name == "metrics" and not value
        if not empty and not (host and port.isdecimal() and int(port) <= _PORT_AT_MOST):
            raise ValueError("an address and a port are needed, such as 127.0.0.1:7443")
        return value

    @property
    def reached_at(self) -> str:
        """Host at which this machine reaches the port: that of `listen`, loopback where it is every address."""
        host = self.listen.rpartition(":")[0]
        return {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 -- nothing is bound here

    @property
    def names(self) -> tuple[str, ...]:
        """Names and addresses in the server certificate: `hosts`, and where this machine reaches it."""
        return tuple(dict.fromkeys((*self.hosts, self.reached_at.strip("[]"))))

    @model_validator(mode="after")
    def _no_tls_on_loopback_only(self) -> Self:
        if self.insecure and not is_loopback(self.listen.rpartition(":")[0]):
            raise ValueError(f"insecure: without TLS only loopback may be served, and listen is {self.listen}")
        return self


def is_loopback(host: str) -> bool:
    """Tells whether a host is this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class KeysSection(Section):
    """The private keys of the axis: its authority, seals, server, first operator."""

    dir: Path | None = Field(None, description="Folder of the keys; `keys` in the data folder when absent.")
    managed: bool = Field(
        default=True,
        description="Whether this process makes, certifies and renews them. `false`: they are mounted, made by "
        "`lienthong keys init`, and taken up again when they change.",
    )
    passphrase_file: Path | None = Field(
        None,
        description="File whose first line encrypts the private keys; 16 characters or more, mode 0600. Plain keys are "
        "encrypted at the next start. Absent: keys are plain, mode 0600, and `doctor` says so.",
    )
    previous_passphrase_file: Path | None = Field(
        None, description="File with the passphrase before this one; keys under it are changed over at start."
    )
    renewal_seconds: float = Field(
        3600.0, gt=0, le=86_400, description="Pause between two looks whether a certificate is to be renewed."
    )

    @model_validator(mode="after")
    def _previous_needs_present(self) -> Self:
        if self.previous_passphrase_file is not None and self.passphrase_file is None:
            raise ValueError("previous_passphrase_file: needs passphrase_file; keys are not changed back to plain")
        return self


class RetentionSection(Section):
    """How long rows stay that are not kept for ever, in the database of every service."""

    outbox_days: int = Field(
        7, ge=1, le=3650, description="Events after they were published, so that a lost event log can be filled, days."
    )
    answers_days: int = Field(
        30, ge=1, le=3650, description="Answers to requests, so that a repeat by `request_id` gets the same one, days."
    )
    sweep_seconds: float = Field(
        600.0, ge=0.02, le=86_400, description="Pause between two looks at what has had its time, in seconds."
    )


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        problems: All of them, one line each.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(kind: type[BaseModel], file: Path | None, environment: Mapping[str, str], overrides: Mapping[str, Any]) -> Any:
    """Reads the configuration.

    Args:
        kind: The whole configuration's model.
        file: YAML file, or None.
        environment: Variables `LIENTHONG_SECTION__KEY`; those of other programs and of tests are passed over.
        overrides: Nested values of the command line; they weigh most.

    Returns:
        An instance of `kind`.

    Raises:
        ConfigError: With all problems at once.
    """
    values: dict[str, Any] = _read(file) if file else {}
    problems: list[str] = []
    _merge(values, _from_environment(kind, environment, problems))
    _merge(values, overrides)
    try:
        found = kind.model_validate(values)
    except ValidationError as error:
        problems += [_line(problem) for problem in error.errors()]
    if problems:
        raise ConfigError(problems)
    return found


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice: the first one's values would be lost in silence."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Reads a mapping.

        Raises:
            ComposerError: A key stands in it twice.
        """
        node: Any = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise ComposerError(None, None, f"{key.value} is given twice", key.start_mark)
            seen.add(key.value)
        return node


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 -- a safe one, see there
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error.strerror}. Name a readable file with --config."]) from error
    except _NOT_YAML as error:
        raise ConfigError([f"{file}: is not YAML: {error}"]) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError([f"{file}: holds {type(values).__name__}; sections with keys are expected"])
    return values


def _from_environment(kind: type[BaseModel], environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in environment.items():
        path = name.removeprefix(ENVIRONMENT_PREFIX).lower().split(NESTED)
        # LIENTHONG_TEST names no setting: `test` is a section, and only its keys can be given.
        names_section = len(path) == 1 and _is_section(kind, path[0])
        if not name.startswith(ENVIRONMENT_PREFIX) or names_section:
            continue
        if path[0] in kind.model_fields:
            try:
                nested: Any = yaml.safe_load(text)
            except _NOT_YAML:
                # The value is not shown: it may be a secret under a wrong name.
                problems.append(f"{name}: its value is not YAML; quote it, or write a list as [a, b]")
                continue
            for key in reversed(path):
                nested = {key: nested}
            _merge(values, nested)
        elif len(path) > 1:
            problems.append(f"{name}: {path[0]} is not a section. See the configuration reference; a typing error?")
    return values


def _is_section(kind: type[BaseModel], name: str) -> bool:
    field = kind.model_fields.get(name)
    return field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _merge(values: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = dict(value) if isinstance(value, Mapping) else value


_LIST = "is a list; write [one] or [one, two]"


def _line(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{place}: is not a setting. See the configuration reference; a typing error?"
    said = _LIST if problem["type"] == "tuple_type" else str(problem["msg"]).removeprefix("Value error, ")
    return _CREDENTIALS.sub("://(left out)@", f"{place}: {said} (found {problem['input']!r})")


def deprecated_keys(section: Section) -> list[str]:
    """Names the settings that somebody gave though they are deprecated, such as `server.threads`."""
    found = []
    for name in sorted(section.model_fields_set):
        if type(section).model_fields[name].deprecated:
            found.append(name)
        elif isinstance(inner := getattr(section, name), Section):
            found += [f"{name}.{key}" for key in deprecated_keys(inner)]
    return found
