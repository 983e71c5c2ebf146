#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that misuse is refused by the compiler, and for the reason that we give.

Each tests/reject/*.cpp compiles with REJECT=0 and must fail with REJECT=1; what the compiler then says must contain
the text of the file's line `// reject: TEXT`. (After the Makefile of PEGTL's src/test/compile.)
Prints the plain line 'N passed, N failed'; exits with 1 if anything failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def check(compiler, source):
    """What is wrong with one pair, or None."""
    wanted = re.search(r"^// reject: (.+)$", source.read_text(encoding="utf-8"), re.M)
    if not wanted:
        return "has no line '// reject: TEXT'"
    base = [*shlex.split(compiler), "-std=c++20", "-fsyntax-only", f"-I{ROOT}/include", "-DATLAS_LINK_KERNELS=1"]
    environment = {**os.environ, "LC_ALL": "C"}
    accepted, refused = (
        subprocess.run([*base, f"-DREJECT={value}", str(source)], capture_output=True, text=True, check=False,
                       env=environment)
        for value in (0, 1))
    if accepted.returncode != 0:
        return f"does not compile with REJECT=0:\n{accepted.stderr}"
    if refused.returncode == 0:
        return "compiles with REJECT=1"
    if wanted.group(1).strip() not in refused.stderr:
        return f"is refused, but not with '{wanted.group(1).strip()}':\n{refused.stderr}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = parser.parse_args()
    sources = sorted((ROOT / "tests/reject").glob("*.cpp"))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, what in zip(sources, pool.map(lambda s: check(options.compiler, s), sources)):
            if what:
                failures += 1
                print(f"{source.relative_to(ROOT)}: {what}")
    print(f"{len(sources) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
