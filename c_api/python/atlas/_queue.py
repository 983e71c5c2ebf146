# SPDX-License-Identifier: Apache-2.0
"""A bounded queue of messages between threads and event loops."""

from __future__ import annotations

import asyncio
import math
import operator
import struct
import threading
from collections import OrderedDict
from itertools import accumulate
from typing import (TYPE_CHECKING, Any, AsyncIterator, Callable, Dict, Generic, Iterable, Iterator, Optional, Tuple,
                    TypeVar, Union)

import numpy as np

from . import _backend
from ._arrays import Keys, KeysLike, checked_count
from ._closing import Closing
from ._encoding import Bytes, checked_bytes
from ._errors import Closed, InvalidArgument, refused
from ._queue_types import (COALESCINGS, MOST_BYTES, POLICIES, MessageBatch, QueueBackend, QueueEmpty, QueueOptions,
                           QueueStatistics)

if TYPE_CHECKING:
    from ._channel import QueueReceiver, QueueSender
    from ._index import Path

_MOST_MESSAGES = 1 << 24  # of one batch that is taken
_MOST_KEY = (1 << 64) - 1
_UINT64 = np.dtype(np.uint64)
_Array = np.ndarray


def _checked_choice(name: str, value: object, choices: Tuple[str, ...]) -> int:
    if not isinstance(value, str) or value not in choices:
        raise refused(InvalidArgument, name, f"one of {', '.join(choices)}", repr(value))
    return choices.index(value)


def _checked_timeout(timeout: Optional[float]) -> Optional[float]:
    if timeout is not None and not timeout >= 0:
        raise ValueError(f"timeout: expected None, 0 or more seconds, found {timeout!r}")
    return None if timeout == math.inf else timeout


def _checked_numbers(name: str, values: object) -> Keys:
    if type(values) is np.ndarray and values.dtype is _UINT64 and values.ndim == 1:
        return values
    if not isinstance(values, np.ndarray):
        return _of_integers(name, values)
    if values.ndim != 1 or (values.dtype.kind not in "ui" and values.size != 0):
        raise TypeError(f"{name}: expected integers of 1 dimension, found {values.dtype} of shape {values.shape}")
    for row in np.flatnonzero(values < 0)[:1]:
        raise refused(InvalidArgument, name, "0 to 2^64 - 1", int(values[row]), int(row))
    return np.ascontiguousarray(values, dtype=np.uint64)


def _of_integers(name: str, values: object) -> Keys:
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes)):
        raise TypeError(f"{name}: expected integers, found {type(values).__qualname__}")
    try:
        numbers = [operator.index(one) for one in values]
    except TypeError as problem:
        raise TypeError(f"{name}: {problem}") from None
    for row, number in enumerate(numbers):
        if not 0 <= number <= _MOST_KEY:
            raise refused(InvalidArgument, name, "0 to 2^64 - 1", number, row)
    return np.array(numbers, dtype=np.uint64)


def _joined(messages: Iterable[Bytes]) -> Tuple[bytes, Keys]:
    """Messages laid end to end, and their offsets."""
    parts = messages if isinstance(messages, (list, tuple)) else list(messages)
    if {*map(type, parts)} - {bytes}:
        if isinstance(messages, str):
            raise TypeError("messages: expected bytes, found str")
        parts = [one if type(one) is bytes else checked_bytes(f"messages[{row}]", one) for row, one in enumerate(parts)]
    # Packed: two thirds of what NumPy takes to make an array of an iterator.
    offsets = struct.pack(f"={len(parts) + 1}Q", *accumulate(map(len, parts), initial=0))
    return b"".join(parts), np.frombuffer(offsets, dtype=np.uint64)


_Thing = TypeVar("_Thing")


