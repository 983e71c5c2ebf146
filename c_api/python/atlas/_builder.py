# SPDX-License-Identifier: Apache-2.0
"""IvfBuilder and build_ivf_pq: ivf_pq files that are larger than memory."""

from __future__ import annotations

import contextlib
import os
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple, Type, Union

import numpy as np

from . import _backend
from ._arrays import Floats, Keys, KeysLike, checked_count, checked_keys, checked_vectors
from ._errors import AtlasError, Cancelled, InvalidArgument, error_of, refused
from ._index import Path, checked_path
from ._options import checked_index_options
from ._types import BuildOptions, BuilderBackend, Progress

LEAST_MEMORY = 16 << 20
USUAL_MEMORY = 256 << 20
_ROWS_OF_LIST = 40      # fewer train a list badly
_ROWS_TRAINED_ON = 256  # of a list; more hardly make it better
_MOST_ROWS = (1 << 32) - 2

Batch = Union[Floats, Tuple[KeysLike, Floats]]
"""Vectors [n, dimension], or their keys [n] and them."""
VectorSource = Union[Path, Floats, Iterable[Batch]]


def _checked_build(dimension: int, metric: str, lists: int, list_codes: str, rotation: str, parts: int, iterations: int,
                   probes: int, rerank: int, rerank_codes: str, recall: float, recall_k: int, seed: int, stored: str,
                   rows: int, memory: int, temporary_folder: Optional[Path], threads: int) -> BuildOptions:
    expected = checked_count("rows", rows, 0, _MOST_ROWS)
    index = checked_index_options(dimension, metric, "ivf_pq", 16, 200, 64, seed, expected, "automatic", stored, 1024, 1.0,
                                  lists, 0, list_codes, rotation, parts, iterations, probes, rerank, rerank_codes, recall,
                                  recall_k)
    folder = None if temporary_folder is None else checked_path("temporary_folder", temporary_folder)
    return BuildOptions(index, checked_count("memory", memory, LEAST_MEMORY), folder,
                        checked_count("threads", threads, 0, 4096))


class IvfBuilder:
    """Writes an ivf_pq file whose vectors need not fit memory: ``train`` on a sample, ``add`` as often as wanted.

        with atlas.IvfBuilder("big.atlas", 768, "cosine", rows=200_000_000) as builder:
            builder.train(sample)
            for keys, vectors in batches:
                builder.add(keys, vectors)
        index = atlas.Index.open("big.atlas", vectors="on_disk")

    The file appears, whole, when the ``with`` block ends or ``finish`` is called; what stood at its path stays until then.
    A block that is left by an exception, and ``close``, give it up and leave nothing behind. The file is the one that an
    index with the same training and the same adds would save; but with a wanted ``recall`` it is then tuned to it, and
    promises what was measured, and without ``probes`` these are measured.
    """

    def __init__(self, path: Path, dimension: int, metric: str = "l2sq", *, rows: int = 0, lists: int = 0,
                 list_codes: str = "automatic", rotation: str = "automatic", parts: int = 0, iterations: int = 10,
                 probes: int = 0, rerank: int = 8, rerank_codes: str = "none", recall: float = 0.0, recall_k: int = 10,
                 seed: int = 42, stored: str = "float32", memory: int = USUAL_MEMORY,
                 temporary_folder: Optional[Path] = None, threads: int = 0) -> None:
        """
        @param path              of the file; its folder exists
        @param rows              about how many vectors there will be: says how many lists, unless ``lists`` does, and into
                                 how many parts vectors are sorted; 0: not known
        @param memory            bytes for vectors on their way, from 16 MiB on. Beside it there are what is learned, in
                                 training the sample four times, and 24 to 56 bytes of each vector
        @param temporary_folder  on whose disk vectors lie until they are in order, with as much room as they and their
                                 codes take; None: the file's
        @param threads           0: all that the process may use
        The others are those of ``Index.create``.
        """
        options = _checked_build(dimension, metric, lists, list_codes, rotation, parts, iterations, probes, rerank,
                                 rerank_codes, recall, recall_k, seed, stored, rows, memory, temporary_folder, threads)
        self._backend: BuilderBackend = _backend.builder_class.create(checked_path("path", path), options)
        self._dimension = options.index.dimension
        self._is_finished = False
        self._before: Optional[Tuple[int, int]] = None

    def _facts(self) -> Tuple[int, int]:
        """Vectors and lists; inside a call, such as in its progress, those of before it."""
        return self._backend.facts() if self._before is None else self._before

    @contextlib.contextmanager
    def _call(self) -> Iterator[None]:
        self._before = self._backend.facts()
        try:
            yield
        finally:
            self._before = None

    def train(self, sample: Floats, *, progress: Optional[Progress] = None) -> None:
        """Learns lists and codes. Once, before vectors are added.

        @param sample    float32 [n, dimension], from all over the vectors: 40 to 256 for each list
        @param progress  called with (percent done, 100); after Cancelled it can be trained again
        @raise           InvalidArgument for fewer vectors than lists; NotFinite, ZeroVector, LimitExceeded (``.row`` says
                         which)
        """
        block = checked_vectors("sample", sample, self._dimension, "2")
        with self._call():
            self._backend.train(block, progress)

    def add(self, keys: KeysLike, vectors: Floats, *, progress: Optional[Progress] = None) -> None:
        """Takes vectors under new keys: all of a call or, on error, none. Few at a time cost no more than many.

        @param keys      [n] integers, each new; uint64 is used without a copy
        @param vectors   float32 [n, dimension]; finite, and under cosine not zero
        @param progress  called with (rows done, rows); Cancelled is the builder's end
        @raise           as ``Index.add``; NoSpace and IoError, after which every call raises it again
        """
        block = checked_vectors("vectors", vectors, self._dimension)
        numbers = checked_keys("keys", keys, block.shape[0])
        with self._call():
            self._backend.add(numbers, block, progress)

    def finish(self, *, progress: Optional[Progress] = None) -> None:
        """Brings the vectors into the order of lists, measures what searches find, and puts the file in place. The end of
        the ``with`` block does it too.

        @param progress  called with (bytes done, bytes), of which some stand for measuring
        """
        with self._call():
            self._backend.finish(progress)
        self._is_finished = True

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def lists(self) -> int:
        """How many there are; 0 before training."""
        return self._facts()[1]

    def __len__(self) -> int:
        """Vectors taken so far."""
        return self._facts()[0]

    def close(self) -> None:
        """Gives up what is not finished; further calls raise Closed."""
        self._backend.close()

    def __enter__(self) -> "IvfBuilder":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        try:
            if kind is None and not self._is_finished:
                self.finish()
        finally:
            self.close()


