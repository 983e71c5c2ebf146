#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists files for meson.build, which has no patterns of its own; new files are seen when Meson configures again.

    list_files.py PATTERN...        the files below this repository that match, one a line, sorted
    list_files.py --rooms           the parts of tests/ that become one program each, as tests/CMakeLists.txt says
    list_files.py --room ROOM       the test files of one
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def rooms():
    """The test files of each room: of a folder, or those that are in none, which mirror facades."""
    listed = (ROOT / "tests/CMakeLists.txt").read_text(encoding="utf-8")
    special = set(re.search(r"^set\(special ([^)]*)\)", listed, re.M).group(1).split())
    files = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cpp")):
        folders = path.relative_to(ROOT / "tests").parts[:-1]
        room = folders[0] if folders else "facades"
        if room not in special:
            files.setdefault(room, []).append(path.relative_to(ROOT).as_posix())
    return files


if sys.argv[1:] == ["--rooms"]:
    print("\n".join(sorted(rooms())))
elif sys.argv[1:2] == ["--room"]:
    print("\n".join(rooms()[sys.argv[2]]))
else:
    print("\n".join(sorted({p.relative_to(ROOT).as_posix() for pattern in sys.argv[1:] for p in ROOT.glob(pattern)})))
