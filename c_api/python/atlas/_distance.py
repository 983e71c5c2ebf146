# SPDX-License-Identifier: Apache-2.0
"""Distances of arrays, the nearest rows of arrays, and what is done to all rows at once.

Arrays are used where they lie: any distance from row to row, components side by side. What they hold follows from
their dtype: float32, float16, int8, uint8; a uint16 array holds bfloat16 where ``scalar="bf16"`` says so (and a
bfloat16 array of ml_dtypes does by itself); under the metrics "hamming" and "jaccard" a uint8 array holds eight bits a
byte, as numpy.packbits(..., bitorder="little") packs them (with the other order too, if all arrays have it).
"""

from __future__ import annotations

from typing import Any, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import (SCALARS, Block, Floats, KeysLike, checked_block, checked_count, checked_floats_out,
                      checked_keys, checked_name, checked_only)
from ._errors import InvalidArgument, ScalarMismatch, refused
from ._types import FIRST_PASSES, SCALINGS, VECTOR_METRICS, Progress

Vectors = Union[Floats, "npt.NDArray[Any]"]
Ids = npt.NDArray[np.int64]

_METRIC_OF = {name: number for number, name in enumerate(VECTOR_METRICS)}


def _metric(metric: object) -> int:
    number = _METRIC_OF.get(metric) if isinstance(metric, str) else None
    if number is None:
        raise refused(InvalidArgument, "metric", f"one of {', '.join(VECTOR_METRICS)}", repr(metric))
    return number


def _pair(queries: object, rows: object, metric: int, scalar: Optional[str]) -> Tuple[Block, Block]:
    is_bits = metric >= 3
    return (checked_block("queries", queries, scalar, is_bits, 1), checked_block("rows", rows, scalar, is_bits, 2))


def distances(queries: Vectors, rows: Vectors, metric: str = "l2sq", *, ids: Optional[KeysLike] = None,
              scalar: Optional[str] = None) -> Floats:
    """The distance of each query to each row.

    @param queries  [q, d], or one vector [d]; of the rows' dtype, or float32 with any but bits
    @param rows     [n, d]
    @param metric   "l2sq", "inner_product" (1 - <a, b>) or "cosine" (a zero vector lies at distance 1 from every
                    other); of bits "hamming" or "jaccard"
    @param ids      only these rows, by number: integers [m], below n
    @param scalar   "bf16": uint16 arrays hold bfloat16
    @return         float32 [q, n] (or [q, m]); [n] for one query. NaN where a component is NaN. Of many float32 queries
                    the last bits may differ from those of one: compare with a tolerance
    """
    which = _metric(metric)
    one, other = _pair(queries, rows, which, scalar)
    keys = None if ids is None else checked_keys("ids", ids)
    out = np.empty((one[0].shape[0], other[0].shape[0] if keys is None else keys.size), dtype=np.float32)
    _backend.distances(out, one, other, which, keys)
    return np.asarray(out[0]) if queries.ndim == 1 else out


def nearest(queries: Vectors, rows: Vectors, k: int = 10, metric: str = "l2sq", *, threads: int = 0,
            first_pass: str = "f32", scalar: Optional[str] = None,
            progress: Optional[Progress] = None) -> Tuple[Ids, Floats]:
    """The k nearest rows of each query, nearest first, by comparing with all of them. Of equal distances the lower row.

    @param queries     [q, d], or one vector [d]; as in ``distances``
    @param rows        [n, d]
    @param k           1 to n
    @param metric      as in ``distances``
    @param threads     0: all that the process may use
    @param first_pass  "f32", "bf16" or "i8": in what numbers float32 rows are ruled out before the rest is measured.
                       The answer is the same; the time is not, on CPUs with AMX ("bf16", "i8") or AVX-512 VNNI ("i8")
    @param scalar      "bf16": uint16 arrays hold bfloat16
    @param progress    called with rows done, anew for each 1,024 queries
    @return            (int64 [q, k], float32 [q, k]); [k] and [k] for one query. A row at distance NaN is never found:
                       where there are too few others, -1 and +inf
    """
    which = _metric(metric)
    one, other = _pair(queries, rows, which, scalar)
    k = checked_count("k", k, 1)
    if k > other[0].shape[0]:
        raise refused(InvalidArgument, "k", f"at most the number of rows, {other[0].shape[0]}", k)
    found = np.empty((one[0].shape[0], k), dtype=np.int64)
    out = np.empty((one[0].shape[0], k), dtype=np.float32)
    _backend.nearest(found, out, one, other, which, checked_count("threads", threads, 0, 4096),
                     checked_name("first_pass", first_pass, FIRST_PASSES), progress)
    return (found[0], out[0]) if queries.ndim == 1 else (found, out)


