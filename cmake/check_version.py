#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that every file that states a version states the one of include/atlas/core/config.hpp."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# File -> a pattern whose first group is the version. A file that does not exist is not asked.
STATED = {
    "CHANGELOG.md": r"^## (?:\[)?(\d+\.\d+\.\d+)",
    "conanfile.py": r"^\s*version\s*=\s*\"([^\"]+)\"",
    "cmake/vcpkg/vcpkg.json": r"\"version(?:-semver|-string)?\"\s*:\s*\"([^\"]+)\"",
    "c_api/python/pyproject.toml": r"^version\s*=\s*\"([^\"]+)\"",
    "c_api/python/setup.py": r"version\s*=\s*\"(\d[^\"]*)\"",
    "c_api/python/atlas/__init__.py": r"^__version__\s*=\s*\"([^\"]+)\"",
}


def main():
    config = (ROOT / "include/atlas/core/config.hpp").read_text(encoding="utf-8")
    number = ".".join(re.search(rf"define ATLAS_VERSION_{part} (\d+)", config).group(1)
                      for part in ("MAJOR", "MINOR", "PATCH"))
    text = re.search(r'define ATLAS_VERSION_STRING "([^"]+)"', config).group(1)
    failures = []
    if text != number:
        failures.append(f"include/atlas/core/config.hpp: the string says {text}, the numbers say {number}")
    for path, pattern in STATED.items():
        if not (ROOT / path).exists():
            continue
        found = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.M)
        if not found:
            if path != "c_api/python/atlas/__init__.py" and path != "c_api/python/setup.py":
                failures.append(f"{path}: states no version")
        elif found.group(1) != number:
            failures.append(f"{path}: expected {number}, found {found.group(1)}")
    print("\n".join(failures) or f"every file says {number}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