def build_ivf_pq(path: Path, vectors: VectorSource, metric: str = "l2sq", *, keys: Optional[KeysLike] = None, rows: int = 0,
                 lists: int = 0, list_codes: str = "automatic", rotation: str = "automatic", parts: int = 0,
                 iterations: int = 10, probes: int = 0, rerank: int = 8, rerank_codes: str = "none", recall: float = 0.0,
                 recall_k: int = 10, seed: int = 42, stored: str = "float32", train_rows: int = 0,
                 memory: int = USUAL_MEMORY, temporary_folder: Optional[Path] = None, threads: int = 0,
                 progress: Optional[Progress] = None) -> int:
    """Writes an ivf_pq file of vectors that need not fit memory, complete or not at all. Open it with ``Index.open``.

        atlas.build_ivf_pq("big.atlas", "embeddings.npy", "cosine")
        atlas.build_ivf_pq("big.atlas", numpy.load("embeddings.npy", mmap_mode="r"), keys=ids)
        atlas.build_ivf_pq("big.atlas", (model.encode(texts) for texts in batches), rows=200_000_000)

    @param vectors     the path of a .fvecs .bvecs .ivecs .u8bin .i8bin .f16bin .f32bin .fbin .ibin or .npy file; float32
                       [n, dimension], also mapped; or float32 [n, dimension] after each other, or pairs of their keys and
                       them
    @param keys        [n] integers for a file or one array; None: the numbers of rows
    @param rows        how many vectors an iterable gives, about, so that lists are as many as suit them; 0: not known
    @param train_rows  vectors that lists are learned from, of a file or an array from all over it, of an iterable those that
                       come first, which should be such as come later; 0: 256 a list, as far as ``memory`` lets be
    @param progress    called with (thousandths done, 1000) for a file, else with (vectors taken, all of them or 0)
    @return            how many vectors it holds
    @raise             as ``IvfBuilder``'s calls; a vector of a file or an array that cannot be taken is what ``.row`` says
    The others are those of ``Index.create`` and ``IvfBuilder``.
    """
    def options_for(dimension: int, known_rows: int) -> BuildOptions:
        return _checked_build(dimension, metric, lists, list_codes, rotation, parts, iterations, probes, rerank,
                              rerank_codes, recall, recall_k, seed, stored, known_rows, memory, temporary_folder, threads)

    target = checked_path("path", path)
    sample_rows = checked_count("train_rows", train_rows, 0, _MOST_ROWS)
    expected = checked_count("rows", rows, 0, _MOST_ROWS)
    if isinstance(vectors, (str, bytes, os.PathLike)):
        some = None if keys is None else checked_keys("keys", keys)
        return int(_backend.builder_class.build_file(target, checked_path("vectors", vectors), some, sample_rows,
                                                     options_for(0, 0), progress))
    if isinstance(vectors, np.ndarray):
        if vectors.ndim != 2:
            raise ValueError(f"vectors: expected 2 dimensions, found shape {vectors.shape}")
        block = checked_vectors("vectors", vectors, vectors.shape[1], "2")
        numbers = np.arange(block.shape[0], dtype=np.uint64) if keys is None else checked_keys("keys", keys, block.shape[0])
        return _build_array(target, block, numbers, sample_rows, options_for(block.shape[1], block.shape[0]), progress)
    if not isinstance(vectors, Iterable):
        raise TypeError("vectors: expected a path, a numpy.ndarray or an iterable of these, found "
                        f"{type(vectors).__qualname__}")
    if keys is not None:
        raise refused(InvalidArgument, "keys", "None for an iterable, which gives pairs of keys and vectors", "keys")
    _backend.builder_class.require()  # before anything is taken out of the iterable
    return _build_batches(target, _batches(vectors), sample_rows, options_for, expected, progress)


