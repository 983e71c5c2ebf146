# SPDX-License-Identifier: Apache-2.0
"""Both sides of a queue between processes, which Queue.create and Queue.attach make."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Iterable, List, Optional, Set, Tuple, Type, TypeVar, Union

from . import _backend
from ._arrays import KeysLike, checked_count
from ._encoding import Bytes, checked_bytes
from ._errors import Busy, Closed, InvalidArgument, refused
from ._index import Path, checked_path
from ._queue import _MOST_MESSAGES, Taking, _checked_numbers, _checked_timeout, _EachLoop, _joined
from ._queue_types import MessageBatch

# A process that is killed between its commit and its bell leaves a message without one.
_LOOK_SECONDS = 0.1
_Own = TypeVar("_Own", bound="_Side")


def _checked_name(name: object) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"name: expected str, found {type(name).__qualname__}")
    if not name.isascii() or "\0" in name:
        raise refused(InvalidArgument, "name", "A-Z a-z 0-9 . _ - alone", "another character")
    return name.encode()


def _checked_folder(folder: Optional[Path]) -> Optional[bytes]:
    return None if folder is None else checked_path("folder", folder)


class _Side:
    _backend: Any
    _attach = ""

    def __init__(self, name: str, backend: Any) -> None:
        self._name = name
        self._backend = backend

    @property
    def name(self) -> str:
        return self._name

    def close(self) -> None:
        """Says that no more messages come, from any sender: put raises Closed from now on, what was put before can
        still be taken, and whoever waits wakes."""
        self._backend.close()

    @property
    def closed(self) -> bool:
        return bool(self._backend.is_closed())

    def detach(self) -> None:
        """Ends this side alone, as the end of its ``with`` block does. Further calls raise Closed.

        The lane, or the receiver's place, is free then; but if views into the memory are left, with the last of them.
        """
        self._backend.detach()

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.detach()

    def __reduce__(self) -> Tuple[Any, ...]:
        raise TypeError(f"a {type(self).__name__} is one process's: give the other process the name, {self._name!r}, "
                        f"and call atlas.Queue.{self._attach} there")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"


class _Waiters:
    """The coroutines of one event loop that wait for a message."""

    def __init__(self, backend: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._backend = backend
        self._loop = loop
        self._descriptor = -1
        self._futures: Set["asyncio.Future[None]"] = set()

    async def wait(self) -> None:
        """Until there may be a message, or the end."""
        self._descriptor = self._backend.fileno()
        if self._backend.arm():
            self._wake()  # the others' bell may be the one that was taken away just now
            await asyncio.sleep(0)
            return
        future: "asyncio.Future[None]" = self._loop.create_future()
        if not self._futures:
            self._loop.add_reader(self._descriptor, self._wake)
        self._futures.add(future)
        look = self._loop.call_later(_LOOK_SECONDS, self._end, future)
        try:
            await future
        finally:
            look.cancel()
            self._futures.discard(future)
            if not self._futures:
                self._loop.remove_reader(self._descriptor)

    @staticmethod
    def _end(future: "asyncio.Future[None]") -> None:
        if not future.done():
            future.set_result(None)

    def _wake(self) -> None:
        """All: those that find nothing wait again."""
        for future in self._futures:
            self._end(future)
        self._futures.clear()
        self._loop.remove_reader(self._descriptor)


class _Peek:
    def __init__(self, backend: Any, most: int, timeout: Optional[float]) -> None:
        self._backend = backend
        self._most = most
        self._timeout = timeout
        self._views: List[memoryview] = []

    def __enter__(self) -> List[memoryview]:
        self._views = self._backend.peek(self._most, self._timeout)
        return list(self._views)

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        _end_views(self._views)
        self._views = []
        try:
            self._backend.release()
        except (Busy, Closed):
            pass  # in a forked child, where they are the parent's, or detached: they come again


def _end_views(views: List[memoryview]) -> None:
    for view in views:
        try:
            view.release()
        except BufferError:
            pass  # an array stands on it, and keeps the memory


class QueueReceiver(Taking, _Side):
    """The one that receives: everything that was put by all senders, of each in its order.

        with atlas.Queue.create("jobs") as queue:
            for message in queue: ...              # until it is closed and drained; or get(timeout=1.0)
            async for message in queue: ...        # the same in asyncio, without a thread
            with queue.peek_many(64) as views: ... # memoryviews into the shared memory, read-only, none copied

    Waiting releases the GIL, and Ctrl-C ends it. Any thread may call, one gets in at a time. When its process ends,
    however it does, another may receive what it had not taken: ``Queue.attach_receiver``. A child of fork() gets Busy.

    A lane that a sender, or whoever may write to the memory, has damaged raises CorruptFile once, with its number as
    ``row``: its messages are lost, the others' come on.
    """

    _attach = "attach_receiver"

    def __init__(self, name: str, backend: Any) -> None:
        super().__init__(name, backend)
        self._waiters = _EachLoop(lambda loop: _Waiters(backend, loop))

    def get(self, timeout: Optional[float] = None) -> bytes:
        """Takes a message.

        @param timeout  seconds; None: as long as it takes
        @raise          QueueEmpty, Closed, CorruptFile; Busy within peek_many
        """
        message: bytes = self._backend.take_one(_checked_timeout(timeout))
        return message

    def get_nowait(self) -> bytes:
        return self.get(0)

    def get_many(self, most: int = 64, timeout: Optional[float] = None) -> MessageBatch:
        """Waits for one message, and takes up to `most` of those that are there: fewer if they are long."""
        most = checked_count("most", most, 1, _MOST_MESSAGES)
        batch: MessageBatch = self._backend.take(most, _checked_timeout(timeout))
        return batch

    def peek_many(self, most: int = 64, timeout: Optional[float] = None) -> _Peek:
        """The same, in place: ``with`` gives a list of read-only memoryviews into the shared memory.

        Their room is the senders' again at the end of the block, and the views end with it. Copy what is to stay. If
        the process ends within the block, the next receiver gets these messages. One block at a time.
        """
        return _Peek(self._backend, checked_count("most", most, 1, _MOST_MESSAGES), _checked_timeout(timeout))

    @property
    def lanes(self) -> int:
        """How many senders there may be at once."""
        return int(self._backend.lanes)

    @property
    def lane_bytes(self) -> int:
        return int(self._backend.lane_bytes)

    def senders(self) -> int:
        """How many are attached and alive."""
        return int(self._backend.senders())

    def fileno(self) -> int:
        """A descriptor for ``select`` and event loops, readable when something came after an arm() that said no.

        It is the queue's: do not read it or close it. Before each wait call arm(), and do not wait for ever: a process
        that is killed while it puts may leave a message without a sign. get_async does all this by itself.
        """
        return int(self._backend.fileno())

    def arm(self) -> bool:
        """Makes the descriptor unreadable until something comes. True: something is there already; do not wait then."""
        self._backend.fileno()
        return bool(self._backend.arm())


class Claim:
    """Room for one message, which ``with`` gives: `view` is to be written to, and put at the end of the block."""

    def __init__(self, backend: Any, size: int, timeout: Optional[float]) -> None:
        self._backend = backend
        self._size = size
        self._timeout = timeout
        self._view: Optional[memoryview] = None

    @property
    def view(self) -> memoryview:
        """Writable, in the shared memory; of no use after commit and abort, and at the end of the block."""
        if self._view is None:
            raise refused(InvalidArgument, "claim", "one that is not over", "one that is")
        return self._view

    def commit(self, size: Optional[int] = None) -> None:
        """Puts the first `size` bytes now; None: all. An exception that leaves the block before puts nothing."""
        size = self._size if size is None else checked_count("size", size, 0, self._size)
        self._end(size)

    def abort(self) -> None:
        """Puts nothing."""
        self._end(None)

    def _end(self, size: Optional[int]) -> None:
        view = self.view
        self._view = None
        _end_views([view])
        self._backend.end_claim(size)

    def __enter__(self) -> "Claim":
        self._view = self._backend.claim(self._size, self._timeout)
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if self._view is None:
            return
        if kind is None:
            self.commit()
            return
        try:
            self.abort()
        except (Busy, Closed):
            pass  # in a forked child, or detached: the exception says more


class QueueSender(_Side):
    """One of those that send, in a lane of its own, which is another's when this side or its process ends.

        with atlas.Queue.attach("jobs") as queue:
            queue.put(b"...")
            with queue.claim(1000) as claim:       # in place, without a copy
                claim.view[:5] = b"12345"
                claim.commit(5)

    What was put is received even if this process is killed at once. Waiting releases the GIL, and Ctrl-C ends it. Any
    thread may call, one gets in at a time. A child of fork() gets Busy.
    """

    _attach = "attach"

    def put(self, message: Bytes, *, timeout: Optional[float] = None) -> None:
        """Copies a message in.

        @param timeout  seconds to wait for room; None: as long as it takes, which may be for ever without a receiver
        @raise          QueueFull, Closed, LimitExceeded above longest_message; Busy within claim
        """
        data: Any = message if type(message) is bytes else checked_bytes("message", message)
        self._backend.put_one(data, len(data), _checked_timeout(timeout))

    def put_nowait(self, message: Bytes) -> None:
        self.put(message, timeout=0)

    def put_many(self, messages: Union[Iterable[Bytes], Bytes, MessageBatch], *, offsets: Optional[KeysLike] = None,
                 timeout: Optional[float] = None) -> None:
        """Copies many messages in, with one call into the library: so it is the fast way.

            queue.put_many([b"a", b"b"])
            queue.put_many(buffer, offsets=offsets)    # the i-th is buffer[offsets[i]:offsets[i + 1]]
            queue.put_many(other.get_many())           # as they are, without their keys

        @param timeout  for all of them
        @raise          as put, and then ``row`` says how many were put
        """
        data: Any = messages
        if offsets is not None:
            data = checked_bytes("messages", data)
            bounds = _checked_numbers("offsets", offsets)
            if len(bounds) == 0:
                raise refused(InvalidArgument, "offsets", "one more than messages", "none")
        elif isinstance(messages, MessageBatch):
            data, bounds = messages.buffer, messages.offsets
        elif isinstance(messages, (bytes, bytearray, memoryview)):
            raise TypeError("messages: expected many, or their offsets as well, found one")
        else:
            data, bounds = _joined(messages)
        self._backend.put(data, len(data), bounds, _checked_timeout(timeout))

    def claim(self, size: int, timeout: Optional[float] = None) -> Claim:
        """Room for a message of up to `size` bytes, where it will be read. One at a time.

        @raise  as put, when the ``with`` block is entered
        """
        return Claim(self._backend, checked_count("size", size), _checked_timeout(timeout))

    @property
    def lane(self) -> int:
        return int(self._backend.lane)

    @property
    def longest_message(self) -> int:
        """Bytes: a little less than half a lane's."""
        return int(self._backend.longest_message)

    @property
    def has_receiver(self) -> bool:
        """Whether one is attached and alive."""
        return bool(self._backend.has_receiver())


def create(name: str, lanes: int, lane_bytes: int, permissions: int, may_exist: bool,
           folder: Optional[Path]) -> QueueReceiver:
    return QueueReceiver(name, _backend.create_receiver(
        _checked_name(name), checked_count("lanes", lanes, 1, 1024), checked_count("lane_bytes", lane_bytes, 64),
        checked_count("permissions", permissions, 1, 0o777), bool(may_exist), _checked_folder(folder)))


def attach(name: str, folder: Optional[Path]) -> QueueSender:
    return QueueSender(name, _backend.attach_sender(_checked_name(name), _checked_folder(folder)))


def attach_receiver(name: str, folder: Optional[Path]) -> QueueReceiver:
    return QueueReceiver(name, _backend.attach_receiver(_checked_name(name), _checked_folder(folder)))


def remove(name: str, folder: Optional[Path]) -> None:
    _backend.remove_channel(_checked_name(name), _checked_folder(folder))
