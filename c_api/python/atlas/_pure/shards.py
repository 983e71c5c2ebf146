# SPDX-License-Identifier: Apache-2.0
"""Several index files as one: the list of include/atlas/index/shard_manifest.hpp, and the answers of each file merged."""

from __future__ import annotations

import errno
import os
from typing import Dict, List, Optional, Tuple, Type

import numpy as np
import numpy.typing as npt

from .._arrays import RESERVED_KEY, Floats, Keys
from .._errors import (AtlasError, Closed, CorruptFile, DimensionMismatch, InvalidArgument, IoError, IsADirectory, KeyNotFound,
                       KindMismatch, LimitExceeded, MetricMismatch, NotADirectory, NotAtlasFile, NotFound, PermissionDenied,
                       ScalarMismatch, UnsupportedVersion, WrongByteOrder, refused)
from .._shard_types import ShardAnswer, ShardHits, ShardInfo, ShardsInfo
from .._types import SearchOptions
from .file import open_regular, os_error, replace_file
from .index import PureIndex, nearest

_MOST_SHARDS, _MOST_PATH_BYTES, _MOST_BYTES = 4096, 4095, 1 << 25
_START = b"atlas shards "
# What allow_missing does without: a file that is not there, or not as it was written.
_LOST = (CorruptFile, IoError, IsADirectory, KindMismatch, MetricMismatch, NotADirectory, NotAtlasFile, NotFound,
         PermissionDenied, ScalarMismatch, UnsupportedVersion, WrongByteOrder)


def _check_path(path: bytes, kind: Type[AtlasError], row: int, about: Optional[bytes]) -> None:
    def wrong(expected: str, found: str) -> AtlasError:
        return refused(kind, "shard.path", expected, found, row, about)

    if not path:
        raise wrong("a path", "an empty one")
    if len(path) > _MOST_PATH_BYTES:
        raise refused(LimitExceeded, "shard.path bytes", _MOST_PATH_BYTES, len(path), row, about)
    for byte in path:
        if byte == 0x0D:
            raise wrong("a line feed alone at the end of a line", "a carriage return")
        if byte == 0:
            raise wrong("a path without NUL", "a NUL")
        if byte < 0x20 or byte == 0x7F:
            raise wrong("no control character", "one")
    if path.startswith(b" "):
        raise wrong("a path from the beginning of the line on", "a space before it")
    if path.endswith(b" "):
        raise wrong("a path up to the end of the line", "a space behind it")


def parse(text: bytes, about: bytes) -> List[bytes]:
    """The paths of a list, as they stand there. @param about  its own path, for errors"""
    def wrong(kind: Type[AtlasError], field: str, expected: object, found: object, row: Optional[int] = None) -> AtlasError:
        return refused(kind, field, expected, found, row, about)

    if len(text) > _MOST_BYTES:
        raise wrong(LimitExceeded, "manifest.bytes", _MOST_BYTES, len(text))
    lines = text.split(b"\n")
    is_cut = lines[-1] != b""
    if not is_cut:
        lines.pop()  # what stands behind the last line feed
    first = lines[0] if lines else b""
    if first != _START + b"1":
        if first.startswith(_START) and len(first) > len(_START):
            if first.endswith(b"\r"):
                raise wrong(CorruptFile, "manifest.line", "a line feed alone at the end", "a carriage return", 1)
            is_number = first[len(_START):len(_START) + 1].isdigit()
            raise wrong(UnsupportedVersion, "manifest.version", "1", "another number" if is_number else "no number", 1)
        raise wrong(NotAtlasFile, "manifest.line", "atlas shards 1", "another first line", 1)
    paths: List[bytes] = []
    line_of: Dict[bytes, int] = {}
    repeated: Optional[Tuple[int, int]] = None
    has_ended = False
    for number, line in enumerate(lines[1:], 2):
        if has_ended:
            raise wrong(CorruptFile, "manifest.line", "nothing behind the line end", "another line", number)
        has_ended = line == b"end"
        if has_ended or line == b"" or line.startswith(b"#"):
            continue
        _check_path(line, CorruptFile, number, about)
        if len(paths) == _MOST_SHARDS:
            raise wrong(LimitExceeded, "manifest.shards", f"at most {_MOST_SHARDS}", _MOST_SHARDS + 1, number)
        if repeated is None and line_of.setdefault(line, number) != number:
            repeated = (line_of[line], number)
        paths.append(line)
    if not has_ended:
        raise wrong(CorruptFile, "manifest", "a last line: end", "none: it was cut short")
    if is_cut:
        raise wrong(CorruptFile, "manifest", "a line feed behind the line end", "none: it was cut short")
    if not paths:
        raise wrong(CorruptFile, "manifest.shards", "1 to 4096", 0)
    if repeated is not None:
        raise wrong(CorruptFile, "manifest.line", f"another path than that of line {repeated[0]}", "the same", repeated[1])
    return paths


