#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that each public header stands alone, may be included twice, and may be in two units of one program.

  alone   a unit that includes the header twice and nothing else: each header in link mode, each facade also in
          header-only mode, and the C header as C99 and as C++; with all warnings as errors, no exceptions, no RTTI
  units   a program of two units that include all headers, one in reverse order: in link mode with the one unit that
          defines the kernels, and in header-only mode with none; nothing is defined twice, nothing is missing
With --units only these, and the C headers: the warnings of a second compiler. What a header lacks alone, it lacks whoever compiles.
Prints what failed and the plain line 'N passed, N failed'; exits with 1 if anything failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wsign-conversion -Werror".split()
CXX = ["-std=c++20", "-fno-exceptions", "-fno-rtti", *WARNINGS, f"-I{ROOT}/include"]
C = [*(flag for flag in WARNINGS if flag != "-Wsign-conversion"), f"-I{ROOT}/c_api"]
LINKED = "-DATLAS_LINK_KERNELS=1"


def run(arguments):
    """The output of a failed command, or None."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    return f"{shlex.join(arguments)}\n{done.stdout}{done.stderr}" if done.returncode else None


def unit(folder, name, headers):
    path = pathlib.Path(folder) / name
    path.write_text("".join(f"#include <{header}>\n" for header in headers), encoding="utf-8")
    return str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--c-compiler", default=os.environ.get("CC", "gcc"))
    parser.add_argument("--units", action="store_true", help="only the programs of two units, and the C headers")
    options = parser.parse_args()
    cxx, cc = shlex.split(options.compiler), shlex.split(options.c_compiler)

    headers = sorted(p.relative_to(ROOT / "include").as_posix() for p in (ROOT / "include").rglob("*.hpp")
                     if not p.name.endswith("-inl.hpp"))
    facades = [h for h in headers if h.count("/") == 1]
    c_headers = sorted(p.name for p in (ROOT / "c_api").glob("*.h"))
    kernels = ROOT / "c_api/kernels.cpp"

    with tempfile.TemporaryDirectory() as folder:
        jobs = {}  # name -> the commands to run in turn
        # The longest first, so that two cores end together.
        program = pathlib.Path(folder)
        forward = unit(folder, "forward.cpp", headers)
        backward = unit(folder, "backward.cpp", headers[::-1])
        (program / "main.cpp").write_text("int main() {}\n", encoding="utf-8")
        for mode, flags, extra in (("header-only", [], []), ("link", [LINKED], [str(kernels)])):
            jobs[f"all headers in two units, {mode} mode"] = [
                [*cxx, *CXX, *flags, forward, backward, *extra, f"{folder}/main.cpp", "-lutf8proc",
                 "-o", f"{folder}/{mode}"],
                [f"{folder}/{mode}"]]
        for number, header in enumerate([] if options.units else facades):
            source = unit(folder, f"facade_{number}.cpp", [header, header])
            jobs[f"{header} alone, header-only mode"] = [[*cxx, *CXX, "-fsyntax-only", source]]
        for number, header in enumerate([] if options.units else headers):
            source = unit(folder, f"alone_{number}.cpp", [header, header])
            jobs[f"{header} alone, link mode"] = [[*cxx, *CXX, LINKED, "-fsyntax-only", source]]
        for header in c_headers:
            jobs[f"{header} as C99"] = [[*cc, "-std=c99", *C, "-fsyntax-only", unit(folder, f"{header}.c", [header] * 2)]]
            jobs[f"{header} as C++"] = [[*cxx, "-std=c++98", *C, "-Wno-long-long", "-fsyntax-only",
                                         unit(folder, f"{header}.cpp", [header] * 2)]]

        def work(commands):
            return next((output for output in map(run, commands) if output), None)

        failures = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, output in zip(jobs, pool.map(work, jobs.values())):
                if output:
                    failures += 1
                    print(f"FAILED {name}\n{output}")
        print(f"{len(jobs) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
