# SPDX-License-Identifier: Apache-2.0
"""The native backend: arrays in and out of libatlas.so.0. CDLL releases the GIL during every call."""

from __future__ import annotations

import ctypes as c
import os
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _abi
from ._arrays import RESERVED_KEY, Floats, Keys
from ._calls import Handle, Report, run_long
from ._errors import error_of
from ._library import library as _library
from ._types import (CODES, KINDS, LIST_CODES, METRICS, PACKINGS, PHASES, ROTATIONS, SKIP_REASONS, STORED, EmbedderOptions,
                     FolderHit, FolderInfo, FolderProgress, FolderReport, Hits, IndexInfo, IndexOptions, Progress, Promise,
                     SearchOptions, Tuned)

assert _library is not None, "imported by the package only when the library is there"
_lib: c.CDLL = _library

_NO_ROW = (1 << 64) - 1
# Below so many rows or texts a call is over before anyone could press Ctrl-C.
_LONG_BATCH = 256
# Queries searched, and keys removed, by one native call: the interpreter looks at signals in between.
_SEARCH_BATCH = 4096
_REMOVE_BATCH = 1024
_SEARCH_OPTIONS_BYTES = c.sizeof(_abi.SearchOptions)


def _check(status: int, first: int = 0) -> None:
    """Raises what a call failed by. @param first  the row of the whole at which the call's rows began"""
    if status != 0:
        row = int(_lib.atlas_last_error_row())
        text: bytes = _lib.atlas_last_error()
        raise error_of(status, text.decode("utf-8", "replace"), None if row == _NO_ROW else row + first)


def _address(array: "np.ndarray[Any, Any]") -> int:
    return int(array.ctypes.data)


def _matrix(vectors: Floats) -> _abi.Matrix:
    return _abi.Matrix(_address(vectors), vectors.shape[0], 0, vectors.shape[1], 0)


def _sized(struct: Any, **fields: Any) -> Any:
    return struct(struct_size=c.sizeof(struct), **fields)


def _progress_callback(report: Report) -> Any:
    return _abi.ProgressCallback(lambda done, total, context: 0 if report(done, total) else 1)


def _run_work(handle: Handle, call: Callable[[int, Any], int], threads: int, progress: Optional[Progress],
              items: int) -> None:
    """Calls ``call(pointer, work options)``: at once if it is short, else so that it can be interrupted."""
    if progress is None and items <= _LONG_BATCH:
        options = _sized(_abi.WorkOptions, threads=threads)
        with handle.use() as pointer:
            _check(call(pointer, c.byref(options)))
        return

    def run(report: Report) -> None:
        callback = _progress_callback(report)
        options = _sized(_abi.WorkOptions, threads=threads, progress=callback)
        with handle.use() as pointer:
            _check(call(pointer, c.byref(options)))

    run_long(run, progress)


def _run_save(handle: Optional[Handle], call: Callable[[int, Any], int], progress: Optional[Progress],
              options: Any = None) -> None:
    options = _sized(_abi.SaveOptions) if options is None else options

    def run(report: Report) -> None:
        options.progress = _progress_callback(report)
        if handle is None:
            _check(call(0, c.byref(options)))
            return
        with handle.use() as pointer:
            _check(call(pointer, c.byref(options)))

    run_long(run, progress)


def _opened(call: Callable[[Any, int, int], int], state: bytes) -> int:
    out = c.c_void_p()
    block = np.frombuffer(state, dtype=np.uint8)
    _check(call(c.byref(out), _address(block), block.size))
    return out.value or 0


def _saved(handle: Handle, call: Callable[[Any, Any, int, int], int]) -> bytes:
    needed = c.c_uint64()
    with handle.use() as pointer:
        _check(call(c.byref(needed), None, pointer, 0))
        out = np.empty(needed.value, dtype=np.uint8)
        _check(call(c.byref(needed), _address(out), pointer, out.size))
    return out.tobytes()


