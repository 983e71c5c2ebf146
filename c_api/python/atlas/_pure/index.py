# SPDX-License-Identifier: Apache-2.0
"""Exact search over flat and hnsw files, and flat indexes that grow in memory. One lock for everything."""

from __future__ import annotations

import struct
import threading
from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .._arrays import RESERVED_KEY, Bitmap, Floats, Keys
from .._errors import (Cancelled, Closed, DuplicateKey, InvalidArgument, KeyNotFound, KindMismatch, LimitExceeded,
                       MetricMismatch, NotFinite, ReadOnly, ScalarMismatch, ZeroVector, needs_native, refused)
from .._types import METRICS, Hits, IndexInfo, Progress
from .embedder import mix64
from .file import GROWABLE, KIND_FLAT, KIND_HNSW, REQUIRED, File, NewSection, write_file

_VECTORS, _KEYS, _STATES, _KEY_MAP = 0x100, 0x101, 0x102, 0x103
_HNSW_SECTIONS = (0x110, 0x111, 0x112, 0x113)
# row stride, connectivity, build width, search width, seed, entry row, entry level, upper blocks
_PARAMETERS = struct.Struct("<IIIIQIIQ")
_MOST_ROWS, _MOST_DIMENSION = 0xFFFFFFFE, 65535
_BLOCK_BYTES = 64 << 20  # of float64 rows that are compared at once
_LIVE, _REMOVED = 0, 1


def check_shape(dimension: int, metric: str, reserve: int) -> None:
    if dimension == 0:
        raise refused(InvalidArgument, "dimension", "1 to 65535", 0)
    if dimension > _MOST_DIMENSION:
        raise refused(LimitExceeded, "dimension", _MOST_DIMENSION, dimension)
    if reserve > _MOST_ROWS:
        raise refused(LimitExceeded, "reserve_rows", _MOST_ROWS, reserve)


def _inverse_norms(vectors: Floats, metric: str, noun: str) -> "npt.NDArray[np.float32]":
    """1 / norm of each row under cosine, else ones; the row at fault is named."""
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise refused(NotFinite, noun, "finite components", "NaN or infinity", row)
    if metric != "cosine":
        return np.ones(vectors.shape[0], dtype=np.float32)
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    if (norms == 0).any():
        row = int(np.argmax(norms == 0))
        raise refused(ZeroVector, f"{noun} under cosine", "a length above 0", "a zero vector", row)
    inverse: "npt.NDArray[np.float64]" = 1.0 / norms
    if not ((inverse > 1.2e-38) & (inverse < 3.4e38)).all():
        row = int(np.argmin((inverse > 1.2e-38) & (inverse < 3.4e38)))
        raise refused(LimitExceeded, f"{noun} under cosine", "a length between 1e-38 and 1e38", "a length outside", row)
    return inverse.astype(np.float32)


def exact_distances(queries: Floats, rows: Floats, metric: str, zero_is_far: bool = False) -> Floats:
    """float32 [queries, rows], summed in float64."""
    one, other = queries.astype(np.float64), rows.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        products = one @ other.T
        if metric == "inner_product":
            return np.asarray(1.0 - products, dtype=np.float32)
        one_squared = np.einsum("ij,ij->i", one, one)[:, None]
        other_squared = np.einsum("ij,ij->i", other, other)[None, :]
        if metric == "l2sq":
            out = np.maximum(one_squared + other_squared - 2.0 * products, 0.0)
            # Sums cancel where vectors are near each other: those are taken apart, component by component.
            near = np.argwhere(out < 1e-6 * (one_squared + other_squared))
            for first in range(0, len(near), 4096):
                i, j = near[first:first + 4096].T
                difference = one[i] - other[j]
                out[i, j] = np.einsum("ij,ij->i", difference, difference)
            return np.asarray(out, dtype=np.float32)
        squares = one_squared * other_squared
        out = 1.0 - products / np.sqrt(squares)
        out = np.where(np.isnan(out), out, np.clip(out, 0.0, 2.0))
        if zero_is_far:
            out[squares == 0] = 1.0
        return np.asarray(out, dtype=np.float32)


