# SPDX-License-Identifier: Apache-2.0
"""The committed tables of break properties are what the scripts make of the Unicode files, which they do not take on trust."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ.get("ATLAS_SOURCE_FOLDER", pathlib.Path(__file__).parents[2]))
FILES = ("GraphemeBreakProperty.txt", "WordBreakProperty.txt", "SentenceBreakProperty.txt", "emoji-data.txt")
MADE = {"make_unicode_tables.py": "include/atlas/text/unicode_tables.hpp",
        "make_python_unicode.py": "c_api/python/atlas/_pure/unicode_runs.py"}

both_scripts = pytest.mark.parametrize("script", MADE)


def make(script, *arguments):
    return subprocess.run([sys.executable, str(SOURCE / "cmake" / script), *map(str, arguments)],
                          capture_output=True, text=True, check=False)


def committed(script):
    return (SOURCE / MADE[script]).read_text(encoding="utf-8")


def committed_version():
    return committed("make_unicode_tables.py").split('unicode_version[] = "')[1].split('"')[0]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A folder of the files, from the conformance data or the package unicode-data if that is of the same version."""
    packed = pathlib.Path(os.environ.get("ATLAS_TEST_DATA", "")) / "suites/unicode-15.0.tar.zst"
    if packed.is_file() and shutil.which("zstd") and shutil.which("tar"):
        folder = tmp_path_factory.mktemp("unicode")
        subprocess.run(["tar", "-I", "zstd", "-xf", str(packed), "-C", str(folder)], check=True)
        return folder / "unicode-15.0/ucd"
    system = pathlib.Path("/usr/share/unicode")
    first = system / "auxiliary/GraphemeBreakProperty.txt"
    if not first.is_file():
        pytest.skip("no Unicode files: ATLAS_TEST_DATA is not set, and the package unicode-data is not installed")
    if f"-{committed_version()}.txt" not in first.read_text(encoding="utf-8").splitlines()[0]:
        pytest.skip(f"the package unicode-data is not of Unicode {committed_version()}")
    return system


@both_scripts
def test_the_committed_tables_are_what_the_script_makes(database, script):
    said = make(script, database, "--check")
    assert said.returncode == 0, said.stdout + said.stderr
    assert make(script, database).stdout == committed(script)


def test_the_tables_are_of_one_version():
    assert f'UNICODE_VERSION = "{committed_version()}"' in committed("make_python_unicode.py")


def copied(database, folder):
    for name in FILES:
        places = [path for path in (database / name, database / "auxiliary" / name, database / "emoji" / name) if path.is_file()]
        shutil.copy(places[0], folder / name)
    return folder


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("script, name, old, new", [
    ("make_unicode_tables.py", "WordBreakProperty.txt", "; Numeric", "; ALetter"),
    ("make_python_unicode.py", "SentenceBreakProperty.txt", "; Numeric", "; OLetter"),
    ("make_python_unicode.py", "GraphemeBreakProperty.txt", "; Prepend", "; Control"),
])
def test_another_property_of_one_code_point_is_noticed(database, tmp_path, script, name, old, new):
    copied(database, tmp_path)
    change(tmp_path / name, old, new)
    said = make(script, tmp_path, "--check")
    assert said.returncode == 1 and "is not what this script makes" in said.stdout


@pytest.mark.parametrize("name, old, new, complaint", [
    ("WordBreakProperty.txt", "; Numeric", "; Numerical", "found Numerical"),
    ("SentenceBreakProperty.txt", "; STerm", "STerm", "expected 'CODE..CODE ; Value'"),
    ("WordBreakProperty.txt", "-15.0.0.txt", "-14.0.0.txt", "expected files of one Unicode version"),
    ("GraphemeBreakProperty.txt", "; Control", "; Command", "found Command"),
    ("emoji-data.txt", "Emoji Version 15.0", "Emoji Version", "expected a Unicode version"),
])
def test_files_that_are_not_understood_are_refused(database, tmp_path, name, old, new, complaint):
    copied(database, tmp_path)
    change(tmp_path / name, old, new)
    said = make("make_unicode_tables.py", tmp_path)
    assert said.returncode == 1 and complaint in said.stderr and said.stdout == ""


@both_scripts
def test_a_folder_without_the_files_is_refused(tmp_path, script):
    said = make(script, tmp_path)
    assert said.returncode == 1 and "expected GraphemeBreakProperty.txt" in said.stderr