def normalize(rows: Floats, out: Optional[Floats] = None) -> Floats:
    """Each row divided by its length; a row of length zero stays as it is.

    @param rows  float32 [n, d], or one vector [d]
    @param out   float32 of the same shape, ``rows`` itself for in place; default: a new array
    @return      out
    """
    block = checked_only("f32", "rows", rows, 1)
    answer: Floats = np.empty(rows.shape, dtype=np.float32) if out is None else out
    _backend.normalize(checked_floats_out("out", answer, rows.shape), block)
    return answer


def norms(rows: Vectors, *, scalar: Optional[str] = None) -> Floats:
    """float32 [n]: the Euclidean length of each row of [n, d], of any dtype of numbers."""
    block = checked_block("rows", rows, scalar, False, 2)
    out = np.empty(block[0].shape[0], dtype=np.float32)
    _backend.norms(out, block)
    return out


def mean(rows: Floats) -> Floats:
    """float32 [d]: the mean of float32 rows [n, d], n > 0, summed in double."""
    block = checked_only("f32", "rows", rows, 2)
    out = np.empty(block[0].shape[1], dtype=np.float32)
    _backend.mean(out, block)
    return out


def consecutive_cosine(rows: Vectors, *, scalar: Optional[str] = None) -> Floats:
    """float32 [n - 1]: the cosine distance of each row of [n, d] to the next, of any dtype of numbers."""
    block = checked_block("rows", rows, scalar, False, 2)
    out = np.empty(max(block[0].shape[0] - 1, 0), dtype=np.float32)
    _backend.consecutive_cosine(out, block)
    return out


def to_bf16(rows: Floats) -> "npt.NDArray[np.uint16]":
    """uint16, for ``scalar="bf16"``: float32 [n, d] or [d] as bfloat16, rounded to nearest, ties to even."""
    block = checked_only("f32", "rows", rows, 1)
    out = np.empty(block[0].shape, dtype=np.uint16)
    _backend.to_bf16(out, block)
    return out.reshape(rows.shape)


def from_bf16(rows: "npt.NDArray[Any]") -> Floats:
    """float32: bfloat16 [n, d] or [d] in uint16, exactly."""
    block = checked_only("bf16", "rows", rows, 1)
    out = np.empty(block[0].shape, dtype=np.float32)
    _backend.from_bf16(out, block)
    return out.reshape(rows.shape)


def to_i8(rows: Floats, scaling: str = "row",
          scales: Optional[Floats] = None) -> Tuple["npt.NDArray[np.int8]", Floats]:
    """Float32 rows as int8 with scales: a component is about ``integer * scale``, within half a scale.

    @param rows     float32 [n, d], finite unless ``scales`` are given
    @param scaling  "row": a scale for each row; "dimension": one for each dimension, which other rows can share
    @param scales   float32 [n] or [d] from an earlier call; default: what holds these rows best, greatest
                    magnitude / 127
    @return         (int8 [n, d], float32 scales)
    """
    which = checked_name("scaling", scaling, SCALINGS)
    block = checked_only("f32", "rows", rows, 2)
    count = block[0].shape[which]
    if scales is None:
        scales = np.empty(count, dtype=np.float32)
        _backend.i8_scales(scales, block, which)
    out = np.empty(block[0].shape, dtype=np.int8)
    _backend.to_i8(out, block, checked_floats_out("scales", scales, (count,), False), which)
    return out, scales


def from_i8(rows: "npt.NDArray[np.int8]", scales: Floats, scaling: str = "row") -> Floats:
    """float32 [n, d]: ``integer * scale``; ``scales`` and ``scaling`` as in ``to_i8``."""
    which = checked_name("scaling", scaling, SCALINGS)
    block = checked_only("i8", "rows", rows, 2)
    out = np.empty(block[0].shape, dtype=np.float32)
    _backend.from_i8(out, block, checked_floats_out("scales", scales, (block[0].shape[which],), False), which)
    return out
