# SPDX-License-Identifier: Apache-2.0
"""Queue.create and Queue.attach within one process: what comes out, views, claims, refusals, threads, Ctrl-C."""

import gc
import os
import pickle
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import atlas
from channel_cases import FOLDER, in_fork, is_asleep, name  # noqa: F401
from conftest import native_only, pure_only
from thread_cases import SOON, in_threads


@pure_only
def test_without_the_library_it_is_refused():
    for call in (lambda: atlas.Queue.create("jobs"), lambda: atlas.Queue.attach("jobs"),
                 lambda: atlas.Queue.attach_receiver("jobs"), lambda: atlas.Queue.remove("jobs")):
        with pytest.raises(atlas.NativeRequired, match="queues between processes"):
            call()


@native_only
def test_messages_come_out_as_they_went_in(name):
    with atlas.Queue.create(name, lanes=2, lane_bytes=1 << 20) as one, atlas.Queue.attach(name) as out:
        messages = [b"", b"a", bytes(range(256)), b"x" * 71, b"long" * 50_000, b""]
        for message in messages:
            out.put(message)
        assert [one.get(SOON) for _ in messages] == messages
        out.put(bytearray(b"bytes"))
        out.put(memoryview(b"_views_")[1:-1])
        out.put(np.arange(3, dtype=np.uint16))
        assert [one.get_nowait() for _ in range(3)] == [b"bytes", b"views", b"\0\0\1\0\2\0"]
        out.put_many(iter([b"1", bytearray(b"22"), memoryview(b"333"), np.zeros(2, dtype=np.uint16)]))
        out.put_many([])
        out.put_many([b"4444"] * 100)
        assert one.get_many(5).tolist() == [b"1", b"22", b"333", bytes(4), b"4444"]
        rest = one.get_many(1000)
        assert len(rest) == 99 and rest.keys.tolist() == [0] * 99 and bytes(rest.buffer) == b"4444" * 99
        buffer = b"abcdefgh"
        for given in (buffer, bytearray(buffer), memoryview(buffer), np.frombuffer(buffer, dtype=np.uint8)):
            for offsets in ([1, 3, 3, 8], *(np.array([1, 3, 3, 8], dtype=kind) for kind in (np.uint64, np.int32))):
                out.put_many(given, offsets=offsets)
                batch = one.get_many()
                assert batch.tolist() == [b"bc", b"", b"defgh"]
                out.put_many(batch)
                assert one.get_many(timeout=SOON).tolist() == batch.tolist()
        out.put_many([b"large" * 10_000] * 8)
        large = []
        while len(large) < 8:  # as many as fit into what it takes them to
            large += one.get_many(timeout=SOON).tolist()
        assert large == [b"large" * 10_000] * 8
        assert (one.lanes, one.lane_bytes, one.senders(), one.name) == (2, 1 << 20, 1, name)
        assert (out.lane, out.longest_message, out.has_receiver, out.name) == (0, (1 << 19) - 8, True, name)
        assert not one.closed and not out.closed and repr(one) == f"<QueueReceiver {name!r}>"


@native_only
def test_batches_outlive_the_queue(name):
    with atlas.Queue.create(name) as one, atlas.Queue.attach(name) as out:
        messages = [bytes([number]) * size for number, size in enumerate([0, 1, 30_000, 100, 100_000, 3] * 4)]
        out.put_many(messages)
        batches = []
        while sum(map(len, batches)) < len(messages):
            batches.append(one.get_many(7))
        out.put_many([b"other"] * 1000)
        one.get_many(1000)
        views = [view for batch in batches for view in batch]
    del one, batches
    gc.collect()
    assert [bytes(view) for view in views] == messages


