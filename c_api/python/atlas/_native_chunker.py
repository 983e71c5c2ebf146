# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for chunks."""

from __future__ import annotations

import ctypes as c
import operator
import weakref
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._arrays import Floats
from ._calls import Handle, Report, run_long
from ._chunks import CHUNK, HEADING, FoundChunks
from ._native import _address, _check, _lib, _saved, _sized
from ._texts import Embedder
from ._types import CHUNK_RULES, ChunkerOptions, Progress

# A text of fewer bytes is cut before anyone could press Ctrl-C.
_LONG_BYTES = 1 << 22
_ZERO_PERCENT = 255


def create(options: ChunkerOptions, state: Optional[bytes]) -> "NativeChunker":
    return NativeChunker(options, state)


def _bytes_at(address: Optional[int], size: int) -> bytes:
    return c.string_at(address, size) if address and size else b""


def _rows_at(address: Optional[int], count: int, kind: "np.dtype[Any]") -> "npt.NDArray[np.void]":
    return np.frombuffer(_bytes_at(address, count * kind.itemsize), dtype=kind)


class NativeChunker:
    def __init__(self, options: ChunkerOptions, state: Optional[bytes]) -> None:
        self._held: List[Any] = []  # what the handle borrows
        self._error: Optional[BaseException] = None
        self._report: Optional[Report] = None
        # What takes long, however short the text is; and what calls back must not run where a signal's handler may interrupt a callback.
        self._is_slow = options.measure is not None or options.semantic is not None
        wished = self._wished(options)
        out = c.c_void_p()
        # An open tokenizer or embedder stays open for as long as the handle is.
        if options.tokenizer is not None:
            wished.tokenizer = self._hold(options.tokenizer._chunk_tokenizer())
        if options.semantic is not None:
            semantic = self._semantic(options.semantic)
            self._held.append(semantic)
            wished.semantic = c.addressof(semantic)
        if state is None:
            _check(_lib.atlas_chunker_create(c.byref(out), c.byref(wished)))
        else:
            block = np.frombuffer(state + b"\0", dtype=np.uint8)
            _check(_lib.atlas_chunker_open_state(c.byref(out), _address(block), len(state), c.byref(wished)))
        self._handle = Handle(out.value or 0, _lib.atlas_chunker_close, "chunker")

    def _hold(self, handle: Handle) -> int:
        use = handle.use()
        self._held.append(use)
        return use.__enter__()

    def _wished(self, options: ChunkerOptions) -> Any:
        inner = (c.c_uint64 * 3)(*options.inner_sizes)
        own = weakref.ref(self)  # no cycle: what is dropped is closed at once

        def report(done: int, total: int, context: int) -> int:
            chunker = own()
            return 0 if chunker is None or chunker._report is None or chunker._report(done, total) else 1

        callback = _abi.ProgressCallback(report)
        self._held.append(callback)
        wished = _sized(_abi.ChunkerOptions, rule=options.rule, threads=options.threads, progress=callback)
        if CHUNK_RULES[options.rule] == "content_defined":
            sizes = options.content_defined
            assert sizes is not None
            content = _sized(_abi.ContentDefinedOptions, is_binary=int(sizes.is_binary), least_bytes=sizes.least_bytes,
                             average_bytes=sizes.average_bytes, most_bytes=sizes.most_bytes, seed=sizes.seed)
            self._held.append(content)
            wished.content_defined = c.addressof(content)
            return wished
        wished.sizer, wished.packing, wished.size, wished.overlap = options.sizer, options.packing, options.size, options.overlap
        wished.fill_percent = 0 if options.fill_percent is None else options.fill_percent or _ZERO_PERCENT
        wished.coherent_percent = options.coherent_percent or _ZERO_PERCENT
        wished.inner_sizes, wished.trim = inner, int(options.trim)
        if options.delimiters:
            blocks = [np.frombuffer(one, dtype=np.uint8) for one in options.delimiters]
            texts = (_abi.Text * len(blocks))(*((_address(one), one.size) for one in blocks))
            self._held.append((blocks, texts))
            wished.delimiters, wished.delimiter_count = c.addressof(texts), len(blocks)
            wished.delimiters_begin_chunks = int(options.delimiters_begin_chunks)
        if options.boundaries:
            places = (_abi.TextBoundary * len(options.boundaries))(*((offset, level, 0) for offset, level in options.boundaries))
            self._held.append(places)
            wished.boundaries, wished.boundary_count = c.addressof(places), len(options.boundaries)
        if options.measure is not None:
            measure = self._measure(options.measure)
            self._held.append(measure)
            wished.measure, wished.bytes_a_unit = measure, options.bytes_a_unit
        return wished

    def _measure(self, measure: Callable[[str], int]) -> Any:
        own = weakref.ref(self)

        def call(text: int, size: int, context: int) -> int:
            chunker = own()
            if chunker is None or chunker._is_stopped():
                return -1
            try:
                units = operator.index(measure(_bytes_at(text, size).decode("utf-8", "replace")))
                if not 0 <= units < 1 << 63:
                    raise ValueError(f"sizer: expected 0 to 2**63 - 1 units, found {units}")
                return units
            except BaseException as error:  # must not pass through the native frames: raised by _answer
                chunker._error = error
                return -1

        return _abi.MeasureCallback(call)

    def _semantic(self, wished: Any) -> Any:
        out = _sized(_abi.SemanticOptions, mode=("drop", "partition").index(wished.mode), window=wished.window,
                     most_sentences=wished.most_sentences, part_bytes=wished.part_bytes, quantile=wished.quantile,
                     batch_texts=wished.batch_texts, batch_bytes=wished.batch_bytes, dimension=wished.dimension)
        if isinstance(wished.embed, Embedder):
            out.embedder = self._hold(wished.embed._chunk_embedder())
            return out

        own = weakref.ref(self)

        def call(to: int, texts: int, count: int, dimension: int, context: int) -> int:
            chunker = own()
            if chunker is None or chunker._is_stopped():
                return -1
            try:
                views = (_abi.Text * count).from_address(texts)
                given = [_bytes_at(one.data, one.size_bytes).decode("utf-8", "replace") for one in views]
                vectors: Floats = np.ascontiguousarray(wished.embed(given), dtype=np.float32)
                if vectors.shape != (count, dimension):
                    raise ValueError(f"semantic.embed: expected shape ({count}, {dimension}), found {vectors.shape}")
                c.memmove(to, _address(vectors), vectors.nbytes)
                return 0
            except BaseException as error:
                chunker._error = error
                return -1

        callback = _abi.EmbedCallback(call)
        self._held.append(callback)
        out.embed = callback
        return out

    def _is_stopped(self) -> bool:
        return self._report is not None and not self._report()

    def _run(self, call: Callable[[int, Any], int], text: Optional[bytes], size: int, progress: Optional[Progress] = None) -> FoundChunks:
        """As _answer, and so that it can be interrupted if it takes long."""
        if progress is None and size < _LONG_BYTES and not self._is_slow:
            return self._answer(call, text)
        answers: List[FoundChunks] = []

        def run(report: Report) -> None:
            self._report = report
            try:
                answers.append(self._answer(call, text))
            finally:
                self._report = None

        run_long(run, progress)
        return answers[0]

    def _answer(self, call: Callable[[int, Any], int], text: Optional[bytes]) -> FoundChunks:
        """What a native call found. @param text  the document that it was given; None: the handle keeps its text"""
        found = _abi.Chunks()
        self._error = None
        with self._handle.use() as pointer:
            status = call(pointer, c.byref(found))
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            _check(status)
            return FoundChunks(_rows_at(found.chunks, found.count, CHUNK), _rows_at(found.headings, found.heading_count, HEADING),
                               _bytes_at(found.titles, found.titles_bytes),
                               None if text is not None else _bytes_at(found.text, found.text_bytes))

    def read(self, text: bytes, progress: Optional[Progress]) -> FoundChunks:
        block = np.frombuffer(text + b"\0" if not text else text, dtype=np.uint8)

        def call(pointer: int, found: Any) -> int:
            return int(_lib.atlas_chunker_read(found, pointer, _address(block), len(text)))

        return self._run(call, text, len(text), progress)

    def read_many(self, texts: Sequence[bytes], progress: Optional[Progress]) -> "Tuple[FoundChunks, npt.NDArray[np.uint64]]":
        blocks = [np.frombuffer(text or b"\0", dtype=np.uint8) for text in texts]
        views = (_abi.Text * max(len(texts), 1))(*((_address(block), len(text)) for block, text in zip(blocks, texts)))
        firsts = np.zeros(len(texts) + 1, dtype=np.uint64)
        found = self._run(lambda pointer, out: int(_lib.atlas_chunker_read_many(out, _address(firsts), pointer, views, len(texts))), b"",
                          sum(map(len, texts)), progress)
        return found, firsts

    def feed(self, piece: bytes) -> FoundChunks:
        block = np.frombuffer(piece + b"\0" if not piece else piece, dtype=np.uint8)
        return self._run(lambda pointer, found: int(_lib.atlas_chunker_feed(found, pointer, _address(block), len(piece))), None, len(piece))

    def finish(self) -> FoundChunks:
        return self._run(lambda pointer, found: int(_lib.atlas_chunker_finish(found, pointer)), None, 0)

    def restart(self) -> None:
        with self._handle.use() as pointer:
            _check(_lib.atlas_chunker_restart(pointer))

    def taken(self) -> int:
        out = c.c_uint64()
        with self._handle.use() as pointer:
            _check(_lib.atlas_chunker_taken(c.byref(out), pointer))
        return int(out.value)

    def kept_from(self) -> int:
        out = c.c_uint64()
        with self._handle.use() as pointer:
            _check(_lib.atlas_chunker_kept_from(c.byref(out), pointer))
        return int(out.value)

    def save_state(self) -> bytes:
        return _saved(self._handle, lambda needed, out, pointer, size: int(_lib.atlas_chunker_save_state(needed, out, pointer, size)))

    def close(self) -> None:
        self._handle.close()
        self._held.clear()
