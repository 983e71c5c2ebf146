# SPDX-License-Identifier: Apache-2.0
"""Folder: a folder of documents in one file, and answers out of it."""

from __future__ import annotations

from typing import List, Optional, Union

from . import _backend
from ._abi import ZERO_PERCENT
from ._arrays import Allowed, checked_count, checked_key, checked_name
from ._closing import Closing
from ._index import Path, checked_mode, checked_path
from ._options import Seconds, checked_residence, checked_search_options
from ._texts import Text, checked_embedder_options, checked_text
from ._types import PACKINGS, EmbedderOptions, FolderBackend, FolderHit, FolderInfo, FolderProgress, FolderReport, Progress


def _checked_fill(percent: Optional[int]) -> int:
    """As atlas_folder_options has it, where 0 is the default."""
    return 0 if percent is None else checked_count("chunk_fill_percent", percent, 0, 100) or ZERO_PERCENT


class Folder(Closing):
    """Documents, their chunks and the chunks' vectors in one file, which ``Index.open`` reads too (its keys are the
    chunks' numbers). Every method may be called by several threads at a time. A progress callback may search; what changes,
    saves, updates or compacts the same Folder raises InvalidArgument in it."""

    def __init__(self, backend: FolderBackend) -> None:
        """Use ``open``."""
        self._backend: FolderBackend = backend

    @staticmethod
    def build(folder: Path, output: Path, *, chunk_size: int = 1000, chunk_overlap: int = 0,
              chunk_fill_percent: Optional[int] = None, chunk_packing: str = "full", include_hidden: bool = False, max_file_bytes: int = 16 << 20,
              connectivity: int = 16, build_width: int = 200, search_width: int = 100, seed: int = 42,
              embedder: EmbedderOptions = EmbedderOptions(), threads: int = 0,
              progress: Optional[FolderProgress] = None) -> FolderReport:
        """Reads every text file below a folder, cuts it (Markdown, HTML, source code and plain text by a rule each, told by
        the endings of names), learns from and embeds the chunks, and writes the index.

        @param folder    its path
        @param output    the index file; what stands there stays as it is until the new one is complete
        @param progress  called with ("walking" | "reading" | "indexing" | "saving", done, total)
        @return          what was done, and which files were left out and why (never an error)
        Sizes are in characters. chunk_fill_percent is how full chunks are if they can, 0 to 100, by default 35, or 0 with
        chunk_packing="coherent": chunks that seldom hold the end of one thing and the beginning of the next; "divided" is
        one thing a chunk. The others are as for ``Index.create`` and ``Embedder``. Without the native library this raises
        NativeRequired.
        """
        size = checked_count("chunk_size", chunk_size, 4, 1 << 31)
        return _backend.build_folder(
            checked_path("folder", folder), checked_path("output", output), checked_count("threads", threads, 0, 4096), size,
            checked_count("chunk_overlap", chunk_overlap, 0, size // 2),
            _checked_fill(chunk_fill_percent), checked_name("chunk_packing", chunk_packing, PACKINGS),
            bool(include_hidden),
            checked_count("max_file_bytes", max_file_bytes, 1, 1 << 30),
            checked_count("connectivity", connectivity, 2, 512), checked_count("build_width", build_width, 1, 65536),
            checked_count("search_width", search_width, 1, 65536), checked_key("seed", seed),
            checked_embedder_options(embedder), progress)

    @classmethod
    def open(cls, path: Path, mode: str = "r", *, vectors: str = "mapped", load: bool = False) -> "Folder":
        """Opens what ``build`` wrote. mode "change" allows add_document and remove_document; vectors and load as in
        ``Index.open``."""
        change = checked_mode(mode)
        return cls(_backend.folder_class.open(checked_path("path", path), change, checked_residence(vectors, change),
                                                bool(load)))

    def search(self, question: Text, k: int = 5, *, width: int = 0, allowed: Allowed = None,
               strategy: str = "automatic", starts: int = 0, patience: int = 0,
               time_limit: Seconds = None) -> List[FolderHit]:
        """The k chunks nearest to a question, nearest first.

        @param allowed  only these chunks, by number; this and the others as for ``Index.search``
        """
        options = checked_search_options(width, 1, allowed, strategy, starts, patience, time_limit)
        return self._backend.search(checked_text("question", question), checked_count("k", k, 1), options)

    def add_document(self, path: Union[str, bytes], text: Text) -> None:
        """Cuts, embeds and adds a document under a path that none has (DuplicateKey); here only, until ``save``."""
        self._backend.add_document(checked_path("path", path), checked_text("text", text))

    def remove_document(self, path: Union[str, bytes]) -> None:
        """Takes a document out of searches (KeyNotFound if there is none); its text goes with ``compact``."""
        self._backend.remove_document(checked_path("path", path))

    def save(self, path: Path, *, progress: Optional[Progress] = None) -> None:
        """Writes the index with its changes: complete or not at all."""
        self._backend.save(checked_path("path", path), progress)

    def update(self, folder: Path, output: Path, *, include_hidden: bool = False, max_file_bytes: Optional[int] = None,
               threads: int = 0, progress: Optional[FolderProgress] = None) -> FolderReport:
        """Walks the folder again and writes the index of what is there now, embedding only the chunks that are new to this one.

        The embedder stays as it is, the frequencies of words are those of the last build or compact. Documents that are not
        below the folder, or are now left out, go and are counted, those of ``add_document`` too. Nothing is taken over of a
        file whose checksums do not match (CorruptFile). When no document is left of those there were (FileNotFoundError), or a
        folder that holds documents of the index cannot be read (OSError), nothing is written. ``build`` makes it anew.
        A sealed file cannot be updated (ReadOnly), only the one that was sealed.
        @param output          may be the file this one was opened from; this one stays as it is
        @param include_hidden  hidden files are looked at also if the index was built so
        @param max_file_bytes  None: as the index was built
        """
        return self._backend.update(
            checked_path("folder", folder), checked_path("output", output), checked_count("threads", threads, 0, 4096),
            bool(include_hidden), 0 if max_file_bytes is None else checked_count("max_file_bytes", max_file_bytes, 1, 1 << 30), progress)

    def compact(self, output: Path, *, threads: int = 0, progress: Optional[FolderProgress] = None) -> FolderReport:
        """Builds the index anew from its documents, without those removed, learning from them again."""
        return self._backend.compact(checked_path("output", output), checked_count("threads", threads, 0, 4096), progress)

    def info(self) -> FolderInfo:
        return self._backend.info()

    def __len__(self) -> int:
        """Chunks that can be found."""
        return self._backend.info().chunks
