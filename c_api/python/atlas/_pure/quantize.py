# SPDX-License-Identifier: Apache-2.0
"""Of clusters, quantisers and rotations only the nearest of given centroids: training and codes need the library."""

from __future__ import annotations

from typing import NoReturn, Optional

import numpy as np
import numpy.typing as npt

from .._arrays import Block, Floats
from .._errors import InvalidArgument, LimitExceeded, NotFinite, needs_native, refused
from .._types import KMeans, KmeansOptions, Progress, QuantizerOptions, RotationOptions
from .vectors import nearest

_L2SQ = 0
_LONGEST_SQUARED = 1e36


def kmeans(vectors: Block, clusters: int, wished: KmeansOptions, progress: Optional[Progress]) -> KMeans:
    raise needs_native("k-means")


def _check_lengths(name: str, block: Block) -> None:
    for row, vector in enumerate(block[0].astype(np.float64)):
        if not np.isfinite(vector).all():
            raise refused(NotFinite, name, "finite numbers", "NaN or infinity", row)
        if vector @ vector > _LONGEST_SQUARED:
            raise refused(LimitExceeded, name, "lengths of at most 1e18", "a longer vector", row)


def assign_to_centroids(ids: "npt.NDArray[np.uint32]", distances: Floats, rows: Block, centroids: Block, threads: int,
                        progress: Optional[Progress]) -> None:
    if centroids[0].shape[0] == 0:
        raise refused(InvalidArgument, "centroids.rows", "at least 1", 0)
    found = np.empty((ids.size, 1), dtype=np.int64)
    _check_lengths("centroids", centroids)
    _check_lengths("rows", rows)
    nearest(found, distances[:, None], rows, centroids, _L2SQ, threads, 0, None)
    ids[:] = found[:, 0]
    if progress is not None:
        progress(ids.size, ids.size)


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