def _index_options(wished: IndexOptions) -> Any:
    return _sized(_abi.IndexOptions, kind=KINDS.index(wished.kind), metric=METRICS.index(wished.metric),
                  dimension=wished.dimension, connectivity=wished.connectivity, build_width=wished.build_width,
                  search_width=wished.search_width, seed=wished.seed, reserve_rows=wished.reserve, codes=wished.codes,
                  stored=wished.stored, codes_from=wished.codes_from, alpha=wished.alpha, lists=wished.lists,
                  train_from=wished.train_from, list_codes=wished.list_codes, rotation=wished.rotation, parts=wished.parts,
                  iterations=wished.iterations, probes=wished.probes, rerank=wished.rerank,
                  rerank_codes=wished.rerank_codes, recall=wished.recall, recall_k=wished.recall_k)


def _search_options(wished: SearchOptions) -> Any:
    (width, threads, allowed, strategy, starts, patience, time_limit_ns, first_pass, probes, rerank,
     estimates_only) = wished
    words, bits = (None, 0) if allowed is None else (_address(allowed.words), allowed.bits)
    return _abi.SearchOptions(_SEARCH_OPTIONS_BYTES, threads, width, words, bits, first_pass, 0, strategy, starts, patience,
                              0, time_limit_ns, probes, rerank, int(estimates_only), 0)


def _search_in_batches(queries: Floats, k: int, most: int, ask: Callable[[Any, Any, int], None]) -> Hits:
    """The k nearest of each query, in so many columns, found or not.

    @param most  vectors that there are: more answers cannot be found
    @param ask   ask(hits, matrix, first): a native call for the queries from the first on
    """
    rows = queries.shape[0]
    wanted, k = k, max(1, min(k, most))
    keys = np.empty((rows, k), dtype=np.uint64)
    distances = np.empty((rows, k), dtype=np.float32)
    counts = np.empty(rows, dtype=np.uint32)
    for first in range(0, max(rows, 1), _SEARCH_BATCH):
        part = queries[first:first + _SEARCH_BATCH]
        matrix = _matrix(part)
        hits = _sized(_abi.Hits, rows=part.shape[0], k=k, keys=_address(keys[first:]),
                      distances=_address(distances[first:]), counts=_address(counts[first:]))
        ask(c.byref(hits), c.byref(matrix), first)
    if wanted == k:
        return Hits(keys, distances, counts)
    wide = Hits(np.full((rows, wanted), RESERVED_KEY, dtype=np.uint64), np.full((rows, wanted), np.inf, dtype=np.float32), counts)
    wide.keys[:, :k] = keys
    wide.distances[:, :k] = distances
    return wide


def _all_within(limit: Optional[int], ask: Callable[[int, int, int], int]) -> Tuple[Keys, Floats]:
    """What lies within a radius. @param ask  ask(keys, distances, room): a native call, which gives how much there is"""
    room = 1024 if limit is None else limit
    while True:
        keys = np.empty(room, dtype=np.uint64)
        distances = np.empty(room, dtype=np.float32)
        found = ask(_address(keys), _address(distances), room)
        if limit is not None or found <= room:
            break
        room = found  # more than there was room for; once more
    count = min(found, room)
    return keys[:count], distances[:count]


def _all_keys(size: int, ask: Callable[[Any, int, Any, int], int]) -> Keys:
    """@param size  about as many as there are. @param ask  ask(written, keys, cursor, room): a native call"""
    parts: List[Keys] = []
    cursor, written = c.c_uint64(), c.c_uint64()
    room = max(size, 1)
    while True:
        part = np.empty(room, dtype=np.uint64)
        _check(ask(c.byref(written), _address(part), c.byref(cursor), room))
        if written.value == 0:
            break
        parts.append(part[:written.value])
        room = 1024
    return np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else np.empty(0, dtype=np.uint64)


