# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for clusters, quantisers and rotations."""

from __future__ import annotations

import ctypes as c
from typing import Any, Callable, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._arrays import Block, Floats
from ._calls import Handle, Report, run_long
from ._native import _check, _lib, _opened, _progress_callback, _run_work, _saved, _sized
from ._native_vectors import _address, _view
from ._types import (KMeansResult, KmeansOptions, Progress, QuantizationError, QuantizerOptions, RotationOptions)


# A query's tables cost as much as so many rows; about so many look-ups are one row of other calls, by which short ones are told.
_TABLE_ROWS = 10_000
_WORK_OF_ITEM = 10_000


def _learn(call: Callable[[Any], int], options: Any, progress: Optional[Progress]) -> None:
    """Calls ``call(pointer to the options)`` so that it can be interrupted."""
    def run(report: Report) -> None:
        options.progress = _progress_callback(report)
        _check(call(c.byref(options)))

    run_long(run, progress)


class _Made:
    """Where a native call puts the handle that it makes: closed with the last reference, unless it was taken, so that an interrupt
    that comes when the call has succeeded loses nothing."""

    def __init__(self, close: Callable[[int], None]) -> None:
        self.pointer = c.c_void_p()
        self._close = close

    def take(self) -> int:
        address, self.pointer = self.pointer.value or 0, c.c_void_p()
        return address

    def __del__(self) -> None:
        if self.pointer.value is not None:
            self._close(self.pointer.value)


def kmeans(vectors: Block, clusters: int, wished: KmeansOptions, progress: Optional[Progress]) -> KMeansResult:
    rows, dimension = vectors[0].shape
    # Refused below where they are more than the rows; until then no array of their size is made.
    centroids = np.empty((min(clusters, rows), dimension), dtype=np.float32)
    assigned = np.empty(rows, dtype=np.uint32)
    sizes = np.empty(min(clusters, rows), dtype=np.uint32)
    result = _sized(_abi.KmeansResult)
    options = _sized(_abi.KmeansOptions, threads=wished.threads, seed=wished.seed, sample_rows=wished.sample_rows,
                     batch_rows=wished.batch_rows, iterations=wished.iterations, start=wished.start, balance=wished.balance,
                     relaxation=wished.relaxation, tolerance=wished.tolerance)
    _learn(lambda how: int(_lib.atlas_kmeans(_address(centroids), _address(assigned), _address(sizes), c.byref(result),
                                             c.byref(_view(vectors)), clusters, how)), options, progress)
    return KMeansResult(centroids, assigned, sizes, float(result.error), int(result.iterations))


def assign_to_centroids(ids: "npt.NDArray[np.uint32]", distances: Floats, rows: Block, centroids: Block, threads: int,
                        progress: Optional[Progress]) -> None:
    _learn(lambda how: int(_lib.atlas_assign_to_centroids(_address(ids), _address(distances), c.byref(_view(rows)), c.byref(_view(centroids)), how)),
           _sized(_abi.WorkOptions, threads=threads), progress)