@native_only
def test_full_empty_and_closed(name):
    with atlas.Queue.create(name, lanes=1, lane_bytes=64) as one, atlas.Queue.attach(name) as out:
        for get in (one.get_nowait, lambda: one.get(timeout=0.01), lambda: one.get_many(timeout=0),
                    lambda: one.peek_many(timeout=0.01).__enter__()):
            with pytest.raises(queue.Empty) as caught:
                get()
            assert isinstance(caught.value, atlas.QueueEmpty)
        with pytest.raises(queue.Full) as caught:
            out.put_many([b"1", b"2", b"3", b"4"], timeout=0.01)
        assert isinstance(caught.value, atlas.QueueFull) and caught.value.row == 3
        for put in (lambda: out.put_nowait(b"4"), lambda: out.put(b"4", timeout=0.01),
                    lambda: out.claim(1, timeout=0).__enter__(), lambda: out.claim(1, timeout=0.01).__enter__()):
            with pytest.raises(atlas.QueueFull):
                put()
        out.close()
        one.close()
        assert one.closed and out.closed
        for put in (lambda: out.put(b"4"), lambda: out.put(b"4", timeout=0), lambda: out.put_many([b"4"], timeout=1),
                    lambda: out.claim(1).__enter__()):
            with pytest.raises(atlas.Closed) as caught:
                put()
            assert caught.value.row == 0
        with pytest.raises(atlas.Closed):
            atlas.Queue.attach(name)
        assert one.get_many(timeout=SOON).tolist() == [b"1", b"2", b"3"]
        for get in (one.get, one.get_nowait, one.get_many, lambda: one.peek_many().__enter__()):
            with pytest.raises(atlas.Closed):
                get()
        assert list(one) == []


@native_only
def test_views_into_the_memory(name):
    one, out = atlas.Queue.create(name, lanes=1, lane_bytes=256), atlas.Queue.attach(name)
    out.put_many([b"%d" % i for i in range(15)])
    with one.peek_many(4) as views:
        assert [bytes(view) for view in views] == [b"0", b"1", b"2", b"3"]
        assert all(view.readonly and view.format == "B" for view in views)
        with pytest.raises(atlas.QueueFull):
            out.put_nowait(b"x")  # they have their room still
        for call in (one.get_nowait, one.get_many, lambda: one.peek_many().__enter__()):
            with pytest.raises(atlas.Busy):
                call()
        array = np.frombuffer(views[1], dtype=np.uint8)
        part = views[2][:1]
    with pytest.raises(ValueError):
        bytes(views[0])  # ends with the block
    out.put(b"x")
    assert array.tobytes() in (b"1", b"x") and len(bytes(part)) == 1  # whatever is there now, but no crash
    with pytest.raises(RuntimeError), one.peek_many() as views:
        raise RuntimeError
    out.put(b"y")
    assert one.get(SOON) == b"y"  # a block that an exception leaves has taken its messages, too
    out.put_many([b"a", b"b"])
    with one.peek_many(1):
        one.detach()
    assert out.has_receiver  # the array is left
    del views, part, array
    gc.collect()
    assert not out.has_receiver
    with atlas.Queue.attach_receiver(name) as one:
        assert one.get_many(timeout=SOON).tolist() == [b"a", b"b"]  # the first was not taken
        del out
        gc.collect()
        assert one.senders() == 0


@native_only
def test_claims(name):
    with atlas.Queue.create(name, lanes=1, lane_bytes=1024) as one, atlas.Queue.attach(name) as out:
        with out.claim(100) as claim:
            assert len(claim.view) == 100 and not claim.view.readonly
            claim.view[:8] = b"in place"
            for call in (lambda: out.put(b"x"), lambda: out.put_many([b"x"]), lambda: out.claim(1).__enter__()):
                with pytest.raises(atlas.Busy):
                    call()
            with pytest.raises(atlas.QueueEmpty):
                one.get_nowait()
            with pytest.raises((ValueError, atlas.AtlasError)):
                claim.commit(101)
            claim.commit(8)
            assert one.get(SOON) == b"in place"
            for call in (claim.commit, claim.abort, lambda: claim.view):
                with pytest.raises(atlas.InvalidArgument):
                    call()
        with out.claim(3) as claim:
            np.frombuffer(claim.view, dtype=np.uint8)[:] = 65
        with out.claim(0):
            pass
        with pytest.raises(RuntimeError), out.claim(3):
            raise RuntimeError
        with out.claim(3) as claim:
            claim.abort()
        with pytest.raises(atlas.LimitExceeded, match="message.size_bytes: expected 504, found 505"):
            out.claim(505).__enter__()
        with out.claim(5) as claim:
            array = np.frombuffer(claim.view, dtype=np.uint8)
            array[:] = 66
        assert one.get_many(timeout=SOON).tolist() == [b"AAA", b"", b"BBBBB"]
        out.detach()
        array[:] = 67  # no crash, and nobody reads it
        assert one.senders() == 1
        del claim, array
        gc.collect()
        assert one.senders() == 0


