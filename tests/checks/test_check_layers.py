# SPDX-License-Identifier: Apache-2.0
"""cmake/check_layers.py finds each sort of fault that it promises to find, and nothing in a clean tree."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "cmake/check_layers.py"


def header(path, *lines):
    guard = "ATLAS_" + re.sub(r"\W", "_", path).upper()
    return "\n".join([
        "// SPDX-License-Identifier: Apache-2.0", f"// include/atlas/{path} -- a header of this test.",
        f"#ifndef {guard}", f"#define {guard}", *lines, f"#endif  // {guard}", ""])


CLEAN = {
    "core/config.hpp": ["#include <cstddef>"],
    "core/hash.hpp": ["#include <atlas/core/config.hpp>", "#include <xxhash.h>"],
    "storage/mapped_file.hpp": ["#include <sys/mman.h>"],
    "simd/kernels-inl.hpp": ["#include <hwy/highway.h>"],
    "distance/metric.hpp": ["#include <atlas/core/config.hpp>"],
    "index/rows.hpp": ["#include <atlas/distance/metric.hpp>", "#include <atlas/storage/mapped_file.hpp>"],
    "flat.hpp": ["#include <atlas/index/rows.hpp>"],
}


def findings(tmp_path, changed):
    """What the script says of the clean tree with the lines, or the whole text, of some headers replaced."""
    for path, lines in {**CLEAN, **changed}.items():
        target = tmp_path / "include/atlas" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(lines if isinstance(lines, str) else header(path, *lines), encoding="utf-8")
    run = subprocess.run([sys.executable, str(SCRIPT), "--root", str(tmp_path)], capture_output=True, text=True,
                         check=False)
    listed = run.stdout.splitlines()[:-1]
    assert run.returncode == (1 if listed else 0)
    return listed


def test_a_clean_tree_has_no_findings(tmp_path):
    assert findings(tmp_path, {}) == []


@pytest.mark.parametrize("path, line, said", [
    ("core/config.hpp", "#include <atlas/distance/metric.hpp>", "no arrow leads from core to distance"),
    ("distance/metric.hpp", "#include <atlas/index/rows.hpp>", "no arrow leads from distance to index"),
    ("index/rows.hpp", "#include <atlas/flat.hpp>", "the facade <atlas/flat.hpp> of its own room"),
    ("index/rows.hpp", "#include <atlas/index/gone.hpp>", "does not exist"),
    ("index/rows.hpp", '#include "metric.hpp"', "included as <atlas/...>"),
    ("index/rows.hpp", "#include <xxhash.h>", "names xxHash"),
    ("index/rows.hpp", "#include <utf8proc.h>", "names utf8proc"),
    ("index/rows.hpp", "#include <hwy/highway.h>", "names Highway"),
    ("index/rows.hpp", "#include <unistd.h>", "the operating system"),
    ("index/rows.hpp", "#include <vector>", "costs too much"),
    ("index/rows.hpp", "#  include <atomic>", "costs too much"),
    ("index/rows.hpp", "#include <faiss/Index.h>", "no dependency"),
    ("index/rows.hpp", "using namespace std;", "using-directive"),
    ("index/rows.hpp", "#pragma once", "#pragma once"),
    ("index/rows.hpp", "inline void fail() { throw 1; }", "throws"),
    ("gadget/rows.hpp", "", "no room or facade"),
    ("gadget.hpp", "", "no room or facade"),
])
def test_each_fault_is_found(tmp_path, path, line, said):
    listed = findings(tmp_path, {path: [line]})
    listed = [what for what in listed if "include each other" not in what]  # an arrow upwards closes a circle too
    assert len(listed) == 1 and said in listed[0], listed


def test_a_cycle_is_found(tmp_path):
    listed = findings(tmp_path, {"core/config.hpp": ["#include <atlas/core/hash.hpp>"]})
    assert listed == ["headers include each other: core/config.hpp -> core/hash.hpp -> core/config.hpp"]


def test_a_wrong_guard_and_a_wrong_banner_are_found(tmp_path):
    wrong = header("core/other.hpp")
    listed = findings(tmp_path, {"core/config.hpp": wrong})
    assert len(listed) == 2 and "guard ATLAS_CORE_CONFIG_HPP" in listed[1], listed


def test_a_header_that_is_too_long_is_found(tmp_path):
    listed = findings(tmp_path, {"core/config.hpp": ["//"] * 600})
    assert len(listed) == 1 and "600 are allowed" in listed[0], listed
