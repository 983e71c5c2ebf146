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
_LEAST_ROOM = 64
_push_n, _size = _lib.atlas_queue_push_n, _lib.atlas_queue_size
# The same two without argtypes, for arguments that are ctypes objects, bytes or None already: a fifth of a call's time.
_push_ready, _pop_ready = _lib["atlas_queue_push_n"], _lib["atlas_queue_pop_n"]
_push_ready.restype = _pop_ready.restype = _abi.Status
_Count, _Size, _byref = c.c_uint64, c.c_size_t, c.byref
_NOT_AT_ALL = _Count(_NO_WAIT)
_Two = c.c_uint64 * 2


def _address(array: "np.ndarray[Any, Any]") -> int:
    return int(array.__array_interface__["data"][0])  # a third of what .ctypes costs


def _pointer_to(data: Any) -> Any:
    """What ctypes takes for the start of bytes: of these themselves, of others their address."""
    return data if type(data) is bytes else _address(np.frombuffer(data, dtype=np.uint8)) if data.nbytes else None


class _Landing:
    """Where a call puts messages down: made once, as finding addresses and making ctypes objects takes longer than it.

    One block: `room` + 1 offsets, as many keys, the bytes.
    """

    __slots__ = ("queue", "room", "size", "most", "all", "words", "begin", "count", "arguments", "is_kept", "is_plain")

    def __init__(self, queue: Any, room: int, size: int) -> None:
        self.queue = queue
        self.room = room
        self.count = _Count()
        self.begin = 8 * (2 * room + 1)
        self.most = room
        self.resize(size)

    def resize(self, size: int) -> None:
        self.size = size
        self.all = np.empty(self.begin + size, dtype=np.uint8).data
        self.words = self.all[:self.begin].cast("Q")
        self.is_kept = size <= _MOST_KEPT_BYTES and self.begin <= _MOST_KEPT_BYTES
        # Whether all of it is copied, though some of the numbers may say nothing.
        self.is_plain = self.is_kept and self.room <= _LEAST_ROOM
        self.for_most(self.most)

    def for_most(self, most: int) -> None:
        """Makes the arguments of a call that does not wait for so many; as a rule they stay what they are."""
        at = _address(np.frombuffer(self.all, dtype=np.uint8))
        self.most = most
        self.arguments = (_byref(self.count), c.c_void_p(at + self.begin), c.c_void_p(at),
                          c.c_void_p(at + 8 * (most + 1)), self.queue, _Size(self.size), _Size(most), _NOT_AT_ALL)

    def fit(self, most: int) -> "_Landing":
        """One for so many: itself, or a larger one."""
        if most > self.room:
            return _Landing(self.queue, most, self.size)
        self.for_most(most)
        return self

    def batch(self) -> MessageBatch:
        count, begin = self.count.value, self.begin
        used = self.words[count]
        keys_from = self.most + 1
        if 2 * used > self.size:  # well filled: it goes with them
            whole = self.all.toreadonly()
            batch = MessageBatch(whole, begin, begin + used, whole[:begin], count, keys_from)
            self.resize(min(self.size, _FIRST_BUFFER_BYTES))
            return batch
        offsets, keys = self.all[:8 * (count + 1)], self.all[8 * keys_from:8 * (keys_from + count)]
        numbers = offsets.tobytes() + keys.tobytes()
        return MessageBatch(self.all[begin:begin + used].tobytes(), 0, used, numbers, count, count + 1)


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
        self._at = c.c_void_p(self._pointer.address)
        self._landings: List[_Landing] = []  # those that no call uses
        self._singles: List[_Landing] = []

    def put(self, data: Any, size: int, offsets: Keys, keys: Optional[Keys], timeout: Optional[float]) -> None:
        accepted = _Count()
        # A copy of the offsets costs a tenth of finding their address.
        status = _push_ready(_byref(accepted), self._at, data if type(data) is bytes else c.c_void_p(_pointer_to(data)),
                             _Size(size), offsets.tobytes(), None if keys is None else keys.tobytes(),
                             _Size(offsets.size - 1), _NOT_AT_ALL)
        if status != 0:
            self._put_rest(status, accepted.value, data, size, offsets, keys, timeout)

    def _put_rest(self, status: int, done: int, data: Any, size: int, offsets: Keys, keys: Optional[Keys],
                  timeout: Optional[float]) -> None:
        first = 0
        if status == _TIMED_OUT and timeout != 0:
            accepted = _Count()
            pointer = _pointer_to(data)

            def rest(timeout_ns: int) -> int:
                nonlocal done, first
                first = done
                one = int(_push_n(_byref(accepted), self._at, pointer, size, offsets[done:].tobytes(),
                                  None if keys is None else keys[done:].tobytes(), len(offsets) - 1 - done, timeout_ns))
                done += accepted.value
                return one
            status = _waited(rest, timeout)
        self._raise(status, done, first)

    def put_one(self, data: Any, size: int, key: int, timeout: Optional[float]) -> None:
        accepted = _Count()
        offsets = _Two(0, size)
        pointer = _pointer_to(data)
        keys = c.byref(_Count(key)) if key else None
        status = _push_n(_byref(accepted), self._at, pointer, size, offsets, keys, 1, _NO_WAIT)
        if status == 0:
            return
        if status == _TIMED_OUT and timeout != 0:
            status = _waited(lambda timeout_ns: int(_push_n(_byref(accepted), self._at, pointer, size, offsets, keys, 1,
                                                            timeout_ns)), timeout)
        self._raise(status, 0)

    def _raise(self, status: int, row: int, first: int = 0) -> None:
        """What a put failed by. Of anything else than room and the end the library says the row, from `first` on."""
        if status == 0:
            return
        if status == _TIMED_OUT:
            raise is_full(row, False)
        if status == _CLOSED:
            raise is_at_its_end(row)
        if status == _LIMIT_EXCEEDED and _lib.atlas_last_error().startswith(b"limit exceeded: queue: "):
            raise is_full(row, True)
        _check(status, first)

    def _land(self, landing: _Landing, status: int, timeout: Optional[float]) -> None:
        """Goes on after a first call that did not find a message, or not the room for one."""
        left = timeout
        end = time.monotonic() + (timeout or 0)
        while True:
            if status == _TIMED_OUT and left != 0:
                status = _waited(lambda timeout_ns: int(_pop_ready(*landing.arguments[:-1], _Count(timeout_ns))), left)
            if status == 0:
                return
            if status == _TIMED_OUT:
                raise is_empty()
            if status == _CLOSED:
                raise is_at_its_end()
            if status != _LIMIT_EXCEEDED:
                _check(status)
            landing.resize(landing.words[1])  # the first is longer; it stays until it fits, or another takes it
            if timeout is not None:
                left = max(0.0, end - time.monotonic())
            status = _pop_ready(*landing.arguments)

    def take(self, most: int, timeout: Optional[float]) -> MessageBatch:
        try:
            landing = self._landings.pop()  # append and pop of a list are one step each
        except IndexError:
            landing = _Landing(self._at, _LEAST_ROOM, _FIRST_BUFFER_BYTES)
        if landing.most != most:
            landing = landing.fit(most)
        status = _pop_ready(*landing.arguments)
        if status != 0:
            self._land(landing, status, timeout)
        count, begin = landing.count.value, landing.begin
        end = begin + landing.words[count]
        if landing.is_plain and 2 * (end - begin) <= landing.size:
            whole = landing.all[:end].tobytes()
            self._landings.append(landing)
            return MessageBatch(whole, begin, end, whole, count, most + 1)
        batch = landing.batch()
        if landing.is_kept:
            self._landings.append(landing)
        return batch

    def take_one(self, timeout: Optional[float]) -> bytes:
        try:
            landing = self._singles.pop()
        except IndexError:
            landing = _Landing(self._at, 1, _FIRST_BUFFER_BYTES)
        status = _pop_ready(*landing.arguments)
        if status != 0:
            self._land(landing, status, timeout)
        message = landing.all[landing.begin:landing.begin + landing.words[1]].tobytes()
        if landing.is_kept:
            self._singles.append(landing)
        return message

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