@native_only
def test_who_has_the_name_the_place_or_the_lanes(name):
    for call in (atlas.Queue.attach, atlas.Queue.attach_receiver, atlas.Queue.remove):
        with pytest.raises(FileNotFoundError) as caught:
            call(name)
        assert isinstance(caught.value, atlas.NotFound) and name in str(caught.value)
    one = atlas.Queue.create(name, lanes=1, lane_bytes=100)
    assert one.lane_bytes == 128
    with pytest.raises(FileExistsError) as caught:
        atlas.Queue.create(name)
    assert isinstance(caught.value, atlas.AlreadyExists) and caught.value.code == -29
    for call in (lambda: atlas.Queue.attach_receiver(name),
                 lambda: atlas.Queue.create(name, lanes=1, lane_bytes=128, may_exist=True)):
        with pytest.raises(BlockingIOError) as caught:
            call()
        assert isinstance(caught.value, atlas.Busy) and caught.value.code == -30
    out = atlas.Queue.attach(name)
    with pytest.raises(atlas.Busy, match="channel.lanes"):
        atlas.Queue.attach(name)
    out.put(b"1")
    out.detach()
    one.detach()
    with atlas.Queue.create(name, lanes=1, lane_bytes=128, may_exist=True) as one, atlas.Queue.attach(name) as out:
        out.put(b"2")
        assert one.get_many(timeout=SOON).tolist() == [b"1", b"2"]
    with pytest.raises(atlas.AlreadyExists, match="channel.lanes: expected 2, found 1"):
        atlas.Queue.create(name, lanes=2, lane_bytes=128, may_exist=True)
    for call in (one.get, one.get_many, one.close, one.senders, one.fileno, one.arm, lambda: one.closed,
                 lambda: one.peek_many().__enter__(), lambda: out.put(b"1"), lambda: out.claim(1).__enter__(),
                 out.close):
        with pytest.raises(atlas.Closed, match="detached"):
            call()
    one.detach()


@native_only
def test_another_folder(name, tmp_path):
    folder = FOLDER / f"folder-{name}"
    folder.mkdir()
    try:
        with atlas.Queue.create(name, folder=folder, permissions=0o640) as one, atlas.Queue.attach(name, folder) as out:
            out.put(b"1")
            assert one.get(SOON) == b"1"
            one.fileno()
            assert sorted(path.name for path in folder.iterdir()) == [f"atlas-fifo.{name}", f"atlas.{name}"]
            assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o640}
            with pytest.raises(atlas.NotFound):
                atlas.Queue.attach(name)
        atlas.Queue.remove(name, str(folder))
        assert list(folder.iterdir()) == []
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


