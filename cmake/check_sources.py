#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each file of the tests, of the command line and of the C library includes what it uses.

Builds compile many of them as one unit, where a file may live on what another included; here each is compiled without its
neighbours. Warnings are the builds' to find. Parsing headers is nearly all of the work, so a header that several files
include is parsed once: each file gets the costliest of those that it includes before anything else as clang's precompiled
header, which gives it nothing that it does not ask for.
Prints what failed and the plain line 'N passed, N failed'; exits with 1 if anything failed.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-w", "-DATLAS_CHECKED=1", "-DATLAS_LINK_KERNELS=1",
         *(f"-I{ROOT / folder}" for folder in ("include", "c_api", "tests"))]
SHARED_BY = 5  # a header that fewer files include is not worth a precompiled one


def refused(compiler, source, precompiled):
    """What the compiler says of a file that it refuses, or None."""
    given = ["-include-pch", precompiled] if precompiled else []
    done = subprocess.run([*compiler, *FLAGS, *given, "-fsyntax-only", str(source)], capture_output=True, text=True,
                          check=False)
    return done.stdout + done.stderr if done.returncode else None


def included(source):
    """What a file includes before anything else stands in it, as #include lines that mean the same anywhere."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", source.read_text(encoding="utf-8"), flags=re.S)
    lines = []
    for line in filter(None, map(str.strip, code.splitlines())):
        found = re.fullmatch(r'#include ("[^"]+"|<[^>]+>)', line)
        if not found:
            break
        name = found.group(1)
        beside = source.parent / name[1:-1]
        lines.append(f'"{beside}"' if name.startswith('"') and beside.exists() else name)
    return lines


def precompile(compiler, folder, number, name):
    """The precompiled header of one #include line and its size, which goes with what parsing it costs; or None."""
    header, output = pathlib.Path(folder, f"{number}.hpp"), pathlib.Path(folder, f"{number}.pch")
    header.write_text(f"#include {name}\n", encoding="utf-8")
    done = subprocess.run([*compiler, *FLAGS, "-x", "c++-header", "-Xclang", "-fpch-instantiate-templates", str(header),
                           "-o", str(output)], capture_output=True, check=False)
    return (output.stat().st_size, str(output)) if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="clang++", help="clang++ of any version")
    compiler = shlex.split(parser.parse_args().compiler)
    sources = sorted([*(ROOT / "tests").rglob("*_test.cpp"), *(ROOT / "examples/cli").glob("*.cpp"),
                      *(source for source in (ROOT / "c_api").glob("*.cpp") if source.name != "kernels.cpp")])
    includes = {source: included(source) for source in sources}
    users = collections.Counter(name for names in includes.values() for name in set(names))
    shared = [name for name, count in users.items() if count >= SHARED_BY]
    failures = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = dict(zip(shared, pool.map(lambda job: precompile(compiler, folder, *job), enumerate(shared))))

        def check(source):
            _, best = max((made[name] for name in includes[source] if made.get(name)), default=(0, None))
            return refused(compiler, source, best)

        for source, what in zip(sources, pool.map(check, sources)):
            if what:
                failures += 1
                print(f"FAILED {source.relative_to(ROOT)}\n{what}")
    print(f"{len(sources) - failures} passed, {failures} failed")
    return 1 if failures or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
