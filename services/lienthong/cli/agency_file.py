"""A list of agencies to be registered, as a YAML file."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lienthong.chassis.config import ConfigError
from lienthong.common.v1 import directory_pb2 as common


class Row(BaseModel):
    """One agency of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    codes: tuple[str, ...] = Field(min_length=1)
    short_name: str = ""
    parent: str = ""
    groups: tuple[str, ...] = ()
    email: str = ""

    @property
    def key(self) -> str:
        """The row is its own key: an import that broke off is simply run again."""
        return f"import:{'+'.join(self.codes)}"[:128]

    def message(self) -> common.Agency:
        """Makes the agency."""
        return common.Agency(
            display_name=self.name,
            short_name=self.short_name,
            codes=[common.AgencyCode(code=one) for one in self.codes],
            parent=self.parent,
            groups=self.groups,
            email=self.email,
        )


def read_rows(file: Path) -> list[Row]:
    """Reads the file.

    Raises:
        ConfigError: It is no list of agencies; all problems at once, each with its row.
        OSError: It cannot be read.
    """
    try:
        return TypeAdapter(list[Row]).validate_python(yaml.safe_load(file.read_text("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file} is not YAML: {error}"]) from error
    except ValidationError as error:
        raise ConfigError([_line(file, one["loc"], one["msg"]) for one in error.errors()]) from error


def _line(file: Path, place: tuple[int | str, ...], said: str) -> str:
    if not place:
        return f"{file} holds a list of agencies, each with `name` and `codes`: {said}"
    row, *rest = place
    row_number = row + 1 if isinstance(row, int) else row
    return f"{file}, row {row_number}: {'.'.join(map(str, rest))}: {said}"