def _sample_size(rows: int, sample_rows: int, options: BuildOptions) -> int:
    """As the native library counts for a file."""
    if sample_rows != 0:
        return sample_rows
    lists = options.index.lists
    if lists == 0:
        lists = 16
        while lists < 65536 and lists * lists * 2 <= rows:
            lists *= 2
        while lists > 1 and lists * _ROWS_OF_LIST > rows:
            lists //= 2
    return min(_ROWS_TRAINED_ON * lists, max(options.memory // (16 * options.index.dimension), _ROWS_OF_LIST * lists))


def _steps(vectors: Floats, options: BuildOptions) -> int:
    """Vectors taken by one call: those that are coded together."""
    return max(options.memory // 8 // max(4 * vectors.shape[1], 1), 1)


def _at_row(problem: AtlasError, row: int) -> AtlasError:
    return error_of(problem.code, problem.message.replace(f"row {problem.row}", f"row {row}"), row)


def _tell(progress: Optional[Progress], done: int, total: int) -> None:
    if progress is not None and progress(done, total) is False:
        raise Cancelled("cancelled")


def _build_array(path: bytes, vectors: Floats, keys: Keys, sample_rows: int, options: BuildOptions,
                 progress: Optional[Progress]) -> int:
    rows = vectors.shape[0]
    backend: BuilderBackend = _backend.builder_class.create(path, options)
    try:
        count = min(_sample_size(rows, sample_rows, options), rows)
        chosen = np.arange(count, dtype=np.uint64) * np.uint64(rows) // np.uint64(max(count, 1))
        try:
            backend.train(np.ascontiguousarray(vectors[chosen]), None if progress is None else lambda *_: progress(0, rows))
        except AtlasError as problem:
            if problem.row is None:
                raise
            raise _at_row(problem, int(chosen[problem.row])) from None
        step = _steps(vectors, options)
        for first in range(0, rows, step):
            some = vectors[first:first + step]
            try:
                backend.add(keys[first:first + step], some, None)
            except AtlasError as problem:
                if problem.row is None:
                    raise
                raise _at_row(problem, first + problem.row) from None
            _tell(progress, first + some.shape[0], rows)
        backend.finish(None if progress is None else lambda *_: progress(rows, rows))
    finally:
        backend.close()
    return rows


def _batches(items: Iterable[Batch]) -> Iterator[Tuple[Keys, Floats]]:
    """Each with keys: those that came with it, or the numbers of the vectors so far."""
    taken = 0
    dimension: Optional[int] = None
    for item in items:
        keys, vectors = item if isinstance(item, tuple) and len(item) == 2 else (None, item)
        width: Any = getattr(vectors, "shape", (0,))[-1:]
        if dimension is None:
            dimension = int(width[0]) if width else 0
        block = checked_vectors("vectors", vectors, dimension)
        count = block.shape[0]
        yield (np.arange(taken, taken + count, dtype=np.uint64) if keys is None else checked_keys("keys", keys, count)), block
        taken += count


def _build_batches(path: bytes, batches: Iterator[Tuple[Keys, Floats]], sample_rows: int,
                   options_for: Callable[[int, int], BuildOptions], rows: int, progress: Optional[Progress]) -> int:
    first: List[Tuple[Keys, Floats]] = []
    waiting = 0
    options: Optional[BuildOptions] = None
    wanted = 0
    for keys, vectors in batches:
        if options is None:
            options = options_for(vectors.shape[1], rows)
            # Without a number of vectors or lists: the sample of 2**20 vectors, from which at most 512 lists are learned.
            wanted = _sample_size(rows if rows != 0 else 1 << 20, sample_rows, options)
        first.append((keys, np.array(vectors)))  # a batch that is filled anew each time would be the last one many times
        waiting += vectors.shape[0]
        if waiting >= wanted:
            break
    if options is None or waiting == 0:
        raise refused(InvalidArgument, "vectors", "at least 1", 0)
    keys = np.concatenate([some for some, _ in first])
    vectors = np.concatenate([some for _, some in first])
    first.clear()
    backend: BuilderBackend = _backend.builder_class.create(path, options)
    try:
        backend.train(vectors[:wanted], None if progress is None else lambda *_: progress(0, rows))
        backend.add(keys, vectors, None)
        taken = waiting
        del keys, vectors
        _tell(progress, taken, rows)
        for keys, vectors in batches:
            backend.add(keys, vectors, None)
            taken += vectors.shape[0]
            _tell(progress, taken, rows)
        backend.finish(None if progress is None else lambda *_: progress(taken, rows))
    finally:
        backend.close()
    return taken
