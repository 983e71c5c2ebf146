# SPDX-License-Identifier: Apache-2.0
"""Queue: promises of both backends, each policy against a plain list, threads, Ctrl-C and asyncio."""

import asyncio
import gc
import os
import pathlib
import pickle
import queue
import random
import select
import signal
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

import atlas
from conftest import native_only, pure_only
from thread_cases import SOON, in_threads


def counts(one):
    now = one.statistics()
    assert now.pushed == now.popped + now.waiting + now.dropped_newest + now.dropped_oldest + now.coalesced
    return now


def test_messages_come_out_as_they_went_in():
    one = atlas.Queue(200)
    messages = [b"", b"a", bytes(range(256)), b"x" * 71, b"y" * 72, b"z" * 73, b"long" * 50_000, b""]
    for message in messages:
        one.put(message)
    assert len(one) == one.qsize() == len(messages) and one
    assert [one.get() for _ in messages] == messages
    one.put(bytearray(b"bytes"))
    one.put(memoryview(b"_views_")[1:-1])
    one.put(np.arange(3, dtype=np.uint16))
    assert [one.get_nowait() for _ in range(3)] == [b"bytes", b"views", b"\0\0\1\0\2\0"]
    one.put_many(iter([b"1", bytearray(b"22"), memoryview(b"333"), np.zeros(2, dtype=np.uint16)]))
    one.put_many([])
    one.put_many([b"4444"] * 100)
    assert one.get_many(5).tolist() == [b"1", b"22", b"333", bytes(4), b"4444"]
    assert len(one.get_many(1000)) == 99
    assert counts(one).popped == len(messages) + 3 + 104
    assert one.capacity == 200 and one.max_bytes is None and atlas.Queue(max_bytes=7).max_bytes == 7
    assert atlas.Queue().capacity == 1024 and not atlas.Queue().closed


def test_one_buffer_with_offsets():
    one, other = atlas.Queue(), atlas.Queue()
    buffer = b"abcdefgh"
    for given in (buffer, bytearray(buffer), memoryview(buffer), np.frombuffer(buffer, dtype=np.uint8)):
        for offsets in (np.array([1, 3, 3, 8], dtype=np.uint64), np.array([1, 3, 3, 8], dtype=np.int32), [1, 3, 3, 8],
                        np.array([1, 9, 3, 9, 3, 9, 8], dtype=np.uint64)[::2]):
            one.put_many(given, offsets=offsets, keys=[7, 0, (1 << 64) - 1])
            batch = one.get_many()
            assert batch.tolist() == [b"bc", b"", b"defgh"] and len(batch) == 3
            assert batch.offsets.tolist() == [0, 2, 2, 7] and batch.keys.tolist() == [7, 0, (1 << 64) - 1]
            assert batch.offsets.dtype == batch.keys.dtype == np.uint64
            assert bytes(batch.buffer) == b"bcdefgh" and batch.buffer.readonly
            other.put_many(batch)
            again = other.get_many()
            assert again.tolist() == batch.tolist() and again.keys.tolist() == batch.keys.tolist()
    assert all(view.obj is batch[0].obj and view.readonly for view in batch)
    assert [bytes(view) for view in batch] == batch.tolist() == [bytes(batch[i]) for i in range(3)]
    assert bytes(batch[-1]) == b"defgh" and [bytes(view) for view in batch[1:]] == [b"", b"defgh"]
    for index in (3, -4):
        with pytest.raises(IndexError):
            batch[index]
    assert batch.index(b"") == 1 and b"bc" in batch and repr(batch) == "<MessageBatch of 3 messages, 7 bytes>"
    one.put_many(b"", offsets=[0])
    assert len(one) == 0


def test_batches_outlive_the_queue_and_each_other():
    one = atlas.Queue(5000)
    sizes = [0, 1, 60_000, 100, 200_000, 3] * 5
    messages = [bytes([number]) * size for number, size in enumerate(sizes)]
    one.put_many(messages)
    batches = []
    while len(one):
        batches.append(one.get_many(7))
    one.put_many([b"other"] * 1000)
    one.get_many(1000)
    views = [view for batch in batches for view in batch]
    del one, batches
    gc.collect()
    assert [bytes(view) for view in views] == messages
    many = atlas.Queue(5000)
    many.put_many([str(i).encode() for i in range(5000)], keys=range(5000))
    few = many.get_many(3)
    rest = many.get_many(1 << 20)
    assert few.keys.tolist() == [0, 1, 2] and rest.keys.tolist() == list(range(3, 5000))
    assert rest.tolist() == [str(i).encode() for i in range(3, 5000)]
    many.put(b"one", key=9)
    one = many.get_many(1 << 20)
    assert one.tolist() == [b"one"] and one.keys.tolist() == [9]


