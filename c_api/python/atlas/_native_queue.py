# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for queues.

A queue is freed with its last reference and never before, so no call has to hold it.
"""

from __future__ import annotations

import ctypes as c
import threading
import time
from typing import Any, Callable, List, Optional

import numpy as np

from . import _abi
from ._arrays import Keys
from ._calls import _Pointer
from ._native import _check, _lib, _sized
from ._queue_types import MessageBatch, QueueOptions, QueueStatistics, is_at_its_end, is_empty, is_full

_LIMIT_EXCEEDED, _CLOSED, _TIMED_OUT = -23, -25, -26
_NO_WAIT, _FOREVER = 0, (1 << 64) - 1
# The main thread waits in parts, between which Python looks at signals.
_SLICE_NS = 100_000_000
_FIRST_BUFFER_BYTES = 1 << 16
_MOST_KEPT_BYTES = 1 << 20
_push_n, _pop_n, _size = _lib.atlas_queue_push_n, _lib.atlas_queue_pop_n, _lib.atlas_queue_size
_Two = c.c_uint64 * 2
_KEY = c.c_uint64


def _address(array: "np.ndarray[Any, Any]") -> int:
    return int(array.__array_interface__["data"][0])  # a third of what .ctypes costs


def _pointer_to(data: Any) -> Any:
    """What ctypes takes for the start of bytes: of these themselves, of others their address."""
    return data if type(data) is bytes else _address(np.frombuffer(data, dtype=np.uint8)) if data.nbytes else None


class _Landing:
    """Where one call puts messages down: allocated once, as its addresses take longer to find than the call."""

    __slots__ = ("room", "size", "bytes", "bytes_at", "numbers", "offsets_at", "count", "count_at")

    def __init__(self, room: int, size: int) -> None:
        self.room = room
        self.numbers = np.zeros(2 * room + 1, dtype=np.uint64)
        self.offsets_at = _address(self.numbers)
        self.count = c.c_uint64()
        self.count_at = c.byref(self.count)
        self.resize(size)

    def resize(self, size: int) -> None:
        self.size = size
        self.bytes = np.empty(size, dtype=np.uint8)
        self.bytes_at = _address(self.bytes)

    def batch(self, most: int) -> MessageBatch:
        count = self.count.value
        numbers = self.numbers[:most + 1 + count].copy()
        if most > 1024 and 4 * count < most:
            numbers = np.concatenate((numbers[:count + 1], numbers[most + 1:]))
            most = count
        used = int(numbers[count])
        whole = self.bytes
        if 2 * used > self.size:  # well filled: it goes with them
            self.resize(min(self.size, _FIRST_BUFFER_BYTES))
            return MessageBatch(whole.data[:used].toreadonly(), numbers, count, most)
        return MessageBatch(memoryview(whole[:used].tobytes()), numbers, count, most)


def _waited(call: Callable[[int], int], timeout: Optional[float]) -> int:
    """The status of ``call(timeout in ns)``, repeated until it is not that time has passed, or it has."""
    if timeout == 0:
        return call(_NO_WAIT)
    is_main = threading.current_thread() is threading.main_thread()
    if timeout is None:
        while True:
            status = call(_SLICE_NS if is_main else _FOREVER)
            if status != _TIMED_OUT:
                return status
    left = int(min(timeout * 1e9, 9e18))
    end = time.monotonic_ns() + left
    while True:
        status = call(min(left, _SLICE_NS) if is_main else left)
        if status != _TIMED_OUT:
            return status
        left = end - time.monotonic_ns()
        if left <= 0:
            return status


class NativeQueue:
    def __init__(self, options: QueueOptions) -> None:
        out = c.c_void_p()
        given = _sized(_abi.QueueOptions, overflow=options.overflow, otherwise=options.otherwise,
                       coalesce=options.coalesce, capacity_messages=options.capacity, capacity_bytes=options.max_bytes)
        _check(_lib.atlas_queue_create(c.byref(out), c.byref(given)))
        self._pointer = _Pointer(out.value or 0, _lib.atlas_queue_free)
        self._at = self._pointer.address
        self._landings: List[_Landing] = []  # those that no call uses; append and pop of a list are one step

    def put(self, data: Any, size: int, offsets: Keys, keys: Optional[Keys], timeout: Optional[float]) -> None:
        accepted = c.c_uint64()
        keys_at = None if keys is None else _address(keys)
        offsets_at = _address(offsets)
        count = len(offsets) - 1
        pointer = _pointer_to(data)
        status = _push_n(c.byref(accepted), self._at, pointer, size, offsets_at, keys_at, count, _NO_WAIT)
        if status == 0:
            return
        done = accepted.value
        if status == _TIMED_OUT and timeout != 0:
            def rest(timeout_ns: int) -> int:
                nonlocal done
                one = int(_push_n(c.byref(accepted), self._at, pointer, size, offsets_at + 8 * done,
                                  None if keys_at is None else keys_at + 8 * done, count - done, timeout_ns))
                done += accepted.value
                return one
            status = _waited(rest, timeout)
        self._raise(status, done)

    def put_one(self, data: Any, size: int, key: int, timeout: Optional[float]) -> None:
        accepted = c.c_uint64()
        offsets = _Two(0, size)
        pointer = _pointer_to(data)
        keys = c.byref(_KEY(key)) if key else None
        status = _push_n(c.byref(accepted), self._at, pointer, size, offsets, keys, 1, _NO_WAIT)
        if status == 0:
            return
        if status == _TIMED_OUT and timeout != 0:
            status = _waited(lambda timeout_ns: int(_push_n(c.byref(accepted), self._at, pointer, size, offsets, keys, 1,
                                                            timeout_ns)), timeout)
        self._raise(status, 0)

    def _raise(self, status: int, row: int) -> None:
        """What a put failed by. Of a message that is too long, and offsets, the library says the row."""
        if status == 0:
            return
        if status == _TIMED_OUT:
            raise is_full(row, False)
        if status == _CLOSED:
            raise is_at_its_end(row)
        if status == _LIMIT_EXCEEDED and _lib.atlas_last_error().startswith(b"limit exceeded: queue: "):
            raise is_full(row, True)
        _check(status)

    def _land(self, landing: _Landing, most: int, timeout: Optional[float]) -> None:
        """Puts messages down, at least one."""
        keys_at = landing.offsets_at + 8 * (most + 1)
        while True:
            status = _pop_n(landing.count_at, landing.bytes_at, landing.offsets_at, keys_at, self._at, landing.size, most,
                            _NO_WAIT)
            if status == 0:
                return
            if status == _TIMED_OUT and timeout != 0:
                status = _waited(lambda ns: int(_pop_n(landing.count_at, landing.bytes_at, landing.offsets_at, keys_at,
                                                       self._at, landing.size, most, ns)), timeout)
                if status == 0:
                    return
            if status == _TIMED_OUT:
                raise is_empty()
            if status == _CLOSED:
                raise is_at_its_end()
            if status != _LIMIT_EXCEEDED:
                _check(status)
            landing.resize(int(landing.numbers[1]))  # the first is longer; it stays until it fits

    def take(self, most: int, timeout: Optional[float]) -> MessageBatch:
        try:
            landing = self._landings.pop()
        except IndexError:
            landing = _Landing(most, _FIRST_BUFFER_BYTES)
        if landing.room < most:
            landing = _Landing(most, landing.size)
        self._land(landing, most, timeout)
        batch = landing.batch(most)
        self._keep(landing)
        return batch

    def take_one(self, timeout: Optional[float]) -> bytes:
        try:
            landing = self._landings.pop()
        except IndexError:
            landing = _Landing(1, _FIRST_BUFFER_BYTES)
        self._land(landing, 1, timeout)
        message = c.string_at(landing.bytes_at, int(landing.numbers[1]))
        self._keep(landing)
        return message

    def _keep(self, landing: _Landing) -> None:
        if landing.size <= _MOST_KEPT_BYTES:
            self._landings.append(landing)

    def close(self) -> None:
        _check(_lib.atlas_queue_close(self._at))

    def is_closed(self) -> bool:
        out = c.c_uint32()
        _check(_lib.atlas_queue_is_closed(c.byref(out), self._at))
        return out.value != 0

    def size(self) -> int:
        out = c.c_uint64()
        _check(_size(c.byref(out), self._at))
        return out.value

    def statistics(self) -> QueueStatistics:
        info = _sized(_abi.QueueInfo)
        _check(_lib.atlas_queue_describe(c.byref(info), self._at))
        return QueueStatistics(info.pushed, info.popped, info.dropped_newest, info.dropped_oldest, info.coalesced,
                               info.refused, info.waiting, info.waiting_bytes)

    def fileno(self) -> int:
        out = c.c_int32()
        _check(_lib.atlas_queue_event_fd(c.byref(out), self._at))
        return out.value

    def arm(self) -> bool:
        out = c.c_uint32()
        _check(_lib.atlas_queue_event_arm(c.byref(out), self._at))
        return out.value != 0


create_queue = NativeQueue
