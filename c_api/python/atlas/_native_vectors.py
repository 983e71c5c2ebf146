# SPDX-License-Identifier: Apache-2.0
"""Distances and batches of rows in libatlas.so.0. Calls with one query cost a few microseconds above the C call."""

from __future__ import annotations

import ctypes as c
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from . import _abi
from ._arrays import SCALARS, Block, Floats, Keys
from ._calls import Report, run_long
from ._native import _check, _lib, _progress_callback
from ._types import Progress

_F32, _BF16, _I8, _B1 = (SCALARS.index(name) for name in ("f32", "bf16", "i8", "b1"))
# Queries of one native call: the interpreter looks at signals in between.
_QUERY_BATCH = 4096
# Below so many products of components a search is over before anyone could press Ctrl-C.
_LONG_SEARCH = 1 << 32
# Looked up once: what a short call costs is mostly this.
_matrix, _hits, _options, _byref = _abi.Matrix, _abi.Hits, _abi.NearestOptions, c.byref
_addressof, _first_byte = c.addressof, c.c_char.from_buffer
_hits_bytes, _options_bytes = c.sizeof(_hits), c.sizeof(_options)
_distances, _nearest, _distances_of_rows = _lib.atlas_distances, _lib.atlas_nearest, _lib.atlas_distances_of_rows


def _address(array: "npt.NDArray[Any]") -> int:
    try:
        return _addressof(_first_byte(array))  # type: ignore[arg-type]  # a third of the time of what stands below
    except (TypeError, ValueError):  # read-only, with gaps between rows, or empty
        address: int = array.__array_interface__["data"][0]
        return address


def _view(block: Block) -> Any:
    array, scalar = block
    rows, elements = array.shape
    return _matrix(_address(array), rows, array.strides[0] // array.itemsize if rows > 1 else 0,
                   elements * 8 if scalar == _B1 else elements, scalar)


def _stride(array: "npt.NDArray[Any]") -> int:
    return array.strides[0] // array.itemsize if array.ndim == 2 and array.shape[0] > 1 else 0


def distances(out: Floats, queries: Block, rows: Block, metric: int, ids: Optional[Keys]) -> None:
    others = _view(rows)
    for first in range(0, queries[0].shape[0], _QUERY_BATCH) or (0,):
        some = _view(queries if first == 0 and queries[0].shape[0] <= _QUERY_BATCH
                     else (queries[0][first:first + _QUERY_BATCH], queries[1]))
        part = out if first == 0 else out[first:]
        if ids is None:
            status = _distances(_address(part), _byref(some), _byref(others), metric)
        else:
            status = _distances_of_rows(_address(part), _byref(some), _byref(others), _address(ids), ids.size, metric)
        if status != 0:
            _check(status)


def nearest(found: "npt.NDArray[np.int64]", out: Floats, queries: Block, rows: Block, metric: int, threads: int,
            first_pass: int, progress: Optional[Progress]) -> None:
    some, others = _view(queries), _view(rows)
    # A slot without an answer is UINT64_MAX there, and -1 here.
    hits = _hits(_hits_bytes, 0, found.shape[0], found.shape[1], _address(found), _address(out))
    options = _options(_options_bytes, threads, first_pass)
    if progress is None and found.shape[0] * rows[0].shape[0] * rows[0].shape[1] < _LONG_SEARCH:
        status = _nearest(_byref(hits), _byref(some), _byref(others), metric, _byref(options))
        if status != 0:
            _check(status)
        return

    def run(report: Report) -> None:
        callback = _progress_callback(report)
        options.progress = callback
        _check(_nearest(_byref(hits), _byref(some), _byref(others), metric, _byref(options)))

    run_long(run, progress)


def normalize(out: Floats, rows: Block) -> None:
    _check(_lib.atlas_normalize(_address(out), None, _byref(_view(rows)), _stride(out)))


def norms(out: Floats, rows: Block) -> None:
    _check(_lib.atlas_norms(_address(out), _byref(_view(rows))))


def mean(out: Floats, rows: Block) -> None:
    _check(_lib.atlas_mean(_address(out), _byref(_view(rows))))


def consecutive_cosine(out: Floats, rows: Block) -> None:
    _check(_lib.atlas_consecutive_cosine(_address(out), _byref(_view(rows))))


def to_bf16(out: "npt.NDArray[np.uint16]", rows: Block) -> None:
    _check(_lib.atlas_convert(_address(out), _BF16, _byref(_view(rows)), 0, None, 0))


def from_bf16(out: Floats, rows: Block) -> None:
    _check(_lib.atlas_convert(_address(out), _F32, _byref(_view(rows)), 0, None, 0))


def i8_scales(out: Floats, rows: Block, scaling: int) -> None:
    _check(_lib.atlas_i8_scales(_address(out), _byref(_view(rows)), scaling))


def to_i8(out: "npt.NDArray[np.int8]", rows: Block, scales: Floats, scaling: int) -> None:
    _check(_lib.atlas_convert(_address(out), _I8, _byref(_view(rows)), 0, _address(scales), scaling))


def from_i8(out: Floats, rows: Block, scales: Floats, scaling: int) -> None:
    _check(_lib.atlas_convert(_address(out), _F32, _byref(_view(rows)), 0, _address(scales), scaling))