def test_full_empty_and_closed():
    one = atlas.Queue(2)
    with pytest.raises(queue.Empty):
        one.get_nowait()
    with pytest.raises(atlas.QueueEmpty):
        one.get(timeout=0.01)
    with pytest.raises(atlas.QueueEmpty):
        one.get_many(timeout=0)
    with pytest.raises(queue.Full) as caught:
        one.put_many([b"1", b"2", b"3"], timeout=0.01)
    assert isinstance(caught.value, atlas.QueueFull) and caught.value.row == 2 and caught.value.code == -26
    with pytest.raises(atlas.QueueFull):
        one.put_nowait(b"3")
    with pytest.raises(atlas.QueueFull):
        one.put(b"3", timeout=0.01)
    one.close()
    one.close()
    assert one.closed
    for put in (lambda: one.put(b"4"), lambda: one.put(b"4", timeout=0), lambda: one.put_many([b"4"], timeout=1)):
        with pytest.raises(atlas.Closed) as caught:
            put()
        assert caught.value.row == 0
    assert one.get_many().tolist() == [b"1", b"2"]
    for get in (one.get, one.get_nowait, one.get_many, lambda: one.get(timeout=1)):
        with pytest.raises(atlas.Closed):
            get()
    assert list(one) == [] and counts(one).refused == 0
    with atlas.Queue() as block:
        block.put(b"5")
    assert block.closed and list(block) == [b"5"]


def test_what_may_not_be_is_refused():
    for wrong, said in ((dict(overflow="wait"), "overflow: expected one of block, drop_newest"),
                        (dict(overflow=1), "overflow: expected one of"),
                        (dict(otherwise="error"), "as it is asked under 'coalesce' alone"),
                        (dict(overflow="coalesce", otherwise="coalesce"), "a policy other than 'coalesce'"),
                        (dict(coalesce="append"), "as it is asked under 'coalesce' alone"),
                        (dict(overflow="coalesce", coalesce="add"), "coalesce: expected one of replace, append"),
                        (dict(overflow="coalesce", coalesce="append"), "max_bytes: expected a bound")):
        with pytest.raises(atlas.InvalidArgument, match=said):
            atlas.Queue(**wrong)
    for wrong in (dict(capacity=0), dict(capacity=(1 << 32) + 1), dict(max_bytes=0), dict(max_bytes=1 << 63)):
        with pytest.raises((atlas.InvalidArgument, atlas.LimitExceeded, ValueError)):
            atlas.Queue(**wrong)
    one = atlas.Queue(10, max_bytes=6)
    for call in (lambda: one.put("text"), lambda: one.put(None), lambda: one.put_many(["text"]),
                 lambda: one.put_many("text"), lambda: one.put_many(b"text"), lambda: one.put_many([b"a", 1]),
                 lambda: one.put_many(b"a", offsets=[0.0, 1.0]), lambda: one.put_many([b"a"], keys=["b"]),
                 lambda: one.put(b"a", key="b"), lambda: one.get_many("2")):
        with pytest.raises(TypeError):
            call()
    for call in (lambda: one.get(timeout=-1), lambda: one.put(b"a", timeout=float("nan")), lambda: one.get_many(0),
                 lambda: one.put(b"a", key=-1), lambda: one.put(b"a", key=1 << 64),
                 lambda: one.put_many([b"a"], keys=[]), lambda: one.put_many([b"a"], keys=[-1]), lambda: one.put_many(b"a", offsets=[]),
                 lambda: one.put_many(b"a", offsets=[0, -1])):
        with pytest.raises((ValueError, atlas.AtlasError)):
            call()
    with pytest.raises(atlas.InvalidArgument, match=r"key: expected 0 to 2\^64 - 1, found 18446744073709551616"):
        one.put(b"a", key=1 << 64)
    for offsets, kind, row, said in (([0, 3, 2, 4], atlas.InvalidArgument, 1, "offsets: expected at least 3, found 2"),
                                     ([0, 3, 9], atlas.InvalidArgument, 1, "offsets: expected at most 8, found 9"),
                                     ([(1 << 64) - 1, 1], atlas.InvalidArgument, 0, "offsets: expected at least"),
                                     ([0, 1, 8], atlas.LimitExceeded, 1, "message bytes: expected 6, found 7")):
        with pytest.raises(kind, match=said) as caught:
            one.put_many(b"abcdefgh", offsets=offsets)
        assert caught.value.row == row
    with pytest.raises(atlas.LimitExceeded, match="message bytes: expected 6, found 7"):
        one.put(b"1234567")
    assert counts(one).pushed == 0
    with pytest.raises(TypeError):
        pickle.dumps(one)


