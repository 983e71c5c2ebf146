#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What including a header costs in link mode: preprocessed lines, which are gated, and milliseconds, which are shown.

A budget is the number of lines that `g++ -std=c++20 -E -P` prints. Milliseconds are the CPU time
of -fsyntax-only above an empty unit, the best of --repeat, for facades only; V is what <vector> costs likewise.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import tempfile

# The first pattern that matches a header decides. Paths are below include/, or c_api/ for the C header.
BUDGETS = [
    (r"atlas/core/hash\.hpp", 6_000),                # xxHash 0.8.1, inlined, is 5,373 of them
    (r"atlas/core/thread(_pool)?\.hpp", 4_500),      # <pthread.h> and the locks
    (r"atlas/core/.*", 2_500),
    (r"atlas/simd/.*", 2_500),
    (r"atlas/distance/(nearest_(blocks|call|many|panels|rows)|query_panels)\.hpp", 6_000),  # threads; not in link mode
    (r"atlas/distance(/.*)?\.hpp", 2_500),
    (r"atlas/storage/file_(header|reader|writer)\.hpp", 9_000),  # core/hash.hpp, for their checksums
    (r"atlas/storage/.*", 6_000),
    (r"atlas/store\.hpp", 9_000),
    (r"atlas/queue(/.*)?\.hpp", 8_000),
    (r"atlas/(text|chunk|embed)(/.*)?\.hpp", 15_000),
    (r"atlas/(quantize|index|folder)/.*", 30_000),
    (r"atlas/(quantize|flat|hnsw|ivf_pq|any_index|shards|folder)\.hpp", 30_000),
    (r"atlas/atlas\.hpp", 36_500),                   # 1,600 of them for the kinds of queues
    # Each brings the whole C ABI: 155 functions and the structs they take, about 8 lines each, for 3 ms. What it must not bring
    # is a system header behind <stddef.h> and <stdint.h>, which are 94 of the lines.
    (r"[a-z_]+\.h", 1_200),
]
ROOT = pathlib.Path(__file__).resolve().parent.parent


def budget(header):
    for pattern, lines in BUDGETS:
        if re.fullmatch(pattern, header):
            return lines
    return None


def command(compiler, header, *flags):
    language = ["-x", "c", "-std=c99"] if header.endswith(".h") else ["-x", "c++", "-std=c++20"]
    return [*shlex.split(compiler), *language, f"-I{ROOT}/include", f"-I{ROOT}/c_api", "-DATLAS_LINK_KERNELS=1", *flags]


def preprocessed_lines(compiler, header):
    run = subprocess.run(command(compiler, header, "-E", "-P", "-"), input=f"#include <{header}>\n", text=True,
                         capture_output=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"{header} cannot be preprocessed:\n{run.stderr}")
    return run.stdout.count("\n")


def cpu_milliseconds(compiler, header, repeat):
    """The least user + system time of compiling a unit that includes `header` alone; of an empty one for ""."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as unit:
        unit.write(f"#include <{header}>\n" if header else "\n")
        unit.flush()
        best = float("inf")
        for _ in range(repeat):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command(compiler, header, "-fsyntax-only", unit.name), check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--repeat", type=int, default=3, help="runs a time is the best of; 0: no times")
    parser.add_argument("headers", nargs="*", help="below include/; default: all, and the C header")
    options = parser.parse_args()

    headers = options.headers or [
        *sorted(p.relative_to(ROOT / "include").as_posix() for p in (ROOT / "include").rglob("*.hpp")
                if not p.name.endswith("-inl.hpp")),
        *sorted(p.name for p in (ROOT / "c_api").glob("*.h"))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        lines = dict(zip(headers, pool.map(lambda h: preprocessed_lines(options.compiler, h), headers)))

    facades = [h for h in headers if re.fullmatch(r"atlas/\w+\.hpp|\w+\.h", h)] if options.repeat else []
    empty = cpu_milliseconds(options.compiler, "", options.repeat) if facades else 0
    vector = cpu_milliseconds(options.compiler, "vector", options.repeat) - empty if facades else 1
    failures = 0
    for header in headers:
        allowed = budget(header)
        over = allowed is None or lines[header] > allowed
        failures += over
        time = ""
        if header in facades:
            spent = max(0.0, cpu_milliseconds(options.compiler, header, options.repeat) - empty)
            time = f"  {spent:6.0f} ms  {spent / vector:4.1f} V"
        if over or time:
            print(f"{header:40} {lines[header]:7,} of {allowed or 0:7,} lines{time}{'  OVER' if over else ''}")
    print(f"{len(headers) - failures} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
