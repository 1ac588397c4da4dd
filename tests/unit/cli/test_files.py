"""Files that commands write."""

import stat
from pathlib import Path

import pytest

from lienthong.cli.files import written


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Each ends whole, whichever began first and whichever ends last; one that fails takes nothing from the other."""
    target = tmp_path / "document.edxml"
    with written(target) as first:
        first.write(b"first")
        with written(target) as second:
            second.write(b"the second")
        assert target.read_bytes() == b"the second"
        with pytest.raises(TypeError), written(target) as third:
            third.write("no bytes")  # type: ignore[call-overload] # it is no bytes
        first.write(b", whole")
    assert target.read_bytes() == b"first, whole"
    assert [file.name for file in tmp_path.iterdir()] == [target.name]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe or a device is written into; a file never takes its place."""
    place = tmp_path / "link"
    place.symlink_to("/dev/null")
    with written(place) as stream:
        stream.write(b"x")
    assert stat.S_ISCHR(place.stat().st_mode)
    assert place.is_symlink()


def test_an_error_names_the_file(tmp_path: Path) -> None:
    """What cannot be written is told with the name that was asked for, also where the system names none."""
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as error, written(full) as stream:
        stream.write(b"x")
    assert error.value.filename == str(full)
    with pytest.raises(FileNotFoundError) as absent, written(tmp_path / "none" / "document.edxml"):
        pass
    assert str(tmp_path / "none" / "document.edxml") in str(absent.value.filename)