@pytest.mark.parametrize("overflow, otherwise, coalesce", [
    ("block", "block", "replace"), ("drop_newest", "block", "replace"), ("drop_oldest", "block", "replace"),
    ("error", "block", "replace"), ("coalesce", "block", "replace"), ("coalesce", "drop_newest", "append"),
    ("coalesce", "drop_oldest", "replace"), ("coalesce", "drop_oldest", "append"), ("coalesce", "error", "append")])
def test_each_policy_does_what_a_plain_list_does(overflow, otherwise, coalesce):
    capacity, max_bytes = 4, 300
    one = atlas.Queue(capacity, max_bytes=max_bytes, overflow=overflow, otherwise=otherwise, coalesce=coalesce)
    last = otherwise if overflow == "coalesce" else overflow
    chance = random.Random(f"{overflow}{otherwise}{coalesce}")
    model = []
    want = dict.fromkeys(("pushed", "popped", "dropped_newest", "dropped_oldest", "coalesced", "refused"), 0)

    def accepts(key, data):
        while True:
            total = sum(len(waiting) for _, waiting in model)
            same = [i for i, (other, _) in enumerate(model) if overflow == "coalesce" and key and other == key]
            if same:
                merged = model[same[0]][1] + data if coalesce == "append" else data
                if total - len(model[same[0]][1]) + len(merged) <= max_bytes:
                    model[same[0]] = (key, merged)
                    want["coalesced"] += 1
                    break
            elif len(model) < capacity and total + len(data) <= max_bytes:
                model.append((key, data))
                break
            if last == "drop_newest":
                want["dropped_newest"] += 1
                break
            if last != "drop_oldest":
                return False
            model.pop(0)
            want["dropped_oldest"] += 1
        want["pushed"] += 1
        return True

    for _ in range(1500):
        if chance.random() < 0.7:
            batch = [(chance.randrange(4), chance.randbytes(chance.randrange(90) if chance.random() < 0.9 else 300))
                     for _ in range(chance.randrange(1, 4))]
            row = None
            try:
                if len(batch) == 1:
                    one.put(batch[0][1], key=batch[0][0], timeout=0)
                else:
                    one.put_many([data for _, data in batch], keys=[key for key, _ in batch], timeout=0)
            except atlas.QueueFull as full:
                row = full.row
                assert full.code == (-23 if last == "error" else -26)
            done = next((i for i, (key, data) in enumerate(batch) if not accepts(key, data)), None)
            assert row == done
            if last == "error" and done is not None:
                want["refused"] += len(batch) - done
        else:
            most = chance.randrange(1, 4)
            try:
                taken = one.get_many(most, 0)
                taken = list(zip(taken.keys.tolist(), taken.tolist()))
            except atlas.QueueEmpty:
                taken = []
            assert taken == model[:most]
            want["popped"] += len(taken)
            del model[:most]
        now = counts(one)
        assert {name: getattr(now, name) for name in want} == want
        assert now.waiting == len(one) == len(model) and now.waiting_bytes == sum(len(data) for _, data in model)