@native_only
def test_what_may_not_be_is_refused(name):
    for wrong in ("", "a/b", "ä", "a\0", "x" * 129, " "):
        for call in (atlas.Queue.create, atlas.Queue.attach, atlas.Queue.attach_receiver, atlas.Queue.remove):
            with pytest.raises(atlas.InvalidArgument):
                call(wrong)
    with pytest.raises(TypeError):
        atlas.Queue.create(b"name")
    for wrong in (dict(lanes=0), dict(lanes=1025), dict(lane_bytes=63), dict(lane_bytes=1 << 50), dict(permissions=0),
                  dict(permissions=0o1000), dict(folder="a\0b")):
        with pytest.raises((atlas.InvalidArgument, atlas.LimitExceeded)):
            atlas.Queue.create(name, **wrong)
    with pytest.raises(atlas.NotFound):
        atlas.Queue.create(name, folder=FOLDER / "no such folder")
    with pytest.raises(atlas.NoSpace):
        atlas.Queue.create(name, lanes=1024, lane_bytes=1 << 40)
    with atlas.Queue.create(name, lanes=1, lane_bytes=64) as one, atlas.Queue.attach(name) as out:
        for call in (lambda: out.put("text"), lambda: out.put(None), lambda: out.put_many(["text"]),
                     lambda: out.put_many("text"), lambda: out.put_many(b"text"), lambda: out.put_many([b"a", 1]),
                     lambda: out.put_many(b"a", offsets=[0.0, 1.0]), lambda: one.get_many("2"), lambda: out.claim("1")):
            with pytest.raises(TypeError):
                call()
        for call in (lambda: one.get(timeout=-1), lambda: out.put(b"a", timeout=float("nan")), lambda: one.get_many(0),
                     lambda: one.peek_many(0), lambda: out.claim(-1), lambda: out.put_many(b"a", offsets=[]),
                     lambda: out.put_many(b"a", offsets=[0, -1])):
            with pytest.raises((ValueError, atlas.AtlasError)):
                call()
        for offsets, kind, row in (([0, 3, 2, 4], atlas.InvalidArgument, 1), ([0, 3, 31], atlas.InvalidArgument, 1),
                                   ([(1 << 64) - 1, 1], atlas.InvalidArgument, 0),
                                   ([0, 1, 26], atlas.LimitExceeded, 1)):
            with pytest.raises(kind) as caught:
                out.put_many(b"x" * 30, offsets=offsets)
            assert caught.value.row == row
        with pytest.raises(atlas.LimitExceeded, match="message bytes: expected 24, found 25"):
            out.put(b"x" * 25)
        with pytest.raises(atlas.QueueEmpty):
            one.get_nowait()
        for side, how in ((one, "attach_receiver"), (out, "attach")):
            with pytest.raises(TypeError, match=f"give the other process the name, {name!r}, .*Queue.{how} there"):
                pickle.dumps(side)


@native_only
def test_files_that_others_wrote_to(name):
    path = FOLDER / f"atlas.{name}"

    def scribble(at, data):
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(data)

    with atlas.Queue.create(name, lanes=2, lane_bytes=128) as one:
        with atlas.Queue.attach(name) as first, atlas.Queue.attach(name) as second:
            first.put_many([b"1", b"2"])
            second.put(b"lost")
            scribble(8192 + 128, struct.pack("=Q", 4000))  # the length of the second lane's first record
            assert one.get_many(timeout=SOON).tolist() == [b"1", b"2"]
            with pytest.raises(atlas.CorruptFile) as caught:
                one.get()
            assert caught.value.row == 1
            first.put(b"3")
            assert one.get(SOON) == b"3"
    for at, data, kind in ((8, struct.pack("=I", 2), atlas.UnsupportedVersion), (0, b"whatever", atlas.NotAtlasFile)):
        scribble(at, data)
        for call in (atlas.Queue.attach, atlas.Queue.attach_receiver):
            with pytest.raises(kind):
                call(name)
    os.truncate(path, 100)
    with pytest.raises(atlas.CorruptFile):
        atlas.Queue.attach(name)
    atlas.Queue.remove(name)
    path.symlink_to("/dev/zero")
    with pytest.raises(atlas.InvalidArgument):
        atlas.Queue.attach(name)
    path.unlink()


@native_only
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_permissions(name):
    with atlas.Queue.create(name):
        def refused():
            os.setgid(65534)
            os.setuid(65534)
            for call in (atlas.Queue.attach, atlas.Queue.attach_receiver, atlas.Queue.remove):
                with pytest.raises(PermissionError) as caught:
                    call(name)
                assert isinstance(caught.value, atlas.PermissionDenied)
        assert in_fork(refused)
    atlas.Queue.remove(name)
    with atlas.Queue.create(name, permissions=0o666) as one:
        def admitted():
            os.setgid(65534)
            os.setuid(65534)
            atlas.Queue.attach(name).put(b"of nobody")
        assert in_fork(admitted)
        assert one.get(SOON) == b"of nobody"


