# SPDX-License-Identifier: Apache-2.0
"""Distances and batches of rows on NumPy: the same answers as the library's but for rounding, summed in float64."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from .._arrays import SCALARS, Block, Floats, Keys
from .._errors import (Cancelled, DimensionMismatch, InvalidArgument, LimitExceeded, MetricMismatch, NotFinite,
                       ScalarMismatch, refused)
from .._types import VECTOR_METRICS, Progress
from .index import exact_distances
from .scalars import floats_of_bf16

Doubles = npt.NDArray[np.float64]

_F32, _BF16, _B1 = (SCALARS.index(name) for name in ("f32", "bf16", "b1"))
_QUERY_BATCH = 256
_LEAST_SCALE, _GREATEST_SCALE = np.float32(2.0 ** -126), np.float32(2.0 ** 126)


def _dimension(block: Block) -> int:
    return block[0].shape[1] * (8 if block[1] == _B1 else 1)


def _check_block(name: str, block: Block) -> None:
    if _dimension(block) > 65535:
        raise refused(LimitExceeded, f"{name}.dimension", 65535, _dimension(block))
    if block[0].shape[0] != 0 and _dimension(block) == 0:
        raise refused(InvalidArgument, f"{name}.dimension", "1 to 65535", 0)


def _check_pair(queries: Block, rows: Block, metric: int) -> None:
    one, other = queries[1], rows[1]
    if one != other and (one != _F32 or other == _B1):
        raise refused(ScalarMismatch, "rows.scalar", SCALARS[one], SCALARS[other])
    if (other == _B1) != (metric >= 3):
        expected = "hamming or jaccard for bits" if other == _B1 else "l2sq, inner_product or cosine for numbers"
        raise refused(MetricMismatch, "metric", expected, VECTOR_METRICS[metric])
    if _dimension(queries) != _dimension(rows):
        raise refused(DimensionMismatch, "rows.dimension", _dimension(queries), _dimension(rows))
    _check_block("rows", rows)
    _check_block("queries", queries)


def _numbers(block: Block) -> "npt.NDArray[Any]":
    array, scalar = block
    if scalar == _B1:
        return np.unpackbits(np.ascontiguousarray(array), axis=1)
    if scalar == _BF16:
        return floats_of_bf16(array.view(np.uint16))
    return array


def _of_bits(queries: "npt.NDArray[Any]", rows: "npt.NDArray[Any]", metric: int) -> Floats:
    one, other = queries.astype(np.float64), rows.astype(np.float64)
    both = one @ other.T
    total = one.sum(axis=1)[:, None] + other.sum(axis=1)[None, :]
    if VECTOR_METRICS[metric] == "hamming":
        return np.asarray(total - 2.0 * both, dtype=np.float32)
    either = total - both
    return np.asarray(np.where(either == 0, 0.0, 1.0 - both / np.where(either == 0, 1.0, either)), dtype=np.float32)


def _some_distances(queries: "npt.NDArray[Any]", rows: "npt.NDArray[Any]", metric: int) -> Floats:
    if metric >= 3:
        return _of_bits(queries, rows, metric)
    return exact_distances(queries, rows, VECTOR_METRICS[metric], zero_is_far=True)


def distances(out: Floats, queries: Block, rows: Block, metric: int, ids: Optional[Keys]) -> None:
    _check_pair(queries, rows, metric)
    some = rows
    if ids is not None:
        wrong = np.flatnonzero(ids >= np.uint64(rows[0].shape[0]))
        if wrong.size:
            raise refused(LimitExceeded, "id", f"below {rows[0].shape[0]}", int(ids[wrong[0]]), int(wrong[0]))
        some = (rows[0][ids.astype(np.intp)], rows[1])
    others = _numbers(some)
    for first in range(0, queries[0].shape[0], _QUERY_BATCH):
        part = (queries[0][first:first + _QUERY_BATCH], queries[1])
        out[first:first + _QUERY_BATCH] = _some_distances(_numbers(part), others, metric)


def nearest(found: "npt.NDArray[np.int64]", out: Floats, queries: Block, rows: Block, metric: int, threads: int,
            first_pass: int, progress: Optional[Progress]) -> None:
    _check_pair(queries, rows, metric)
    others = _numbers(rows)
    count, k = found.shape
    for first in range(0, count, _QUERY_BATCH):
        part = (queries[0][first:first + _QUERY_BATCH], queries[1])
        all_of_part = _some_distances(_numbers(part), others, metric)
        order = np.argsort(all_of_part, axis=1, kind="stable")[:, :k]  # NaN comes last, equal distances stay in order
        nearest_of_part = np.take_along_axis(all_of_part, order, axis=1)
        is_none = np.isnan(nearest_of_part)
        found[first:first + _QUERY_BATCH] = np.where(is_none, -1, order)
        out[first:first + _QUERY_BATCH] = np.where(is_none, np.float32(np.inf), nearest_of_part)
        if progress is not None and progress(rows[0].shape[0], rows[0].shape[0]) is False:
            raise Cancelled(f"{Cancelled._words}: nearest")


def _lengths(numbers: "npt.NDArray[Any]") -> Doubles:
    wide = numbers.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        lengths: Doubles = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return lengths


def normalize(out: Floats, rows: Block) -> None:
    _check_block("rows", rows)
    source = rows[0]
    target = out if out.ndim == 2 else out[None, :]
    is_in_place = (target.__array_interface__["data"][0] == source.__array_interface__["data"][0]
                   and (target.strides == source.strides or source.shape[0] < 2))
    if not is_in_place and np.may_share_memory(target, source):
        raise refused(InvalidArgument, "out", "memory apart from the inputs", "rows")
    lengths = _lengths(source)
    with np.errstate(invalid="ignore"):
        target[...] = source / np.where(lengths == 0, 1.0, lengths)[:, None]


def norms(out: Floats, rows: Block) -> None:
    _check_block("rows", rows)
    with np.errstate(over="ignore"):
        out[...] = _lengths(_numbers(rows))


def mean(out: Floats, rows: Block) -> None:
    if rows[0].shape[0] == 0:
        raise refused(InvalidArgument, "rows.rows", "at least 1", 0)
    _check_block("rows", rows)
    with np.errstate(over="ignore", invalid="ignore"):
        out[...] = rows[0].mean(axis=0, dtype=np.float64)


def consecutive_cosine(out: Floats, rows: Block) -> None:
    _check_block("rows", rows)
    numbers = _numbers(rows)
    for i in range(out.size):
        out[i] = exact_distances(numbers[i:i + 1], numbers[i + 1:i + 2], "cosine", zero_is_far=True)[0, 0]


def to_bf16(out: "npt.NDArray[np.uint16]", rows: Block) -> None:
    _check_block("rows", rows)
    bits = np.ascontiguousarray(rows[0]).view(np.uint32)
    is_nan = (bits & np.uint32(0x7FFFFFFF)) > np.uint32(0x7F800000)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    out[...] = (np.where(is_nan, bits | np.uint32(0x00400000), rounded) >> np.uint32(16)).astype(np.uint16)


def from_bf16(out: Floats, rows: Block) -> None:
    _check_block("rows", rows)
    out[...] = _numbers(rows)


def i8_scales(out: Floats, rows: Block, scaling: int) -> None:
    _check_block("rows", rows)
    finite = np.isfinite(rows[0]).all(axis=1)
    if not finite.all():
        raise refused(NotFinite, "rows", "finite components", "NaN or infinity", int(np.argmin(finite)))
    if rows[0].shape[0] == 0:
        return
    largest = np.abs(rows[0]).max(axis=1 - scaling)
    out[...] = np.where(largest == 0, 0, np.maximum(largest / np.float32(127), _LEAST_SCALE))


def _check_scales(scales: Floats) -> None:
    good = (scales == 0) | ((scales >= _LEAST_SCALE) & (scales <= _GREATEST_SCALE))
    if not good.all():
        row = int(np.argmin(good))
        raise refused(InvalidArgument, "scales", "0, or 2^-126 to 2^126", float(scales[row]), row)


def to_i8(out: "npt.NDArray[np.int8]", rows: Block, scales: Floats, scaling: int) -> None:
    _check_block("rows", rows)
    _check_scales(scales)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factors = np.where(scales == 0, np.float32(0), np.float32(1) / scales)
        scaled = rows[0] * (factors[:, None] if scaling == 0 else factors[None, :])
    out[...] = np.clip(np.rint(np.nan_to_num(scaled, nan=0.0, posinf=127.0, neginf=-127.0)), -127, 127).astype(np.int8)


def from_i8(out: Floats, rows: Block, scales: Floats, scaling: int) -> None:
    _check_block("rows", rows)
    _check_scales(scales)
    with np.errstate(over="ignore"):
        out[...] = rows[0].astype(np.float32) * (scales[:, None] if scaling == 0 else scales[None, :])
