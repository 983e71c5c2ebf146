#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that Meson builds what CMake builds, and runs the same tests, without compiling anything.

    check_meson_tests.py CMAKE_FOLDER MESON_FOLDER      both configured for tests and examples of all rooms, unity off in Meson

Compared are the files of each library and program, the names of the tests, and which variables a test finds in its environment.
CMake alone has fuzzers, tests/odr, tests/schedules, tests/killstep, the developer's checks, and the Python tests of folders other than tests/python.
Prints what differs and the plain line 'N passed, N failed'; exits with 1 if anything differs.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CMAKE_LABELS = {"fuzz", "odr", "checks", "schedules", "killstep"}
CMAKE_TESTS = {"pytest_abi", "pytest_checks", "pytest_cli"}
CMAKE_TARGETS = re.compile(r".*_fuzz(_replay)?|atlas_(test_)?odr_.*|.*_schedules|atlas_test_killstep")


def cmake_targets(build):
    """The source files of each target that CMake compiles."""
    files = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        target = re.search(r" -o \S*?CMakeFiles/([^/]+)\.dir/", entry["command"]).group(1)
        source = pathlib.Path(entry["file"])
        whole = source.parent.name == "Unity"  # several files, compiled as one
        files.setdefault(target, set()).update(
            re.findall(r'^#include "(.+)"', source.read_text(encoding="utf-8"), re.M) if whole else [str(source)])
    return {target: sources for target, sources in files.items() if not CMAKE_TARGETS.fullmatch(target)}


def cmake_tests(build, targets):
    """The variables of each test of CTest that Meson is to have."""
    listed = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, text=True,
                            check=True)
    tests = {}
    for test in json.loads(listed.stdout)["tests"]:
        name = test["name"]
        properties = {one["name"]: one["value"] for one in test["properties"]}
        labels = set(properties.get("LABELS", ()))
        if name in CMAKE_TESTS or labels & CMAKE_LABELS:
            continue
        if "doctest" in labels and name not in targets:
            continue  # some cases of a program, whose other cases are the test of its name
        tests[name] = {line.split("=", 1)[0] for line in properties["ENVIRONMENT"]}
    return tests


def introspected(build, what):
    shown = subprocess.run(["meson", "introspect", what, str(build)], capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)


def meson_targets(build):
    """The source files of each target that Meson compiles, by CMake's names."""
    files = {}
    for target in introspected(build, "--targets"):
        name = target["name"]
        if name == "atlas":
            name = "atlas_c" if target["type"] == "shared library" else "atlas_cli"
        elif re.match(r"\d\d_", name):
            name = f"example_{name}"
        name = name.removesuffix("_alone")  # files of a program that are never of one unit with its others
        for group in target["target_sources"]:
            files.setdefault(name, set()).update(group["sources"])
    return files


def meson_tests(build):
    """The variables of each of Meson's tests; LD_LIBRARY_PATH is Meson's own."""
    return {test["name"]: set(test["env"]) - {"LD_LIBRARY_PATH"} for test in introspected(build, "--tests")}


def shown(names):
    return " ".join(sorted(name.removeprefix(f"{ROOT}/") for name in names)) or "nothing"


def compare(kind, cmake, meson):
    """Prints each name that is not of both, or not the same in both; returns how many names there are and how many differ."""
    names = sorted(cmake.keys() | meson.keys())
    differing = 0
    for name in names:
        if name not in meson or name not in cmake:
            print(f"FAILED {kind} {name}: only {'CMake' if name in cmake else 'Meson'} has it")
        elif cmake[name] != meson[name]:
            print(f"FAILED {kind} {name}: CMake alone has {shown(cmake[name] - meson[name])}; "
                  f"Meson alone has {shown(meson[name] - cmake[name])}")
        else:
            continue
        differing += 1
    return len(names), differing


def main():
    if len(sys.argv) != 3:
        sys.exit("check_meson_tests.py: expected the folders of a CMake and of a Meson build")
    cmake, meson = (pathlib.Path(folder) for folder in sys.argv[1:])
    targets = cmake_targets(cmake)
    compared = [compare("target", targets, meson_targets(meson)),
                compare("test", cmake_tests(cmake, targets), meson_tests(meson))]
    count, failures = (sum(column) for column in zip(*compared))
    print(f"{count - failures} passed, {failures} failed")
    return 1 if failures or not all(count for count, _ in compared) else 0


if __name__ == "__main__":
    sys.exit(main())
