# SPDX-License-Identifier: Apache-2.0
"""Index: vectors under 64-bit keys, and the search for the nearest."""

from __future__ import annotations

import os
from typing import Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._arrays import (Allowed, Floats, Keys, KeysLike, checked_allowed, checked_count, checked_key, checked_keys,
                      checked_some_keys, checked_vector, checked_vectors, is_one_key)
from ._backend import index_class
from ._closing import Closing
from ._errors import InvalidArgument, refused
from ._options import (MOST_PROBES, Seconds, checked_index_options, checked_recall, checked_residence,
                       checked_search_options)
from ._types import Hits, IndexBackend, IndexInfo, Progress, Promise, SearchOptions, Tuned

MOST_ANSWERS = 1 << 24
"""Of one query. The result has that many columns, found or not: 200 MB for each query."""
DEGREES = (32, 64, 96, 128)

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


def checked_path(name: str, value: object) -> bytes:
    """A path as the bytes that the operating system takes. A NUL byte, which would end it early, is refused."""
    try:
        path = os.fsencode(value)  # type: ignore[arg-type]
    except UnicodeEncodeError as problem:
        raise refused(InvalidArgument, name, "a path that can be encoded", f"{problem.object!r}") from None
    except TypeError:
        raise TypeError(f"{name}: expected str, bytes or os.PathLike, found {type(value).__qualname__}") from None
    if b"\0" in path:
        raise refused(InvalidArgument, name, "a path without NUL bytes", repr(path))
    return path


def checked_mode(mode: object) -> bool:
    """True for change."""
    if mode not in ("r", "change"):
        raise refused(InvalidArgument, "mode", "'r' or 'change'", repr(mode))
    return mode == "change"


