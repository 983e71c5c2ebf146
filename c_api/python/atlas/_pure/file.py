# SPDX-License-Identifier: Apache-2.0
"""The file format of include/atlas/storage/file_header.hpp: opened with the library's checks, written as it writes.

Opening reads the header page and maps the rest; the errors and their order are the library's.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import stat
import struct
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Type

import numpy as np
import numpy.typing as npt

from .._errors import (AtlasError, Cancelled, CorruptFile, InvalidArgument, IoError, IsADirectory, NoMemory,
                       NoSpace, NotADirectory, NotAtlasFile, NotFound, PermissionDenied, UnsupportedVersion,
                       WrongByteOrder, refused)
from .._types import Progress
from .xxh3 import xxh3_64

HEADER_BYTES = 4096
_MAGIC = b"\x89ATLAS\r\n"
_BYTE_ORDER = 0x01020304
# magic, byte order, version major and minor, header bytes, kind, scalar, metric, dimension, section count, count,
# rows, file bytes, checksum; then 256 bytes of parameters, and the section table at byte 1024.
_HEADER = struct.Struct("<8sIHHIHBBIIQQQQ")
_PARAMETERS_AT, _TABLE_AT, _MOST_SECTIONS = 64, 1024, 48
_SECTION = struct.Struct("<IIQQIIQ24x")
REQUIRED, GROWABLE = 1, 2
KIND_FLAT, KIND_HNSW, KIND_IVF_PQ = 1, 2, 3

_REFUSAL = "a refusal by the operating system"
_OS_ERRORS: Dict[int, Tuple[Type[AtlasError], str, str]] = {
    errno.ENOENT: (NotFound, "an existing file or folder", "nothing"),
    errno.EISDIR: (IsADirectory, "a file", "a folder"),
    errno.ENOTDIR: (NotADirectory, "a folder", "something else"),
    errno.EACCES: (PermissionDenied, "access", _REFUSAL),
    errno.EPERM: (PermissionDenied, "access", _REFUSAL),
    errno.EROFS: (PermissionDenied, "a writable file system", "a read-only one"),
    errno.ENOSPC: (NoSpace, "room on the file system", "none"),
    errno.EDQUOT: (NoSpace, "room within the disk quota", "none"),
    errno.EFBIG: (NoSpace, "room below the file size limit", "none"),
    errno.ENOMEM: (NoMemory, "memory or address space", "none"),
    errno.ELOOP: (InvalidArgument, "a path of at most 40 symbolic links", "a longer chain"),
    errno.ENAMETOOLONG: (InvalidArgument, "a path the file system allows", "a longer one"),
}


def os_error(problem: OSError, path: bytes, field: str) -> AtlasError:
    """The package's exception for one of the operating system's."""
    kind, expected, found = _OS_ERRORS.get(problem.errno or 0, (IoError, "success", "a failed system call"))
    return refused(kind, field, expected, f"{found} [{problem.strerror}]", path=path)


class Section(NamedTuple):
    id: int
    flags: int
    offset: int
    length: int
    element: int
    checksum: int


class Header(NamedTuple):
    kind: int
    scalar: int
    metric: int
    dimension: int
    live: int
    rows: int
    parameters: bytes
    sections: List[Section]


def _parse(page: bytes, size: int) -> Header:
    (magic, byte_order, major, _minor, header_bytes, kind, scalar, metric, dimension, section_count, count, rows,
     file_bytes, checksum) = _HEADER.unpack_from(page)

    def corrupt(field: str, expected: object, found: object, row: Optional[int] = None) -> AtlasError:
        return refused(CorruptFile, field, expected, found, row)

    if magic != _MAGIC:
        raise refused(NotAtlasFile, "header.magic", "89 'ATLAS' 0D 0A", "other bytes")
    if byte_order != _BYTE_ORDER:
        if byte_order == int.from_bytes(_BYTE_ORDER.to_bytes(4, "big"), "little"):
            raise refused(WrongByteOrder, "header.byte_order", _BYTE_ORDER, byte_order)
        raise corrupt("header.byte_order", _BYTE_ORDER, byte_order)
    if major != 1:
        raise refused(UnsupportedVersion, "header.version_major", 1, major)
    if header_bytes != HEADER_BYTES:
        raise corrupt("header.header_bytes", HEADER_BYTES, header_bytes)
    computed = xxh3_64(page[:56] + bytes(8) + page[64:])
    if computed != checksum:
        raise corrupt("header.checksum", checksum, computed)
    if file_bytes != size:
        raise corrupt("file.size_bytes", file_bytes, size)
    if section_count > _MOST_SECTIONS:
        raise corrupt("header.section_count", "at most 48", section_count)
    sections: List[Section] = []
    free_from = HEADER_BYTES
    for i in range(section_count):
        id_, flags, offset, length, element, _, sum_ = _SECTION.unpack_from(page, _TABLE_AT + 64 * i)
        if offset > file_bytes:
            raise corrupt("section.offset", file_bytes, offset, i)
        if length > file_bytes - offset:
            raise corrupt("section.length_bytes", file_bytes - offset, length, i)
        if flags & GROWABLE and offset % 65536:
            raise corrupt("section.offset", "a multiple of 65536", offset, i)
        if offset % 64:
            raise corrupt("section.offset", "a multiple of 64", offset, i)
        if offset < free_from:
            raise corrupt("section.offset", free_from, offset, i)
        free_from = offset + length
        if element == 0:
            raise corrupt("section.element_bytes", "at least 1", 0, i)
        if length % element:
            raise corrupt("section.length_bytes", "a multiple of its element_bytes", length, i)
        if any(one.id == id_ for one in sections):
            raise corrupt("section.id", "an id used once", id_, i)
        sections.append(Section(id_, flags, offset, length, element, sum_))
    return Header(kind, scalar, metric, dimension, count, rows, page[_PARAMETERS_AT:_PARAMETERS_AT + 256], sections)


def open_regular(path: bytes) -> Tuple[int, os.stat_result]:
    """A descriptor of a regular file, to be closed by the caller, and what the system says of the file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as problem:
        raise os_error(problem, path, "path") from None
    try:
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            raise os_error(OSError(errno.EISDIR, os.strerror(errno.EISDIR)), path, "path")
        if not stat.S_ISREG(facts.st_mode):
            raise refused(InvalidArgument, "path", "a regular file", "a pipe, socket or device", path=path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, facts


class File:
    """An open file whose header page has passed every check."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        descriptor, facts = open_regular(path)
        self.identity = (facts.st_dev, facts.st_ino)
        """The same for every path that leads to the file, as long as it is mapped."""
        try:
            page = os.pread(descriptor, HEADER_BYTES, 0)
            if len(page) < HEADER_BYTES:
                kind = CorruptFile if page[:8] == _MAGIC[:len(page[:8])] else NotAtlasFile
                raise refused(kind, "file.size_bytes", "at least 4096", len(page), path=path)
            try:
                self.header = _parse(page, facts.st_size)
            except AtlasError as problem_found:
                raise type(problem_found)(f"{os.fsdecode(path)}: {problem_found}", problem_found.row) from None
            self._map = mmap.mmap(descriptor, facts.st_size, mmap.MAP_PRIVATE, mmap.PROT_READ)
        except OSError as problem:
            if isinstance(problem, AtlasError):
                raise
            raise os_error(problem, path, "file") from None
        finally:
            os.close(descriptor)

    def corrupt(self, field: str, expected: object, found: object) -> AtlasError:
        return refused(CorruptFile, field, expected, found, path=self.path)

    def find(self, id_: int) -> Optional[Section]:
        return next((one for one in self.header.sections if one.id == id_), None)

    def require_known(self, known: Sequence[int]) -> None:
        for place, one in enumerate(self.header.sections):
            if one.flags & REQUIRED and one.id not in known:
                raise refused(UnsupportedVersion, "section.id", "a known id, as it is required", one.id, place,
                              path=self.path)

    def array(self, id_: int, dtype: Any, rows: Optional[int] = None) -> "npt.NDArray[Any]":
        """A section as an array over the mapped file; `rows`: how many elements it must have."""
        one = self.find(id_)
        kind = np.dtype(dtype)
        if one is None:
            raise self.corrupt("section.id", id_, "no such section")
        if one.element != kind.itemsize:
            raise self.corrupt("section.element_bytes", kind.itemsize, one.element)
        if rows is not None and one.length != rows * kind.itemsize:
            raise self.corrupt("section.length_bytes", rows * kind.itemsize, one.length)
        if one.length == 0:
            return np.empty(0, dtype=kind)
        return np.frombuffer(self._map, dtype=kind, count=one.length // kind.itemsize, offset=one.offset)

    def verify(self, progress: Optional[Progress]) -> None:
        total = sum(one.length for one in self.header.sections)
        done = 0
        for place, one in enumerate(self.header.sections):
            # One pass over each section; the mapping keeps it out of memory until it is read.
            found = xxh3_64(self._map[one.offset:one.offset + one.length])
            done += one.length
            if progress is not None and progress(done, total) is False:
                raise Cancelled(f"{os.fsdecode(self.path)}: cancelled")
            if found != one.checksum:
                raise refused(CorruptFile, "section.checksum", one.checksum, found, place, path=self.path)


class NewSection(NamedTuple):
    id: int
    flags: int
    element: int
    data: bytes


def write_file(path: bytes, kind: int, metric: int, dimension: int, count: int, rows: int, parameters: bytes,
               sections: Sequence[NewSection], progress: Optional[Progress]) -> None:
    """Writes a file complete or not at all, replacing what stands at `path` at the very end."""
    table: List[bytes] = []
    position = HEADER_BYTES
    for one in sections:
        unit = 65536 if one.flags & GROWABLE else 64
        position = -(-position // unit) * unit
        table.append(_SECTION.pack(one.id, one.flags, position, len(one.data), one.element, 0, xxh3_64(one.data)))
        position += len(one.data)

    def page(checksum: int) -> bytes:
        head = _HEADER.pack(_MAGIC, _BYTE_ORDER, 1, 0, HEADER_BYTES, kind, 0, metric, dimension, len(sections), count,
                            rows, position, checksum)
        body = (head + parameters).ljust(_TABLE_AT, b"\0") + b"".join(table)
        return body.ljust(HEADER_BYTES, b"\0")

    def write(descriptor: int) -> None:
        total = sum(len(one.data) for one in sections)
        done = 0
        for one, entry in zip(sections, table):
            offset = _SECTION.unpack(entry)[2]
            for at in range(0, len(one.data), 8 << 20):
                step = memoryview(one.data)[at:at + (8 << 20)]
                written = 0
                while written < len(step):
                    written += os.pwrite(descriptor, step[written:], offset + at + written)
                done += len(step)
                if progress is not None and progress(done, total) is False:
                    raise Cancelled(f"{os.fsdecode(path)}: cancelled")
        os.truncate(descriptor, position)
        os.pwrite(descriptor, page(xxh3_64(page(0))), 0)

    replace_file(path, write)


def replace_file(path: bytes, write: Callable[[int], None]) -> None:
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, b".atlas-" + secrets.token_hex(8).encode() + b".tmp")
    try:
        mode = 0o666
        exists = os.path.lexists(target)
        if not name or os.path.isdir(target):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if exists:
            if not os.path.isfile(target):
                raise refused(InvalidArgument, "path", "a regular file", "a pipe, socket or device", path=path)
            mode = stat.S_IMODE(os.stat(target).st_mode) & 0o777
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            try:
                write(descriptor)
                if exists:
                    os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.rename(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        folder_descriptor = os.open(folder or b".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder_descriptor)
        except OSError as problem:
            if problem.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(folder_descriptor)
    except AtlasError:
        raise
    except OSError as problem:
        raise os_error(problem, path, "path") from None
