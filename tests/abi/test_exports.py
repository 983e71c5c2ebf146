# SPDX-License-Identifier: Apache-2.0
"""One list of functions in five places: atlas.h with its parts, atlas.map, the library, the ctypes table, and the NULL sweep."""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "c_api" / "python"))

from atlas import _abi  # noqa: E402

LIBRARY = os.environ.get("ATLAS_LIBRARY", "")


def whole(path):
    """A header with the parts that it includes in their places."""
    return re.sub(r'^#include "(atlas_\w+\.h)".*$', lambda part: whole(path.parent / part[1]), path.read_text(), flags=re.M)


def without_comments(path):
    return re.sub(r"/\*.*?\*/", "", whole(path), flags=re.S)


def functions(path):
    """{name: number of arguments} of a header."""
    found = {}
    for name, arguments in re.findall(r"ATLAS_C_EXPORT\s[^;(]*?\b(atlas_\w+)\(([^;]*)\);", without_comments(path)):
        found[name] = 0 if arguments.strip() == "void" else arguments.count(",") + 1
    return found


def structs(path):
    """{name: [fields]} of a header."""
    found = {}
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", without_comments(path), flags=re.S):
        found[name] = [re.search(r"(\w+)(\[\d+\])?$", field.strip()).group(1) for field in body.split(";") if field.strip()]
    return found


HEADER = ROOT / "c_api" / "atlas.h"
FROZEN = sorted(pathlib.Path(__file__).parent.glob("atlas_v*.h"))
# Structs that came after the frozen headers and have grown since: the last field that they began with.
BEGAN_WITH = {"atlas_tune_options": "progress_context", "atlas_tune_result": "queries_per_second"}


def test_the_map_lists_the_functions_of_the_header():
    listed = re.findall(r"^\s+(atlas_\w+);", (ROOT / "c_api" / "atlas.map").read_text(), flags=re.M)
    assert listed == list(functions(HEADER))


def test_the_library_exports_the_functions_of_the_header_and_nothing_else():
    if not LIBRARY or shutil.which("nm") is None:
        pytest.skip("needs ATLAS_LIBRARY and nm")
    lines = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in lines.splitlines()}
    sanitizers = {name for name in exported if name.startswith(("__asan", "__odr_asan", "__ubsan", "__tsan"))}
    assert exported - sanitizers - {"ATLAS_0"} == set(functions(HEADER))


def test_the_library_needs_little():
    if not LIBRARY or shutil.which("readelf") is None:
        pytest.skip("needs ATLAS_LIBRARY and readelf")
    text = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    assert "Library soname: [libatlas.so.0]" in text
    needed = set(re.findall(r"Shared library: \[([^\]]+?)\.so", text))
    assert "libhwy" not in needed and needed <= {
        "libutf8proc", "libstdc++", "libm", "libgcc_s", "libc", "libpthread", "libc++", "libc++abi",
        "ld-linux-x86-64", "ld-linux-aarch64", "libasan", "libubsan", "libtsan"}


def test_every_function_is_swept_with_null():
    sweep = "".join(path.read_text() for path in (ROOT / "tests" / "c_api").glob("null*_test.cpp"))
    assert [name for name in functions(HEADER) if name not in sweep] == []


def test_the_ctypes_table_is_the_header():
    want = functions(HEADER)
    assert {name: len(arguments) for name, (_, arguments) in _abi.FUNCTIONS.items()} == want
    assert {name: [field[0] for field in struct._fields_] for name, struct in _abi.STRUCTS.items()} == structs(HEADER)
    number = int(re.search(r"#define ATLAS_C_ABI_VERSION (\d+)", whole(HEADER)).group(1))
    assert _abi.ABI_VERSION == number


def test_the_ctypes_structs_have_the_sizes_that_the_compiler_gave():
    text = (ROOT / "tests" / "abi" / "layout_test.cpp").read_text()
    sizes = {name: int(size) for name, size in re.findall(r"SIZE\((atlas_\w+), (\d+)\)", text)}
    offsets = re.findall(r"AT\((\w+), (\w+), (\d+)\);", text)
    for name, struct in _abi.STRUCTS.items():
        assert ctypes.sizeof(struct) == sizes[name], name
    for name, field, offset in offsets:
        assert getattr(_abi.STRUCTS[name], field).offset == int(offset), (name, field)
    assert {(name, field) for name, field, _ in offsets} == {
        (name, field[0]) for name, struct in _abi.STRUCTS.items() for field in struct._fields_}


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.name)
def test_nothing_of_a_frozen_header_is_gone(frozen):
    now = functions(HEADER)
    for name, arguments in functions(frozen).items():
        assert now.get(name) == arguments, name
    now_structs = structs(HEADER)
    for name, fields in structs(frozen).items():
        assert now_structs[name][:len(fields)] == fields, name
    numbers = dict(re.findall(r"\b(ATLAS_[A-Z0-9_]+) = (-?\d+)", whole(HEADER)))
    for name, number in re.findall(r"\b(ATLAS_[A-Z0-9_]+) = (-?\d+)", whole(frozen)):
        assert numbers.get(name) == number, name


def test_the_first_sizes_are_those_of_the_first_header():
    text = (ROOT / "c_api" / "arguments.hpp").read_text()
    first = {name: int(size) for name, size in re.findall(r"first_size<(atlas_\w+)> = (\d+)", text)}
    layout = (ROOT / "tests" / "abi" / "layout_test.cpp").read_text()
    headers = [*map(structs, FROZEN), structs(HEADER)]
    for name, size in first.items():
        last = BEGAN_WITH.get(name) or next(header for header in headers if name in header)[name][-1]
        offset = int(re.search(rf"AT\({name}, {last}, (\d+)\)", layout).group(1))
        assert offset < size <= offset + 8, name
    assert set(first) == {name for name, fields in structs(HEADER).items() if fields[0] == "struct_size"}
    assert not any(name in structs(frozen) for name in BEGAN_WITH for frozen in FROZEN)


def test_each_header_stays_small():
    for path in HEADER.parent.glob("*.h"):
        assert len(path.read_text().splitlines()) <= 800, path.name
