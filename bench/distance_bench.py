#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What does Python pay, and what does it gain? atlas.nearest beside NumPy, and atlas.distances beside C++.

  python/nearest/mnist-784/1000            the ten nearest of 60,000 x 784 float32 rows for 1,000 queries, against a NumPy
                                           matmul and argpartition with OpenBLAS on as many threads: at least 3 x
  python/nearest/mnist-784/1000/bf16, /i8  the same with a first pass in a smaller type
  python/distances/cosine/768xf32          one query against 1,000 x 768, against the same call in C++ (distance_bench
                                           seed/cosine/768xf32, run in turn): at least 1/1.3 = 0.77

NumPy's side has the rows' squared lengths before the clock starts, leaves the queries' out, and computes in blocks of
queries of the size that was fastest in a trial. `ratio` > 1 means that ATLAS is better. Answers are checked in float64
before they are timed. Needs build/release/libatlas.so.0 and build/release/bench/distance_bench (or --library and --bench).
"""

from __future__ import annotations

import argparse
import importlib
import json
import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any, Callable, List

from support.race import Side, cpu_info, race, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
K = 10
ROUNDS = 9
SPINNING_SECONDS = 0.06  # how long OpenBLAS's threads spin after their work: 2^26 cycles


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"), help="folder of test material")
    parser.add_argument("--quick", action="store_true", help=f"{ROUNDS} rounds instead of {2 * ROUNDS + 1}")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of both sides")
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/libatlas.so.0")
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/release/bench/distance_bench")
    return parser.parse_args()


def set_environment(arguments: argparse.Namespace) -> None:
    """What NumPy's OpenBLAS and ATLAS read when they are loaded."""
    if "avx512f" in cpu_info("flags").split():
        # Without it OpenBLAS 0.3.21 does not know newer CPUs and runs its SSE3 kernels, five times slower.
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    os.environ["OPENBLAS_NUM_THREADS"] = str(arguments.threads)
    os.environ.setdefault("ATLAS_LIBRARY", str(arguments.library))
    sys.path.insert(0, str(ROOT / "c_api/python"))


def blas_name() -> str:
    """The BLAS that NumPy loaded: its file, and what OpenBLAS says of itself."""
    import ctypes

    for line in pathlib.Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        path = line.split()[-1]
        if "blas" in pathlib.Path(path).name:
            library = ctypes.CDLL(path)
            for name in ("openblas_get_config", "openblas_get_corename"):
                if not hasattr(library, name):
                    return path
                getattr(library, name).restype = ctypes.c_char_p
            version = " ".join(library.openblas_get_config().decode().split()[:2])
            return f"{version} with its {library.openblas_get_corename().decode()} kernels"
    return "none"


def load_vectors(path: pathlib.Path) -> Any:
    """u32 rows, u32 dimension, then the rows; as float32 [rows, dimension]."""
    import numpy as np

    types = {"u8bin": np.uint8, "f16bin": np.float16, "f32bin": np.float32}
    content = subprocess.run(["zstd", "-dc", str(path)], capture_output=True, check=True).stdout
    rows, dimension = (int(number) for number in np.frombuffer(content, "<u4", 2))
    values = np.frombuffer(content, types[path.suffixes[-2][1:]], rows * dimension, 8)
    return np.ascontiguousarray(values.reshape(rows, dimension), dtype=np.float32)


def on_huge_pages(values: Any) -> Any:
    """A copy where the C++ bench has its rows too: NumPy itself asks for huge pages from 4 MiB on only."""
    import numpy as np

    huge = 2 << 20
    memory = mmap.mmap(-1, values.nbytes + 2 * huge)
    start = -np.frombuffer(memory, np.uint8).ctypes.data % huge
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE, start, (values.nbytes + huge - 1) // huge * huge)
    copy = np.frombuffer(memory, values.dtype, values.size, start).reshape(values.shape)
    copy[...] = values
    return copy


def numpy_nearest(queries: Any, rows: Any, row_squares: Any, block: int) -> Any:
    """Row numbers [queries, K], nearest first: matmul, argpartition, and a sort of the K."""
    import numpy as np

    found = np.empty((len(queries), K), np.int64)
    for first in range(0, len(queries), block):
        part = queries[first:first + block]
        distances = part @ rows.T
        distances *= -2
        distances += row_squares
        ids = np.argpartition(distances, K, axis=1)[:, :K]
        order = np.argsort(np.take_along_axis(distances, ids, axis=1), axis=1)
        found[first:first + block] = np.take_along_axis(ids, order, axis=1)
    return found


def require_nearest(who: str, set_name: str, ids: Any, queries: Any, rows: Any, truth: Any, slack: float) -> None:
    """Each hit lies, in float64, no further than the true K-th, but for `slack` of it."""
    import numpy as np

    for query, (vector, hits) in enumerate(zip(queries.astype(np.float64), ids)):
        def squares(which: Any) -> Any:
            return ((rows[which].astype(np.float64) - vector) ** 2).sum(axis=1)
        if len(set(hits.tolist())) != K or squares(hits).max() > squares(truth[query, :K]).max() * (1 + slack):
            raise SystemExit(f"{who}: wrong rows for query {query} of {set_name}")


