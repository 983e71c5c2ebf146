# SPDX-License-Identifier: Apache-2.0
"""Exact search over files of every kind, and flat indexes that grow in memory. One lock for everything."""

from __future__ import annotations

import struct
import threading
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .._arrays import RESERVED_KEY, Bitmap, Floats, Keys
from .._errors import (Cancelled, Closed, DuplicateKey, InvalidArgument, KeyNotFound, KindMismatch, LimitExceeded,
                       MetricMismatch, ReadOnly, ScalarMismatch, needs_native, refused)
from .._types import CODES, METRICS, STORED, Hits, IndexInfo, IndexOptions, Progress, SearchOptions, Tuned
from . import codes, lists
from .embedder import mix64
from .file import GROWABLE, KIND_FLAT, KIND_HNSW, KIND_IVF_PQ, REQUIRED, File, NewSection, write_file
from .scalars import ROW_DTYPES, as_floats, check_vectors, inverse_norms

_VECTORS, _KEYS, _STATES, _KEY_MAP = 0x100, 0x101, 0x102, 0x103
_HNSW_SECTIONS = (0x110, 0x111, 0x112, 0x113, *codes.SECTIONS)
# row stride, connectivity, build width, search width, seed, entry row, entry level, upper blocks, codes, codes wanted,
# prefetch rows, codes from, alpha, blocks of neighbours, rotation seed
_PARAMETERS = struct.Struct("<IIIIQIIQBBHIfIQ")
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


class _Graph(NamedTuple):
    """What a file says of its graph."""

    connectivity: int = 0
    build_width: int = 0
    search_width: int = 0
    max_level: int = 0
    codes: str = "none"
    codes_from: int = 0
    alpha: float = 0.0
    sealed: bool = False