class NativeQuantizer:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_quantizer_close, "quantizer")

    def facts(self) -> Tuple[int, int, int]:
        info = _sized(_abi.QuantizerInfo)
        with self._handle.use() as quantizer:
            _check(_lib.atlas_quantizer_describe(c.byref(info), quantizer))
        return int(info.kind), int(info.dimension), int(info.code_bytes)

    def encode(self, rows: Block, threads: int, progress: Optional[Progress]) -> "npt.NDArray[np.uint8]":
        count = rows[0].shape[0]
        codes = np.empty((count, self.facts()[2]), dtype=np.uint8)
        _run_work(self._handle, lambda quantizer, options: int(
            _lib.atlas_quantizer_encode(_address(codes), quantizer, c.byref(_view(rows)), options)), threads, progress, count)
        return codes

    def decode(self, codes: Block, threads: int, progress: Optional[Progress]) -> Floats:
        count = codes[0].shape[0]
        out = np.empty((count, self.facts()[1]), dtype=np.float32)
        _run_work(self._handle, lambda quantizer, options: int(
            _lib.atlas_quantizer_decode(_address(out), quantizer, c.byref(_view(codes)), options)), threads, progress, count)
        return out

    def error_of(self, rows: Block, threads: int, progress: Optional[Progress]) -> QuantizationError:
        mean_squared, share = c.c_double(), c.c_double()
        _run_work(self._handle, lambda quantizer, options: int(
            _lib.atlas_quantizer_error_of(c.byref(mean_squared), c.byref(share), quantizer, c.byref(_view(rows)), options)),
            threads, progress, rows[0].shape[0])
        return QuantizationError(mean_squared.value, share.value)

    def distances(self, out: Floats, errors: Optional[Floats], queries: Block, codes: Block, threads: int,
                  progress: Optional[Progress]) -> None:
        spread = None if errors is None else _address(errors)
        work = queries[0].shape[0] * (codes[0].shape[0] + _TABLE_ROWS)
        _run_work(self._handle, lambda quantizer, options: int(
            _lib.atlas_quantizer_distances(_address(out), spread, quantizer, c.byref(_view(queries)), c.byref(_view(codes)), options)),
            threads, progress, work // _WORK_OF_ITEM)

    def save_state(self) -> bytes:
        return _saved(self._handle, _lib.atlas_quantizer_save_state)

    def close(self) -> None:
        self._handle.close()


class NativeRotation:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_rotation_close, "rotation")

    def facts(self) -> Tuple[int, int, int]:
        info = _sized(_abi.RotationInfo)
        with self._handle.use() as rotation:
            _check(_lib.atlas_rotation_describe(c.byref(info), rotation))
        return int(info.kind), int(info.dimension), int(info.padded)

    def _turn(self, call: Callable[[int, int, Any, Any], int], columns: int, rows: Block, threads: int,
              progress: Optional[Progress]) -> Floats:
        count = rows[0].shape[0]
        out = np.empty((count, columns), dtype=np.float32)
        _run_work(self._handle, lambda rotation, options: int(call(_address(out), rotation, c.byref(_view(rows)), options)),
                  threads, progress, count)
        return out

    def apply(self, rows: Block, threads: int, progress: Optional[Progress]) -> Floats:
        return self._turn(_lib.atlas_rotation_apply, self.facts()[2], rows, threads, progress)

    def apply_inverse(self, rows: Block, threads: int, progress: Optional[Progress]) -> Floats:
        return self._turn(_lib.atlas_rotation_apply_inverse, self.facts()[1], rows, threads, progress)

    def orthogonality_error(self, threads: int) -> float:
        out = c.c_float()
        with self._handle.use() as rotation:
            _check(_lib.atlas_rotation_orthogonality_error(c.byref(out), rotation, threads))
        return out.value

    def save_state(self) -> bytes:
        return _saved(self._handle, _lib.atlas_rotation_save_state)

    def close(self) -> None:
        self._handle.close()


def train_quantizer(vectors: Block, wished: QuantizerOptions, progress: Optional[Progress]) -> NativeQuantizer:
    made = _Made(_lib.atlas_quantizer_close)
    options = _sized(_abi.QuantizerOptions, kind=wished.kind, code_bytes=wished.code_bytes, seed=wished.seed,
                     sample_rows=wished.sample_rows, bits=wished.bits, iterations=wished.iterations, beam=wished.beam,
                     rounds=wished.rounds, threads=wished.threads)
    _learn(lambda how: int(_lib.atlas_quantizer_train(c.byref(made.pointer), c.byref(_view(vectors)), how)), options, progress)
    return NativeQuantizer(made.take())


def open_quantizer(state: bytes) -> NativeQuantizer:
    return NativeQuantizer(_opened(_lib.atlas_quantizer_open_state, state))


def random_rotation(dimension: int, seed: int) -> NativeRotation:
    out = c.c_void_p()
    _check(_lib.atlas_rotation_create(c.byref(out), dimension, seed))
    return NativeRotation(out.value or 0)


def train_rotation(vectors: Block, wished: RotationOptions, progress: Optional[Progress]) -> NativeRotation:
    made = _Made(_lib.atlas_rotation_close)
    options = _sized(_abi.RotationOptions, threads=wished.threads, seed=wished.seed, sample_rows=wished.sample_rows,
                     parts=wished.parts, bits=wished.bits, rounds=wished.rounds)
    _learn(lambda how: int(_lib.atlas_rotation_train(c.byref(made.pointer), c.byref(_view(vectors)), how)), options, progress)
    return NativeRotation(made.take())


def open_rotation(state: bytes) -> NativeRotation:
    return NativeRotation(_opened(_lib.atlas_rotation_open_state, state))