class PureIndex:
    """Rows are appended and never move; a removed row stays behind, as in the library."""

    def __init__(self, dimension: int, metric: str) -> None:
        self._dimension = dimension
        self._metric = metric
        self._kind = "flat"
        self._hnsw: Tuple[int, int, int, int] = (0, 0, 0, 0)  # connectivity, build width, search width, level
        self._read_only = False
        self._vectors: Floats = np.empty((0, dimension), dtype=np.float32)
        self._keys: Keys = np.empty(0, dtype=np.uint64)
        self._states: "npt.NDArray[np.uint8]" = np.empty(0, dtype=np.uint8)
        self._rows = 0
        self._size = 0
        self._row_of: Optional[Dict[int, int]] = {}
        self._lock = threading.RLock()
        self._is_closed = False

    @classmethod
    def create(cls, dimension: int, metric: str, kind: str, connectivity: int, build_width: int, search_width: int,
               seed: int, reserve: int) -> "PureIndex":
        check_shape(dimension, metric, reserve)
        if kind == "hnsw":
            raise needs_native("building a graph; kind='flat' searches exactly")
        return cls(dimension, metric)

    @classmethod
    def open(cls, path: bytes, change: bool) -> "PureIndex":
        file = File(path)
        header = file.header
        if header.kind not in (KIND_FLAT, KIND_HNSW):
            raise refused(KindMismatch, "header.kind", "1 flat or 2 hnsw", header.kind, path=path)
        if header.scalar != 0:
            raise refused(ScalarMismatch, "header.scalar", 0, header.scalar, path=path)
        if header.metric > 2:
            raise refused(MetricMismatch, "header.metric", "0 l2sq, 1 inner_product or 2 cosine", header.metric,
                          path=path)
        if not 1 <= header.dimension <= _MOST_DIMENSION:
            raise file.corrupt("header.dimension", "1 to 65535", header.dimension)
        if header.rows > _MOST_ROWS:
            raise file.corrupt("header.rows", _MOST_ROWS, header.rows)
        if header.live > header.rows:
            raise file.corrupt("header.count", header.rows, header.live)
        index = cls(header.dimension, METRICS[header.metric])
        (stride, connectivity, build_width, search_width, _, entry_row, entry_level,
         upper_blocks) = _PARAMETERS.unpack_from(header.parameters)
        if stride != index._stride():
            raise file.corrupt("parameters.row_stride_bytes", index._stride(), stride)
        file.require_known((_VECTORS, _KEYS, _STATES, _KEY_MAP) + (_HNSW_SECTIONS if header.kind == KIND_HNSW else ()))
        blocks = file.array(_VECTORS, np.dtype((np.void, stride)), header.rows)
        index._vectors = blocks.view(np.float32).reshape(header.rows, stride // 4)[:, :header.dimension]
        index._keys = file.array(_KEYS, "<u8", header.rows)
        index._states = file.array(_STATES, "u1", header.rows)
        slots = file.find(_KEY_MAP)
        if slots is None:
            raise file.corrupt("section.id", _KEY_MAP, "no such section")
        if slots.length % 4 or (slots.length and slots.length // 4 & (slots.length // 4 - 1)):
            raise file.corrupt("key map slots", "a power of two", slots.length // 4)
        if header.kind == KIND_HNSW:
            index._kind = "hnsw"
            for field, value, least, most in (("connectivity", connectivity, 2, 512),
                                              ("build_width", build_width, 1, 65536),
                                              ("search_width", search_width, 1, 65536)):
                if not least <= value <= most:
                    raise file.corrupt(field, f"{least} to {most}", value)
            if upper_blocks > _MOST_ROWS:
                raise file.corrupt("parameters.upper_block_count", _MOST_ROWS, upper_blocks)
            if entry_row != 0xFFFFFFFF and entry_row >= header.rows:
                raise file.corrupt("parameters.entry_row", "a row of the file", entry_row)
            for id_, element, rows in ((0x110, 8 * connectivity, header.rows), (0x111, 1, header.rows),
                                       (0x112, 4, header.rows), (0x113, 4 * connectivity, upper_blocks)):
                file.array(id_, np.dtype((np.void, element)), rows)
            index._hnsw = (connectivity, build_width, search_width, entry_level)
        index._rows = header.rows
        index._size = header.live
        index._row_of = None  # made when a key is first asked for
        index._read_only = not change
        return index

    # -- shape

    def _stride(self) -> int:
        return -(-(self._dimension * 4 + (4 if self._metric == "cosine" else 0)) // 64) * 64

    def info(self) -> IndexInfo:
        self._open()
        connectivity, build_width, search_width, level = self._hnsw
        return IndexInfo(
            kind=self._kind, metric=self._metric, dimension=self._dimension, size=self._size, read_only=self._read_only,
            connectivity=connectivity, build_width=build_width, search_width=search_width, max_level=level,
            memory={"vectors": int(self._vectors.nbytes), "keys": int(self._keys.nbytes + self._states.nbytes),
                    "graph": 0, "scratch": 0})

    def _open(self) -> None:
        if self._is_closed:
            raise refused(Closed, "index", "an open one", "a closed one")

    def _rows_by_key(self) -> Dict[int, int]:
        if self._row_of is None:
            live = np.flatnonzero(self._states[:self._rows] == _LIVE)
            self._row_of = dict(zip(self._keys[live].tolist(), live.tolist()))
        return self._row_of

    # -- changes

    def _may_change(self) -> None:
        self._open()
        if self._read_only:
            raise refused(ReadOnly, "index", "mode='change'", "mode='r'")
        if self._kind == "hnsw":
            raise needs_native("changing a graph")

    def _grow(self, rows: int) -> None:
        if rows <= self._vectors.shape[0] and self._vectors.flags.writeable:
            return
        room = max(rows, self._vectors.shape[0] * 3 // 2)
        for name, shape, dtype in (("_vectors", (room, self._dimension), np.float32), ("_keys", (room,), np.uint64),
                                   ("_states", (room,), np.uint8)):
            grown = np.zeros(shape, dtype=dtype)
            grown[:self._rows] = getattr(self, name)[:self._rows]
            setattr(self, name, grown)

    def add(self, keys: Keys, vectors: Floats, threads: int, progress: Optional[Progress], replace: bool) -> None:
        with self._lock:
            self._may_change()
            seen: Dict[int, int] = {}
            row_of = self._rows_by_key()
            listed = keys.tolist()
            for row, key in enumerate(listed):
                if key == RESERVED_KEY:
                    raise refused(InvalidArgument, "key", "below 2^64 - 1", "the reserved key", row)
                if seen.setdefault(key, row) != row:
                    raise refused(DuplicateKey, "key", "each key once in a batch", key, row)
            _inverse_norms(vectors, self._metric, "vector")
            if not replace:
                for row, key in enumerate(listed):
                    if key in row_of:
                        raise refused(DuplicateKey, "key", "a key that is not stored", key, row)
            first, end = self._rows, self._rows + len(listed)
            if end > _MOST_ROWS:
                raise refused(LimitExceeded, "rows", _MOST_ROWS, end)
            if progress is not None and progress(len(listed), len(listed)) is False:
                raise Cancelled("cancelled")
            self._grow(end)
            self._vectors[first:end] = vectors
            self._keys[first:end] = keys
            self._states[first:end] = _LIVE
            for row, key in enumerate(listed, first):
                before = row_of.get(key)
                if before is not None:
                    self._states[before] = _REMOVED
                row_of[key] = row
            self._rows = end
            self._size = len(row_of)

    def remove(self, keys: Keys) -> None:
        with self._lock:
            self._may_change()
            self._require(keys)
            self._grow(self._rows)
            row_of = self._rows_by_key()
            for key in keys.tolist():
                row = row_of.pop(key, None)
                if row is not None:
                    self._states[row] = _REMOVED
            self._size = len(row_of)

    def reserve(self, rows: int) -> None:
        with self._lock:
            self._may_change()
            if rows > _MOST_ROWS:
                raise refused(LimitExceeded, "rows", _MOST_ROWS, rows)

    # -- by key

    def _require(self, keys: Keys) -> "npt.NDArray[np.intp]":
        self._open()
        row_of = self._rows_by_key()
        found = np.empty(keys.size, dtype=np.intp)
        for i, key in enumerate(keys.tolist()):
            row = row_of.get(key)
            if row is None:
                raise refused(KeyNotFound, "key", "a stored key", key, i)
            found[i] = row
        return found

    def contains(self, keys: Keys) -> "npt.NDArray[np.bool_]":
        with self._lock:
            self._open()
            row_of = self._rows_by_key()
            return np.fromiter((key in row_of for key in keys.tolist()), dtype=np.bool_, count=keys.size)

    def get(self, keys: Keys) -> Floats:
        with self._lock:
            rows = self._require(keys)
            found: Floats = np.ascontiguousarray(self._vectors[rows])
            return found

    def keys(self) -> Keys:
        with self._lock:
            self._open()
            live: Keys = self._keys[:self._rows][self._states[:self._rows] == _LIVE].copy()
            return live

    # -- by distance

    def _blocks(self, queries: Floats, allowed: Optional[Bitmap]) -> Iterator[Tuple[Keys, Floats]]:
        """(keys [rows], distances [queries, rows]) of the live, allowed rows, part by part."""
        step = max(256, _BLOCK_BYTES // (8 * self._dimension))
        for first in range(0, self._rows, step):
            end = min(first + step, self._rows)
            rows = first + np.flatnonzero(self._states[first:end] == _LIVE)
            if allowed is not None:
                rows = rows[allowed.allows(self._keys[rows])]
            if rows.size:
                yield self._keys[rows], exact_distances(queries, self._vectors[rows], self._metric)

    def _check_queries(self, queries: Floats) -> None:
        self._open()
        _inverse_norms(queries, self._metric, "vector")

    def search(self, queries: Floats, k: int, width: int, threads: int, allowed: Optional[Bitmap],
               first_pass: int = 0) -> Hits:
        with self._lock:
            self._check_queries(queries)
            count = queries.shape[0]
            answer = Hits(np.full((count, k), RESERVED_KEY, dtype=np.uint64),
                          np.full((count, k), np.inf, dtype=np.float32), np.zeros(count, dtype=np.uint32))
            for first in range(0, count, 256):
                self._search_some(queries[first:first + 256], k, allowed, first, answer)
            return answer

    def _search_some(self, queries: Floats, k: int, allowed: Optional[Bitmap], first: int, answer: Hits) -> None:
        keys: List[Keys] = [np.empty(0, dtype=np.uint64)] * len(queries)
        distances: List[Floats] = [np.empty(0, dtype=np.float32)] * len(queries)
        for block_keys, block in self._blocks(queries, allowed):
            for i in range(len(queries)):
                joined = np.concatenate((distances[i], block[i]))
                order = nearest(joined, k)
                keys[i] = np.concatenate((keys[i], block_keys))[order]
                distances[i] = joined[order]
        for i in range(len(queries)):
            found = distances[i].size
            answer.keys[first + i, :found] = keys[i]
            answer.distances[first + i, :found] = distances[i]
            answer.counts[first + i] = found

    def range(self, query: Floats, radius: float, width: int, limit: Optional[int],
              allowed: Optional[Bitmap]) -> Tuple[Keys, Floats]:
        with self._lock:
            self._open()
            if radius != radius:
                raise refused(InvalidArgument, "radius", "a number", "NaN")
            self._check_queries(query)
            keys: List[Keys] = [np.empty(0, dtype=np.uint64)]
            distances: List[Floats] = [np.empty(0, dtype=np.float32)]
            for block_keys, block in self._blocks(query, allowed):
                within = block[0] <= np.float32(radius)
                keys.append(block_keys[within])
                distances.append(block[0][within])
            all_keys, all_distances = np.concatenate(keys), np.concatenate(distances)
            order = np.argsort(all_distances, kind="stable")[:limit]
            return all_keys[order], all_distances[order]

    def distances(self, queries: Floats, keys: Keys) -> Floats:
        with self._lock:
            self._open()
            rows = self._require(keys)
            self._check_queries(queries)
            return exact_distances(queries, self._vectors[rows], self._metric)

    # -- files

    def save(self, path: bytes, progress: Optional[Progress]) -> None:
        with self._lock:
            self._open()
            if self._kind == "hnsw":
                raise needs_native("saving a graph")
            live = np.flatnonzero(self._states[:self._rows] == _LIVE)
            stride = self._stride()
            rows = np.zeros((live.size, stride // 4), dtype="<f4")
            rows[:, :self._dimension] = self._vectors[live]
            if self._metric == "cosine":
                rows[:, self._dimension] = _inverse_norms(self._vectors[live], "cosine", "vector")
            keys = self._keys[live].astype("<u8")
            growable = REQUIRED | GROWABLE
            write_file(path, KIND_FLAT, METRICS.index(self._metric), self._dimension, live.size, live.size,
                       _PARAMETERS.pack(stride, 0, 0, 0, 0, 0, 0, 0),
                       [NewSection(_VECTORS, growable, stride, rows.tobytes()),
                        NewSection(_KEYS, growable, 8, keys.tobytes()),
                        NewSection(_STATES, growable, 1, bytes(live.size)),
                        NewSection(_KEY_MAP, REQUIRED, 4, _key_map(keys))], progress)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._vectors = np.empty((0, self._dimension), dtype=np.float32)
            self._keys = np.empty(0, dtype=np.uint64)
            self._states = np.empty(0, dtype=np.uint8)
            self._rows = 0
            self._row_of = {}


def nearest(distances: Floats, k: int) -> "npt.NDArray[np.intp]":
    """The places of the k least, nearest first, the earlier of equals first; NaN never."""
    places = np.flatnonzero(~np.isnan(distances))
    if places.size > k:
        values = distances[places]
        places = places[values <= np.partition(values, k - 1)[k - 1]]
    return places[np.argsort(distances[places], kind="stable")][:k]


def _key_map(keys: Keys) -> bytes:
    """index/key_map.hpp: rows in an open-addressing table, probed linearly from mix64(key)."""
    rows = keys.size
    slots = 1 << max(0, (rows + rows // 2 + 8 - 1).bit_length())
    table = np.full(slots, 0xFFFFFFFF, dtype="<u4")
    taken = bytearray(slots)
    for row, key in enumerate(keys.tolist()):
        slot = mix64(key) & (slots - 1)
        while taken[slot]:
            slot = (slot + 1) & (slots - 1)
        taken[slot] = 1
        table[slot] = row
    return table.tobytes()


