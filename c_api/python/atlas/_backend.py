# SPDX-License-Identifier: Apache-2.0
"""Chooses the backend once, at import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._library import library, library_path, problem

native: bool = library is not None
native_problem: str = problem

if TYPE_CHECKING or native:
    from . import _native as _module
    index_class: Any = _module.NativeIndex
    folder_class: Any = _module.NativeFolder
else:
    from ._pure import backend as _module
    index_class = _module.PureIndex
    folder_class = _module.PureFolder

chunk = _module.chunk
distances = _module.distances
verify = _module.verify
simd_target = _module.simd_target
force_simd_target = _module.force_simd_target
create_embedder = _module.create_embedder
open_embedder = _module.open_embedder
build_folder = _module.build_folder

__all__ = ["native", "native_problem", "library_path", "index_class", "folder_class", "chunk", "distances", "verify",
           "simd_target", "force_simd_target", "create_embedder", "open_embedder", "build_folder"]
