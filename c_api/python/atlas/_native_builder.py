# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for ivf_pq files that are larger than memory."""

from __future__ import annotations

import ctypes as c
from typing import Any, Optional, Tuple

from . import _abi
from ._arrays import Floats, Keys
from ._calls import Handle, Report, run_long
from ._native import (_LONG_BATCH, NativeIndex, _address, _check, _index_options, _lib, _matrix, _progress_callback, _run_save,
                      _sized)
from ._types import BuildOptions, Progress


def _build_options(wished: BuildOptions) -> Tuple[Any, Any]:
    """The struct, and what it points to."""
    index = _index_options(wished.index)
    return _sized(_abi.IvfBuildOptions, threads=wished.threads, index=c.pointer(index),
                  temporary_folder=wished.temporary_folder, memory_bytes=wished.memory), index


class NativeIvfBuilder:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_ivf_builder_close, "builder")

    @staticmethod
    def require() -> None:
        """Raises if nothing can be built."""

    @classmethod
    def create(cls, path: bytes, wished: BuildOptions) -> "NativeIvfBuilder":
        options, _index = _build_options(wished)
        out = c.c_void_p()
        _check(_lib.atlas_ivf_builder_create(c.byref(out), path, c.byref(options)))
        return cls(out.value or 0)

    @staticmethod
    def build_file(path: bytes, vectors: bytes, keys: Optional[Keys], train_rows: int, wished: BuildOptions,
                   progress: Optional[Progress]) -> int:
        options, index = _build_options(wished)
        options.train_rows = train_rows

        def run(report: Report) -> None:
            options.progress = _progress_callback(report)
            some, count = (None, 0) if keys is None else (_address(keys), keys.size)
            _check(_lib.atlas_ivf_build_file(path, vectors, some, count, c.byref(options)))
            assert index is not None  # held until here

        run_long(run, progress)
        built = NativeIndex.open(path, False)
        try:
            return int(built.info().size)
        finally:
            built.close()

    def train(self, sample: Floats, progress: Optional[Progress]) -> None:
        _run_save(self._handle, lambda builder, options: int(
            _lib.atlas_ivf_builder_train(builder, c.byref(_matrix(sample)), options)), progress)

    def add(self, keys: Keys, vectors: Floats, progress: Optional[Progress]) -> None:
        if progress is None and keys.size <= _LONG_BATCH:
            with self._handle.use() as builder:
                _check(_lib.atlas_ivf_builder_add(builder, _address(keys), c.byref(_matrix(vectors)), None))
            return
        _run_save(self._handle, lambda builder, options: int(
            _lib.atlas_ivf_builder_add(builder, _address(keys), c.byref(_matrix(vectors)), options)), progress)

    def finish(self, progress: Optional[Progress]) -> None:
        _run_save(self._handle, lambda builder, options: int(_lib.atlas_ivf_builder_finish(builder, options)), progress)

    def facts(self) -> Tuple[int, int]:
        info = _sized(_abi.IvfBuilderInfo)
        with self._handle.use() as builder:
            _check(_lib.atlas_ivf_builder_describe(c.byref(info), builder))
        return int(info.size), int(info.lists)

    def close(self) -> None:
        self._handle.close()
