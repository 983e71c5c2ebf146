# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for channels between processes.

A handle of the library is for one thread at a time: here a lock is held around each call, and whoever waits does so in
parts, between which the others get in. It ends with its last reference, also that of a view into its memory.
"""

from __future__ import annotations

import ctypes as c
import os
import threading
import time
from typing import Any, Callable, List, Optional, Tuple

import numpy as np

from . import _abi
from ._arrays import Keys
from ._calls import _Pointer, _Use
from ._errors import Busy, Closed, refused
from ._native import _check, _lib, _sized
from ._native_queue import _pointer_to
from ._queue_types import MessageBatch, is_at_its_end, is_empty, is_full

_LIMIT_EXCEEDED, _CLOSED, _TIMED_OUT = -23, -25, -26
# As long as the library sleeps without a look. Between two of them Python looks at signals, and other threads get in.
_SLICE_NS = 50_000_000
_FIRST_BUFFER_BYTES = 1 << 16
_MOST_KEPT_BYTES = 1 << 20
_MOST_PEEKED = 1024  # by one call
_Two = c.c_uint64 * 2
_push_n = _lib.atlas_channel_sender_push_n
_peek_n, _pop_n = _lib.atlas_channel_receiver_peek_n, _lib.atlas_channel_receiver_pop_n


def _address(array: "np.ndarray[Any, Any]") -> int:
    return int(array.__array_interface__["data"][0])


class _Side:
    def __init__(self, address: int, free: Callable[[int], None], close: Callable[[int], int]) -> None:
        self._pointer: Optional[_Pointer] = _Pointer(address, free)
        self._close = close
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._waits = False   # who holds the lock does so, as there is nothing now
        self._wanted = False  # somebody else came meanwhile

    def _use(self) -> _Use:
        pointer = self._pointer
        if pointer is None:
            raise Closed("closed: channel: expected an attached one, found a detached one")
        return _Use(pointer)

    def _require_own(self) -> None:
        if os.getpid() != self._process:  # where the lock may be held by a thread that is not there
            raise refused(Busy, "channel.process", "the process that attached", "a child of it")

    def _timed(self, call: Callable[[int, int], int], timeout: Optional[float]) -> int:
        """The status of ``call(handle, timeout in ns)``, repeated until it is not that time has passed, or it has."""
        self._require_own()
        end = 0 if timeout is None else time.monotonic_ns() + int(min(timeout * 1e9, 9e18))
        slice_ns = 0
        while True:
            if self._lock.locked():
                if timeout == 0 and self._waits:
                    return _TIMED_OUT
                self._wanted = True
            with self._lock, self._use() as handle:
                self._waits = slice_ns != 0
                try:
                    status = call(handle, slice_ns)
                finally:
                    self._waits = False
            if status != _TIMED_OUT or timeout == 0:
                return status
            slice_ns = _SLICE_NS
            if timeout is not None:
                left = end - time.monotonic_ns()
                if left <= 0:
                    return status
                slice_ns = min(left, _SLICE_NS)
            if self._wanted:
                self._wanted = False
                time.sleep(0.0005)  # a lock goes to whoever asks first, and that would be this thread again

    def _at_once(self, call: Callable[[int], int]) -> None:
        self._require_own()
        with self._lock, self._use() as handle:
            _check(call(handle))

    def view(self, address: int, size: int) -> "np.ndarray[Any, Any]":
        """Bytes of the segment, which stays mapped as long as any view of them lives."""
        array = (c.c_ubyte * size).from_address(address)
        array.pointer = self._pointer
        return np.frombuffer(array, dtype=np.uint8)

    def close(self) -> None:
        with self._use() as handle:
            _check(self._close(handle))

    def detach(self) -> None:
        self._pointer = None
        if os.getpid() == self._process:
            with self._lock:  # a call under way has ended
                pass


class NativeReceiver(_Side):
    def __init__(self, address: int) -> None:
        super().__init__(address, _lib.atlas_channel_receiver_free, _lib.atlas_channel_receiver_close)
        info = self._describe()
        self.lanes: int = info.lanes
        self.lane_bytes: int = info.lane_bytes
        self._holds = False    # messages that were peeked at
        self._is_open = False  # a block that looks at them
        self._descriptor = -1
        self._window: Optional[Tuple[int, int, memoryview]] = None
        self._count = c.c_uint64()
        self._reserve(64)
        self._resize(_FIRST_BUFFER_BYTES)

    def _describe(self) -> Any:
        info = _sized(_abi.ChannelReceiverInfo)
        self._require_own()
        with self._use() as handle:
            _check(_lib.atlas_channel_receiver_describe(c.byref(info), handle))
        return info

    def _reserve(self, most: int) -> None:
        self._offsets = np.empty(most + 1, dtype=np.uint64)
        self._offsets_at = _address(self._offsets)
        self._room = most

    def _resize(self, size: int) -> None:
        self._buffer: "np.ndarray[Any, Any]" = np.empty(size, dtype=np.uint8)
        self._buffer_at = _address(self._buffer)

    def _end_stale(self, handle: int) -> None:
        """Lets go of what a peek_many that Ctrl-C ended had found already."""
        if self._holds and not self._is_open:
            _check(_lib.atlas_channel_receiver_release(handle))
            self._holds = False

    def _pop(self, most: int, timeout: Optional[float], make: Callable[[int], None]) -> None:
        def pop(handle: int, timeout_ns: int) -> int:
            self._end_stale(handle)
            if self._room < most:
                self._reserve(most)
            while True:
                status = int(_pop_n(c.byref(self._count), self._buffer_at, self._offsets_at, None, handle,
                                    self._buffer.size, most, timeout_ns))
                if status != _LIMIT_EXCEEDED:
                    break
                self._resize(int(self._offsets[1]))  # the first is longer; it stays until it fits
            if status == 0:
                make(self._count.value)
                if self._buffer.size > _MOST_KEPT_BYTES:
                    self._resize(_FIRST_BUFFER_BYTES)
            return status
        self._raise(self._timed(pop, timeout))

    def _raise(self, status: int) -> None:
        if status == _TIMED_OUT:
            raise is_empty()
        if status == _CLOSED:
            raise is_at_its_end()
        _check(status)

    def take_one(self, timeout: Optional[float]) -> bytes:
        taken: List[bytes] = []
        self._pop(1, timeout, lambda count: taken.append(self._buffer[:int(self._offsets[1])].tobytes()))
        return taken[0]

    def take(self, most: int, timeout: Optional[float]) -> MessageBatch:
        taken: List[MessageBatch] = []

        def make(count: int) -> None:
            numbers = self._offsets[:count + 1].tobytes() + bytes(8 * count)  # no keys
            used = int(self._offsets[count])
            if 2 * used > self._buffer.size:  # well filled: it goes with them
                whole: Any = self._buffer.data.toreadonly()
                self._resize(min(self._buffer.size, _MOST_KEPT_BYTES))
            else:
                whole = self._buffer[:used].tobytes()
            taken.append(MessageBatch(whole, 0, used, numbers, count, count + 1))
        self._pop(most, timeout, make)
        return taken[0]

    def peek(self, most: int, timeout: Optional[float]) -> List[memoryview]:
        most = min(most, _MOST_PEEKED)
        found = np.empty((most, 3), dtype=np.uint64)  # of atlas_channel_message
        views: List[memoryview] = []

        def peek(handle: int, timeout_ns: int) -> int:
            if self._is_open:
                raise refused(Busy, "receiver", "released messages", "a peek_many that is not over")
            self._end_stale(handle)
            self._holds = True
            status = int(_peek_n(c.byref(self._count), _address(found), handle, most, timeout_ns))
            if status == 0:
                views.extend(self._views(found[:self._count.value]))
                self._is_open = True
            else:
                self._holds = False
            return status
        self._raise(self._timed(peek, timeout))
        return views

    def _views(self, found: "np.ndarray[Any, Any]") -> List[memoryview]:
        begins = found[:, 0]
        ends = begins + found[:, 1]
        first, last = int(begins.min()), int(ends.max())
        window = self._window
        if window is None or first < window[0] or last > window[1]:  # grows to all lanes that are used
            if window is not None:
                first, last = min(first, window[0]), max(last, window[1])
            window = self._window = (first, last, self.view(first, last - first).data.toreadonly())
        base, whole = window[0], window[2]
        return [whole[begin - base:end - base] for begin, end in zip(begins.tolist(), ends.tolist())]

    def release(self) -> None:
        def release(handle: int) -> int:
            self._is_open = self._holds = False
            return int(_lib.atlas_channel_receiver_release(handle))
        self._at_once(release)

    def detach(self) -> None:
        super().detach()
        self._window = None

    def is_closed(self) -> bool:
        return bool(self._describe().is_closed)

    def senders(self) -> int:
        return int(self._describe().senders)

    def fileno(self) -> int:
        if self._descriptor < 0:
            out = c.c_int32()
            self._at_once(lambda handle: int(_lib.atlas_channel_receiver_event_fd(c.byref(out), handle)))
            self._descriptor = out.value
        self._require_own()
        with self._use():  # without the lock: an event loop must not wait for a thread that waits
            return self._descriptor

    def arm(self) -> bool:
        if self._lock.locked() and self._waits:
            return False  # another thread waits, and takes what comes
        out = c.c_uint32()
        self._at_once(lambda handle: int(_lib.atlas_channel_receiver_event_arm(c.byref(out), handle)))
        return out.value != 0


class NativeSender(_Side):
    def __init__(self, address: int) -> None:
        super().__init__(address, _lib.atlas_channel_sender_free, _lib.atlas_channel_sender_close)
        info = self._describe()
        self.lane: int = info.lane
        self.longest_message: int = info.longest_message
        self._has_claim = False

    def _describe(self) -> Any:
        info = _sized(_abi.ChannelSenderInfo)
        self._require_own()
        with self._use() as handle:
            _check(_lib.atlas_channel_sender_describe(c.byref(info), handle))
        return info

    def _require_no_claim(self) -> None:
        if self._has_claim:
            raise refused(Busy, "sender", "one without a claim", "a claim that is not over")

    def put_one(self, data: Any, size: int, timeout: Optional[float]) -> None:
        accepted = c.c_uint64()
        offsets = _Two(0, size)
        pointer = _pointer_to(data)

        def push(handle: int, timeout_ns: int) -> int:
            self._require_no_claim()
            return int(_push_n(c.byref(accepted), handle, pointer, size, offsets, 1, timeout_ns))
        self._raise(self._timed(push, timeout), 0, 0)

    def _raise(self, status: int, first: int, done: int) -> None:
        if status == _TIMED_OUT:
            raise is_full(done, False)
        if status == _CLOSED:
            raise is_at_its_end(done)
        _check(status, first)

    def put(self, data: Any, size: int, offsets: Keys, timeout: Optional[float]) -> None:
        accepted = c.c_uint64()
        pointer = _pointer_to(data)
        first = done = 0

        def push(handle: int, timeout_ns: int) -> int:
            nonlocal first, done
            self._require_no_claim()
            first = done
            accepted.value = 0
            status = int(_push_n(c.byref(accepted), handle, pointer, size, offsets[done:].tobytes(),
                                 len(offsets) - 1 - done, timeout_ns))
            done += accepted.value
            return status
        status = self._timed(push, timeout)
        self._raise(status, first, done)

    def claim(self, size: int, timeout: Optional[float]) -> memoryview:
        out = c.c_void_p()
        views: List[memoryview] = []

        def claim(handle: int, timeout_ns: int) -> int:
            self._require_no_claim()
            status = int(_lib.atlas_channel_sender_claim(c.byref(out), handle, size, timeout_ns))
            if status == 0:
                views.append(self.view(out.value or 0, size).data if size else memoryview(bytearray()))
                self._has_claim = True
            return status
        self._raise(self._timed(claim, timeout), 0, 0)
        return views[0]

    def end_claim(self, size: Optional[int]) -> None:
        """Commits so many bytes, or none at all."""
        def end(handle: int) -> int:
            self._has_claim = False
            if size is None:
                return int(_lib.atlas_channel_sender_abort(handle))
            return int(_lib.atlas_channel_sender_commit(handle, size))
        self._at_once(end)

    def is_closed(self) -> bool:
        return bool(self._describe().is_closed)

    def has_receiver(self) -> bool:
        return bool(self._describe().has_receiver)


def create_receiver(name: bytes, lanes: int, lane_bytes: int, permissions: int, may_exist: bool,
                    folder: Optional[bytes]) -> NativeReceiver:
    out = c.c_void_p()
    given = _sized(_abi.ChannelOptions, lanes=lanes, lane_bytes=lane_bytes, permissions=permissions,
                   may_exist=may_exist, folder=folder)
    _check(_lib.atlas_channel_receiver_create(c.byref(out), name, c.byref(given)))
    return NativeReceiver(out.value or 0)


def attach_receiver(name: bytes, folder: Optional[bytes]) -> NativeReceiver:
    out = c.c_void_p()
    _check(_lib.atlas_channel_receiver_attach(c.byref(out), name, folder))
    return NativeReceiver(out.value or 0)


def attach_sender(name: bytes, folder: Optional[bytes]) -> NativeSender:
    out = c.c_void_p()
    _check(_lib.atlas_channel_sender_attach(c.byref(out), name, folder))
    return NativeSender(out.value or 0)


def remove(name: bytes, folder: Optional[bytes]) -> None:
    _check(_lib.atlas_channel_remove(name, folder))
