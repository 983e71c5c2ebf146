# SPDX-License-Identifier: Apache-2.0
"""Of clusters, quantisers and rotations only the nearest of given centroids: training and codes need the library."""

from __future__ import annotations

from typing import NoReturn, Optional

import numpy as np
import numpy.typing as npt

from .._arrays import Block, Floats
from .._errors import (Cancelled, DimensionMismatch, InvalidArgument, LimitExceeded, NotFinite, needs_native, refused)
from .._types import KMeansResult, KmeansOptions, Progress, QuantizerOptions, RotationOptions
from .vectors import nearest

_L2SQ = 0
_LONGEST_SQUARED = 1e36
_BLOCK_ROWS = 4096


def kmeans(vectors: Block, clusters: int, wished: KmeansOptions, progress: Optional[Progress]) -> KMeansResult:
    raise needs_native("k-means")


def _check_lengths(name: str, vectors: "npt.NDArray[np.float32]") -> None:
    for first in range(0, vectors.shape[0], _BLOCK_ROWS):
        some = vectors[first:first + _BLOCK_ROWS].astype(np.float64)
        squared = np.einsum("ij,ij->i", some, some)
        for row in np.flatnonzero(~(squared <= _LONGEST_SQUARED))[:1]:
            if np.isfinite(some[row]).all():
                raise refused(LimitExceeded, name, "lengths of at most 1e18", "a longer vector", first + int(row))
            raise refused(NotFinite, name, "finite numbers", "NaN or infinity", first + int(row))


def assign_to_centroids(ids: "npt.NDArray[np.uint32]", distances: Floats, rows: Block, centroids: Block, threads: int,
                        progress: Optional[Progress]) -> None:
    if ids.size == 0:
        return
    if centroids[0].shape[0] == 0:
        raise refused(InvalidArgument, "centroids.rows", "at least 1", 0)
    if centroids[0].shape[1] != rows[0].shape[1]:
        raise refused(DimensionMismatch, "centroids.dimension", rows[0].shape[1], centroids[0].shape[1])
    _check_lengths("centroids", centroids[0])
    _check_lengths("rows", rows[0])
    found = np.empty((ids.size, 1), dtype=np.int64)
    nearest(found, distances[:, None], rows, centroids, _L2SQ, threads, 0, None)
    ids[:] = found[:, 0]
    if progress is not None and progress(ids.size, ids.size) is False:
        raise Cancelled(f"{Cancelled._words}: assign_to_centroids")


def train_quantizer(vectors: Block, wished: QuantizerOptions, progress: Optional[Progress]) -> NoReturn:
    raise needs_native("training a quantiser")


def open_quantizer(state: bytes) -> NoReturn:
    raise needs_native("a quantiser's codes")


def random_rotation(dimension: int, seed: int) -> NoReturn:
    raise needs_native("a rotation")


def train_rotation(vectors: Block, wished: RotationOptions, progress: Optional[Progress]) -> NoReturn:
    raise needs_native("training a rotation")


def open_rotation(state: bytes) -> NoReturn:
    raise needs_native("a rotation")