def test_threads():
    one = atlas.Queue(7, max_bytes=200)
    each = 600
    left = [2]
    lock = threading.Lock()
    got = [[], []]

    def produce(number):
        for first in range(0, each, 20):
            one.put_many([b"%d" % (number * each + i) for i in range(first, first + 20)], timeout=SOON)
        with lock:
            left[0] -= 1
            if left[0] == 0:
                one.close()

    def consume(mine):
        while True:
            try:
                mine.extend(int(bytes(view)) for view in one.get_many(3, timeout=SOON))
            except atlas.Closed:
                return

    in_threads(lambda: produce(0), lambda: produce(1), lambda: consume(got[0]), lambda: consume(got[1]))
    assert sorted(got[0] + got[1]) == list(range(2 * each))
    for mine in got:
        for number in (0, 1):
            of_one = [i for i in mine if i // each == number]
            assert of_one == sorted(of_one)
    assert counts(one).waiting == 0


def test_close_wakes_whoever_waits():
    empty, full = atlas.Queue(1), atlas.Queue(1)
    full.put(b"1")
    begun = threading.Barrier(3)

    def get():
        begun.wait(SOON)
        with pytest.raises(atlas.Closed):
            empty.get()

    def put():
        begun.wait(SOON)
        with pytest.raises(atlas.Closed):
            full.put(b"2")

    def close():
        begun.wait(SOON)
        empty.close()
        full.close()

    in_threads(get, put, close)


def test_other_threads_run_during_a_wait():
    one = atlas.Queue(1)
    in_threads(lambda: one.put(one.get()[::-1]), lambda: one.put(b"ab"))
    assert one.get(timeout=SOON) == b"ba"


@pytest.mark.parametrize("call", ["one.get()", "one.get_many()", "full.put(b'2')", "full.put_many([b'2'])"])
def test_ctrl_c_ends_a_wait(call, library_environment):
    code = f"""
import sys, threading, atlas
one, full = atlas.Queue(1), atlas.Queue(1)
full.put(b"1")
try:
    print("ready", flush=True)
    {call}
except KeyboardInterrupt:
    print("interrupted", len(one), len(full), flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], env=library_environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            while pathlib.Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
                pass
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=SOON)[0] == "interrupted 0 1\n"
        finally:
            child.kill()


def test_the_descriptor_is_readable_when_there_is_something():
    one = atlas.Queue(4)

    def is_readable(seconds=0.0):
        return select.select([one], [], [], seconds)[0] == [one]

    assert one.fileno() == one.fileno()
    for _ in range(3):
        assert not one.arm() and not is_readable()
        one.put_many([b"1", b"2"])
        assert is_readable(SOON)
        one.get()
        assert one.arm() and is_readable()
        one.get()
    assert not one.arm() and not is_readable()
    one.close()
    assert is_readable(SOON) and one.arm()


def test_asyncio():
    one = atlas.Queue(8)

    async def main():
        got = []

        async def consume():
            async for message in one:
                got.append(message)

        consumers = [asyncio.create_task(consume()) for _ in range(3)]
        await asyncio.sleep(0)

        def produce():
            for i in range(500):
                one.put(b"%d" % i, timeout=SOON)
            one.close()

        thread = threading.Thread(target=produce)
        thread.start()
        await asyncio.wait_for(asyncio.gather(*consumers), SOON)
        thread.join()
        return got

    got = asyncio.run(main())
    assert sorted(map(int, got)) == list(range(500))
    with pytest.raises(atlas.Closed):
        asyncio.run(one.get_async())


def test_asyncio_in_order_and_again_in_another_loop():
    one = atlas.Queue()

    async def echo(number):
        task = asyncio.create_task(one.get_async())
        await asyncio.sleep(0)
        one.put(b"%d" % number)
        return await asyncio.wait_for(task, SOON)

    for number in range(3):
        assert asyncio.run(echo(number)) == b"%d" % number

    async def batch():
        task = asyncio.create_task(one.get_many_async(10))
        await asyncio.sleep(0)
        one.put_many([b"a", b"b"])
        return (await asyncio.wait_for(task, SOON)).tolist()

    assert asyncio.run(batch()) == [b"a", b"b"]


def test_a_cancelled_get_takes_nothing():
    one = atlas.Queue()

    async def main():
        for number in range(50):
            first, second = asyncio.create_task(one.get_async()), asyncio.create_task(one.get_async())
            await asyncio.sleep(0)
            one.put(b"%d" % number)
            if number % 2:
                await asyncio.sleep(0)
            first.cancel()
            got = [await asyncio.wait_for(second, SOON)] if number % 2 == 0 else []
            done = await asyncio.gather(first, return_exceptions=True)
            got += [message for message in done if isinstance(message, bytes)]
            if not got:
                got.append(await asyncio.wait_for(second, SOON))
            else:
                second.cancel()
                await asyncio.gather(second, return_exceptions=True)
            assert got == [b"%d" % number] and len(one) == 0

    asyncio.run(main())


def test_many_waiters_are_cancelled_in_any_order_and_the_rest_is_served_in_its_own():
    one = atlas.Queue()

    async def main():
        tasks = [asyncio.create_task(one.get_async()) for _ in range(40)]
        await asyncio.sleep(0)
        for number in (0, 39, 17, 18, 3):
            tasks[number].cancel()
        left = [task for number, task in enumerate(tasks) if number not in (0, 39, 17, 18, 3)]
        await asyncio.sleep(0)
        one.put_many([b"%d" % number for number in range(len(left))])
        assert await asyncio.wait_for(asyncio.gather(*left), SOON) == [b"%d" % number for number in range(len(left))]

    asyncio.run(main())


def test_loops_of_several_threads_come_and_go_at_once():
    one = atlas.Queue()
    meeting = threading.Barrier(2)

    class Loop(asyncio.SelectorEventLoop):
        is_over = False

        def is_closed(self):
            if self.is_over:
                try:
                    meeting.wait(0.2)  # two threads find out at once, if they can
                except threading.BrokenBarrierError:
                    pass
            return super().is_closed()

    async def wait():
        task = asyncio.create_task(one.get_async())
        await asyncio.sleep(0)
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)

    def work():
        for _ in range(10):
            asyncio.run(wait())

    loop = Loop()
    loop.run_until_complete(wait())
    loop.close()
    loop.is_over = True
    in_threads(work, work)
    in_threads(*[work] * 6)


@pure_only
def test_a_message_that_is_put_wakes_who_has_one_of_its_key():
    one = atlas.Queue(1, overflow="coalesce")
    one.put(b"1", key=1)
    thread = threading.Thread(target=one.put, args=(b"new",), kwargs=dict(key=2), daemon=True)
    thread.start()
    room = one._backend._room
    while not room._waiters:
        time.sleep(0)
    with room:  # a get, whose signal another takes, and the other's put
        one._backend._drop_front()
        one._backend._popped += 1
        assert one._backend._accepts(b"old", 2)
    thread.join(SOON)
    assert not thread.is_alive()
    assert one.get_nowait() == b"new" and counts(one).coalesced == 1


@native_only
def test_time_goes_on_while_others_take_the_messages_that_did_not_fit(monkeypatch):
    from atlas import _native_queue
    one = atlas.Queue(4)
    now = [100.0]
    monkeypatch.setattr(_native_queue, "time",
                        types.SimpleNamespace(monotonic=lambda: now[0], monotonic_ns=time.monotonic_ns))
    asked = []

    def waited(call, timeout):
        asked.append(timeout)
        now[0] += 0.75
        if len(asked) > 3:
            return call(0)  # in vain, as it was for ever before
        one.put(b"x" * (100_000 * len(asked)))
        status = call(0)
        assert len(one.get_nowait()) == 100_000 * len(asked)  # another consumer is faster
        return status

    monkeypatch.setattr(_native_queue, "_waited", waited)
    with pytest.raises(atlas.QueueEmpty):
        one.get(timeout=1)
    assert asked == [1, 0.25]


@native_only
def test_what_fails_behind_a_wait_is_told_by_its_row_of_the_whole(monkeypatch):
    from atlas import _native_queue
    one = atlas.Queue(2)
    real = _native_queue._push_n
    calls = []

    def push(accepted, queue, data, size, offsets, keys, count, timeout_ns):
        calls.append(count)
        if len(calls) == 1:
            one.get_many()
            return real(accepted, queue, data, size, offsets, keys, 1, timeout_ns) or -26  # one more, then no room
        return real(accepted, queue, data, 4, offsets, keys, count, timeout_ns)  # its second is refused

    monkeypatch.setattr(_native_queue, "_push_n", push)
    with pytest.raises(atlas.InvalidArgument, match="offsets: expected at most 4") as caught:
        one.put_many([b"1", b"2", b"3", b"4", b"5"], timeout=SOON)
    assert calls == [3, 2] and caught.value.row == 4


@native_only
def test_room_for_the_largest_batches_is_not_kept():
    one = atlas.Queue()
    for most in (1, 64, 1 << 24, 64):
        one.put(b"message")
        assert one.get_many(most).tolist() == [b"message"]
        assert sum(len(landing.all) for landing in one._backend._landings) < 1 << 21


def test_a_forked_child_that_lets_go_of_a_queue_leaves_the_parent_s_alone():
    one = atlas.Queue()
    descriptor = one.fileno()
    assert not one.arm()
    child = os.fork()
    if child == 0:
        try:
            del one
            gc.collect()
            os.fstat(descriptor)
        except OSError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    one.put(b"message")
    assert select.select([one], [], [], SOON)[0] == [one] and one.get() == b"message"
