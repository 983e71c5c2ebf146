#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What does Python gain? atlas.chunk beside the recursive splitter that LangChain documents (bench/chunk/recursive_splitter.py).

  python/recursive/1000+200        10 MB of English, a str: the offsets of all chunks as arrays
  python/recursive/1000+200/texts  the same, and a list of the chunks' texts, which is what the splitter gives

One thread on both sides. `ratio` > 1 means that ATLAS is better. Chunks are checked before they are timed. Needs
build/release/libatlas.so.0 (or --library).
"""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import subprocess
import sys
import time
from typing import Any, List

from support.race import Side, cpu_info, race, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE, OVERLAP = 1000, 200


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"), help="folder of test material")
    parser.add_argument("--quick", action="store_true", help="9 rounds instead of 21")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/libatlas.so.0")
    return parser.parse_args()


def texts_of(text: str, chunks: Any) -> List[str]:
    return [text[begin:end] for begin, end in zip(chunks.char_begin.tolist(), chunks.char_end.tolist())]


def require_chunks(text: str, chunks: Any) -> None:
    """What is fresh of each, laid end to end, is the text, and none is longer than the size."""
    data = text.encode()
    pieces = [data[begin:end] for begin, end in zip(chunks.byte_fresh.tolist(), chunks.byte_end.tolist())]
    if b"".join(pieces) != data or max(map(len, texts_of(text, chunks))) > SIZE:
        raise SystemExit("atlas.chunk: wrong chunks")


def main() -> None:
    arguments = parse_arguments()
    os.environ.setdefault("ATLAS_LIBRARY", str(arguments.library))
    sys.path[:0] = [str(ROOT / "c_api/python"), str(ROOT / "bench/chunk")]
    atlas = importlib.import_module("atlas")
    splitter = importlib.import_module("recursive_splitter")
    if not atlas.native:
        raise SystemExit(f"no native library: {atlas.native_problem}")
    print(f"# chunk_bench.py\n# cpu: {cpu_info('model name')}; ATLAS runs: {atlas.simd_target()} ({atlas.library_path})\n"
          f"# peers: LangChain's way in Python {sys.version.split()[0]}",
          file=sys.stderr if arguments.json else sys.stdout, flush=True)

    case = f"python/recursive/{SIZE}+{OVERLAP}"
    names = [name for name in (case, f"{case}/texts") if arguments.filter in name]
    if not names:
        return
    packed = arguments.data / "text/en-books.md.zst"
    content = subprocess.run(["zstd", "-dc", str(packed)], capture_output=True, check=True).stdout
    text = content.decode()

    def chunks() -> Any:
        return atlas.chunk(text, SIZE, OVERLAP, threads=1)

    def pieces() -> List[str]:
        return splitter.split(text, splitter.SEPARATORS, SIZE, OVERLAP)

    require_chunks(text, chunks())
    if max(map(len, pieces())) > SIZE:
        raise SystemExit("the splitter's chunks are longer than the size")
    sides: List[Side] = [(case, chunks), (f"{case}/texts", lambda: texts_of(text, chunks())), ("splitter", pieces)]
    seconds = race(sides, 9 if arguments.quick else 21, time.process_time, 0.02, 0.0)
    for name in names:
        report("chunk", arguments.json, name, seconds[name], seconds["splitter"], "LangChain's way in Python", "MB/s",
               lambda second: len(content) / second / 1e6, chunks=len(chunks()), peer_chunks=len(pieces()))


if __name__ == "__main__":
    main()