class PureIndex:
    """Rows are appended and never move; a removed row stays behind."""

    def __init__(self, dimension: int, metric: str, scalar: int = 0) -> None:
        self._dimension = dimension
        self._metric = metric
        self._scalar = scalar
        self._kind = "flat"
        self.file_identity = (0, 0)
        """Device and number of the file that it was opened from."""
        self._graph = _Graph()
        self._lists = lists.ListsInfo()
        self._read_only = False
        self._vectors: "npt.NDArray[Any]" = np.empty((0, dimension), dtype=ROW_DTYPES[scalar])
        self._keys: Keys = np.empty(0, dtype=np.uint64)
        self._states: "npt.NDArray[np.uint8]" = np.empty(0, dtype=np.uint8)
        self._rows = 0
        self._size = 0
        self._row_of: Optional[Dict[int, int]] = {}
        self._lock = threading.RLock()
        self._is_closed = False

    @classmethod
    def create(cls, wished: IndexOptions) -> "PureIndex":
        check_shape(wished.dimension, wished.metric, wished.reserve)
        if wished.kind not in ("auto", "flat"):
            raise needs_native("building a graph or lists; kind='flat' searches exactly")
        if wished.stored != 0:
            raise needs_native(f"storing {STORED[wished.stored]}, which a flat index does not")
        return cls(wished.dimension, wished.metric)

    @classmethod
    def open(cls, path: bytes, change: bool, residence: int = 0, load: bool = False) -> "PureIndex":
        """A mapping reads what is asked for, wherever the vectors should be."""
        file = File(path)
        header = file.header
        if header.kind not in (KIND_FLAT, KIND_HNSW, KIND_IVF_PQ):
            raise refused(KindMismatch, "header.kind", "1 flat, 2 hnsw or 3 ivf_pq", header.kind, path=path)
        if header.scalar >= (1 if header.kind == KIND_FLAT else len(ROW_DTYPES)):
            raise refused(ScalarMismatch, "header.scalar", "one that this kind of index stores (flat: 0 f32)", header.scalar,
                          path=path)
        if header.metric > 2:
            raise refused(MetricMismatch, "header.metric", "0 l2sq, 1 inner_product or 2 cosine", header.metric,
                          path=path)
        if not 1 <= header.dimension <= _MOST_DIMENSION:
            raise file.corrupt("header.dimension", "1 to 65535", header.dimension)
        if header.rows > _MOST_ROWS:
            raise file.corrupt("header.rows", _MOST_ROWS, header.rows)
        if header.live > header.rows:
            raise file.corrupt("header.count", header.rows, header.live)
        if residence != 0 and header.kind == KIND_FLAT:
            raise refused(InvalidArgument, "vectors", "mapped, as every search of a flat index reads all", "on_disk", path=path)
        index = cls(header.dimension, METRICS[header.metric], header.scalar)
        index.file_identity = file.identity
        (stride, connectivity, build_width, search_width, _, entry_row, entry_level, upper_blocks, codes_present,
         codes_wanted, _, codes_from, alpha, blocks_a_row, _) = _PARAMETERS.unpack_from(header.parameters)
        if stride != index._stride():
            raise file.corrupt("parameters.row_stride_bytes", index._stride(), stride)
        further = {KIND_FLAT: (), KIND_HNSW: _HNSW_SECTIONS, KIND_IVF_PQ: lists.SECTIONS}[header.kind]
        file.require_known((_VECTORS, _KEYS, _STATES, _KEY_MAP) + further)
        dtype = ROW_DTYPES[header.scalar]
        blocks = file.array(_VECTORS, np.dtype((np.void, stride)), header.rows)
        index._vectors = blocks.view(dtype).reshape(header.rows, stride // dtype.itemsize)[:, :header.dimension]
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
            codes.check(file, codes.CodesInfo(codes_present, codes_wanted, codes_from))
            codes.check_neighbours(file, blocks_a_row, change)
            # In the C ABI and in CODES 0 is "automatic", which no file holds.
            index._graph = _Graph(connectivity, build_width, search_width, entry_level, CODES[codes_wanted + 1],
                                  codes_from, alpha if 1.0 <= alpha <= 2.0 else 1.0, blocks_a_row != 0)
        if header.kind == KIND_IVF_PQ:
            index._kind = "ivf_pq"
            index._lists = lists.check(file, residence != 0)
        index._rows = header.rows
        index._size = header.live
        index._row_of = None  # made when a key is first asked for
        index._read_only = not change
        return index

    # -- shape

    def _stride(self) -> int:
        """Components, under cosine then float32 1 / norm at a multiple of 4, zeros to a multiple of 64."""
        components = -(-self._dimension * ROW_DTYPES[self._scalar].itemsize // 4) * 4
        return -(-(components + (4 if self._metric == "cosine" else 0)) // 64) * 64

    def _floats(self, rows: Any) -> Floats:
        """Some rows, as they were given as far as their scalar holds them."""
        return as_floats(self._vectors[rows], self._scalar)

    def info(self) -> IndexInfo:
        self._open()
        return IndexInfo(
            kind=self._kind, metric=self._metric, dimension=self._dimension, size=self._size, read_only=self._read_only,
            stored=STORED[self._scalar], **self._graph._asdict(), **self._lists._asdict(),
            memory={"vectors": int(self._vectors.nbytes), "keys": int(self._keys.nbytes + self._states.nbytes),
                    "graph": 0, "scratch": 0})

    def _what(self) -> str:
        return "a graph" if self._kind == "hnsw" else "lists"

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
        if self._kind != "flat":
            raise needs_native("changing " + self._what())

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
            check_vectors(vectors, self._metric)
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

    def remove(self, keys: Keys, missing_ok: bool) -> int:
        with self._lock:
            self._may_change()
            if not missing_ok:
                self._require(keys)
            self._grow(self._rows)
            row_of = self._rows_by_key()
            before = len(row_of)
            for key in keys.tolist():
                row = row_of.pop(key, None)
                if row is not None:
                    self._states[row] = _REMOVED
            self._size = len(row_of)
            return before - self._size

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
            return self._floats(self._require(keys))

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
                yield self._keys[rows], exact_distances(queries, self._floats(rows), self._metric)

    def _check_queries(self, queries: Floats) -> None:
        self._open()
        check_vectors(queries, self._metric)

    def search(self, queries: Floats, k: int, options: SearchOptions) -> Hits:
        with self._lock:
            self._check_queries(queries)
            count = queries.shape[0]
            answer = Hits(np.full((count, k), RESERVED_KEY, dtype=np.uint64),
                          np.full((count, k), np.inf, dtype=np.float32), np.zeros(count, dtype=np.uint32))
            for first in range(0, count, 256):
                self._search_some(queries[first:first + 256], k, options.allowed, first, answer)
            return answer

    def _search_some(self, queries: Floats, k: int, allowed: Optional[Bitmap], first: int, answer: Hits) -> None:
        keys: List[Keys] = [np.empty(0, dtype=np.uint64)] * len(queries)
        distances: List[Floats] = [np.empty(0, dtype=np.float32)] * len(queries)
        for block_keys, block in self._blocks(queries, allowed):
            for i in range(len(queries)):
                joined = np.concatenate((distances[i], block[i]))
                joined_keys = np.concatenate((keys[i], block_keys))
                order = nearest(joined, k, None if self._kind == "flat" else joined_keys)
                keys[i], distances[i] = joined_keys[order], joined[order]
        for i in range(len(queries)):
            found = distances[i].size
            answer.keys[first + i, :found] = keys[i]
            answer.distances[first + i, :found] = distances[i]
            answer.counts[first + i] = found

    def range(self, query: Floats, radius: float, limit: Optional[int], options: SearchOptions) -> Tuple[Keys, Floats]:
        with self._lock:
            self._open()
            if radius != radius:
                raise refused(InvalidArgument, "radius", "a number", "NaN")
            self._check_queries(query)
            keys: List[Keys] = [np.empty(0, dtype=np.uint64)]
            distances: List[Floats] = [np.empty(0, dtype=np.float32)]
            for block_keys, block in self._blocks(query, options.allowed):
                within = block[0] <= np.float32(radius)
                keys.append(block_keys[within])
                distances.append(block[0][within])
            all_keys, all_distances = np.concatenate(keys), np.concatenate(distances)
            order = nearest(all_distances, all_distances.size if limit is None else limit,
                            None if self._kind == "flat" else all_keys)
            return all_keys[order], all_distances[order]

    def distances(self, queries: Floats, keys: Keys) -> Floats:
        with self._lock:
            self._open()
            rows = self._require(keys)
            self._check_queries(queries)
            return exact_distances(queries, self._floats(rows), self._metric)

    # -- files

    def compact(self) -> None:
        with self._lock:
            self._may_change()

    def train(self, sample: Optional[Floats], threads: int, progress: Optional[Progress]) -> None:
        with self._lock:
            self._open()
            self._require_kind("ivf_pq")
            self._may_change()

    def tune(self, queries: Optional[Floats], k: int, recall: float, threads: int, progress: Optional[Progress]) -> Tuned:
        with self._lock:
            self._open()
            self._require_kind("hnsw", "ivf_pq")
            raise needs_native("tuning " + self._what())

    def seal(self, path: bytes, degree: int, threads: int, seed: int, progress: Optional[Progress]) -> None:
        with self._lock:
            self._open()
            self._require_kind("hnsw")
            raise needs_native("sealing a graph")

    def _require_kind(self, *kinds: str) -> None:
        if self._kind not in kinds:
            raise refused(KindMismatch, "index", " or ".join(kinds), self._kind)

    def save(self, path: bytes, progress: Optional[Progress]) -> None:
        with self._lock:
            self._open()
            if self._kind != "flat":
                raise needs_native("saving " + self._what())
            live = np.flatnonzero(self._states[:self._rows] == _LIVE)
            stride = self._stride()
            rows = np.zeros((live.size, stride // 4), dtype="<f4")
            rows[:, :self._dimension] = self._vectors[live]
            if self._metric == "cosine":
                rows[:, self._dimension] = inverse_norms(self._vectors[live])
            keys = self._keys[live].astype("<u8")
            growable = REQUIRED | GROWABLE
            write_file(path, KIND_FLAT, METRICS.index(self._metric), self._dimension, live.size, live.size,
                       _PARAMETERS.pack(stride, *(0,) * 14),
                       [NewSection(_VECTORS, growable, stride, rows.tobytes()),
                        NewSection(_KEYS, growable, 8, keys.tobytes()),
                        NewSection(_STATES, growable, 1, bytes(live.size)),
                        NewSection(_KEY_MAP, REQUIRED, 4, _key_map(keys))], progress)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._vectors = np.empty((0, self._dimension), dtype=ROW_DTYPES[self._scalar])
            self._keys = np.empty(0, dtype=np.uint64)
            self._states = np.empty(0, dtype=np.uint8)
            self._rows = 0
            self._row_of = {}


def nearest(distances: Floats, k: int, keys: Optional[Keys] = None) -> "npt.NDArray[np.intp]":
    """The places of the k least, nearest first; of equals the least key first, or without keys the earlier. NaN never."""
    places = np.flatnonzero(~np.isnan(distances))
    if places.size > k > 0:
        values = distances[places]
        places = places[values <= np.partition(values, k - 1)[k - 1]]
    if keys is None:
        return places[np.argsort(distances[places], kind="stable")][:k]
    return places[np.lexsort((keys[places], distances[places]))][:k]


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


