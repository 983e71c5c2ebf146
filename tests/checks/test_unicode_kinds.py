# SPDX-License-Identifier: Apache-2.0
"""The committed tables of Unicode kinds are what the script makes of the Unicode files, which it does not take on trust."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ.get("ATLAS_SOURCE_FOLDER", pathlib.Path(__file__).parents[2]))
FILES = ("UnicodeData.txt", "PropList.txt")


def make(*arguments):
    return subprocess.run([sys.executable, str(SOURCE / "cmake/make_unicode_kinds.py"), *map(str, arguments)],
                          capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A folder of the files, from the conformance data or the package unicode-data if that is of the same version."""
    packed = pathlib.Path(os.environ.get("ATLAS_TEST_DATA", "")) / "suites/unicode-15.0.tar.zst"
    if packed.is_file() and shutil.which("zstd") and shutil.which("tar"):
        folder = tmp_path_factory.mktemp("unicode")
        subprocess.run(["tar", "-I", "zstd", "-xf", str(packed), "-C", str(folder)], check=True)
        return folder / "unicode-15.0/ucd"
    system = pathlib.Path("/usr/share/unicode")
    if not (system / "PropList.txt").is_file():
        pytest.skip("no Unicode files: ATLAS_TEST_DATA is not set, and the package unicode-data is not installed")
    if "-15.0.0.txt" not in (system / "PropList.txt").read_text(encoding="utf-8").splitlines()[0]:
        pytest.skip("the package unicode-data is not of Unicode 15.0.0")
    return system


def test_the_committed_tables_are_what_the_script_makes(database):
    said = make(database, "--check")
    assert said.returncode == 0, said.stdout + said.stderr
    assert make(database).stdout == (SOURCE / "include/atlas/text/unicode_kind_tables.hpp").read_text(encoding="utf-8")


def copied(database, folder):
    for name in FILES:
        shutil.copy(database / name, folder / name)


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.chmod(0o644)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_another_category_of_one_code_point_is_noticed(database, tmp_path):
    copied(database, tmp_path)
    change(tmp_path / "UnicodeData.txt", ";Lu;", ";Ll;")
    said = make(tmp_path, "--check")
    assert said.returncode == 1 and "is not what this script makes" in said.stdout


@pytest.mark.parametrize("name, old, new, complaint", [
    ("UnicodeData.txt", ";Lu;", ";Lz;", "expected 15 fields with a general category"),
    ("UnicodeData.txt", ";Lu;", ";Lu", "expected 15 fields"),
    ("PropList.txt", "; White_Space", "White_Space", "expected 'CODE..CODE ; Value'"),
    ("PropList.txt", "0020          ; White_Space", "0041          ; White_Space", "U+0041 is white space and something else"),
    ("PropList.txt", "PropList-15.0.0.txt", "PropList.txt", "expected a Unicode version"),
])
def test_files_that_are_not_understood_are_refused(database, tmp_path, name, old, new, complaint):
    copied(database, tmp_path)
    change(tmp_path / name, old, new)
    said = make(tmp_path)
    assert said.returncode == 1 and complaint in said.stderr and said.stdout == ""


def test_a_folder_without_the_files_is_refused(tmp_path):
    said = make(tmp_path)
    assert said.returncode == 1 and "expected UnicodeData.txt" in said.stderr
