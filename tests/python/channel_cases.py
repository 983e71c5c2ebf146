# SPDX-License-Identifier: Apache-2.0
"""What the tests of queues between processes share: names of their own, forked children."""

import gc
import itertools
import os
import pathlib

import pytest

import atlas

FOLDER = pathlib.Path("/dev/shm")
_numbers = itertools.count()


@pytest.fixture
def name():
    """A name of no other test, of which nothing may be left behind."""
    text = f"pytest-{os.getpid()}-{next(_numbers)}"
    yield text
    gc.collect()
    if (FOLDER / f"atlas.{text}").exists():
        atlas.Queue.remove(text)
    assert list(FOLDER.glob(f"atlas.{text}*")) == []


def in_fork(work):
    """Runs work() in a forked child, and gives whether it ended without an exception."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def is_asleep(process):
    return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "S"