class NativeIndex:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_index_close, "index")
        self._dimension = self.info().dimension

    @classmethod
    def create(cls, wished: IndexOptions) -> "NativeIndex":
        out = c.c_void_p()
        _check(_lib.atlas_index_create(c.byref(out), c.byref(_index_options(wished))))
        return cls(out.value or 0)

    @classmethod
    def open(cls, path: bytes, change: bool, residence: int = 0, load: bool = False) -> "NativeIndex":
        options = _sized(_abi.OpenOptions, mode=1 if change else 0, vectors=residence, load=int(load))
        out = c.c_void_p()
        _check(_lib.atlas_index_open(c.byref(out), path, c.byref(options)))
        return cls(out.value or 0)

    def info(self) -> IndexInfo:
        info = _sized(_abi.IndexInfo)
        with self._handle.use() as index:
            _check(_lib.atlas_index_describe(c.byref(info), index))
        return IndexInfo(
            kind=KINDS[info.kind], metric=METRICS[info.metric], dimension=info.dimension, size=info.size,
            read_only=info.is_read_only != 0, connectivity=info.connectivity, build_width=info.build_width,
            search_width=info.search_width, max_level=info.max_level, codes=CODES[info.codes or CODES.index("none")],
            codes_from=info.codes_from, alpha=info.alpha, stored=STORED[info.stored], sealed=info.is_sealed != 0,
            lists=info.lists, list_codes=LIST_CODES[info.list_codes] if info.list_codes else "none",
            rotation=ROTATIONS[info.rotation] if info.rotation else "none", parts=info.parts, code_bytes=info.code_bytes,
            probes=info.probes, rerank=info.rerank, rerank_codes=CODES[info.rerank_codes or CODES.index("none")],
            promised=Promise(info.promised_recall, info.promised_k) if info.promised_k else None,
            memory={part: getattr(info, "memory_" + part) for part in ("vectors", "keys", "graph", "scratch")})

    def add(self, keys: Keys, vectors: Floats, threads: int, progress: Optional[Progress], replace: bool) -> None:
        function = _lib.atlas_index_upsert if replace else _lib.atlas_index_add
        _run_work(self._handle, lambda index, options: int(
            function(index, _address(keys), c.byref(_matrix(vectors)), options)), threads, progress, keys.size)

    def remove(self, keys: Keys, missing_ok: bool) -> int:
        with self._handle.use() as index:
            if not missing_ok and (keys.size <= _REMOVE_BATCH or not self.contains(keys).all()):
                _check(_lib.atlas_index_remove(index, _address(keys), keys.size))
                return int(np.unique(keys).size)
            removed, total = c.c_uint64(), 0
            for first in range(0, max(keys.size, 1), _REMOVE_BATCH):
                part = keys[first:first + _REMOVE_BATCH]
                _check(_lib.atlas_index_remove_stored(c.byref(removed), index, _address(part), part.size))
                total += removed.value
        return total

    def contains(self, keys: Keys) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        out = np.zeros(keys.size, dtype=np.bool_)
        with self._handle.use() as index:
            _check(_lib.atlas_index_contains(_address(out), index, _address(keys), keys.size))
        return out

    def get(self, keys: Keys) -> Floats:
        out = np.empty((keys.size, self._dimension), dtype=np.float32)
        with self._handle.use() as index:
            _check(_lib.atlas_index_get(_address(out), index, _address(keys), keys.size, 0, self._dimension))
        return out

    def search(self, queries: Floats, k: int, wished: SearchOptions) -> Hits:
        options = _search_options(wished)
        with self._handle.use() as index:
            return _search_in_batches(queries, k, self.info().size, lambda hits, part, first: _check(
                _lib.atlas_index_search(hits, index, part, c.byref(options)), first))

    def range(self, query: Floats, radius: float, limit: Optional[int], wished: SearchOptions) -> Tuple[Keys, Floats]:
        options, matrix, found = _search_options(wished), _matrix(query), c.c_uint64()

        def ask(keys: int, distances: int, room: int) -> int:
            _check(_lib.atlas_index_range(c.byref(found), keys, distances, index, c.byref(matrix), radius, room, c.byref(options)))
            return int(found.value)

        with self._handle.use() as index:
            return _all_within(limit, ask)

    def distances(self, queries: Floats, keys: Keys) -> Floats:
        out = np.empty((queries.shape[0], keys.size), dtype=np.float32)
        matrix = _matrix(queries)
        with self._handle.use() as index:
            _check(_lib.atlas_index_distances(_address(out), index, c.byref(matrix), _address(keys), keys.size))
        return out

    def keys(self) -> Keys:
        with self._handle.use() as index:
            return _all_keys(self.info().size, lambda written, keys, cursor, room: int(
                _lib.atlas_index_list_keys(written, keys, cursor, index, room)))

    def reserve(self, rows: int) -> None:
        with self._handle.use() as index:
            _check(_lib.atlas_index_reserve(index, rows))

    def compact(self) -> None:
        with self._handle.use() as index:
            _check(_lib.atlas_index_compact(index))

    def train(self, sample: Optional[Floats], threads: int, progress: Optional[Progress]) -> None:
        if sample is None:
            _run_work(self._handle, lambda index, options: int(_lib.atlas_index_retrain(index, options)), threads,
                      progress, _LONG_BATCH + 1)
            return
        _run_work(self._handle, lambda index, options: int(_lib.atlas_index_train(index, c.byref(_matrix(sample)), options)),
                  threads, progress, _LONG_BATCH + 1)

    def tune(self, queries: Optional[Floats], k: int, recall: float, threads: int, progress: Optional[Progress]) -> Tuned:
        found = _sized(_abi.TuneResult)
        _run_save(self._handle, lambda index, options: int(
            _lib.atlas_index_tune(c.byref(found), index, None if queries is None else c.byref(_matrix(queries)), options)), progress,
            _sized(_abi.TuneOptions, k=k, recall=recall, threads=threads))
        return Tuned(found.width, found.prefetch_rows, found.recall, found.queries_per_second, found.probes, found.rerank)

    def save(self, path: bytes, progress: Optional[Progress]) -> None:
        _run_save(self._handle, lambda index, options: int(_lib.atlas_index_save(index, path, options)), progress)

    def seal(self, path: bytes, degree: int, threads: int, seed: int, progress: Optional[Progress]) -> None:
        _run_save(self._handle, lambda index, options: int(_lib.atlas_index_seal(index, path, options)), progress,
                  _sized(_abi.SealOptions, degree=degree, threads=threads, seed=seed))

    def close(self) -> None:
        self._handle.close()