def nearest_cases(arguments: argparse.Namespace, atlas: Any) -> None:
    import numpy as np

    prefix = "python/nearest/mnist-784/1000"
    passes = {prefix: "f32", f"{prefix}/bf16": "bf16", f"{prefix}/i8": "i8"}
    passes = {case: kind for case, kind in passes.items() if arguments.filter in case}
    if not passes:
        return
    folder = arguments.data / "vectors"
    rows = load_vectors(folder / "mnist-784.base.u8bin.zst")
    queries = load_vectors(folder / "mnist-784.query.u8bin.zst")[:1000]
    packed = subprocess.run(["zstd", "-dc", str(folder / "mnist-784.gt100.l2.ibin.zst")], capture_output=True, check=True).stdout
    truth_rows, truth_k = (int(number) for number in np.frombuffer(packed, "<u4", 2))
    truth = np.frombuffer(packed, "<i4", truth_rows * truth_k, 8).reshape(truth_rows, truth_k)
    row_squares = np.einsum("ij,ij->i", rows, rows)

    trials = {}
    for block in (20, 50, 100, 250, 1000):
        numpy_nearest(queries, rows, row_squares, block)
        start = time.perf_counter()
        numpy_nearest(queries, rows, row_squares, block)
        trials[block] = time.perf_counter() - start
    block = min(trials, key=lambda size: trials[size])

    def ours(kind: str) -> Callable[[], Any]:
        return lambda: atlas.nearest(queries, rows, K, "l2sq", threads=arguments.threads, first_pass=kind)

    for case, kind in passes.items():
        require_nearest(case, "mnist-784", ours(kind)()[0], queries, rows, truth, 2e-4)
    # |x|^2 + |y|^2 - 2 <x, y> in float32 loses more than that where vectors are near.
    require_nearest("NumPy", "mnist-784", numpy_nearest(queries, rows, row_squares, block), queries, rows, truth, 1e-3)
    sides: List[Side] = [(case, ours(kind)) for case, kind in passes.items()]
    sides.append(("numpy", lambda: numpy_nearest(queries, rows, row_squares, block)))
    seconds = race(sides, ROUNDS, time.perf_counter, 0.02, SPINNING_SECONDS)
    for case in passes:
        report("distance", arguments.json, case, seconds[case], seconds["numpy"], "numpy", "queries/s",
               lambda second: len(queries) / second, threads=arguments.threads, numpy_block=block)


def cpp_seconds(arguments: argparse.Namespace) -> float:
    """The same call in C++: the median of one run of the C++ bench."""
    command = [str(arguments.bench), "--quick", "--json", "--filter", "seed/cosine/768xf32"]
    # Without NumPy's setting: the program chooses its own.
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    lines = subprocess.run(command, capture_output=True, check=True, text=True, env=environment).stdout.splitlines()
    return float(json.loads(lines[0])["atlas"]) * 1e-6


def distance_cases(arguments: argparse.Namespace, atlas: Any) -> None:
    import numpy as np

    case = "python/distances/cosine/768xf32"
    if arguments.filter not in case:
        return
    random = np.random.default_rng(1)
    rows = on_huge_pages(random.uniform(-1, 1, (1000, 768)).astype(np.float32))
    query = random.uniform(-1, 1, 768).astype(np.float32)
    exact = 1 - (rows.astype(np.float64) @ query) / (np.linalg.norm(rows.astype(np.float64), axis=1) * np.linalg.norm(query.astype(np.float64)))
    if np.abs(atlas.distances(query, rows, "cosine") - exact).max() > 2 * (768 + 4) * 2.0**-24:
        raise SystemExit(f"{case}: wrong distances")
    ours, theirs = [], []
    for turn in range(ROUNDS if arguments.quick else 2 * ROUNDS + 1):
        theirs.append(cpp_seconds(arguments))
        call: Side = (case, lambda: atlas.distances(query, rows, "cosine"))
        ours.append(statistics.median(race([call], ROUNDS, time.thread_time, 2e-3, 0.0)[case]))
    report("distance", arguments.json, case, ours, theirs, "C++", "us", lambda second: second * 1e6)


def main() -> None:
    arguments = parse_arguments()
    set_environment(arguments)
    try:
        import numpy
    except ImportError:
        raise SystemExit(f"{sys.executable} has no NumPy; Debian's python3-numpy belongs to /usr/bin/python3")
    atlas = importlib.import_module("atlas")
    if not atlas.native:
        raise SystemExit(f"no native library: {atlas.native_problem}")
    print(f"# distance_bench.py\n# cpu: {cpu_info('model name')}; ATLAS runs: {atlas.simd_target()} ({atlas.library_path})\n"
          f"# peers: NumPy {numpy.__version__}, {blas_name()}, {arguments.threads} threads; Python {sys.version.split()[0]}",
          file=sys.stderr if arguments.json else sys.stdout, flush=True)
    distance_cases(arguments, atlas)
    nearest_cases(arguments, atlas)


if __name__ == "__main__":
    main()
