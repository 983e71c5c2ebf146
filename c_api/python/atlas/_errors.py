# SPDX-License-Identifier: Apache-2.0
"""The exceptions of the package: one class for each status of the C ABI."""

from __future__ import annotations

import os
from typing import Dict, Optional, Type


class AtlasError(Exception):
    """What every failure inside ATLAS raises.

    ``code`` is the status of the C ABI (``ATLAS_ERR_...`` in ``atlas.h``), the same with and without the
    native library. ``row`` is the row of the batch at fault, or None.

    Arguments of a wrong Python type raise plain ``TypeError`` or ``ValueError`` instead.
    """

    code: int = -6
    _words: str = "error"

    def __init__(self, message: str, row: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.row = row

    def __str__(self) -> str:
        return self.message


class InvalidArgument(AtlasError, ValueError):
    """An argument outside of its range."""

    code = -1
    _words = "invalid argument"


class DimensionMismatch(AtlasError, ValueError):
    """Vectors have another number of components than the index."""

    code = -2
    _words = "dimension mismatch"


class IoError(AtlasError, OSError):
    """The operating system failed a read, write, map or sync."""

    code = -3
    _words = "input/output error"


class CorruptFile(AtlasError):
    """A length, id or checksum in the file is wrong, or the file is cut short."""

    code = -4
    _words = "corrupt file"


class NoMemory(AtlasError, MemoryError):
    """The allocator or the address space gave out."""

    code = -5
    _words = "out of memory"


class InternalError(AtlasError):
    """A defect of the library."""

    code = -6
    _words = "internal error"


class MetricMismatch(AtlasError, ValueError):
    """The metric is another."""

    code = -7
    _words = "metric mismatch"


class ScalarMismatch(AtlasError, TypeError, ValueError):
    """The element type is another."""

    code = -8
    _words = "scalar mismatch"


class KindMismatch(AtlasError, ValueError):
    """The file holds another kind of index."""

    code = -9
    _words = "index kind mismatch"


class NotFinite(AtlasError, ValueError):
    """NaN or infinity in a vector; ``row`` says which."""

    code = -10
    _words = "vector is not finite"


class ZeroVector(AtlasError, ValueError):
    """A vector of length zero under cosine; ``row`` says which."""

    code = -11
    _words = "zero vector"


class DuplicateKey(AtlasError, ValueError):
    """The key is stored already, or twice in one batch; ``row`` says which."""

    code = -12
    _words = "duplicate key"


class KeyNotFound(AtlasError, LookupError):
    """No stored vector has this key."""

    code = -13
    _words = "key not found"


class NotAtlasFile(AtlasError, ValueError):
    """The first bytes of the file are not this library's."""

    code = -14
    _words = "not an ATLAS file"


class UnsupportedVersion(AtlasError, ValueError):
    """The file was written by a newer format version."""

    code = -15
    _words = "unsupported format version"


class WrongByteOrder(AtlasError, ValueError):
    """The file was written on a CPU of another byte order."""

    code = -16
    _words = "wrong byte order"


class NotFound(AtlasError, FileNotFoundError):
    """No such file or folder."""

    code = -17
    _words = "not found"


class PermissionDenied(AtlasError, PermissionError):
    """The operating system refuses access."""

    code = -18
    _words = "permission denied"


class IsADirectory(AtlasError, IsADirectoryError):
    """A folder where a file is needed."""

    code = -19
    _words = "is a directory"


class NotADirectory(AtlasError, NotADirectoryError):
    """A file where a folder is needed."""

    code = -20
    _words = "not a directory"


class NoSpace(AtlasError, OSError):
    """The disk, quota or file size limit is full."""

    code = -21
    _words = "no space left"


class ReadOnly(AtlasError, ValueError):
    """A change to something that was opened for reading, or frozen."""

    code = -22
    _words = "opened read-only"


class LimitExceeded(AtlasError, ValueError):
    """More than a documented limit."""

    code = -23
    _words = "limit exceeded"


class Cancelled(AtlasError):
    """The progress callback returned False."""

    code = -24
    _words = "cancelled"


class Closed(AtlasError, ValueError):
    """The index was closed."""

    code = -25
    _words = "closed"


class TimedOut(AtlasError, TimeoutError):
    """The deadline passed."""

    code = -26
    _words = "timed out"


class BadEncoding(AtlasError, ValueError):
    """Text that is not valid in its encoding; ``offset`` is that of the first bad byte, None if the encoding could not be told.

    ``text`` is what a ``TextDecoder`` had completed before it when it was refused.
    """

    code = -27
    _words = "bad encoding"
    offset: Optional[int] = None
    text: str = ""


class NativeRequired(AtlasError, RuntimeError):
    """Only the native library does this; ``atlas.native`` is False and ``atlas.native_problem`` says why."""

    code = -28
    _words = "needs the native library"


class AlreadyExists(AtlasError, FileExistsError):
    """The name is taken."""

    code = -29
    _words = "exists already"


class Busy(AtlasError, BlockingIOError):
    """Another process or handle has it and is alive."""

    code = -30
    _words = "in use"


_CLASSES: Dict[int, Type[AtlasError]] = {
    one.code: one
    for one in (
        InvalidArgument, DimensionMismatch, IoError, CorruptFile, NoMemory, InternalError, MetricMismatch,
        ScalarMismatch, KindMismatch, NotFinite, ZeroVector, DuplicateKey, KeyNotFound, NotAtlasFile,
        UnsupportedVersion, WrongByteOrder, NotFound, PermissionDenied, IsADirectory, NotADirectory, NoSpace,
        ReadOnly, LimitExceeded, Cancelled, Closed, TimedOut, BadEncoding, NativeRequired, AlreadyExists,
        Busy,
    )
}


def refused(kind: Type[AtlasError], field: str, expected: object, found: object, row: Optional[int] = None,
            path: Optional[bytes] = None) -> AtlasError:
    """An error in the words of the library: "PATH: dimension mismatch: query: expected 384, found 128 (row 7)"."""
    name = "" if path is None else f"{os.fsdecode(path)}: "
    where = "" if row is None else f" (row {row})"
    return kind(f"{name}{kind._words}: {field}: expected {expected}, found {found}{where}", row)


def needs_native(what: str) -> NativeRequired:
    return NativeRequired(f"{NativeRequired._words}: {what}")


def error_of(code: int, message: str, row: Optional[int] = None) -> AtlasError:
    """The exception for a status of the C ABI."""
    error = _CLASSES.get(code, AtlasError)(message, row)
    error.code = code
    return error
