# SPDX-License-Identifier: Apache-2.0
"""What the backends of queues give: batches of messages, counts, and the exceptions of a full and an empty queue."""

from __future__ import annotations

import io
import operator
import queue
import struct
from collections.abc import Sequence
from typing import Any, Iterator, List, NamedTuple, Optional, Protocol, Tuple, Union, overload

import numpy as np

from ._arrays import Keys
from ._errors import AtlasError, Closed, refused

POLICIES = ("block", "drop_newest", "drop_oldest", "coalesce", "error")
"""By their numbers in the C ABI."""

COALESCINGS = ("replace", "append")
"""By their numbers in the C ABI."""

_OFFSETS = struct.Struct("=QQ")

MOST_BYTES = 1 << 62
"""What stands for no bound."""


class QueueFull(AtlasError, queue.Full):
    """A message found no room in time, or at once under overflow="error".

    ``row`` is its number in the batch; those before it were put.
    """

    code = -26
    _words = "no room"


class QueueEmpty(AtlasError, queue.Empty):
    """No message came in time."""

    code = -26
    _words = "no message"


class QueueStatistics(NamedTuple):
    """All of one moment, ``refused`` perhaps of one a little later. Exactly::

        pushed == popped + waiting + dropped_newest + dropped_oldest + coalesced
    """

    pushed: int
    """messages that were put, whatever became of them"""
    popped: int
    dropped_newest: int
    dropped_oldest: int
    coalesced: int
    """taken in by a message that waited"""
    refused: int
    """not put under overflow="error"; none of them is in ``pushed``"""
    waiting: int
    waiting_bytes: int


class QueueOptions(NamedTuple):
    capacity: int
    max_bytes: int
    overflow: int
    otherwise: int
    coalesce: int


class MessageBatch(Sequence[memoryview]):
    """Messages that were taken together: a sequence of memoryviews over one buffer, none of them copied.

    It holds its own memory, and outlives the queue.
    """

    __slots__ = ("_whole", "_begin", "_end", "_numbers", "_count", "_keys_from")

    def __init__(self, whole: Union[bytes, memoryview], begin: int, end: int, numbers: Union[bytes, memoryview],
                 count: int, keys_from: int) -> None:
        """The messages are whole[begin:end]; numbers has, as uint64, their offsets, and from a place on their keys."""
        self._whole = whole
        self._begin = begin
        self._end = end
        self._numbers = numbers
        self._count = count
        self._keys_from = keys_from

    @property
    def buffer(self) -> memoryview:
        """The bytes of all, read-only."""
        return memoryview(self._whole)[self._begin:self._end]

    @property
    def offsets(self) -> Keys:
        """uint64 [n + 1]: the i-th message is buffer[offsets[i]:offsets[i + 1]]."""
        return np.frombuffer(self._numbers, dtype=np.uint64, count=self._count + 1)

    @property
    def keys(self) -> Keys:
        """uint64 [n]"""
        if self._count == 0:
            return np.empty(0, dtype=np.uint64)
        return np.frombuffer(self._numbers, dtype=np.uint64, count=self._count, offset=8 * self._keys_from)

    def _ends(self) -> Tuple[int, ...]:
        return struct.unpack_from(f"={self._count + 1}Q", self._numbers)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> memoryview: ...
    @overload
    def __getitem__(self, index: slice) -> List[memoryview]: ...
    def __getitem__(self, index: Union[int, slice]) -> Union[memoryview, List[memoryview]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(f"message {index} of {self._count}")
        begin, end = _OFFSETS.unpack_from(self._numbers, 8 * at)
        return self.buffer[begin:end]

    def __iter__(self) -> Iterator[memoryview]:
        ends = self._ends()
        return map(self.buffer.__getitem__, map(slice, ends, ends[1:]))

    def tolist(self) -> List[bytes]:
        """Each message as bytes of its own."""
        ends = self._ends()
        # A stream's read makes bytes of a length: two thirds of what a slice takes (Python 3.11 on Zen 3).
        if type(self._whole) is bytes:
            stream = io.BytesIO(self._whole)  # shares them
            stream.seek(self._begin)
        else:
            stream = io.BytesIO(self.buffer)
        return list(map(stream.read, map(operator.sub, ends[1:], ends)))

    def __repr__(self) -> str:
        return f"<MessageBatch of {self._count} messages, {self._end - self._begin} bytes>"


class QueueBackend(Protocol):
    """Timeouts are seconds, None as long as it takes, 0 not at all."""

    def put(self, data: Any, size: int, offsets: Keys, keys: Optional[Keys], timeout: Optional[float]) -> None:
        """`data` is bytes, or a contiguous memoryview of them."""
    def put_one(self, data: Any, size: int, key: int, timeout: Optional[float]) -> None: ...
    def take(self, most: int, timeout: Optional[float]) -> MessageBatch: ...
    def take_one(self, timeout: Optional[float]) -> bytes: ...
    def close(self) -> None: ...
    def is_closed(self) -> bool: ...
    def size(self) -> int: ...
    def statistics(self) -> QueueStatistics: ...
    def fileno(self) -> int: ...
    def arm(self) -> bool:
        """After fileno: whether it is readable already. If not, the next message makes it so."""


def is_full(row: int, is_policy: bool) -> QueueFull:
    error = QueueFull(f"{QueueFull._words}: queue: expected room, found none (row {row})", row)
    if is_policy:
        error.code = -23
    return error


def is_empty() -> QueueEmpty:
    return QueueEmpty(f"{QueueEmpty._words}: queue: expected one, found none")


def is_at_its_end(row: Optional[int] = None) -> AtlasError:
    return refused(Closed, "queue", "an open one", "a closed one", row)
