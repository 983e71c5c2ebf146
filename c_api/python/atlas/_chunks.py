# SPDX-License-Identifier: Apache-2.0
"""Chunks as arrays: what a chunker found, of which single chunks are made as they are asked for."""

from __future__ import annotations

from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union, overload

import numpy as np
import numpy.typing as npt

from ._types import LEVELS, Chunk

CHUNK = np.dtype([
    ("byte_begin", "<u8"), ("byte_end", "<u8"), ("byte_fresh", "<u8"), ("char_begin", "<u8"), ("char_end", "<u8"),
    ("line_begin", "<u8"), ("line_end", "<u8"), ("column_begin", "<u8"), ("units", "<u8"), ("id_low", "<u8"),
    ("id_high", "<u8"), ("text_begin", "<u8"), ("level", "<u4"), ("depth", "<u4"), ("heading", "<u4"), ("reserved", "<u4")])
"""atlas_text_chunk of atlas.h."""

HEADING = np.dtype([("title_begin", "<u8"), ("title_bytes", "<u4"), ("depth", "<u4"), ("parent", "<u4"), ("reserved", "<u4")])
"""atlas_heading of atlas.h."""

NO_HEADING = 0xFFFFFFFF

Numbers = npt.NDArray[Any]


class FoundChunks(NamedTuple):
    """What a backend found, in memory of its own."""

    rows: "npt.NDArray[np.void]"
    """CHUNK [n]"""
    headings: "npt.NDArray[np.void]"
    """HEADING [m]; a parent stands before what is below it"""
    titles: bytes
    text: Optional[bytes]
    """where ``text_begin`` counts from; None: the document as it was given"""
    sources: "Optional[npt.NDArray[np.uint64]]" = None
    """[2, n]: where chunks begin and end in what was decoded; None: as in the text"""


class Chunks(Sequence[Chunk]):
    """The chunks of a text, in order. A sequence of ``Chunk``, each made when it is asked for; the offsets of all are
    there as arrays: ``chunks.byte_begin`` and so on, each of shape [n], of which the names are those of ``Chunk``.

    It holds the text that was cut, and can be used after the chunker is closed.
    """

    def __init__(self, document: Union[str, bytes, None], found: FoundChunks, as_text: bool = False) -> None:
        """
        @param document  what was cut; None: the chunks' text is in ``found``
        @param as_text   give text in ``found`` as str; what is no UTF-8 becomes U+FFFD
        """
        self._document = document
        self._found = found
        self._as_text = as_text
        self._paths: List[Optional[Tuple[str, ...]]] = [None] * len(found.headings)

    def __len__(self) -> int:
        return len(self._found.rows)

    @overload
    def __getitem__(self, which: int) -> Chunk: ...
    @overload
    def __getitem__(self, which: slice) -> List[Chunk]: ...

    def __getitem__(self, which: Union[int, slice]) -> Union[Chunk, List[Chunk]]:
        if isinstance(which, slice):
            return [self._chunk(i) for i in range(*which.indices(len(self)))]
        return self._chunk(range(len(self))[which])

    def __iter__(self) -> Iterator[Chunk]:
        return (self._chunk(i) for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} chunks>"

    @property
    def byte_begin(self) -> Numbers:
        return self._found.rows["byte_begin"]

    @property
    def byte_end(self) -> Numbers:
        return self._found.rows["byte_end"]

    @property
    def byte_fresh(self) -> Numbers:
        return self._found.rows["byte_fresh"]

    @property
    def char_begin(self) -> Numbers:
        return self._found.rows["char_begin"]

    @property
    def char_end(self) -> Numbers:
        return self._found.rows["char_end"]

    @property
    def line_begin(self) -> Numbers:
        return self._found.rows["line_begin"]

    @property
    def line_end(self) -> Numbers:
        return self._found.rows["line_end"]

    @property
    def column_begin(self) -> Numbers:
        return self._found.rows["column_begin"]

    @property
    def units(self) -> Numbers:
        return self._found.rows["units"]

    @property
    def level(self) -> Numbers:
        """As numbers: 0 character, 1 word, 2 clause, 3 sentence, 4 line, 5 paragraph, 6 section, 10 to 15 headings of depth 6
        to 1, 255 the text's end."""
        return self._found.rows["level"]

    @property
    def depth(self) -> Numbers:
        return self._found.rows["depth"]

    @property
    def source_begin(self) -> Numbers:
        return self.byte_begin if self._found.sources is None else self._found.sources[0]

    @property
    def source_end(self) -> Numbers:
        return self.byte_end if self._found.sources is None else self._found.sources[1]

    @property
    def ids(self) -> Numbers:
        """uint64 [n, 2]: the low and the high half of each id."""
        rows = self._found.rows
        return np.stack([rows["id_low"], rows["id_high"]], axis=1) if len(rows) else np.empty((0, 2), dtype=np.uint64)

    def headings(self, which: int) -> Tuple[str, ...]:
        """The titles that a chunk stands under, the outermost first."""
        return self._path(int(self._found.rows["heading"][which]))

    def text(self, which: int) -> Union[str, bytes]:
        """The text of a chunk, of the type of what was cut."""
        row = self._found.rows[which]
        if isinstance(self._document, str):
            return self._document[int(row["char_begin"]):int(row["char_end"])]
        begin, size = int(row["text_begin"]), int(row["byte_end"]) - int(row["byte_begin"])
        source = self._document if self._found.text is None else self._found.text
        assert source is not None
        part = bytes(source[begin:begin + size])
        return part.decode("utf-8", "replace") if self._as_text else part

    def _path(self, heading: int) -> Tuple[str, ...]:
        if heading == NO_HEADING:
            return ()
        known = self._paths[heading]
        if known is None:
            row = self._found.headings[heading]
            begin = int(row["title_begin"])
            title = self._found.titles[begin:begin + int(row["title_bytes"])].decode("utf-8", "replace")
            known = (*self._path(int(row["parent"])), title)
            self._paths[heading] = known
        return known

    def _chunk(self, which: int) -> Chunk:
        (byte_begin, byte_end, byte_fresh, char_begin, char_end, line_begin, line_end, column_begin, units, id_low, id_high, _,
         level, depth, heading, _) = self._found.rows[which].item()
        return Chunk(self.text(which), byte_begin, byte_end, byte_fresh, char_begin, char_end, line_begin, line_end,
                     LEVELS[level], f"{id_high:016x}{id_low:016x}", column_begin, units, depth, self._path(heading),
                     int(self.source_begin[which]), int(self.source_end[which]))