class Index(Closing):
    """Vectors of float32 under keys from 0 to 2**64 - 2.

    ``Index.create`` makes one in memory, ``Index.open`` maps a file. Vectors go in and come out as C-contiguous
    float32 arrays, which are never copied on the way: another dtype or layout is refused with what was expected
    and what was found. Searches release the GIL. Every method may be called by several threads at a time.
    Changes live in this process until ``save``.
    """

    def __init__(self, backend: IndexBackend) -> None:
        """Use ``create`` or ``open``."""
        self._backend: IndexBackend = backend
        info = backend.info()
        self._dimension = info.dimension
        self._metric = info.metric
        self._kind = info.kind

    @classmethod
    def create(cls, dimension: int, metric: str = "l2sq", kind: str = "auto", *, connectivity: int = 16,
               build_width: int = 200, search_width: int = 64, seed: int = 42, reserve: int = 0,
               codes: str = "automatic", stored: str = "float32", alpha: float = 1.0, codes_from: int = 1024,
               lists: int = 0, train_from: int = 0, list_codes: str = "automatic", rotation: str = "automatic",
               parts: int = 0, iterations: int = 10, probes: int = 0, rerank: int = 8, rerank_codes: str = "none",
               recall: float = 0.0, recall_k: int = 10) -> "Index":
        """An empty index in memory.

        @param dimension     components of a vector, 1 to 65,535
        @param metric        "l2sq" (sum of squared differences), "inner_product" (1 - <a, b>) or
                             "cosine" (1 - <a, b> / (|a| |b|)); smaller is nearer
        @param kind          "hnsw" (a graph), "ivf_pq" (lists of codes: sooner built than a graph, and with less in
                             memory where vectors stay on disk), "flat" (exact), or "auto": hnsw with the native library,
                             flat without
        @param connectivity  hnsw: links a node (M), 2 to 512
        @param build_width   hnsw: candidates kept while adding (efConstruction), 1 to 65,536
        @param search_width  hnsw: default candidates kept while searching (ef), 1 to 65,536; stored in the file
        @param seed          hnsw: of each row's level; ivf_pq: of training; 0 means 42
        @param reserve       rows to make room for at once
        @param codes         hnsw: in what form rows are compared while the graph is walked; answers are measured on the
                             stored vectors. "none" (the vectors themselves), "f16", "bf16", "lvq8" or "lvq4" (8 or 4
                             bits a component), or "automatic": "lvq4" from 256 components on, below that "lvq8"
        @param stored        what vectors are stored as, and so measured: "float32"; of hnsw and ivf_pq also "float16" and
                             "bfloat16", which round, "int8" and "uint8", which refuse (LimitExceeded) what is no whole
                             number of their range. float32 goes in and comes out
        @param alpha         hnsw: 1 to 2; above 1 it keeps more and longer links: slower steps, fewer of them
        @param codes_from    hnsw: rows from which on there are codes
        @param lists         ivf_pq: how many, to 2**20; 0: about the root of ``reserve``, or of the rows there are
        @param train_from    ivf_pq: rows from which on there are lists, learned from them; until then searches are exact.
                             0: 40 a list, without ``lists`` 10,000
        @param list_codes    ivf_pq: what stands for a vector in its list: "pq4" or "pq8" (product codes of 4 or 8 bits a
                             part), "rabitq" (a bit a component), "sq8" (8 bits a component), "flat" (nothing: vectors
                             are compared), or "automatic": "pq4"
        @param rotation      ivf_pq: what vectors go through before they are coded: "none", "random", "learned" (OPQ, of
                             product codes), or "automatic": "random" for "rabitq", else "none"
        @param parts         ivf_pq: of product codes; 0: one of "pq4" for 2 components, of "pq8" for 8
        @param iterations    ivf_pq: of k-means for the lists, 1 to 10,000
        @param probes        ivf_pq: default lists that a search looks at, to 2**20; stored in the file. 0: as many as find
                             0.95 of the 10 nearest of some of the vectors, measured by each training; before vectors are
                             there the root of the lists
        @param rerank        ivf_pq: default vectors measured for each of k, 1 to 65,536; stored in the file
        @param rerank_codes  ivf_pq: a code beside each vector, by which those that ``rerank`` says are compared, so that only
                             the best two for each of k, of "lvq4" four, are measured, which may be left on disk: "lvq8",
                             "lvq4", "f16" or "bf16" as ``codes``, or "none". Not for "flat" lists
        @param recall        ivf_pq: share of the exact answers that searches are to find, above 0 to 1: trainings hold some
                             vectors back, and set the cheapest probes and rerank that find as much for them; what was
                             measured is ``promised``. 0: nothing is promised
        @param recall_k      ivf_pq: for so many answers a query
        """
        return cls(index_class.create(checked_index_options(
            dimension, metric, kind, connectivity, build_width, search_width, seed, reserve, codes, stored, codes_from,
            alpha, lists, train_from, list_codes, rotation, parts, iterations, probes, rerank, rerank_codes, recall,
            recall_k)))

    @classmethod
    def open(cls, path: Path, mode: str = "r", *, vectors: str = "mapped", load: bool = False) -> "Index":
        """Opens an index file of any kind; reads its header only, unless it is loaded.

        @param mode     "r": mapped, every change is refused; "change": changes stay in this process until ``save``
        @param vectors  "mapped" as the rest of the file, or "on_disk": hnsw and ivf_pq with mode "r": each is read when it
                        is measured, for files larger than memory
        @param load     True: read into memory, in huge pages where there are, instead of mapped: slower to open, faster to
                        search where the file is much larger than the processor's caches
        """
        change = checked_mode(mode)
        return cls(index_class.open(checked_path("path", path), change, checked_residence(vectors, change), bool(load)))

    # -- changes

    def add(self, keys: KeysLike, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> None:
        """Adds vectors under new keys: all of them or none.

        @param keys      [n] integers, each new; uint64 is used without a copy
        @param vectors   float32 [n, dimension]; finite, and under cosine not zero
        @param threads   0: all that the process may use. 1 and the same seed give the same graph
        @param progress  called with (rows done, rows)
        @raise           DuplicateKey, NotFinite, ZeroVector, LimitExceeded for what ``stored`` cannot hold (``.row``
                         says which), DimensionMismatch, ReadOnly
        """
        self._add(keys, vectors, threads, progress, replace=False)

    def upsert(self, keys: KeysLike, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> None:
        """As ``add``, but a key that is stored gets the new vector."""
        self._add(keys, vectors, threads, progress, replace=True)

    def _add(self, keys: KeysLike, vectors: Floats, threads: int, progress: Optional[Progress], replace: bool) -> None:
        block = checked_vectors("vectors", vectors, self._dimension, "2")
        self._backend.add(checked_keys("keys", keys, block.shape[0]), block,
                          checked_count("threads", threads, 0, 4096), progress, replace)

    def remove(self, keys: Union[int, KeysLike], *, missing_ok: bool = False) -> int:
        """Removes one key or several in one call: all of them or, if one is not stored (KeyNotFound), none.

        @param missing_ok  True: those that are stored are removed
        @return            how many were removed
        An interrupt may leave a part of many removed.
        """
        return self._backend.remove(checked_some_keys(keys), bool(missing_ok))

    def compact(self) -> None:
        """Takes removed and replaced vectors out of a graph or lists now, so that their room serves the next ones; saved
        files are without them in any case. Searches go on, changes wait."""
        self._backend.compact()

    def reserve(self, rows: int) -> None:
        """Makes room for ``rows`` vectors in all."""
        self._backend.reserve(checked_count("rows", rows))

    # -- by key

    def __len__(self) -> int:
        return self._backend.info().size

    def __contains__(self, key: object) -> bool:
        return bool(self._backend.contains(np.array([checked_key("key", key)], dtype=np.uint64))[0])

    def contains(self, keys: KeysLike) -> "npt.NDArray[np.bool_]":
        """bool [n]: which of n keys are stored."""
        return self._backend.contains(checked_keys("keys", keys))

    def get(self, keys: Union[int, KeysLike]) -> Floats:
        """The vectors as they were added, as far as ``stored`` holds them: float32 [n, dimension] for n keys,
        [dimension] for one int."""
        found = self._backend.get(checked_some_keys(keys))
        return np.asarray(found[0]) if is_one_key(keys) else found

    def keys(self) -> Keys:
        """uint64 [len(self)]: all keys; of flat in the order in which they were added, else in no particular order."""
        return self._backend.keys()

    # -- by distance

    def search(self, queries: Floats, k: int = 10, *, width: int = 0, threads: int = 0, allowed: Allowed = None,
               strategy: str = "automatic", starts: int = 0, patience: int = 0, time_limit: Seconds = None,
               first_pass: str = "f32", probes: int = 0, rerank: int = 0, estimates_only: bool = False) -> Hits:
        """The k nearest vectors of each query. Of equally near ones the first added comes first with flat, the least
        key with hnsw and ivf_pq. Without the native library every answer is exact, and what is said to be hnsw's or
        ivf_pq's changes nothing.

        @param queries  float32 [q, dimension], or one query [dimension]
        @param k        1 to 2**24; more than there are vectors costs no more to search, only the memory of the result
        @param width    hnsw: candidates kept (ef); 0: the index's default
        @param threads  for a batch; 0: all that the process may use
        @param allowed  only these keys may be returned: an ``atlas.Bitmap``, a bool mask [n] (``mask[key]``), or keys
        @param strategy    hnsw: how allowed vectors are found, at other costs: "walk" (through all, for filters that
                           allow much), "two_hop" (from allowed to allowed, over at most one that is not), "scan" (over
                           all that are allowed, for filters that allow little), or "automatic": by the allowed share
        @param starts      hnsw: vectors that the walk begins from, to 1,024; more than one helps in data of separate
                           clusters
        @param patience    hnsw: so many steps in a row that bring no answer end the walk; 0: it ends when no candidate
                           is left. ivf_pq: so many lists, of its probes
        @param time_limit  hnsw: seconds a query may take; the answer is what was found by then, maybe fewer than k
        @param first_pass  flat: as in ``atlas.nearest``
        @param probes      ivf_pq: lists looked at, and further ones where these hold fewer than k vectors that are allowed; 0:
                           the index's default
        @param rerank      ivf_pq: vectors measured for each of k, of those estimated nearest; 0: the index's default
        @param estimates_only  ivf_pq: answers are those estimated nearest, or nearest by ``rerank_codes``, with these
                           distances; no vector is read
        @return         Hits(keys [q, k], distances [q, k], counts [q]); for one query [k], [k] and a number
        """
        block = checked_vectors("queries", queries, self._dimension)
        options = checked_search_options(width, threads, allowed, strategy, starts, patience, time_limit, first_pass, probes,
                                         rerank, estimates_only)
        hits = self._backend.search(block, checked_count("k", k, 1, MOST_ANSWERS), options)
        return Hits(hits.keys[0], hits.distances[0], hits.counts[0]) if queries.ndim == 1 else hits

    def range(self, query: Floats, radius: float, *, width: int = 0, limit: Optional[int] = None,
              allowed: Allowed = None, probes: int = 0) -> Tuple[Keys, Floats]:
        """All vectors within a radius of one query, nearest first; hnsw and ivf_pq may miss some.

        @param query   float32 [dimension]
        @param radius  in the index's metric; a vector at this very distance is within
        @param width   hnsw: candidates kept besides those; 0: the index's default
        @param limit   at most so many of the nearest
        @param allowed only these keys may be returned, as in ``search``
        @param probes  ivf_pq: lists looked at; 0: the index's default
        @return        (uint64 [n], float32 [n])
        """
        block = checked_vector("query", query, self._dimension)
        options = SearchOptions(checked_count("width", width), allowed=checked_allowed(allowed),
                                probes=checked_count("probes", probes, 0, MOST_PROBES))
        return self._backend.range(block, float(radius), None if limit is None else checked_count("limit", limit), options)

    def distances(self, queries: Floats, keys: KeysLike) -> Floats:
        """float32 [q, n]: the distance of each query to the vectors of n keys; [n] for one query [dimension]."""
        block = checked_vectors("queries", queries, self._dimension)
        found = self._backend.distances(block, checked_keys("keys", keys))
        return np.asarray(found[0]) if queries.ndim == 1 else found

    def train(self, sample: Optional[Floats] = None, *, threads: int = 0, progress: Optional[Progress] = None) -> None:
        """Learns the lists and codes of ivf_pq from a sample, before vectors are added or after; those there are are
        listed anew. Without a sample it learns from the vectors that are stored, after many came or went.

        @param sample    float32 [n, dimension], such as will be added: 40 or more for each list; from 256 on more help
                         little
        @param threads   0: all that the process may use
        @param progress  called with (percent done, 100); cancelling leaves all as it was
        @raise           KindMismatch unless ivf_pq; InvalidArgument for fewer vectors than lists; NotFinite, ZeroVector,
                         LimitExceeded (``.row`` says which); NativeRequired without the native library
        """
        block = None if sample is None else checked_vectors("sample", sample, self._dimension, "2")
        self._backend.train(block, checked_count("threads", threads, 0, 4096), progress)

    def tune(self, queries: Optional[Floats] = None, k: int = 10, recall: float = 0.95, *, threads: int = 0,
             progress: Optional[Progress] = None) -> Tuned:
        """Finds the narrowest width at which searches like these find the wanted share of the exact answers, and how far
        ahead to prefetch; of ivf_pq the cheapest probes and rerank. They are the index's defaults from now on, also in
        files saved from now on; an index that was opened to read, or is sealed, is tuned as any other. If nothing is
        enough, what found the most is set: compare the result's recall. Of ivf_pq what was measured is ``promised``.

        @param queries   float32 [q, dimension], such as will be asked; several hundred for a recall of two digits. None:
                         ivf_pq only; vectors that the last training held back, else up to 1,000 stored ones, each without
                         itself
        @param k         answers a query
        @param recall    wanted share of the exact answers, above 0 to 1
        @param threads   that find exact answers and count right ones; 0: all that the process may use. What is timed, of
                         hnsw how far ahead to prefetch, has one; the rest is the same with any number
        @param progress  called with (done, total) queries; cancelling leaves the index as it was
        @raise           KindMismatch for flat; InvalidArgument for an index that is empty or not trained; NativeRequired
                         without the native library
        """
        if queries is None and self._kind != "ivf_pq":
            raise refused(InvalidArgument, "queries of " + self._kind, "an array", "None")
        block = None if queries is None else checked_vectors("queries", queries, self._dimension)
        return self._backend.tune(block, checked_count("k", k, 1, MOST_ANSWERS), checked_recall(recall),
                                  checked_count("threads", threads, 0, 4096), progress)

    # -- files and facts

    def save(self, path: Path, *, progress: Optional[Progress] = None) -> None:
        """Writes the index to a file, complete or not at all; ``path`` may be the file it was opened from.

        @param progress  called with (bytes done, bytes)
        """
        self._backend.save(checked_path("path", path), progress)

    def seal(self, path: Path, *, degree: int = 32, threads: int = 0, seed: int = 42,
             progress: Optional[Progress] = None) -> None:
        """Writes a sealed form of an hnsw index to a file, complete or not at all: it answers faster and cannot change.
        Beside each vector lie its neighbours' numbers and one bit a component of each. Open it as any file, to read.

        @param degree    neighbours a vector: 32, 64, 96 or 128
        @param threads   0: all that the process may use; the file is the same
        @param seed      of the rotation of vectors before their bits are taken; 0 means 42
        @param progress  called with (bytes done, bytes)
        @raise           KindMismatch unless hnsw; NativeRequired without the native library
        """
        if checked_count("degree", degree) not in DEGREES:
            raise refused(InvalidArgument, "degree", "32, 64, 96 or 128", degree)
        self._backend.seal(checked_path("path", path), degree, checked_count("threads", threads, 0, 4096),
                           checked_key("seed", seed), progress)

    def info(self) -> IndexInfo:
        """Kind, metric, dimension, size, widths, and bytes of memory by part."""
        return self._backend.info()

    @property
    def promised(self) -> Optional[Promise]:
        """ivf_pq: the share of the exact answers that searches with the default probes and rerank were measured to find,
        by a training with a wanted recall or by ``tune``; None: nothing is promised, or no longer, as there are twice as
        many vectors since, or half as many."""
        return self._backend.info().promised

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def metric(self) -> str:
        return self._metric

    @property
    def kind(self) -> str:
        """"flat", "hnsw" or "ivf_pq"."""
        return self._kind

    def __repr__(self) -> str:
        return f"<atlas.Index {self._kind} {self._metric} dimension={self._dimension}>"
