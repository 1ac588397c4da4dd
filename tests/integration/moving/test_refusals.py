"""What is not exported, and what is not imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.moving.conftest import Left, settings_of, silent

from lienthong.chassis.config import ConfigError
from lienthong.folder import own_folder
from lienthong.moving.exporting import export_installation
from lienthong.moving.form import MANIFEST, Manifest, MovingError, read_manifest
from lienthong.moving.importing import import_installation


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _flip_first(file: Path) -> None:
    file.write_bytes(b"~" + file.read_bytes()[1:])


def _cut(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))


def _content(export: Path) -> Path:
    return next(file for file in (export / "contents").rglob("*") if file.is_file())


DAMAGES: dict[str, Callable[[Path], tuple[Path, Callable[[Path], None]]]] = {
    "a row": lambda export: (export / "tables" / "intake" / "receipts.jsonl", _flip),
    "a row that is missing": lambda export: (export / "tables" / "routing" / "items.jsonl", _cut),
    "a table that is missing": lambda export: (export / "tables" / "workflow" / "cases.jsonl", Path.unlink),
    "a content": lambda export: (_content(export), _flip),
    "a content that is missing": lambda export: (_content(export), Path.unlink),
    "the list of contents": lambda export: (export / "contents.jsonl", _cut),
    "a line of that list": lambda export: (export / "contents.jsonl", _flip_first),
    "a key": lambda export: (export / "keys" / "axis-root.key", _flip),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_export_is_refused(left: Left, tmp_path: Path, damage: str) -> None:
    """What is damaged or missing is named, and the target stays untouched."""
    export = left.copy(tmp_path)
    file, harm = DAMAGES[damage](export)
    harm(file)
    with pytest.raises(MovingError, match=file.name):
        import_installation(settings_of(tmp_path / "data"), export, silent)
    assert not (tmp_path / "data").exists()


def test_an_export_that_did_not_end_is_refused(left: Left, tmp_path: Path) -> None:
    """The manifest is written last: without it nothing is imported."""
    export = left.copy(tmp_path)
    (export / MANIFEST).unlink()
    with pytest.raises(MovingError, match="export again"):
        import_installation(settings_of(tmp_path / "data"), export, silent)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("services", {}),
        ("contents", None),
        ("files", {"keys/../../profile": "0"}),
        ("files", {"x": "0"}),
    ],
)
def test_an_unknown_manifest_is_refused(left: Left, tmp_path: Path, field: str, value: object) -> None:
    """Another format, or what is no manifest, is told as such."""
    export = left.copy(tmp_path)
    file = export / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {field: value}), "utf-8")
    with pytest.raises(MovingError, match=r"manifest"):
        import_installation(settings_of(tmp_path / "data"), export, silent)


@pytest.mark.parametrize("name", ["keys/../../profile", "trust//etc/profile", "keys/./axis-root.key", "x"])
def test_a_file_that_would_go_elsewhere_is_refused(left: Left, tmp_path: Path, name: str) -> None:
    """Files of an export go below the folders of keys and trust; a name is written as it is meant."""
    manifest = json.loads((left.copy(tmp_path) / MANIFEST).read_bytes())
    with pytest.raises(ValueError, match="is no file of keys/ or trust/"):
        Manifest.model_validate(manifest | {"files": {name: "0"}})


def test_another_version_is_refused(left: Left, tmp_path: Path) -> None:
    """An export of another version of the schema is not pressed into this one."""
    export = left.copy(tmp_path)
    file = export / MANIFEST
    manifest = json.loads(file.read_bytes())
    manifest["services"]["routing"]["schema_version"] = "9999"
    file.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(MovingError, match="same version of the program"):
        import_installation(settings_of(tmp_path / "data"), export, silent)


def test_an_installation_that_is_used_is_not_overwritten(left: Left) -> None:
    """An import fills empty engines only, and names what stands in them."""
    with pytest.raises(
        MovingError, match=r"intake: table documents has rows(.|\n)*contents is not empty(.|\n)*log has"
    ):
        import_installation(settings_of(left.folder), left.export, silent)


def test_a_running_installation_is_not_exported(left: Left, tmp_path: Path) -> None:
    """Whoever has the data folder keeps it."""
    lock = own_folder(settings_of(left.folder))
    try:
        with pytest.raises(ConfigError, match="in use by another process"):
            export_installation(settings_of(left.folder), tmp_path / "export", silent, with_keys=False)
    finally:
        lock.release()


def test_no_installation_is_not_exported(tmp_path: Path) -> None:
    """A folder that holds none is told as such, and stays as it is."""
    with pytest.raises(MovingError, match="holds no installation"):
        export_installation(settings_of(tmp_path / "data"), tmp_path / "export", silent, with_keys=False)
    assert not (tmp_path / "data").exists()


def test_nothing_is_written_over(left: Left, tmp_path: Path) -> None:
    """An export goes into an empty folder; keys that are others than those of the export are kept."""
    with pytest.raises(MovingError, match="is not empty"):
        export_installation(settings_of(left.folder), left.export, silent, with_keys=False)
    other = tmp_path / "data" / "keys" / "axis-root.key"
    other.parent.mkdir(parents=True)
    other.write_text("another authority", "utf-8")
    with pytest.raises(MovingError, match=r"axis-root\.key: another file"):
        import_installation(settings_of(tmp_path / "data"), left.export, silent)
    assert other.read_text("utf-8") == "another authority"
    assert read_manifest(left.export)
