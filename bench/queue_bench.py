#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What does a message cost in Python? A batch of 64 is put and taken by one thread, beside the standard library's queues.

  python/batch64/64B           one buffer with offsets, taken as a batch, beside queue.SimpleQueue, taken as a list
                               (asked: 1 x its time, ratio 1)
  python/batch64/separate/64B  64 bytes objects put, and taken as a batch, beside asyncio.Queue (asked: 0.2 x its time,
                               ratio 5)
  python/batch64/list/64B      the same, and a list of 64 bytes objects made of the batch
  python/batch64/awaited/64B   64 bytes objects put, and taken as a batch by get_many_async in an event loop, beside
                               asyncio.Queue in the same; python/batch64/awaited/list/64B makes a list of them
  python/batch64/queue/64B     the first beside queue.Queue, which is bounded as ATLAS is

`ratio` > 1 means that ATLAS is better. What comes out is checked before it is timed. SimpleQueue passes references and has
no bound; ATLAS copies the bytes in and out. Needs build/release/libatlas.so.0 (or --library).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import pathlib
import queue
import sys
import time
from typing import Any, List

from support.race import Side, cpu_info, race, report

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 64
IN_A_LOOP = 32  # batches for each time that a loop is started, so that this is a small part


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="as the other benches have it; not used")
    parser.add_argument("--quick", action="store_true", help="15 rounds instead of 51")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--library", type=pathlib.Path, default=ROOT / "build/release/libatlas.so.0")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    os.environ.setdefault("ATLAS_LIBRARY", str(arguments.library))
    sys.path.insert(0, str(ROOT / "c_api/python"))
    atlas = importlib.import_module("atlas")
    np = importlib.import_module("numpy")
    if not atlas.native:
        raise SystemExit(f"no native library: {atlas.native_problem}")
    print(f"# queue_bench.py\n# cpu: {cpu_info('model name')}; ATLAS: {atlas.library_path}\n"
          f"# peers: the standard library of Python {sys.version.split()[0]}",
          file=sys.stderr if arguments.json else sys.stdout, flush=True)

    for size in (64, 256):
        messages = [bytes([number]) * size for number in range(BATCH)]
        buffer = b"".join(messages)
        offsets = np.arange(0, len(buffer) + 1, size, dtype=np.uint64)
        ours, simple, bounded = atlas.Queue(1024), queue.SimpleQueue[bytes](), queue.Queue[bytes](1024)
        loops: asyncio.Queue[bytes] = asyncio.Queue(1024)

        def packed() -> Any:
            ours.put_many(buffer, offsets=offsets)
            return ours.get_many(BATCH)

        def separate() -> Any:
            ours.put_many(messages)
            return ours.get_many(BATCH)

        def as_list() -> List[bytes]:
            ours.put_many(messages)
            taken: List[bytes] = ours.get_many(BATCH).tolist()
            return taken

        def through_simple() -> List[bytes]:
            for message in messages:
                simple.put(message)
            return [simple.get() for _ in range(BATCH)]

        def through_queue() -> List[bytes]:
            for message in messages:
                bounded.put(message)
            return [bounded.get() for _ in range(BATCH)]

        async def through_asyncio() -> List[bytes]:
            for message in messages:
                await loops.put(message)
            return [await loops.get() for _ in range(BATCH)]

        async def awaited() -> Any:
            for _ in range(IN_A_LOOP - 1):
                ours.put_many(messages)
                await ours.get_many_async(BATCH)
            ours.put_many(messages)
            return await ours.get_many_async(BATCH)

        async def awaited_as_list() -> List[bytes]:
            for _ in range(IN_A_LOOP - 1):
                ours.put_many(messages)
                (await ours.get_many_async(BATCH)).tolist()
            ours.put_many(messages)
            taken: List[bytes] = (await ours.get_many_async(BATCH)).tolist()
            return taken

        loop = asyncio.new_event_loop()

        def ours_in_loop() -> Any:
            return loop.run_until_complete(awaited())

        def ours_in_loop_as_list() -> List[bytes]:
            return loop.run_until_complete(awaited_as_list())

        def through_loop() -> List[bytes]:
            return loop.run_until_complete(through_asyncio_often())

        async def through_asyncio_often() -> List[bytes]:
            for _ in range(IN_A_LOOP - 1):
                await through_asyncio()
            return await through_asyncio()

        if packed().tolist() != messages or separate().tolist() != messages or as_list() != messages:
            raise SystemExit("atlas.Queue: wrong messages")
        if ours_in_loop().tolist() != messages or ours_in_loop_as_list() != messages:
            raise SystemExit("atlas.Queue in a loop: wrong messages")
        if through_simple() != messages or through_queue() != messages or through_loop() != messages:
            raise SystemExit("a peer: wrong messages")
        cases = [(f"python/batch64/{size}B", "packed", "SimpleQueue"),
                 (f"python/batch64/separate/{size}B", "separate", "asyncio.Queue"),
                 (f"python/batch64/list/{size}B", "as_list", "asyncio.Queue"),
                 (f"python/batch64/awaited/{size}B", "awaited", "asyncio.Queue"),
                 (f"python/batch64/awaited/list/{size}B", "awaited_as_list", "asyncio.Queue"),
                 (f"python/batch64/queue/{size}B", "packed", "queue.Queue")]
        cases = [case for case in cases if arguments.filter in case[0]]
        sides: List[Side] = [("packed", packed), ("separate", separate), ("as_list", as_list),
                             ("SimpleQueue", through_simple),
                             ("asyncio.Queue", through_loop), ("queue.Queue", through_queue),
                             ("awaited", ours_in_loop), ("awaited_as_list", ours_in_loop_as_list)]
        sides = [side for side in sides if any(side[0] in case for case in cases)]
        seconds = race(sides, 15 if arguments.quick else 51, time.process_time, 0.004, 0.0) if sides else {}
        in_loop = ("asyncio.Queue", "awaited", "awaited_as_list")
        for who in in_loop:
            seconds[who] = [one / IN_A_LOOP for one in seconds.get(who, [])]
        for name, our, peer in cases:
            report("queue", arguments.json, name, seconds[our], seconds[peer], peer, "ns/message",
                   lambda second: second / BATCH * 1e9)
        loop.close()


if __name__ == "__main__":
    main()
