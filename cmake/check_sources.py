#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each file of the tests and of the command line includes what it uses: it compiles without its neighbours.

Builds compile many of them as one unit, where a file may live on what another included. Warnings are the builds' to find.
Prints what failed and the plain line 'N passed, N failed'; exits with 1 if anything failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-fsyntax-only", "-w", "-DATLAS_CHECKED=1", "-DATLAS_LINK_KERNELS=1",
         *(f"-I{ROOT / folder}" for folder in ("include", "c_api", "tests"))]


def refused(compiler, source):
    """What the compiler says of a file that it refuses, or None."""
    done = subprocess.run([*shlex.split(compiler), *FLAGS, str(source)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "clang++"))
    options = parser.parse_args()
    sources = sorted([*(ROOT / "tests").rglob("*_test.cpp"), *(ROOT / "examples/cli").glob("*.cpp")])
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, what in zip(sources, pool.map(lambda s: refused(options.compiler, s), sources)):
            if what:
                failures += 1
                print(f"FAILED {source.relative_to(ROOT)}\n{what}")
    print(f"{len(sources) - failures} passed, {failures} failed")
    return 1 if failures or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
