#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that no test, example or fuzz target lies in the tree without being compiled or run by this build.

    check_tests_built.py BUILD_FOLDER

Reads what the compiler was told (compile_commands.json) and what CTest was told (CTestTestfile.cmake).
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    build = pathlib.Path(sys.argv[1])
    compiled = {pathlib.Path(entry["directory"], entry["file"]).resolve()
                for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))}
    for whole in [one for one in compiled if one.parent.name == "Unity"]:  # several files, compiled as one
        compiled |= {pathlib.Path(name).resolve()
                     for name in re.findall(r'^#include "(.+)"', whole.read_text(encoding="utf-8"), re.M)}
    tested = "\n".join(p.read_text(encoding="utf-8") for p in build.rglob("CTestTestfile.cmake"))

    # Built by their own drivers: check_reject.py and tests/consumer/run.sh.
    elsewhere = {ROOT / "tests/reject", ROOT / "tests/consumer"}
    cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    sanitized = re.search(r"^ATLAS_SANITIZE:\w+=.", cache, re.M)
    if sanitized:  # what the linker does is not for a sanitizer
        elsewhere.add(ROOT / "tests/odr")
    without_exceptions = "-fno-exceptions" in cache
    missing = []
    for folder in ("tests", "examples"):
        for source in sorted((ROOT / folder).rglob("*")):
            if source.suffix not in (".cpp", ".c") or elsewhere & set(source.parents) or source in compiled:
                continue
            if str(source) in tested or source.name == "replay.cpp" or (without_exceptions and source.parent.name == "cli"):
                continue
            missing.append(source)
    if not sanitized:  # no Python test runs under a sanitizer
        for script in [*sorted((ROOT / "tests").glob("*/test_*.py")), *sorted((ROOT / "examples").glob("[0-9][0-9]_*.py"))]:
            if elsewhere & set(script.parents):
                continue
            if str(script) not in tested and str(script.parent) + '"' not in tested:
                missing.append(script)
    for source in missing:
        print(f"{source.relative_to(ROOT)}: neither compiled nor run by this build")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
