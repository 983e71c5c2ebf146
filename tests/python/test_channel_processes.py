# SPDX-License-Identifier: Apache-2.0
"""Queue.create and Queue.attach from process to process, whatever becomes of the processes; asyncio."""

import asyncio
import itertools
import multiprocessing
import os
import random
import subprocess
import sys

import pytest

import atlas
from channel_cases import in_fork, name  # noqa: F401
from conftest import native_only
from thread_cases import SOON


def put_numbers(name, number, count, close):
    """What the other processes do."""
    with atlas.Queue.attach(name) as out:
        for first in range(0, count, 10):
            out.put_many([b"%d %d" % (number, i) for i in range(first, first + 10)], timeout=SOON)
        if close:
            out.close()


@native_only
@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_other_processes(name, way):
    context = multiprocessing.get_context(way)
    senders, count = 3, 300
    with atlas.Queue.create(name, lanes=senders, lane_bytes=1024) as one:
        children = [context.Process(target=put_numbers, args=(name, number, count, False)) for number in range(senders)]
        for child in children:
            child.start()
        got = {number: [] for number in range(senders)}
        taken = 0
        ways = itertools.cycle((lambda: [one.get(SOON)], lambda: one.get_many(5, SOON).tolist(), "peek"))
        while taken < senders * count:
            how = next(ways)
            if how == "peek":
                with one.peek_many(7, SOON) as views:
                    messages = [bytes(view) for view in views]
            else:
                messages = how()
            for message in messages:
                number, i = map(int, message.split())
                got[number].append(i)
            taken += len(messages)
        assert got == {number: list(range(count)) for number in range(senders)}
        for child in children:
            child.join(SOON)
            assert child.exitcode == 0
        assert one.senders() == 0
        last = context.Process(target=put_numbers, args=(name, 7, 10, True))
        last.start()
        assert list(one) == [b"7 %d" % i for i in range(10)]
        last.join(SOON)


@native_only
def test_a_sender_that_is_killed(name, library_environment):
    code = f"""
import atlas
out = atlas.Queue.attach({name!r})
out.put_many([b"%d" % i for i in range(1000)])
print(out.lane, flush=True)
number = 1000
while True:
    out.put(b"%d" % number)
    number += 1
"""
    with atlas.Queue.create(name, lanes=1, lane_bytes=1 << 16) as one:
        got = []
        for round in range(3):
            begun = len(got)
            with subprocess.Popen([sys.executable, "-c", code], env=library_environment, stdout=subprocess.PIPE,
                                  text=True) as child:
                try:
                    assert child.stdout.readline() == "0\n"  # the lane of the one before
                    while len(got) < begun + 1500 + round:
                        got += [int(bytes(view)) for view in one.get_many(64, SOON)]
                    assert one.senders() == 1
                finally:
                    child.kill()
            assert one.senders() == 0
            try:
                while True:
                    got += [int(bytes(view)) for view in one.get_many(64, 0)]
            except atlas.QueueEmpty:
                pass
            assert got[begun:] == list(range(len(got) - begun))
            assert len(got) >= begun + 1000


