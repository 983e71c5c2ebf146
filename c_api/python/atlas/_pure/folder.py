# SPDX-License-Identifier: Apache-2.0
"""A folder index, opened and asked: the tables of include/atlas/folder/folder_sections.hpp through NumPy."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Tuple

import numpy as np

from .._errors import (AtlasError, Closed, InvalidArgument, KindMismatch, MetricMismatch,
                       ReadOnly, UnsupportedVersion, needs_native, refused)
from .._types import PACKINGS, FolderHit, FolderInfo, FolderProgress, FolderReport, Progress, SearchOptions
from .embedder import PureEmbedder
from .file import File
from .index import PureIndex

_INFO, _FILES, _STATES, _PATHS, _CHUNKS, _TEXTS, _HASHING = 0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x300
_HEADINGS, _TITLES, _CHUNK_HEADINGS = 0x206, 0x207, 0x208
_MOST_DEPTH, _MOST_TITLE_BYTES = 6, 256

_info_record = np.dtype([
    ("layout_version", "<u4"), ("embedder", "<u4"), ("chunk_size", "<u8"), ("chunk_overlap", "<u8"),
    ("chunk_fill_percent", "<u8"), ("live_files", "<u8"), ("live_chunks", "<u8"),
    ("chunk_packing", "u1"), ("chunk_coherent_percent", "u1"), ("chunk_trim", "u1"), ("walk_hidden", "u1"), ("zero", "u1", 4),
    ("max_file_bytes", "<u8")])
_file_record = np.dtype([
    ("path_begin", "<u8"), ("path_bytes", "<u4"), ("encoding", "u1"), ("mark_bytes", "u1"), ("zero", "<u2"),
    ("text_begin", "<u8"), ("text_bytes", "<u8"), ("first_chunk", "<u8"), ("chunk_count", "<u8"),
    ("source_bytes", "<u8"), ("source_hash", "<u8")])
_chunk_record = np.dtype([
    ("text_begin", "<u8"), ("text_bytes", "<u4"), ("file", "<u4"), ("source_begin", "<u8"), ("source_end", "<u8"),
    ("line_begin", "<u8"), ("line_end", "<u8"), ("id_low", "<u8"), ("id_high", "<u8")])
_heading_record = np.dtype([
    ("title_begin", "<u8"), ("parent", "<u4"), ("title_bytes", "<u2"), ("depth", "u1"), ("zero", "u1")])
assert _heading_record.itemsize == 16
assert _info_record.itemsize == _file_record.itemsize == _chunk_record.itemsize == 64


def _check_cut(file: File, info: Any) -> None:
    """As check_folder_chunks of include/atlas/folder/folder_options.hpp, of which the file can hold this."""
    size, overlap, fill, packing = (int(info[name]) for name in ("chunk_size", "chunk_overlap", "chunk_fill_percent", "chunk_packing"))
    if fill > 100:
        raise file.corrupt("folder.chunk_fill_percent", 100, fill)
    if packing >= len(PACKINGS):
        raise file.corrupt("chunker_options.packing", "0 full, 1 coherent or 2 divided", packing)
    if not 4 <= size <= 1 << 31:
        raise file.corrupt("chunks.size", "4 to 2147483648 characters", size)
    if overlap > size // 2:
        raise file.corrupt("chunks.overlap", "at most half of the size", overlap)
    if packing != 0 and not 10 <= int(info["chunk_coherent_percent"]) <= 100:
        raise file.corrupt("chunks.coherent_percent", "10 to 100", int(info["chunk_coherent_percent"]))


class PureFolder:
    def __init__(self, path: bytes, change: bool) -> None:
        self._index = PureIndex.open(path, change)
        kind = self._index.info()
        name = os.fsdecode(path)
        self._file = file = File(path)
        if kind.kind != "hnsw":
            raise refused(KindMismatch, "header.kind (1 flat, 2 hnsw)", 2, 1, path=path)
        if file.find(_INFO) is None:
            raise refused(KindMismatch, "sections", "a folder index", "an index without documents", path=path)
        records = file.array(_INFO, _info_record)
        if records.size != 1:
            raise file.corrupt("folder.info records", 1, records.size)
        self._info = records[0]
        if self._info["layout_version"] != 1:
            raise refused(UnsupportedVersion, "folder.layout_version", 1, self._info['layout_version'], path=path)
        _check_cut(file, self._info)
        self._files = file.array(_FILES, _file_record)
        states = file.array(_STATES, "u1")
        if states.size != self._files.size:
            raise file.corrupt("folder.file_states", self._files.size, states.size)
        self._paths = file.array(_PATHS, "u1")
        self._chunks = file.array(_CHUNKS, _chunk_record)
        self._texts = file.array(_TEXTS, "u1")
        # Files from before headings were kept have none of these.
        self._headings = file.array(_HEADINGS, _heading_record) if file.find(_HEADINGS) else np.zeros(0, _heading_record)
        self._titles = file.array(_TITLES, "u1") if file.find(_TITLES) else np.zeros(0, "u1")
        self._chunk_headings = file.array(_CHUNK_HEADINGS, "<u4") if file.find(_CHUNK_HEADINGS) else np.zeros(0, "<u4")
        if self._chunk_headings.size > self._chunks.size:
            raise file.corrupt("folder.chunk_headings", self._chunks.size, self._chunk_headings.size)
        if kind.metric != "cosine":
            raise refused(MetricMismatch, "folder index metric", "cosine", kind.metric, path=path)
        self._model: Optional[PureEmbedder] = None
        if self._info["embedder"] == 1:
            try:
                self._model = PureEmbedder.open_state(file.array(_HASHING, "u1").tobytes())
            except AtlasError as problem:
                raise type(problem)(f"{name}: {problem}") from None
            if self._model.dimension() != kind.dimension:
                raise file.corrupt("embedder.dimension", kind.dimension, self._model.dimension())
        self._change = change
        self._is_closed = False

    @classmethod
    def open(cls, path: bytes, change: bool, residence: int = 0, load: bool = False) -> "PureFolder":
        return cls(path, change)

    def _open(self) -> None:
        if self._is_closed:
            raise refused(Closed, "folder", "an open one", "a closed one")

    def info(self) -> FolderInfo:
        self._open()
        kind = self._index.info()
        info = self._info
        return FolderInfo(files=int(info["live_files"]), chunks=kind.size, dimension=kind.dimension,
                          chunk_size=int(info["chunk_size"]), chunk_overlap=int(info["chunk_overlap"]),
                          chunk_fill_percent=int(info["chunk_fill_percent"]),
                          chunk_packing=PACKINGS[int(info["chunk_packing"])], read_only=not self._change,
                          has_embedder=self._model is not None)

    def search(self, question: bytes, k: int, options: SearchOptions) -> List[FolderHit]:
        self._open()
        if self._model is None:
            raise refused(InvalidArgument, "embedder", "the one that built this index, given to open", "none")
        vector = self._model.embed([question], 1, None)
        hits = self._index.search(vector, max(1, min(k, self._index.info().size)), options)
        return [self._hit(int(hits.keys[0, i]), 1.0 - float(hits.distances[0, i])) for i in range(int(hits.counts[0]))]

    def _slice(self, block: "np.ndarray[object, np.dtype[np.uint8]]", begin: int, size: int, what: str) -> bytes:
        if begin > block.size or size > block.size - begin:
            raise self._file.corrupt(what, block.size, begin + size)
        return block[begin:begin + size].tobytes()

    def _headings_of(self, key: int) -> Tuple[str, ...]:
        if key >= self._chunk_headings.size:
            return ()
        number = int(self._chunk_headings[key])
        if number > self._headings.size:
            raise self._file.corrupt("folder.chunk.heading", self._headings.size, number)
        titles: List[str] = []
        below = _MOST_DEPTH + 1
        while number != 0:  # depths fall, so this ends
            record = self._headings[number - 1]
            depth, parent, size = int(record["depth"]), int(record["parent"]), int(record["title_bytes"])
            if not 0 < depth < below:
                raise self._file.corrupt("folder.heading.depth", below - 1, depth)
            if parent >= number:
                raise self._file.corrupt("folder.heading.parent", number - 1, parent)
            if size > _MOST_TITLE_BYTES:
                raise self._file.corrupt("folder.heading.title_bytes", _MOST_TITLE_BYTES, size)
            title = self._slice(self._titles, int(record["title_begin"]), size, "folder.heading.title")
            titles.append(title.decode("utf-8", "replace"))
            below, number = depth, parent
        return tuple(reversed(titles))

    def _hit(self, key: int, score: float) -> FolderHit:
        if key >= self._chunks.size:
            raise self._file.corrupt("folder.chunk", "below the count of chunks", key)
        chunk = self._chunks[key]
        if chunk["file"] >= self._files.size:
            raise self._file.corrupt("folder.chunk.file", "below the count of files", int(chunk["file"]))
        file = self._files[chunk["file"]]
        path = self._slice(self._paths, int(file["path_begin"]), int(file["path_bytes"]), "folder.path")
        text = self._slice(self._texts, int(chunk["text_begin"]), int(chunk["text_bytes"]), "folder.chunk.text")
        return FolderHit(path=os.fsdecode(path), line_begin=int(chunk["line_begin"]), line_end=int(chunk["line_end"]),
                         score=score, text=text.decode("utf-8", "replace"), byte_begin=int(chunk["source_begin"]),
                         byte_end=int(chunk["source_end"]), key=key,
                         id=f"{int(chunk['id_high']):016x}{int(chunk['id_low']):016x}", headings=self._headings_of(key))

    def _refuse(self, what: str) -> None:
        self._open()
        if not self._change:
            raise refused(ReadOnly, "folder index", "mode='change'", "mode='r'")
        raise needs_native(what)

    def add_document(self, path: bytes, text: bytes) -> None:
        self._refuse("adding a document to a folder index")

    def remove_document(self, path: bytes) -> None:
        self._refuse("removing a document from a folder index")

    def save(self, path: bytes, progress: Optional[Progress]) -> None:
        self._open()
        raise needs_native("saving a folder index")

    def update(self, folder: bytes, output: bytes, threads: int, include_hidden: bool, max_file_bytes: int,
               progress: Optional[FolderProgress]) -> FolderReport:
        self._open()
        raise needs_native("building a graph")

    def compact(self, output: bytes, threads: int, progress: Optional[FolderProgress]) -> FolderReport:
        self._open()
        raise needs_native("building a graph")

    def close(self) -> None:
        self._is_closed = True
        self._index.close()
