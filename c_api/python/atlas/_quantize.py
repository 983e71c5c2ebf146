# SPDX-License-Identifier: Apache-2.0
"""Vectors in fewer bytes, for code that keeps vectors on its own: clusters, quantisers, and rotations before them.

Indexes choose and train codes themselves. Training and codes need the native library.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import Block, Floats, checked_count, checked_key, checked_name, checked_only
from ._closing import Closing
from ._errors import DimensionMismatch, InvalidArgument, refused
from ._types import (KMEANS_STARTS, QUANTIZERS, ROTATIONS, KMeansResult, KmeansOptions, Progress, QuantizationError,
                     QuantizerBackend, QuantizerOptions, RotationBackend, RotationOptions)

Codes = npt.NDArray[np.uint8]

_MOST_ROWS = (1 << 32) - 2
_KIND_NAMES = {number: name for name, number in QUANTIZERS.items()}


def _bits(value: int) -> int:
    if checked_count("bits", value, 4, 8) not in (4, 8):
        raise refused(InvalidArgument, "bits", "4 or 8", value)
    return int(value)


def _floats(name: str, value: object, dimension: Optional[int] = None, least_dimensions: int = 2) -> Block:
    """float32 where they lie, of a dimension that something can have, before anything is made for them."""
    block = checked_only("f32", name, value, least_dimensions)
    found = block[0].shape[1]
    if dimension is None and found == 0:
        raise refused(InvalidArgument, f"{name}.dimension", "1 to 65535", 0)
    if dimension is not None and found != dimension:
        raise refused(DimensionMismatch, f"{name}.dimension", dimension, found)
    return block


def _codes(value: object, code_bytes: int) -> Block:
    block = checked_only("u8", "codes", value, 2)
    if block[0].shape[1] != code_bytes:
        raise refused(DimensionMismatch, "codes.dimension", code_bytes, block[0].shape[1])
    return block


def _share(name: str, value: float, least: float = 0.0, most: float = 1.0) -> float:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}: expected a number, found {type(value).__qualname__}")
    value = float(value)
    if not least <= value <= most:  # nor NaN
        raise refused(InvalidArgument, name, f"{least:g} to {most:g}", value)
    return value


def _threads(value: int) -> int:
    return checked_count("threads", value, 0, 4096)


def _seed(value: int) -> int:
    return checked_count("seed", checked_key("seed", value), 1, (1 << 64) - 1)


def _rows(name: str, value: int) -> int:
    return checked_count(name, value, 0, _MOST_ROWS)


def _state(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"state: expected bytes, found {type(value).__qualname__}")
    return bytes(value)


def kmeans(vectors: Floats, clusters: int, *, iterations: int = 10, start: str = "sampled", seed: int = 42,
           sample_rows: int = 0, batch_rows: int = 0, balance: float = 0.0, relaxation: float = 1.7,
           tolerance: float = 0.0, threads: int = 0, progress: Optional[Progress] = None) -> KMeansResult:
    """Centroids such that vectors are near one of them. The same for the same arguments, with any number of threads.

        found = atlas.kmeans(vectors, 256)
        found.centroids[found.assigned[7]]       # the centroid nearest to vector 7

    @param vectors      float32 [n, d], finite, lengths at most 1e18; where they lie
    @param clusters     centroids wanted: 1 to 2**20, at most n
    @param iterations   at most so many times centroids move; 1 to 10,000
    @param start        "sampled": at different vectors, drawn at random; "plus_plus": at vectors far from each other
    @param seed         of every random choice, from 1 on
    @param sample_rows  centroids are trained on so many vectors, drawn at random; 0: on all
    @param batch_rows   vectors of an iteration, drawn anew for each (mini-batch); 0: all
    @param balance      0 to 1: how even clusters become
    @param relaxation   1 to 1.9: centroids move so many times the way to the mean of their vectors, and to it the last time
    @param tolerance    0 to 1: ends where an iteration lowers the error by less than this share
    @param threads      0: all that the process may use
    @param progress     called with (iterations done, iterations)
    @raise              NotFinite, LimitExceeded (``.row`` says which vector), InvalidArgument, Cancelled
    """
    block = _floats("vectors", vectors)
    options = KmeansOptions(checked_count("iterations", iterations, 1, 10000), checked_name("start", start, KMEANS_STARTS),
                            _seed(seed), _rows("sample_rows", sample_rows), _rows("batch_rows", batch_rows),
                            _share("balance", balance), _share("relaxation", relaxation, 1.0, 1.9),
                            _share("tolerance", tolerance), _threads(threads))
    return _backend.kmeans(block, checked_count("clusters", clusters, 1), options, progress)


def assign_to_centroids(vectors: Floats, centroids: Floats, *, threads: int = 0,
                        progress: Optional[Progress] = None) -> Tuple["npt.NDArray[np.uint32]", Floats]:
    """Which centroid each vector is nearest to, and how far: (uint32 [n], float32 [n], squared L2).

    @param vectors    float32 [n, d], finite, lengths at most 1e18
    @param centroids  likewise [m, d], m > 0
    @param progress   called with (vectors done, n)
    """
    block = _floats("vectors", vectors)
    others = _floats("centroids", centroids, block[0].shape[1])
    ids = np.empty(block[0].shape[0], dtype=np.uint32)
    distances = np.empty(block[0].shape[0], dtype=np.float32)
    _backend.assign_to_centroids(ids, distances, block, others, _threads(threads), progress)
    return ids, distances


class Quantizer(Closing):
    """Turns vectors into codes of a few bytes, and finds how far queries are from vectors by their codes alone.

        quantizer = atlas.Quantizer.train(vectors[:65536], code_bytes=32)
        codes = quantizer.encode(vectors)                 # uint8 [n, 32]
        nearest = quantizer.distances(query, codes).argsort()[:10]

    A trained quantiser never changes; every method may be called by several threads at a time.
    """

    _backend: QuantizerBackend

    @classmethod
    def train(cls, vectors: Floats, kind: str = "corrected", *, code_bytes: int = 0, bits: int = 8, iterations: int = 25,
              beam: int = 8, rounds: int = 4, seed: int = 42, sample_rows: int = 0, threads: int = 0,
              progress: Optional[Progress] = None) -> "Quantizer":
        """
        @param vectors      float32 [n, d], finite, lengths at most 1e18; of 8-bit centroids at least 256, of 4-bit ones 16
        @param kind         "corrected": the most found for 24 bytes and more; "product" (PQ); "additive": sums of whole-vector
                            centroids, slow to encode; "scalar": each component in 8 or 4 bits; "bits": one bit a component,
                            with unbiased distances and their errors (RaBitQ)
        @param code_bytes   of a code: for "corrected", "product", "additive"; of the others it follows from the dimension
        @param bits         4 or 8: of a part, component or stage, for "product", "scalar", "additive"
        @param iterations   of k-means, 1 to 10,000, for "corrected", "product", "additive"
        @param beam         for "additive": sums followed from stage to stage, 1 to 64
        @param rounds       for "additive": that refine all stages, 1 to 1,000
        @param seed         of every random choice, from 1 on
        @param sample_rows  at most so many vectors train, for "product" rounded down to a multiple of its centroids, for "bits" all;
                            0: as many as suit the kind
        @param progress     called with (steps done, steps)
        @raise              NotFinite, LimitExceeded (``.row`` says which vector), InvalidArgument, Cancelled
        """
        block = _floats("vectors", vectors)
        names = tuple(QUANTIZERS)
        options = QuantizerOptions(QUANTIZERS[names[checked_name("kind", kind, names)]], checked_count("code_bytes", code_bytes),
                                   _bits(bits), checked_count("iterations", iterations, 1, 10000),
                                   checked_count("beam", beam, 1, 64), checked_count("rounds", rounds, 1, 1000), _seed(seed),
                                   _rows("sample_rows", sample_rows), _threads(threads))
        return cls._of(_backend.train_quantizer(block, options, progress))

    @classmethod
    def open_state(cls, state: bytes) -> "Quantizer":
        """The quantiser that ``save_state`` gave; CorruptFile for other bytes."""
        return cls._of(_backend.open_quantizer(_state(state)))

    @classmethod
    def _of(cls, backend: QuantizerBackend) -> "Quantizer":
        made = cls.__new__(cls)
        made._backend = backend
        return made

    @property
    def kind(self) -> str:
        return _KIND_NAMES[self._backend.facts()[0]]

    @property
    def dimension(self) -> int:
        return self._backend.facts()[1]

    @property
    def code_bytes(self) -> int:
        """Bytes of a vector's code."""
        return self._backend.facts()[2]

    def encode(self, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> Codes:
        """uint8 [n, code_bytes]: the codes of float32 [n, d], finite, lengths at most 1e18, each of its vector alone.

        @raise  NotFinite, LimitExceeded (``.row`` says which vector), Cancelled
        """
        return self._backend.encode(_floats("vectors", vectors, self.dimension), _threads(threads), progress)

    def decode(self, codes: Codes, *, threads: int = 0, progress: Optional[Progress] = None) -> Floats:
        """float32 [n, d]: what codes stand for."""
        return self._backend.decode(_codes(codes, self.code_bytes), _threads(threads), progress)

    def error_of(self, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> QuantizationError:
        """How much of float32 [n, d] their codes lose."""
        return self._backend.error_of(_floats("vectors", vectors, self.dimension), _threads(threads), progress)

    def distances(self, queries: Floats, codes: Codes, *, threads: int = 0, progress: Optional[Progress] = None) -> Floats:
        """Squared L2 distances to vectors by their codes: of "product", "scalar" and "additive" those to what codes stand for,
        of "corrected" and "bits" estimates of those to the vectors themselves, below 0 for some that are near.

        @param queries   float32 [q, d], or one vector [d]
        @param codes     uint8 [n, code_bytes]
        @param progress  called with (steps done, steps)
        @return          float32 [q, n]; [n] for one query
        """
        return self._distances(queries, codes, threads, progress, False)[0]

    def distances_and_errors(self, queries: Floats, codes: Codes, *, threads: int = 0,
                             progress: Optional[Progress] = None) -> Tuple[Floats, Floats]:
        """Of "bits": ``distances``, and a standard deviation of each, at most, so that an exact distance is within three of it
        but for one in 300 or so."""
        if self.kind != "bits":
            raise refused(InvalidArgument, "kind", "bits, whose distances alone have errors", self.kind)
        return self._distances(queries, codes, threads, progress, True)

    def _distances(self, queries: Floats, codes: Codes, threads: int, progress: Optional[Progress],
                   with_errors: bool) -> Tuple[Floats, Floats]:
        _, dimension, code_bytes = self._backend.facts()
        asked, block = _floats("queries", queries, dimension, 1), _codes(codes, code_bytes)
        out = np.empty((asked[0].shape[0], block[0].shape[0]), dtype=np.float32)
        errors = np.empty_like(out) if with_errors else out
        self._backend.distances(out, errors if with_errors else None, asked, block, _threads(threads), progress)
        return (out[0], errors[0]) if queries.ndim == 1 else (out, errors)

    def save_state(self) -> bytes:
        """The whole quantiser as bytes."""
        return self._backend.save_state()


class Rotation(Closing):
    """An orthogonal map of vectors: lengths and inner products stay. Never changes.

        turn = atlas.Rotation.train(vectors, parts=32)            # OPQ
        quantizer = atlas.Quantizer.train(turn.apply(vectors), "product", code_bytes=32)
    """

    _backend: RotationBackend

    @classmethod
    def random(cls, dimension: int, seed: int = 42) -> "Rotation":
        """One that spreads a vector evenly over its components, rounded up to a multiple of 8."""
        return cls._of(_backend.random_rotation(checked_count("dimension", dimension, 1, 65535), checked_key("seed", seed)))

    @classmethod
    def train(cls, vectors: Floats, parts: int, *, bits: int = 8, rounds: int = 0, seed: int = 42, sample_rows: int = 0,
              threads: int = 0, progress: Optional[Progress] = None) -> "Rotation":
        """One after which product codes lose less (OPQ), of components rounded up to a multiple of the parts.

        @param vectors      float32 [n, d], finite; at least as many as a part has centroids
        @param parts        of the quantiser that follows: 1 to d
        @param bits         4 or 8, of a part's code
        @param rounds       times the vectors are turned towards their codes, 0 to 1,000
        @param sample_rows  at most so many vectors train; 0: 16,384
        @param progress     called with (rounds done, one more than asked for)
        """
        block = _floats("vectors", vectors)
        options = RotationOptions(checked_count("parts", parts, 1, 65535), _bits(bits),
                                  checked_count("rounds", rounds, 0, 1000), _seed(seed), _rows("sample_rows", sample_rows),
                                  _threads(threads))
        return cls._of(_backend.train_rotation(block, options, progress))

    @classmethod
    def open_state(cls, state: bytes) -> "Rotation":
        """The rotation that ``save_state`` gave; CorruptFile for other bytes."""
        return cls._of(_backend.open_rotation(_state(state)))

    @classmethod
    def _of(cls, backend: RotationBackend) -> "Rotation":
        made = cls.__new__(cls)
        made._backend = backend
        return made

    @property
    def kind(self) -> str:
        """"random" or "learned"."""
        return ROTATIONS[self._backend.facts()[0]]

    @property
    def dimension(self) -> int:
        """Of what is turned."""
        return self._backend.facts()[1]

    @property
    def padded(self) -> int:
        """Of what it becomes."""
        return self._backend.facts()[2]

    def apply(self, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> Floats:
        """float32 [n, padded]: float32 [n, dimension], turned."""
        return self._backend.apply(_floats("vectors", vectors, self.dimension), _threads(threads), progress)

    def apply_inverse(self, vectors: Floats, *, threads: int = 0, progress: Optional[Progress] = None) -> Floats:
        """float32 [n, dimension]: turns back what ``apply`` gave; of any numbers [n, padded], gives the vectors whose rotations
        are nearest to them."""
        return self._backend.apply_inverse(_floats("vectors", vectors, self.padded), _threads(threads), progress)

    def orthogonality_error(self, *, threads: int = 0) -> float:
        """How far from orthogonal it is: the largest component of |R R' - I|, of a random one 0."""
        return self._backend.orthogonality_error(_threads(threads))

    def save_state(self) -> bytes:
        """The whole rotation as bytes."""
        return self._backend.save_state()