@native_only
def test_a_receiver_that_is_killed(name, library_environment):
    code = f"""
import sys, atlas
one = atlas.Queue.create({name!r}, lanes=1)
print("ready", flush=True)
first = one.get()
with one.peek_many(2) as views:
    print(first.decode(), bytes(views[0]).decode(), flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], env=library_environment, stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            out = atlas.Queue.attach(name)
            assert out.has_receiver
            with pytest.raises(atlas.Busy):
                atlas.Queue.attach_receiver(name)
            out.put_many([b"1", b"2", b"3"])
            assert child.stdout.readline() == "1 2\n"
        finally:
            child.kill()
    assert not out.has_receiver
    out.put(b"4")
    with atlas.Queue.attach_receiver(name) as one:
        assert one.get_many(timeout=SOON).tolist() == [b"2", b"3", b"4"]  # what it looked at, but did not take


@native_only
def test_a_forked_child_attaches_by_itself(name):
    one, out = atlas.Queue.create(name, lanes=2), atlas.Queue.attach(name)
    held = out._backend._lock  # as if another thread were in a call at the fork

    def child():
        for call in (one.get, one.get_many, one.senders, one.fileno, one.arm, lambda: one.closed, lambda: out.put(b"x"),
                     lambda: out.put_many([b"x"]), lambda: one.peek_many().__enter__(), lambda: out.has_receiver,
                     lambda: out.claim(1).__enter__()):
            with pytest.raises(atlas.Busy, match="a child of it"):
                call()
        one.detach()
        out.detach()
        with atlas.Queue.attach(name) as own:
            own.put(b"of the child")

    with held:
        assert in_fork(child)
    out.put(b"of the parent")
    assert sorted(one.get_many(2, SOON).tolist()) == [b"of the child", b"of the parent"]
    assert one.senders() == 1 and out.has_receiver

    def within():
        with pytest.raises(atlas.Busy):
            one.get()

    out.put_many([b"1", b"2"])
    with one.peek_many(1) as views:
        assert in_fork(within) and bytes(views[0]) == b"1"
    assert one.get(SOON) == b"2"
    one.detach()
    out.detach()


@native_only
def test_asyncio(name):
    with atlas.Queue.create(name, lanes=2, lane_bytes=1024) as one:
        async def main():
            got = []

            async def consume():
                async for message in one:
                    got.append(message)

            consumers = [asyncio.create_task(consume()) for _ in range(3)]
            await asyncio.sleep(0)
            process = multiprocessing.get_context("spawn").Process(target=put_numbers, args=(name, 1, 300, True))
            process.start()
            await asyncio.wait_for(asyncio.gather(*consumers), SOON)
            process.join()
            return got

        assert sorted(asyncio.run(main())) == sorted(b"1 %d" % i for i in range(300))
        for wait in (one.get_async, one.get_many_async):
            with pytest.raises(atlas.Closed):
                asyncio.run(wait())


@native_only
def test_asyncio_again_in_another_loop_and_without_a_bell(name):
    with atlas.Queue.create(name) as one, atlas.Queue.attach(name) as out:
        async def echo(number):
            task = asyncio.create_task(one.get_async())
            await asyncio.sleep(0)
            out.put(b"%d" % number)
            if number % 2:
                os.read(one.fileno(), 100)  # as if the sender had been killed before it rang
            return await asyncio.wait_for(task, SOON)

        for number in range(4):
            assert asyncio.run(echo(number)) == b"%d" % number

        async def batch():
            task = asyncio.create_task(one.get_many_async(10))
            await asyncio.sleep(0)
            out.put_many([b"a", b"b"])
            return (await asyncio.wait_for(task, SOON)).tolist()

        assert asyncio.run(batch()) == [b"a", b"b"]

        async def detached():
            task = asyncio.create_task(one.get_async())
            await asyncio.sleep(0)
            one.detach()
            with pytest.raises(atlas.Closed):
                await asyncio.wait_for(task, SOON)

        asyncio.run(detached())


@native_only
def test_a_cancelled_get_takes_nothing(name):
    chance = random.Random(1)
    with atlas.Queue.create(name) as one, atlas.Queue.attach(name) as out:
        async def main():
            for number in range(30):
                first, second = asyncio.create_task(one.get_async()), asyncio.create_task(one.get_async())
                await asyncio.sleep(0)
                out.put(b"%d" % number)
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                first.cancel()
                done = await asyncio.gather(first, return_exceptions=True)
                got = [message for message in done if isinstance(message, bytes)]
                if not got:
                    got.append(await asyncio.wait_for(second, SOON))
                else:
                    second.cancel()
                    await asyncio.gather(second, return_exceptions=True)
                assert got == [b"%d" % number]
                with pytest.raises(atlas.QueueEmpty):
                    one.get_nowait()

        asyncio.run(main())