class _Texts:
    """Texts as an array of atlas_text over one joined block of bytes, which lives as long as this."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._joined = np.frombuffer(b"".join(texts) + b"\0", dtype=np.uint8)
        sizes = np.fromiter((len(text) for text in texts), dtype=np.uint64, count=len(texts))
        self.views = np.empty((len(texts), 2), dtype=np.uint64)
        self.views[:, 1] = sizes
        self.views[:, 0] = np.uint64(_address(self._joined)) + np.cumsum(sizes, dtype=np.uint64) - sizes


class NativeEmbedder:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_embedder_close, "embedder")

    def handle(self) -> Handle:
        return self._handle

    @classmethod
    def create(cls, options: EmbedderOptions) -> "NativeEmbedder":
        out = c.c_void_p()
        _check(_lib.atlas_embedder_create(c.byref(out), c.byref(_embedder_options(options))))
        return cls(out.value or 0)

    @classmethod
    def open_state(cls, state: bytes) -> "NativeEmbedder":
        return cls(_opened(_lib.atlas_embedder_open_state, state))

    def _info(self) -> Any:
        info = _sized(_abi.EmbedderInfo)
        with self._handle.use() as embedder:
            _check(_lib.atlas_embedder_describe(c.byref(info), embedder))
        return info

    def dimension(self) -> int:
        return int(self._info().dimension)

    def is_frozen(self) -> bool:
        return bool(self._info().is_frozen)

    def texts(self) -> int:
        return int(self._info().texts)

    def learn(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> None:
        block = _Texts(texts)
        _run_work(self._handle, lambda embedder, options: int(
            _lib.atlas_embedder_learn(embedder, _address(block.views), len(texts), options)),
            threads, progress, len(texts))

    def freeze(self) -> None:
        with self._handle.use() as embedder:
            _check(_lib.atlas_embedder_freeze(embedder))

    def embed(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> Floats:
        dimension = self.dimension()
        out = np.empty((len(texts), dimension), dtype=np.float32)
        block = _Texts(texts)
        _run_work(self._handle, lambda embedder, options: int(
            _lib.atlas_embedder_embed(_address(out), embedder, _address(block.views), len(texts), dimension, options)),
            threads, progress, len(texts))
        return out

    def save_state(self) -> bytes:
        return _saved(self._handle, _lib.atlas_embedder_save_state)

    def close(self) -> None:
        self._handle.close()


def _embedder_options(options: EmbedderOptions) -> Any:
    def weight(value: float) -> float:
        return -1.0 if value == 0 else value  # in C 0 is "the default", and a negative number "none"

    return _sized(_abi.EmbedderOptions, dimension=options.dimension, frequency_buckets=options.frequency_buckets,
                  seed=options.seed, word_weight=weight(options.word_weight),
                  pair_weight=weight(options.pair_weight), gram_weight=weight(options.gram_weight),
                  gram_length=options.gram_length)


class _FolderCall:
    """Options, callbacks and report of one build or compact."""

    MOST_SKIPPED = 10_000

    def __init__(self) -> None:
        self.report = _sized(_abi.FolderReport)
        self.skipped: List[Tuple[str, str]] = []

    def run(self, call: Callable[[Any, Any], int], options: Any, progress: Optional[FolderProgress]) -> FolderReport:
        def run(report: Report) -> None:
            options.progress = _abi.FolderProgressCallback(
                lambda phase, done, total, context: 0 if report(PHASES[phase], done, total) else 1)
            _check(call(c.byref(self.report), c.byref(options)))

        run_long(run, progress)
        report = self.report
        return FolderReport(
            files=report.files, chunks=report.chunks, source_bytes=report.source_bytes,
            skipped={reason: getattr(report, "skipped_" + reason.replace(" ", "_")) for reason in SKIP_REASONS},
            skipped_files=self.skipped,
            walk={name: getattr(report, name) for name in (
                "folders", "unreadable_folders", "unreadable_files", "ignored_folders", "hidden", "linked_files",
                "linked_folders", "broken_links", "special_files", "too_deep_folders")},
            embedded=report.embedded, taken_over=report.taken_over, gone=report.gone)

    def on_skip(self, path: int, path_bytes: int, reason: int, context: int) -> None:
        if len(self.skipped) < self.MOST_SKIPPED:
            self.skipped.append((os.fsdecode(c.string_at(path, path_bytes)), SKIP_REASONS[reason]))


def build_folder(folder: bytes, output: bytes, threads: int, chunk_size: int, chunk_overlap: int,
                 chunk_fill_percent: int, chunk_packing: int, include_hidden: bool, max_file_bytes: int, connectivity: int,
                 build_width: int, search_width: int, seed: int, embedder: EmbedderOptions,
                 progress: Optional[FolderProgress]) -> FolderReport:
    call = _FolderCall()
    hashing = _embedder_options(embedder)
    options = _sized(_abi.FolderOptions, threads=threads, chunk_size=chunk_size, chunk_overlap=chunk_overlap,
                     chunk_fill_percent=chunk_fill_percent, chunk_packing=chunk_packing,
                     include_hidden=1 if include_hidden else 0,
                     max_file_bytes=max_file_bytes, connectivity=connectivity, build_width=build_width,
                     search_width=search_width, seed=seed, embedder=c.pointer(hashing),
                     on_skip=_abi.SkipCallback(call.on_skip))
    return call.run(lambda report, how: int(_lib.atlas_folder_build(report, folder, output, how)), options, progress)


class NativeFolder:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_folder_close, "folder")

    @classmethod
    def open(cls, path: bytes, change: bool, residence: int = 0, load: bool = False) -> "NativeFolder":
        options = _sized(_abi.OpenOptions, mode=1 if change else 0, vectors=residence, load=int(load))
        out = c.c_void_p()
        _check(_lib.atlas_folder_open(c.byref(out), path, c.byref(options)))
        return cls(out.value or 0)

    def info(self) -> FolderInfo:
        info = _sized(_abi.FolderInfo)
        with self._handle.use() as folder:
            _check(_lib.atlas_folder_describe(c.byref(info), folder))
        return FolderInfo(files=info.files, chunks=info.chunks, dimension=info.dimension, chunk_size=info.chunk_size,
                          chunk_overlap=info.chunk_overlap, chunk_fill_percent=info.chunk_fill_percent,
                          chunk_packing=PACKINGS[info.chunk_packing],
                          read_only=info.is_read_only != 0, has_embedder=info.has_embedder != 0)

    def search(self, question: bytes, k: int, wished: SearchOptions) -> List[FolderHit]:
        options = _search_options(wished)
        found = c.c_uint64()
        with self._handle.use() as folder:
            k = max(1, min(k, self.info().chunks))
            hits = (_abi.FolderHit * k)()
            block = np.frombuffer(question + b"\0", dtype=np.uint8)
            _check(_lib.atlas_folder_search(c.byref(found), hits, folder, _address(block), len(question), k,
                                            c.byref(options)))
            # The hits point into the index: they are copied before it could be closed.
            return [_folder_hit(hits[i], self._headings(folder, hits[i].key)) for i in range(found.value)]

    @staticmethod
    def _headings(folder: Any, key: int) -> Tuple[str, ...]:
        found = c.c_uint64()
        headings = (_abi.FolderHeading * _abi.MOST_HEADINGS)()
        _check(_lib.atlas_folder_headings(c.byref(found), headings, folder, key))
        return tuple(c.string_at(one.title, one.title_bytes).decode("utf-8", "replace") for one in headings[:found.value])

    def add_document(self, path: bytes, text: bytes) -> None:
        block = np.frombuffer(text + b"\0", dtype=np.uint8)
        with self._handle.use() as folder:
            _check(_lib.atlas_folder_add_document(folder, path, _address(block), len(text)))

    def remove_document(self, path: bytes) -> None:
        with self._handle.use() as folder:
            _check(_lib.atlas_folder_remove_document(folder, path))

    def save(self, path: bytes, progress: Optional[Progress]) -> None:
        _run_save(self._handle, lambda folder, options: int(_lib.atlas_folder_save(folder, path, options)), progress)

    def update(self, source: bytes, output: bytes, threads: int, include_hidden: bool, max_file_bytes: int,
               progress: Optional[FolderProgress]) -> FolderReport:
        def update(report: Any, how: Any) -> int:
            with self._handle.use() as folder:
                return int(_lib.atlas_folder_update(report, folder, source, output, how))

        call = _FolderCall()
        options = _sized(_abi.FolderOptions, threads=threads, include_hidden=1 if include_hidden else 0,
                         max_file_bytes=max_file_bytes, on_skip=_abi.SkipCallback(call.on_skip))
        return call.run(update, options, progress)

    def compact(self, output: bytes, threads: int, progress: Optional[FolderProgress]) -> FolderReport:
        def compact(report: Any, how: Any) -> int:
            with self._handle.use() as folder:
                return int(_lib.atlas_folder_compact(report, folder, output, how))

        return _FolderCall().run(compact, _sized(_abi.FolderOptions, threads=threads), progress)

    def close(self) -> None:
        self._handle.close()


def _hex(low: int, high: int) -> str:
    return f"{high:016x}{low:016x}"


def _folder_hit(hit: Any, headings: Tuple[str, ...]) -> FolderHit:
    return FolderHit(path=os.fsdecode(c.string_at(hit.path, hit.path_bytes)), line_begin=hit.line_begin,
                     line_end=hit.line_end, score=hit.score,
                     text=c.string_at(hit.text, hit.text_bytes).decode("utf-8", "replace"),
                     byte_begin=hit.byte_begin, byte_end=hit.byte_end, key=hit.key, id=_hex(hit.id_low, hit.id_high),
                     headings=headings)


def verify(path: bytes, progress: Optional[Progress]) -> None:
    _run_save(None, lambda _, options: int(_lib.atlas_file_verify(path, options)), progress)


def version() -> str:
    text: bytes = _lib.atlas_version()
    return text.decode()


def simd_target() -> str:
    text: bytes = _lib.atlas_simd_target()
    return text.decode()


def force_simd_target(name: str) -> None:
    _check(_lib.atlas_simd_force(name.encode()))


def create_embedder(options: EmbedderOptions) -> NativeEmbedder:
    return NativeEmbedder.create(options)


def open_embedder(state: bytes) -> NativeEmbedder:
    return NativeEmbedder.open_state(state)
