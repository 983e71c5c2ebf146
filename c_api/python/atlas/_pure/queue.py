# SPDX-License-Identifier: Apache-2.0
"""What _native_queue.py gives, without the native library."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from typing import Any, Dict, List, Optional

import numpy as np

from .._arrays import Keys
from .._errors import InvalidArgument, LimitExceeded, refused
from .._queue_types import (COALESCINGS, POLICIES, MessageBatch, QueueOptions, QueueStatistics, is_at_its_end, is_empty,
                            is_full)


class _Message:
    __slots__ = ("key", "data")

    def __init__(self, key: int, data: bytearray) -> None:
        self.key = key
        self.data = data


class PureQueue:
    def __init__(self, options: QueueOptions) -> None:
        self._options = options
        self._overflow = POLICIES[options.overflow]
        self._coalesces = self._overflow == "coalesce"
        self._last = POLICIES[options.otherwise] if self._coalesces else self._overflow
        self._appends = COALESCINGS[options.coalesce] == "append"
        lock = threading.Lock()
        self._elements = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self._waiting: "OrderedDict[int, _Message]" = OrderedDict()  # by the number of the push
        self._numbers: Dict[int, int] = {}  # of keys that wait
        self._next = 0
        self._bytes = 0
        self._closed = False
        self._popped = self._dropped_newest = self._dropped_oldest = self._coalesced = self._refused = self._pushed = 0
        self._pipe: Optional[List[int]] = None  # readable while a byte is in it
        self._is_readable = False

    def __del__(self) -> None:
        for descriptor in getattr(self, "_pipe", None) or ():
            os.close(descriptor)

    # --- under the lock ---

    def _drop_front(self) -> _Message:
        _, message = self._waiting.popitem(last=False)
        if message.key and self._coalesces:
            del self._numbers[message.key]
        self._bytes -= len(message.data)
        return message

    def _accepts(self, data: bytes, key: int) -> bool:
        key_here = key if self._coalesces else 0
        while True:
            number = self._numbers.get(key_here) if key_here else None
            if number is not None:
                older = self._waiting[number]
                size = len(data) + (len(older.data) if self._appends else 0)
                if self._bytes - len(older.data) + size <= self._options.max_bytes:
                    if size < len(older.data):
                        self._room.notify_all()
                    self._bytes += size - len(older.data)
                    if self._appends:
                        older.data += data
                    else:
                        older.data = bytearray(data)
                    self._coalesced += 1
                    break
            elif len(self._waiting) < self._options.capacity and self._bytes + len(data) <= self._options.max_bytes:
                self._waiting[self._next] = _Message(key, bytearray(data))
                if key_here:
                    self._numbers[key_here] = self._next
                    self._room.notify_all()  # those whose messages have its key
                self._next += 1
                self._bytes += len(data)
                self._elements.notify()
                self._make_readable()
                break
            if self._last == "drop_newest":
                self._dropped_newest += 1
                break
            if self._last != "drop_oldest":
                return False
            self._drop_front()
            self._dropped_oldest += 1
        self._pushed += 1
        return True

    def _wait(self, condition: threading.Condition, end: Optional[float]) -> bool:
        """Whether it is worth another look."""
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            return False
        condition.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
        return True

    def _make_readable(self) -> None:
        if self._pipe is not None and not self._is_readable:
            self._is_readable = True
            os.write(self._pipe[1], b"\0")

    # --- what the native backend has ---

    def _check(self, offsets: Keys, size: int) -> None:
        begin = int(offsets[0])
        for row, end in enumerate(offsets[1:].tolist()):
            if end < begin:
                raise refused(InvalidArgument, "offsets", f"at least {begin}", end, row)
            if end > size:
                raise refused(InvalidArgument, "offsets", f"at most {size}", end, row)
            if end - begin > self._options.max_bytes:
                raise refused(LimitExceeded, "message bytes", self._options.max_bytes, end - begin, row)
            begin = end

    def put(self, data: Any, size: int, offsets: Keys, keys: Optional[Keys], timeout: Optional[float]) -> None:
        self._check(offsets, size)
        ends = offsets.tolist()
        numbers = [0] * (len(ends) - 1) if keys is None else keys.tolist()
        end = None if timeout is None else time.monotonic() + timeout
        with self._room:
            for row, key in enumerate(numbers):
                message = bytes(data[ends[row]:ends[row + 1]])
                while True:
                    if self._closed:
                        raise is_at_its_end(row)
                    if self._accepts(message, key):
                        break
                    if self._last == "error":
                        self._refused += len(numbers) - row
                        raise is_full(row, True)
                    if not self._wait(self._room, end):
                        raise is_full(row, False)

    def put_one(self, data: Any, size: int, key: int, timeout: Optional[float]) -> None:
        keys = np.array([key], dtype=np.uint64) if key else None
        self.put(data, size, np.array([0, size], dtype=np.uint64), keys, timeout)

    def _taken(self, most: int, timeout: Optional[float]) -> List[_Message]:
        end = None if timeout is None else time.monotonic() + timeout
        with self._elements:
            while not self._waiting:
                if self._closed:
                    raise is_at_its_end()
                if not self._wait(self._elements, end):
                    raise is_empty()
            taken = [self._drop_front() for _ in range(min(most, len(self._waiting)))]
            self._popped += len(taken)
            self._room.notify_all()
            return taken

    def take(self, most: int, timeout: Optional[float]) -> MessageBatch:
        taken = self._taken(most, timeout)
        whole = b"".join(one.data for one in taken)
        numbers = np.zeros(2 * len(taken) + 1, dtype=np.uint64)
        numbers[1:len(taken) + 1] = np.cumsum([len(one.data) for one in taken])
        numbers[len(taken) + 1:] = [one.key for one in taken]
        return MessageBatch(whole, 0, len(whole), numbers.tobytes(), len(taken), len(taken) + 1)

    def take_one(self, timeout: Optional[float]) -> bytes:
        return bytes(self._taken(1, timeout)[0].data)

    def close(self) -> None:
        with self._elements:
            self._closed = True
            self._elements.notify_all()
            self._room.notify_all()
            self._make_readable()

    def is_closed(self) -> bool:
        return self._closed

    def size(self) -> int:
        return len(self._waiting)

    def statistics(self) -> QueueStatistics:
        with self._elements:
            return QueueStatistics(self._pushed, self._popped, self._dropped_newest, self._dropped_oldest,
                                   self._coalesced, self._refused, len(self._waiting), self._bytes)

    def fileno(self) -> int:
        with self._elements:
            if self._pipe is None:
                self._pipe = list(os.pipe())
                self._make_readable()
            return self._pipe[0]

    def arm(self) -> bool:
        with self._elements:
            if self._waiting or self._closed:
                self._make_readable()
            elif self._is_readable and self._pipe is not None:
                os.read(self._pipe[0], 1)
                self._is_readable = False
            return self._is_readable


create_queue = PureQueue
