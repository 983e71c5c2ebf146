# SPDX-License-Identifier: Apache-2.0
"""Shards: several index files opened as one."""

from __future__ import annotations

from typing import Iterable, List, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import (Allowed, Floats, Keys, KeysLike, checked_allowed, checked_count, checked_key, checked_keys,
                      checked_some_keys, checked_vector, checked_vectors, is_one_key)
from ._closing import Closing
from ._index import MOST_ANSWERS, Path, checked_path
from ._options import MOST_PROBES, Seconds, checked_residence, checked_search_options
from ._shard_types import ShardAnswer, ShardHits, ShardsBackend, ShardsInfo
from ._types import SearchOptions


def _checked_paths(name: str, paths: Iterable[Path]) -> List[bytes]:
    if isinstance(paths, (str, bytes)):  # each of whose letters would be a path
        raise TypeError(f"{name}: expected several paths, found {type(paths).__qualname__}")
    return [checked_path(name, path) for path in paths]


class Shards(Closing):
    """Index files of one dimension and metric, of any kinds, opened to be read, and searched at once. A key that several of
    them store is answered once, with the least of its distances.

        atlas.Shards.write("all.shards", ["2023.atlas", "2024.atlas"])    # relative to the list's folder
        shards = atlas.Shards.open("all.shards")
        keys, distances, counts, answer = shards.search(queries, k=10)    # answer.is_whole

    A list is a text that people can write too: the line "atlas shards 1", a path on each line, the line "end"; empty lines
    and lines that begin with "#" mean nothing. Searches release the GIL; every method may be called by several threads at a
    time.
    """

    def __init__(self, backend: ShardsBackend) -> None:
        """Use ``open`` or ``open_files``."""
        self._backend: ShardsBackend = backend
        info = backend.info()
        self._dimension = info.dimension
        self._metric = info.metric
        self._count = len(info.shards)

    @classmethod
    def open(cls, path: Path, *, vectors: str = "mapped", load: bool = False, allow_missing: bool = False) -> "Shards":
        """Opens the files of a list. Paths may lead anywhere that the process may read: trust a list as a command line.

        @param vectors        of each, as ``Index.open`` takes it
        @param load           each, as ``Index.open`` takes it
        @param allow_missing  True: files that are missing or damaged, or become so, are done without, as long as one can be
                              opened; answers are those of the rest, and say so
        @raise                what ``Index.open`` raises, naming the shard, whose place from 0 is ``.row``; CorruptFile for
                              the list, whose line from 1 is ``.row``; DimensionMismatch and MetricMismatch for a shard
                              that differs from the first, InvalidArgument for a file listed twice, KindMismatch for a list
        """
        return cls(_backend.open_shards(checked_path("path", path), checked_residence(vectors, False), bool(load),
                                        bool(allow_missing)))

    @classmethod
    def open_files(cls, paths: Iterable[Path], *, vectors: str = "mapped", load: bool = False,
                   allow_missing: bool = False) -> "Shards":
        """The same of paths without a list, relative ones to the working directory."""
        return cls(_backend.open_shard_files(_checked_paths("paths", paths), checked_residence(vectors, False), bool(load),
                                             bool(allow_missing)))

    @staticmethod
    def write(path: Path, shards: Iterable[Path]) -> None:
        """Writes a list, complete or not at all.

        @param shards  1 to 4,096 paths as they are to stand there: relative ones to the folder of ``path``. Whether there
                       are such files is not looked at
        @raise         InvalidArgument, LimitExceeded for what cannot stand there: ``.row`` says which
        """
        _backend.write_shards(checked_path("path", path), _checked_paths("shards", shards))

    # -- by distance

    def search(self, queries: Floats, k: int = 10, *, width: int = 0, threads: int = 0, allowed: Allowed = None,
               strategy: str = "automatic", starts: int = 0, patience: int = 0, time_limit: Seconds = None,
               first_pass: str = "f32", probes: int = 0, rerank: int = 0, estimates_only: bool = False) -> ShardHits:
        """The k nearest vectors of each query in all shards: those nearest of what each answers. Of equally near ones the
        least key comes first. Arguments as in ``Index.search``; threads are shared out over shards and queries, and
        ``time_limit`` is that of a query in one shard.

        @return  ShardHits(keys [q, k], distances [q, k], counts [q], answer); for one query [k], [k] and a number
        """
        block = checked_vectors("queries", queries, self._dimension)
        options = checked_search_options(width, threads, allowed, strategy, starts, patience, time_limit, first_pass, probes,
                                         rerank, estimates_only)
        hits = self._backend.search(block, checked_count("k", k, 1, MOST_ANSWERS), options)
        return hits if queries.ndim != 1 else ShardHits(hits.keys[0], hits.distances[0], hits.counts[0], hits.answer)

    def range(self, query: Floats, radius: float, *, width: int = 0, limit: Optional[int] = None, allowed: Allowed = None,
              probes: int = 0, threads: int = 0) -> Tuple[Keys, Floats, ShardAnswer]:
        """All vectors within a radius of one query, each key once, nearest first. Arguments as in ``Index.range``.

        @return  (uint64 [n], float32 [n], who answered)
        """
        block = checked_vector("query", query, self._dimension)
        options = SearchOptions(checked_count("width", width), checked_count("threads", threads, 0, 4096),
                                allowed=checked_allowed(allowed), probes=checked_count("probes", probes, 0, MOST_PROBES))
        return self._backend.range(block, float(radius), None if limit is None else checked_count("limit", limit), options)

    def distances(self, queries: Floats, keys: KeysLike) -> Floats:
        """float32 [q, n]: the distance of each query to the vectors of n keys, the least where several shards store one;
        [n] for one query [dimension]."""
        block = checked_vectors("queries", queries, self._dimension)
        found = self._backend.distances(block, checked_keys("keys", keys))
        return np.asarray(found[0]) if queries.ndim == 1 else found

    # -- by key

    def __len__(self) -> int:
        """A key that several shards store counts as often; those of missing ones do not."""
        return self._backend.info().size

    def __contains__(self, key: object) -> bool:
        return bool(self._backend.find(np.array([checked_key("key", key)], dtype=np.uint64))[0] >= 0)

    def find(self, keys: KeysLike) -> "npt.NDArray[np.int64]":
        """int64 [n]: the place, from 0, of the first shard that stores each key; -1 if none that is there."""
        return self._backend.find(checked_keys("keys", keys))

    def get(self, keys: Union[int, KeysLike]) -> Floats:
        """The vectors of n keys, each out of the first shard that stores it: float32 [n, dimension]; [dimension] for one
        int. KeyNotFound also for a key of a missing shard."""
        found = self._backend.get(checked_some_keys(keys))
        return np.asarray(found[0]) if is_one_key(keys) else found

    def keys(self) -> Keys:
        """uint64 [len(self)]: all keys, shard after shard."""
        return self._backend.keys()

    # -- facts

    def info(self) -> ShardsInfo:
        """Metric, dimension, size, bytes of memory by part, and of each shard its path, kind, size and what is wrong."""
        return self._backend.info()

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def metric(self) -> str:
        return self._metric

    def __repr__(self) -> str:
        return f"<atlas.Shards {self._count} {self._metric} dimension={self._dimension}>"