@native_only
def test_threads_share_a_side(name):
    each = 400
    left = [3]
    lock = threading.Lock()
    got = [[], [], []]
    with atlas.Queue.create(name, lanes=2, lane_bytes=512) as one, atlas.Queue.attach(name) as first, \
            atlas.Queue.attach(name) as second:
        def produce(number, out):
            for i in range(0, each, 4):
                if i % 8 == 0:
                    out.put_many([b"%d" % (number * each + j) for j in range(i, i + 4)], timeout=SOON)
                else:
                    for j in range(i, i + 4):
                        out.put(b"%d" % (number * each + j), timeout=SOON)
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    out.close()

        def consume(mine, how):
            try:
                while True:
                    mine += how()
            except atlas.Closed:
                pass

        in_threads(lambda: produce(0, first), lambda: produce(1, first), lambda: produce(2, second),
                   lambda: consume(got[0], lambda: [int(one.get(SOON))]),
                   lambda: consume(got[1], lambda: [int(bytes(view)) for view in one.get_many(3, SOON)]),
                   lambda: consume(got[2], lambda: [int(one.get())]))
    assert sorted(got[0] + got[1] + got[2]) == list(range(3 * each))
    for mine in got:
        for number in range(3):
            of_one = [i for i in mine if i // each == number]
            assert of_one == sorted(of_one)


@native_only
def test_who_waits_hears_of_close_and_detach_and_keeps_nobody_out(name):
    one, out = atlas.Queue.create(name, lanes=1, lane_bytes=64), atlas.Queue.attach(name)
    waiting = threading.Event()

    def get():
        waiting.set()
        with pytest.raises(atlas.Closed):
            one.get()

    def others():
        assert waiting.wait(SOON)
        while not one._backend._waits:
            time.sleep(0.001)
        for call in (one.get_nowait, lambda: one.get(0.2), lambda: one.get_many(timeout=0)):
            with pytest.raises(atlas.QueueEmpty):
                call()
        assert one.senders() == 1 and one.fileno() >= 0
        one.detach()
        assert not out.has_receiver

    in_threads(get, others)
    with atlas.Queue.attach_receiver(name) as one:
        def put():
            with pytest.raises(atlas.Closed) as caught:
                out.put_many([b"x"] * 10)
            assert caught.value.row == 3

        def close():
            while not out._backend._waits:
                time.sleep(0.001)
            with pytest.raises(atlas.QueueFull):
                out.put_nowait(b"y")
            one.close()

        in_threads(put, close)
        assert list(one) == [b"x"] * 3
    out.detach()


@native_only
@pytest.mark.parametrize("call", ["one.get()", "one.get_many()", "one.peek_many().__enter__()", "out.put(b'4')",
                                  "out.put_many([b'4'])", "out.claim(1).__enter__()", "next(iter(one))"])
def test_ctrl_c_ends_a_wait(call, name, library_environment):
    code = f"""
import atlas
one, out = atlas.Queue.create({name!r}, lanes=1, lane_bytes=64), atlas.Queue.attach({name!r})
if "out" in {call!r}:
    out.put_many([b"1", b"2", b"3"])
try:
    print("ready", flush=True)
    {call}
except KeyboardInterrupt:
    if "out" in {call!r}:
        one.get_many()
    out.put(b"after")
    print("interrupted", one.get().decode(), flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], env=library_environment, stdout=subprocess.PIPE,
                          text=True) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            while not is_asleep(child.pid):
                pass
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=SOON)[0] == "interrupted after\n"
        finally:
            child.kill()


@native_only
def test_the_descriptor_is_readable_when_something_comes(name):
    with atlas.Queue.create(name) as one, atlas.Queue.attach(name) as out:
        def is_readable(seconds=0.0):
            return select.select([one], [], [], seconds)[0] == [one]

        assert one.fileno() == one.fileno()
        for _ in range(3):
            assert not one.arm() and not is_readable()
            out.put_many([b"1", b"2"])
            assert is_readable(SOON)
            one.get()
            assert one.arm()
            one.get()
        assert not one.arm()
        out.close()
        assert is_readable(SOON) and one.arm()
