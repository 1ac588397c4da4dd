"""Names of contexts and their files: of whatever people call a system, within what a folder takes."""

from pathlib import Path
from unicodedata import normalize

import pytest

from lienthong.client import AxisCallError, credentials

CITY = "Hệ thống quản lý văn bản UBND Thành phố Hồ Chí Minh"


def test_a_name_that_people_use_becomes_a_name_of_files() -> None:
    """Spaces and slashes join words, in whichever way the letters are composed; what can be a name stays as it is."""
    assert credentials.file_name(CITY) == "hệ-thống-quản-lý-văn-bản-ubnd-thành-phố-hồ-chí-minh"
    assert credentials.file_name(normalize("NFD", CITY)) == credentials.file_name(CITY)
    assert credentials.file_name("../QLVB/UBND") == "qlvb-ubnd"
    assert credentials.file_name("DMS.vpcp_2") == "DMS.vpcp_2"


@pytest.mark.parametrize("letter", ["a", "ệ", "𠀀"])
def test_the_longest_name_fits_into_a_folder(tmp_path: Path, letter: str) -> None:
    """A name of 500 letters is cut where its files can still be written, between letters."""
    name = credentials.file_name(letter * 500)
    assert set(name) == {letter}
    assert len(name.encode()) <= credentials.LONGEST_NAME
    credentials.check(credentials.Place(tmp_path), name)


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "x" * 161, "a b", "a\n"])
def test_what_can_name_no_files_is_refused(tmp_path: Path, name: str) -> None:
    """It is told with the rule, before anything is asked of the axis."""
    with pytest.raises(AxisCallError, match="letters, digits, dots") as caught:
        credentials.check(credentials.Place(tmp_path), name)
    assert caught.value.reason == "CONTEXT_NAME_INVALID"