class _EachLoop(Generic[_Thing]):
    """One thing for each event loop that asks for it, whichever threads they run in."""

    def __init__(self, make: Callable[[asyncio.AbstractEventLoop], _Thing]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._things: Dict[asyncio.AbstractEventLoop, _Thing] = {}

    def of_running(self) -> _Thing:
        loop = asyncio.get_running_loop()
        with self._lock:
            thing = self._things.get(loop)
            if thing is None:
                for old in list(self._things):
                    if old.is_closed():
                        del self._things[old]
                thing = self._things[loop] = self._make(loop)
            return thing


class _Waiters:
    """The coroutines of one event loop that wait for a message."""

    def __init__(self, backend: QueueBackend, loop: asyncio.AbstractEventLoop) -> None:
        self._backend = backend
        self._loop = loop
        # Of whom any may be cancelled, and the first is woken first: each in one step.
        self._futures: "OrderedDict[asyncio.Future[None], None]" = OrderedDict()

    async def wait(self) -> None:
        """Until there may be a message, or the end."""
        descriptor = self._backend.fileno()
        future: "asyncio.Future[None]" = self._loop.create_future()
        if not self._futures:
            self._loop.add_reader(descriptor, self._wake)
        self._futures[future] = None
        self._backend.arm()
        try:
            await future
        finally:
            self._futures.pop(future, None)
            if not self._futures:
                self._loop.remove_reader(descriptor)

    def _wake(self) -> None:
        """As many as there are messages. They take them themselves: one that is cancelled first leaves its message."""
        count = len(self._futures) if self._backend.is_closed() else self._backend.size()
        while self._futures and count > 0:
            future, _ = self._futures.popitem(last=False)
            if not future.done():
                future.set_result(None)
                count -= 1
        if not self._futures:
            self._loop.remove_reader(self._backend.fileno())
        self._backend.arm()


class Taking:
    """What all have that give messages: taking them one after the other, and in event loops."""

    _waiters: "_EachLoop[Any]"

    def get(self, timeout: Optional[float] = None) -> bytes:
        raise NotImplementedError

    def get_many(self, most: int = 64, timeout: Optional[float] = None) -> MessageBatch:
        raise NotImplementedError

    async def get_async(self) -> bytes:
        """As get, in an event loop. Cancelled, it has taken nothing."""
        while True:
            try:
                return self.get(0)
            except QueueEmpty:
                pass
            await self._waiters.of_running().wait()

    async def get_many_async(self, most: int = 64) -> MessageBatch:
        while True:
            try:
                return self.get_many(most, 0)
            except QueueEmpty:
                pass
            await self._waiters.of_running().wait()

    def __iter__(self) -> Iterator[bytes]:
        """Every message until the queue is closed and drained."""
        while True:
            try:
                message = self.get()
            except Closed:
                return
            yield message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            try:
                message = await self.get_async()
            except Closed:
                return
            yield message


class Queue(Taking, Closing):
    """Messages of bytes, first in, first out, bounded, between any number of threads and event loops of one process.

        queue = atlas.Queue(1000, overflow="drop_oldest")
        queue.put(b"...")                              # from any thread
        for message in queue: ...                      # until it is closed and drained; or get(timeout=1.0)
        async for message in queue: ...                # the same in asyncio, without a thread
        for view in queue.get_many(64): ...            # memoryviews over one buffer

    What is done when there is no room:

    - ``"block"``: ``put`` waits
    - ``"drop_newest"``, ``"drop_oldest"``: the message, or the one that has waited longest, is dropped, and counted
    - ``"coalesce"``: room or not, a waiting message of the same ``key`` takes the new one in and keeps its place, by
      ``"replace"`` or ``"append"``. Messages of key 0 never do. Without one, and without room: as ``otherwise`` says
    - ``"error"``: ``put`` raises QueueFull at once

    Waiting releases the GIL, and Ctrl-C ends it. QueueFull is a ``queue.Full``, QueueEmpty a ``queue.Empty``. After
    close(), put raises Closed, and get does when all messages are taken. A child of fork() makes its own.

    There is no asynchronous put: one that may wait, which only "block" does, belongs in a thread
    (``loop.run_in_executor``), or is a put_nowait() that is tried again.

    From process to process, by a name: ``Queue.create`` gives the side that receives, ``Queue.attach`` one that sends.
    """

    _backend: QueueBackend

    def __init__(self, capacity: int = 1024, *, max_bytes: Optional[int] = None, overflow: str = "block",
                 otherwise: str = "block", coalesce: str = "replace") -> None:
        """
        @param capacity   messages, 1 to 2^32
        @param max_bytes  of all messages that wait; a longer one is refused with LimitExceeded. None: any number
        @param overflow   "block", "drop_newest", "drop_oldest", "coalesce" or "error"
        @param otherwise  under "coalesce", what is done for want of room: one of the others
        @param coalesce   under "coalesce": "replace", or "append", which needs max_bytes
        """
        how, last = _checked_choice("overflow", overflow, POLICIES), _checked_choice("otherwise", otherwise, POLICIES)
        way = _checked_choice("coalesce", coalesce, COALESCINGS)
        if overflow != "coalesce" and otherwise != "block":
            said = "'block', as it is asked under 'coalesce' alone"
            raise refused(InvalidArgument, "otherwise", said, repr(otherwise))
        if overflow != "coalesce" and coalesce != "replace":
            said = "'replace', as it is asked under 'coalesce' alone"
            raise refused(InvalidArgument, "coalesce", said, repr(coalesce))
        if otherwise == "coalesce":
            raise refused(InvalidArgument, "otherwise", "a policy other than 'coalesce'", repr(otherwise))
        if coalesce == "append" and max_bytes is None:
            raise refused(InvalidArgument, "max_bytes", "a bound, as appended bytes have no other", "None")
        self._capacity = checked_count("capacity", capacity, 1, 1 << 32)
        self._max_bytes = MOST_BYTES if max_bytes is None else checked_count("max_bytes", max_bytes, 1, MOST_BYTES)
        self._backend = _backend.create_queue(QueueOptions(self._capacity, self._max_bytes, how, last, way))
        backend = self._backend
        self._waiters = _EachLoop(lambda loop: _Waiters(backend, loop))

    @staticmethod
    def create(name: str, *, lanes: int = 8, lane_bytes: int = 1 << 20, permissions: int = 0o600,
               may_exist: bool = False, folder: Optional["Path"] = None) -> "QueueReceiver":
        """Makes a queue between the processes of this machine, in shared memory, and receives from it.

        It stays until Queue.remove. Needs the native library.

        @param name         1 to 128 of A-Z a-z 0-9 . _ -
        @param lanes        senders at once, 1 to 1024
        @param lane_bytes   64 to 2^40 of each, rounded up to a power of two, taken at once. A message may have a
                            little less than half of it
        @param permissions  of the file, whatever the umask; others need both read and write
        @param may_exist    takes over one of the same shape that is there and has no receiver
        @param folder       in a file system in memory; None: /dev/shm
        @raise              AlreadyExists, Busy (it has a receiver), NoSpace, PermissionDenied, InvalidArgument
        """
        from . import _channel
        return _channel.create(name, lanes, lane_bytes, permissions, may_exist, folder)

    @staticmethod
    def attach(name: str, folder: Optional["Path"] = None) -> "QueueSender":
        """Sends to a queue that another process, or this one, has created.

        @raise  NotFound, Busy (all lanes have senders that are alive), Closed, PermissionDenied, NotAtlasFile,
                UnsupportedVersion, CorruptFile
        """
        from . import _channel
        return _channel.attach(name, folder)

    @staticmethod
    def attach_receiver(name: str, folder: Optional["Path"] = None) -> "QueueReceiver":
        """Receives from a queue that is there, whose receiver has ended: from the first message on that it left.

        @raise  as attach; Busy while another receiver is alive
        """
        from . import _channel
        return _channel.attach_receiver(name, folder)

    @staticmethod
    def remove(name: str, folder: Optional["Path"] = None) -> None:
        """Removes the name. Who is attached goes on; the memory is free with the last of them.

        @raise  NotFound, PermissionDenied
        """
        from . import _channel
        _channel.remove(name, folder)

    def put(self, message: Bytes, *, key: int = 0, timeout: Optional[float] = None) -> None:
        """Copies a message in, as the policy says.

        @param key      what it is about, 1 to 2^64 - 1; 0: nothing that another message is about
        @param timeout  seconds; None: as long as it takes. Only "block" waits
        @raise          QueueFull, Closed, LimitExceeded
        """
        data: Union[bytes, memoryview] = message if type(message) is bytes else checked_bytes("message", message)
        if key != 0:
            key = checked_count("key", key, 0, _MOST_KEY)
        self._backend.put_one(data, len(data), key, timeout if timeout is None else _checked_timeout(timeout))

    def put_nowait(self, message: Bytes, *, key: int = 0) -> None:
        self.put(message, key=key, timeout=0)

    def put_many(self, messages: Union[Iterable[Bytes], Bytes, MessageBatch], *, offsets: Optional[KeysLike] = None,
                 keys: Optional[KeysLike] = None, timeout: Optional[float] = None) -> None:
        """Copies many messages in, with one call into the library: so it is the fast way.

            queue.put_many([b"a", b"b"])
            queue.put_many(buffer, offsets=offsets)    # the i-th is buffer[offsets[i]:offsets[i + 1]]
            other.put_many(queue.get_many())           # as they are, with their keys

        @param keys     of each message; None: all 0
        @param timeout  for all of them
        @raise          as put, and then ``row`` says how many were put
        """
        data: Any = messages
        if type(offsets) is _Array and type(data) is bytes and keys is None and timeout is None:
            if offsets.dtype is _UINT64 and offsets.ndim == 1 and offsets.size != 0:
                self._backend.put(data, len(data), offsets, None, None)
                return
        if offsets is not None:
            if type(data) is not bytes:
                data = checked_bytes("messages", data)
            bounds = _checked_numbers("offsets", offsets)
            if len(bounds) == 0:
                raise refused(InvalidArgument, "offsets", "one more than messages", "none")
        elif type(messages) is MessageBatch:
            data, bounds = messages.buffer, messages.offsets
            keys = messages.keys if keys is None else keys
        elif isinstance(messages, (bytes, bytearray, memoryview)):
            raise TypeError("messages: expected many, or their offsets as well, found one")
        else:
            data, bounds = _joined(messages)
        of_each = None if keys is None else _checked_numbers("keys", keys)
        if of_each is not None and len(of_each) != len(bounds) - 1:
            raise refused(InvalidArgument, "keys", f"{len(bounds) - 1} of them", len(of_each))
        self._backend.put(data, len(data), bounds, of_each, timeout if timeout is None else _checked_timeout(timeout))

    def get(self, timeout: Optional[float] = None) -> bytes:
        """Takes the oldest message.

        @param timeout  seconds; None: as long as it takes
        @raise          QueueEmpty, Closed
        """
        return self._backend.take_one(timeout if timeout is None else _checked_timeout(timeout))

    def get_nowait(self) -> bytes:
        return self._backend.take_one(0)

    def get_many(self, most: int = 64, timeout: Optional[float] = None) -> MessageBatch:
        """Waits for one message, and takes up to `most` of those that are there: fewer if they are long."""
        if type(most) is not int or not 1 <= most <= _MOST_MESSAGES:
            most = checked_count("most", most, 1, _MOST_MESSAGES)
        return self._backend.take(most, timeout if timeout is None else _checked_timeout(timeout))

    def close(self) -> None:
        """Says that no more messages come: put raises Closed from now on, what is there can still be taken, and
        whoever waits wakes."""
        self._backend.close()

    @property
    def closed(self) -> bool:
        return self._backend.is_closed()

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def max_bytes(self) -> Optional[int]:
        return None if self._max_bytes == MOST_BYTES else self._max_bytes

    def qsize(self) -> int:
        """Messages that wait, a moment ago."""
        return self._backend.size()

    def __len__(self) -> int:
        return self._backend.size()

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> Tuple[Any, ...]:
        raise TypeError("a Queue lies in the memory of one process: it cannot be pickled")

    def statistics(self) -> QueueStatistics:
        """What became of the messages, counted exactly."""
        return self._backend.statistics()

    def fileno(self) -> int:
        """A descriptor that is readable while there may be a message, or the end, for ``select`` and event loops.

        It is the queue's: do not read it or close it. When it is readable, take what you like with get_nowait(), then
        call arm(), and only then wait again. get_async does this by itself.
        """
        return self._backend.fileno()

    def arm(self) -> bool:
        """Makes the descriptor ready for the next wait. Whether it is readable already: there is something to take."""
        self._backend.fileno()
        return self._backend.arm()
