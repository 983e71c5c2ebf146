# SPDX-License-Identifier: Apache-2.0
"""Stored components as numbers of NumPy, and what a vector must be to be stored or asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._arrays import SCALARS, Floats
from .._errors import LimitExceeded, NotFinite, ZeroVector, refused

# What rows of a file are read as, by the numbers of SCALARS; NumPy has no name for bfloat16.
ROW_DTYPES = (np.dtype("<f4"), np.dtype("<f2"), np.dtype("<u2"), np.dtype("i1"), np.dtype("u1"))
_BF16 = SCALARS.index("bf16")


def floats_of_bf16(bits: "npt.NDArray[Any]") -> Floats:
    """float32 of the numbers whose upper halves are given."""
    return np.asarray((np.ascontiguousarray(bits).astype(np.uint32) << np.uint32(16)).view(np.float32))


def as_floats(rows: "npt.NDArray[Any]", scalar: int) -> Floats:
    """Rows of a file, of the dtype in ROW_DTYPES, as float32."""
    return floats_of_bf16(rows) if scalar == _BF16 else np.ascontiguousarray(rows, dtype=np.float32)


def check_vectors(vectors: Floats, metric: str) -> None:
    """Refuses, naming the first row at fault, what include/atlas/index/row_distance.hpp refuses."""
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise refused(NotFinite, "vector", "finite components", "NaN or infinity", int(np.argmin(finite)))
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    too_long = squares > 3.4e38
    is_zero = (squares == 0) & (metric == "cosine")
    too_short = (squares < 1e-36) & (metric == "cosine")
    wrong = too_long | is_zero | too_short
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    if too_long[row]:
        raise refused(LimitExceeded, "vector", "a length of at most 1.8e19", "a longer one", row)
    if is_zero[row]:
        raise refused(ZeroVector, "vector under cosine", "a length above 0", "a zero vector", row)
    raise refused(LimitExceeded, "vector under cosine", "a length of at least 1e-18", "a shorter one", row)


def inverse_norms(vectors: Floats) -> Floats:
    """1 / length of each row."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.asarray(1.0 / np.sqrt(squares), dtype=np.float32)
