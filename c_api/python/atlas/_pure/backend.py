# SPDX-License-Identifier: Apache-2.0
"""What _native.py gives, without the native library."""

from __future__ import annotations

from typing import Any, Optional

from .._arrays import Keys
from .._errors import InvalidArgument, needs_native, refused
from .._types import BuildOptions, EmbedderOptions, FolderProgress, FolderReport, Progress
from .embedder import PureEmbedder
from .file import File
from .folder import PureFolder
from .index import PureIndex

__all__ = ["PureIndex", "PureFolder", "PureIvfBuilder", "PureEmbedder", "create_embedder", "open_embedder", "build_folder",
           "verify", "simd_target", "force_simd_target"]


class PureIvfBuilder:
    @staticmethod
    def require() -> None:
        raise needs_native("building lists; an index of kind 'flat' searches exactly")

    @staticmethod
    def create(path: bytes, options: BuildOptions) -> Any:
        PureIvfBuilder.require()

    @staticmethod
    def build_file(path: bytes, vectors: bytes, keys: Optional[Keys], train_rows: int, options: BuildOptions,
                   progress: Optional[Progress]) -> int:
        PureIvfBuilder.require()
        return 0


def create_embedder(options: EmbedderOptions) -> PureEmbedder:
    return PureEmbedder(options)


def open_embedder(state: bytes) -> PureEmbedder:
    return PureEmbedder.open_state(state)


def build_folder(folder: bytes, output: bytes, threads: int, chunk_size: int, chunk_overlap: int,
                 chunk_fill_percent: int, chunk_packing: int, include_hidden: bool, max_file_bytes: int, connectivity: int,
                 build_width: int, search_width: int, seed: int, embedder: EmbedderOptions,
                 progress: Optional[FolderProgress]) -> FolderReport:
    raise needs_native("building a graph")


def verify(path: bytes, progress: Optional[Progress]) -> None:
    PureIndex.open(path, False).close()
    File(path).verify(progress)


def simd_target() -> str:
    return "numpy"


def force_simd_target(name: str) -> None:
    raise refused(InvalidArgument, "SIMD target", "none, as NumPy chooses its own", name)
