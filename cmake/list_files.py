#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists files for meson.build, which has no patterns of its own; new files are seen when Meson configures again.

    list_files.py PATTERN...        the files below this repository that match, one a line, sorted
    list_files.py --rooms           the folders of tests/ that become one program each, as tests/CMakeLists.txt says
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rooms():
    listed = (ROOT / "tests/CMakeLists.txt").read_text(encoding="utf-8")
    special = set(re.search(r"^set\(special ([^)]*)\)", listed, re.M).group(1).split())
    return sorted({p.parent.name for p in (ROOT / "tests").glob("*/*_test.cpp")} - special)


if sys.argv[1:] == ["--rooms"]:
    print("\n".join(rooms()))
else:
    print("\n".join(sorted({p.relative_to(ROOT).as_posix() for pattern in sys.argv[1:] for p in ROOT.glob(pattern)})))
