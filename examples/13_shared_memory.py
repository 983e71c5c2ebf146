# SPDX-License-Identifier: Apache-2.0
"""One process reads what others write, through shared memory: this is the reader, 13_shared_memory.cpp a writer.

    ATLAS_LIBRARY=build/release/libatlas.so.0 PYTHONPATH=c_api/python python3 examples/13_shared_memory.py [WRITER]

It needs the library. WRITER is the compiled examples/13_shared_memory.cpp; without it, only a Python process writes.
"""

import os
import signal
import struct
import subprocess
import sys

import numpy as np

import atlas

ROWS = 1000
name = f"example-13-{os.getpid()}"

# A writer in Python, which never ends by itself.
WRITER = """
import os, struct, sys, atlas
with atlas.Queue.attach(sys.argv[1]) as queue:
    for number in range(int(sys.argv[2])):
        with queue.claim(12) as claim:               # in the shared memory itself
            struct.pack_into("<IIf", claim.view, 0, os.getpid(), number, number * 0.5)
    sys.stdout.write("done\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""

with atlas.Queue.create(name, lanes=2, lane_bytes=4096) as queue:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name, str(ROWS)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)]
    if len(sys.argv) == 2:
        writers.append(subprocess.Popen([sys.argv[1], name]))
    try:
        received = {writer.pid: [] for writer in writers}
        while sum(map(len, received.values())) < ROWS * len(writers):
            with queue.peek_many(256, timeout=60) as views:  # views into the shared memory, until the end of the block
                for view in views:
                    writer, number, value = struct.unpack("<IIf", view)
                    received[writer].append((number, value))
        for rows in received.values():                       # each writer's messages come in its order
            assert [number for number, _ in rows] == list(range(ROWS))
            values = np.array([value for _, value in rows])
            print(f"{len(values)} measurements, sum {values.sum():.1f}")

        # A writer may be killed at any moment: what it put is received, and its lane is free.
        assert writers[0].stdout.readline() == b"done\n" and queue.senders() >= 1
        writers[0].send_signal(signal.SIGKILL)
        assert [writer.wait(60) for writer in writers][1:] == [0] * (len(writers) - 1)
        assert queue.senders() == 0
        print("all writers are gone; their lanes are free")
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
        atlas.Queue.remove(name)
