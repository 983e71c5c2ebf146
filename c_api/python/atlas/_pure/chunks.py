# SPDX-License-Identifier: Apache-2.0
"""Chunks without the native library: what _native_chunker.py gives, for the rules that text_chunker.py knows."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .._chunks import CHUNK, HEADING, NO_HEADING, FoundChunks
from .._errors import Cancelled, Closed, needs_native
from .._types import CHUNK_RULES, PACKINGS, ChunkerOptions, Progress
from .text_chunker import AUTOMATIC_FILL, CutOptions, cut


_SIZERS = ("character", "byte", "grapheme", "word", "token", "callback")  # as CHUNK_SIZERS


def create(options: ChunkerOptions, state: Optional[bytes]) -> "PureChunker":
    if state is not None:
        raise needs_native("taking up a document in its middle")
    return PureChunker(options)


class PureChunker:
    """A document that is fed is kept whole and cut at its end."""

    def __init__(self, options: ChunkerOptions) -> None:
        self._rule = CHUNK_RULES[options.rule]
        if self._rule == "content_defined":
            raise needs_native("cutting by the rule content_defined")
        self._sizer = _SIZERS[options.sizer]
        self._options = CutOptions(
            options.size, options.overlap, AUTOMATIC_FILL if options.fill_percent is None else options.fill_percent,
            options.coherent_percent, PACKINGS[options.packing], options.inner_sizes, options.trim, options.delimiters,
            "behind" if options.delimiters_begin_chunks else "before", options.boundaries)
        self._pieces: List[bytes] = []
        self._taken = 0
        self._is_closed = False
        self._cut(b"")  # refuses what only the native library does

    def _cut(self, text: bytes) -> FoundChunks:
        self._require_open()
        found = cut(text, self._rule, self._sizer, self._options)
        rows = np.zeros(len(found), dtype=CHUNK)
        for name in ("byte_begin", "byte_end", "byte_fresh", "char_begin", "char_end", "line_begin", "line_end", "column_begin",
                     "units", "level", "depth"):
            rows[name] = found[name]
        rows["id_low"], rows["id_high"] = found["id"][:, 0], found["id"][:, 1]
        rows["text_begin"] = found["byte_begin"]
        rows["heading"] = NO_HEADING
        return FoundChunks(rows, np.empty(0, dtype=HEADING), b"", None)

    def read(self, text: bytes, progress: Optional[Progress]) -> FoundChunks:
        self.restart()
        found = self._cut(text)
        if progress is not None and progress(len(text), len(text)) is False:
            raise Cancelled("cancelled: by progress")
        return found

    def read_many(self, texts: Sequence[bytes], progress: Optional[Progress]) -> "Tuple[FoundChunks, npt.NDArray[np.uint64]]":
        self.restart()
        rows = []
        for done, text in enumerate(texts):
            if progress is not None and progress(done, len(texts)) is False:
                raise Cancelled("cancelled: by progress")
            rows.append(self._cut(text).rows)
        if progress is not None:
            progress(len(texts), len(texts))
        firsts = np.cumsum([0, *map(len, rows)], dtype=np.uint64)
        return FoundChunks(np.concatenate(rows) if rows else np.empty(0, dtype=CHUNK), np.empty(0, dtype=HEADING), b"", None), firsts

    def feed(self, piece: bytes) -> FoundChunks:
        self._require_open()
        self._pieces.append(piece)
        self._taken += len(piece)
        return FoundChunks(np.empty(0, dtype=CHUNK), np.empty(0, dtype=HEADING), b"", b"")

    def finish(self) -> FoundChunks:
        text = b"".join(self._pieces)
        self.restart()
        return self._cut(text)._replace(text=text)

    def restart(self) -> None:
        self._require_open()
        self._pieces = []
        self._taken = 0

    def taken(self) -> int:
        self._require_open()
        return self._taken

    def save_state(self) -> bytes:
        raise needs_native("saving a document's middle")

    def close(self) -> None:
        self._pieces = []
        self._is_closed = True

    def _require_open(self) -> None:
        if self._is_closed:
            raise Closed("closed: chunker: expected an open one, found a closed one")