def write(path: bytes, shards: List[bytes]) -> None:
    if not shards:
        raise refused(InvalidArgument, "shards", "1 to 4096", 0, path=path)
    if len(shards) > _MOST_SHARDS:
        raise refused(LimitExceeded, "shards", _MOST_SHARDS, len(shards), path=path)
    place_of: Dict[bytes, int] = {}
    for place, shard in enumerate(shards):
        _check_path(shard, InvalidArgument, place, path)
        if shard.startswith(b"#") or shard == b"end":
            found = "end" if shard == b"end" else "a path that begins with #"
            raise refused(InvalidArgument, "shard.path", "./ before it", found, place, path)
        if place_of.setdefault(shard, place) != place:
            raise refused(InvalidArgument, "shard.path", f"another path than that of shard {place_of[shard]}", "the same", place,
                          path)
    text = b"".join(line + b"\n" for line in (_START + b"1", *shards, b"end"))

    def fill(descriptor: int) -> None:
        written = 0
        while written < len(text):
            written += os.pwrite(descriptor, text[written:], written)

    replace_file(path, fill)


class _Shard:
    """One that is there, or why it is not."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        self.index: Optional[PureIndex] = None
        self.problem: Optional[AtlasError] = None
        self.file: Tuple[int, int] = (0, 0)

    def open(self, residence: int, load: bool) -> None:
        self.index = PureIndex.open(self.path, False, residence, load)
        self.file = self.index.file_identity


class PureShards:
    """Each file is searched exactly, one after the other."""

    def __init__(self, shards: List[_Shard]) -> None:
        self._shards = shards
        self._there: List[Tuple[int, PureIndex]] = [(place, one.index) for place, one in enumerate(shards)
                                                    if one.index is not None]
        info = self._there[0][1].info()
        self._metric, self._dimension = info.metric, info.dimension
        self._is_closed = False

    @classmethod
    def open(cls, path: bytes, residence: int, load: bool, allow_missing: bool) -> "PureShards":
        text = _read(path, _MOST_BYTES + 1)
        folder = path[:path.rfind(b"/") + 1]
        return cls.open_files([line if line.startswith(b"/") else folder + line for line in parse(text, path)], residence, load,
                              allow_missing)

    @classmethod
    def open_files(cls, paths: List[bytes], residence: int, load: bool, allow_missing: bool) -> "PureShards":
        if not paths:
            raise refused(InvalidArgument, "shards", "1 to 4096", 0)
        if len(paths) > _MOST_SHARDS:
            raise refused(LimitExceeded, "shards", f"at most {_MOST_SHARDS}", len(paths))
        shards: List[_Shard] = []
        for place, path in enumerate(paths):
            one = _Shard(path)
            try:
                one.open(residence, load)
            except AtlasError as problem:
                problem.row = place
                if isinstance(problem, NotAtlasFile) and _is_list(path):
                    raise refused(KindMismatch, "shard", "an index file", "a manifest of shards", place, path) from None
                cause = getattr(problem.__context__, "errno", None)  # too many open files say nothing of this one
                if not allow_missing or not isinstance(problem, _LOST) or cause in (errno.EMFILE, errno.ENFILE):
                    raise
                one.problem = problem
            _check_fit(one, place, shards)
            shards.append(one)
        if all(one.index is None for one in shards):
            problem_of_first = shards[0].problem
            assert problem_of_first is not None
            raise problem_of_first
        return cls(shards)

    def _open(self) -> None:
        if self._is_closed:
            raise refused(Closed, "shards", "an open one", "a closed one")

    def _answer(self) -> ShardAnswer:
        for place, one in enumerate(self._shards):
            if one.problem is not None:
                return ShardAnswer(len(self._shards), len(self._there), place, one.problem._words)
        return ShardAnswer(len(self._shards), len(self._there), None, "")

    def info(self) -> ShardsInfo:
        self._open()
        each = [ShardInfo(os.fsdecode(one.path), None if one.index is None else one.index.info().kind,
                          0 if one.index is None else one.index.info().size, "" if one.problem is None else str(one.problem))
                for one in self._shards]
        memory = [index.info().memory for _, index in self._there]
        return ShardsInfo(self._metric, self._dimension, sum(one.size for one in each), each,
                          {part: sum(one[part] for one in memory) for part in memory[0]})

    def search(self, queries: Floats, k: int, options: SearchOptions) -> ShardHits:
        self._open()
        count = queries.shape[0]
        hits = [index.search(queries, max(1, min(k, index.info().size)), options) for _, index in self._there]
        answer = ShardHits(np.full((count, k), RESERVED_KEY, dtype=np.uint64), np.full((count, k), np.inf, dtype=np.float32),
                           np.zeros(count, dtype=np.uint32), self._answer())
        for i in range(count):
            keys, distances = _merged([one.keys[i, :one.counts[i]] for one in hits],
                                      [one.distances[i, :one.counts[i]] for one in hits], k)
            answer.keys[i, :keys.size] = keys
            answer.distances[i, :keys.size] = distances
            answer.counts[i] = keys.size
        return answer

    def range(self, query: Floats, radius: float, limit: Optional[int],
              options: SearchOptions) -> Tuple[Keys, Floats, ShardAnswer]:
        self._open()
        found = [index.range(query, radius, None, options) for _, index in self._there]
        keys, distances = _merged([one[0] for one in found], [one[1] for one in found], limit)
        return keys, distances, self._answer()

    def find(self, keys: Keys) -> "npt.NDArray[np.int64]":
        self._open()
        out = np.full(keys.size, -1, dtype=np.int64)
        for place, index in reversed(self._there):
            out[index.contains(keys)] = place
        return out

    def _require(self, keys: Keys) -> "npt.NDArray[np.int64]":
        places = self.find(keys)
        if (places < 0).any():
            row = int(np.flatnonzero(places < 0)[0])
            whole = len(self._there) == len(self._shards)
            raise refused(KeyNotFound, "key", "a stored key" if whole else "a key stored in a shard that is there",
                          int(keys[row]), row)
        return places

    def get(self, keys: Keys) -> Floats:
        places = self._require(keys)
        out = np.empty((keys.size, self._dimension), dtype=np.float32)
        for place, index in self._there:
            rows = np.flatnonzero(places == place)
            out[rows] = index.get(keys[rows])
        return out

    def distances(self, queries: Floats, keys: Keys) -> Floats:
        self._require(keys)
        out = np.full((queries.shape[0], keys.size), np.inf, dtype=np.float32)
        for _, index in self._there:
            rows = np.flatnonzero(index.contains(keys))
            out[:, rows] = np.minimum(out[:, rows], index.distances(queries, keys[rows]))
        return out

    def keys(self) -> Keys:
        self._open()
        return np.concatenate([index.keys() for _, index in self._there])

    def close(self) -> None:
        self._is_closed = True
        for _, index in self._there:
            index.close()


def _read(path: bytes, most: int) -> bytes:
    """The first bytes of a regular file."""
    descriptor, _ = open_regular(path)
    with os.fdopen(descriptor, "rb") as file:
        try:
            return file.read(most)
        except OSError as problem:
            raise os_error(problem, path, "file.read") from None


def _is_list(path: bytes) -> bool:
    try:
        return _read(path, len(_START)) == _START
    except AtlasError:
        return False


def _check_fit(one: _Shard, place: int, before: List[_Shard]) -> None:
    """Refuses a shard that is there and does not fit to those before it."""
    if one.index is None:
        return
    for other, earlier in enumerate(before):
        if earlier.index is not None and earlier.file == one.file:
            raise refused(InvalidArgument, "shard.file", f"another file than that of shard {other}", "the same", place, one.path)
    first = next((earlier.index for earlier in before if earlier.index is not None), None)
    if first is None:
        return
    info, own = first.info(), one.index.info()
    if own.dimension != info.dimension:
        raise refused(DimensionMismatch, "shard.dimension", info.dimension, own.dimension, place, one.path)
    if own.metric != info.metric:
        raise refused(MetricMismatch, "shard.metric", info.metric, own.metric, place, one.path)


def _merged(keys: List[Keys], distances: List[Floats], k: Optional[int]) -> Tuple[Keys, Floats]:
    """The k nearest keys, each once with its least distance, equal distances in the order of keys."""
    all_keys, all_distances = np.concatenate(keys), np.concatenate(distances)
    order = nearest(all_distances, all_distances.size, all_keys)
    all_keys, all_distances = all_keys[order], all_distances[order]
    firsts = np.sort(np.unique(all_keys, return_index=True)[1])[:k]
    return all_keys[firsts], all_distances[firsts]
