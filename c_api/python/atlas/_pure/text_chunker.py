# SPDX-License-Identifier: Apache-2.0
"""include/atlas/chunk/{chunker,chunk_cutter}.hpp in Python: the same chunks of a document that is all there.

Of the rules those that need no markup, of the sizers those that need no tokens. What the choice is stands in chunker.hpp; time is linear as
there, and a text is searched near cuts only.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .._errors import InvalidArgument, needs_native, refused
from .chunk_rules import TEXT_END, Delimiters, External, Fixed, PlainText, Rule, Sentences, Uax29Sentences
from .chunk_sizers import SIZERS, Sizer
from .graphemes import is_cluster_break, next_cluster
from .prose_boundaries import CHARACTER, SENTENCE, is_break_space
from .utf8 import character_start, count_characters, decode_one
from .xxh3 import xxh3_128

CHUNK = np.dtype([
    ("byte_begin", "<u8"), ("byte_end", "<u8"), ("byte_fresh", "<u8"), ("char_begin", "<u8"), ("char_end", "<u8"),
    ("line_begin", "<u8"), ("line_end", "<u8"), ("column_begin", "<u8"), ("units", "<u8"), ("level", "u1"), ("depth", "<u4"),
    ("id", "<u8", (2,))])
"""chunk_view of include/atlas/chunk/chunk_view.hpp; an id is its low and its high half."""

AUTOMATIC_FILL = 255
PACKINGS = ("full", "coherent", "divided")
_MOST_UNITS = 1 << 31
_MOST_DEPTHS = 4
_LONGEST_CLUSTER = 4096  # bytes; a cluster beyond the size that is longer is cut
_NATIVE_RULES = ("markdown", "html", "code", "semantic")
_NATIVE_SIZERS = ("token", "callback")


@dataclass(frozen=True)
class CutOptions:
    """chunker_options of include/atlas/chunk/chunker_options.hpp, with what the rules external and delimiter are made of."""

    size: int = 1000
    overlap: int = 0
    fill_percent: int = AUTOMATIC_FILL
    coherent_percent: int = 30
    packing: str = "full"
    inner_sizes: Tuple[int, ...] = ()
    trim: bool = False
    delimiters: Sequence[bytes] = ()
    delimiter_side: str = "before"
    boundaries: Sequence[Tuple[int, int]] = ()

    def check(self) -> None:
        if not 1 <= self.size <= _MOST_UNITS:
            raise refused(InvalidArgument, "chunker_options.size", f"1 to {_MOST_UNITS}", self.size)
        if not 0 <= self.overlap < self.size:
            raise refused(InvalidArgument, "chunker_options.overlap", f"less than the size, {self.size}", self.overlap)
        if not 0 <= self.fill_percent <= 100 and self.fill_percent != AUTOMATIC_FILL:
            raise refused(InvalidArgument, "chunker_options.fill_percent", "0 to 100, or 255 for the usual", self.fill_percent)
        if not 0 <= self.coherent_percent <= 100:
            raise refused(InvalidArgument, "chunker_options.coherent_percent", "0 to 100", self.coherent_percent)
        if self.packing not in PACKINGS:
            raise refused(InvalidArgument, "chunker_options.packing", ", ".join(PACKINGS), self.packing)
        if len(self.inner_sizes) >= _MOST_DEPTHS:
            raise refused(InvalidArgument, "chunker_options.inner_sizes", f"at most {_MOST_DEPTHS - 1}", len(self.inner_sizes))
        above = self.size
        for own in self.inner_sizes:
            if not 1 <= own < above:
                raise refused(InvalidArgument, "chunker_options.inner_sizes", f"1 or more, and less than the size above, {above}", own)
            above = own

    def fill(self) -> int:
        if self.fill_percent != AUTOMATIC_FILL:
            return self.fill_percent
        return 0 if self.packing == "coherent" else 35


class _Position(NamedTuple):
    """include/atlas/chunk/text_position.hpp."""

    byte: int = 0
    character: int = 0
    line: int = 0
    column: int = 0

    def behind(self, text: bytes) -> "_Position":
        """At the end of a text that begins here."""
        if not text:
            return self
        characters = count_characters(text)
        lines = text.count(b"\n")
        if b"\r" in text:
            lines += text.count(b"\r") - text.count(b"\r\n")
        if lines == 0:
            column = self.column + characters
        else:
            last = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
            column = len(text) - last if characters == len(text) else count_characters(text[last:])
        return _Position(self.byte + len(text), self.character + characters, self.line + lines, column)


class _State(NamedTuple):
    """Where the cutting of a document stands at one depth."""

    start: _Position = _Position()  # of the next chunk
    fresh: int = 0                  # what the chunks so far do not hold begins here
    level: int = TEXT_END           # of the boundary at `fresh`
    overlap_units: int = 0          # of what the next chunk repeats


def _trimmed(chunk: bytes) -> Tuple[int, int]:
    """The part of a chunk without white space at both ends."""
    first, last = 0, len(chunk)
    while first < last:
        c, size = decode_one(chunk, first)
        if not is_break_space(c) or not is_cluster_break(chunk, first + size):
            break
        first += size
    while last > first:
        before = character_start(chunk, last - 1)
        if not is_break_space(decode_one(chunk, before)[0]):
            break
        last = before
    return first, last


class _Cutter:
    """Cuts one document, which is all there. Offsets within `text` count from the chunk's start."""

    def __init__(self, data: bytes, rule: Rule, sizer: Sizer, options: CutOptions) -> None:
        self._data = data
        self._rule = rule
        self._sizer = sizer
        self._options = options
        self._sizes = (options.size, *options.inner_sizes)
        self._offsets, self._levels = rule.structure(data)
        self._state = _State()
        self._outer: List[_State] = []  # at the depths above, where each goes on once its last chunk is cut up
        self._rows: List[Tuple[Any, ...]] = []

    def rows(self) -> List[Tuple[Any, ...]]:
        while self._outer or self._state.fresh != len(self._data):
            end = self._outer[-1].fresh if self._outer else len(self._data)
            chunk_bytes, level = self._choose(end)
            if self._outer and self._state.start.byte + chunk_bytes == end:
                level = self._outer[-1].level
            self._finish(end, chunk_bytes, level)
        return self._rows

    def _choose(self, end: int) -> Tuple[int, int]:
        """Bytes of the next chunk, and the level of the boundary that it ends at."""
        size = self._sizes[len(self._outer)]
        while True:
            begin = self._state.start.byte
            fresh = self._state.fresh - begin
            most = self._sizer.fit(self._data, begin, min(end, begin + self._sizer.most_bytes(size)), size)
            text = self._data[begin:min(end, begin + most + _LONGEST_CLUSTER)]
            if most > fresh:
                found = self._up_to(text, fresh, most, begin + most == end)
                if found[0]:
                    return found
            if fresh == 0:
                return self._one_cluster(begin, end)
            # With less repeated there is more room.
            self._state = self._state._replace(start=self._state.start.behind(self._data[begin:begin + fresh]), overlap_units=0)

    def _up_to(self, text: bytes, fresh: int, most: int, is_rest: bool) -> Tuple[int, int]:
        """The best cut behind `fresh`, up to `most`; 0 bytes if there is none."""
        options = self._options
        if options.packing != "full":
            found = self._first_above(text, self._filled(fresh, most, options.coherent_percent), most)
            if found[0] and not (is_rest and found[0] == most):
                return found
        if is_rest:
            return most, TEXT_END
        least = self._filled(fresh, most, options.fill())
        found = self._last_of_best(text, least, most)
        if not found[0]:
            found = self._rule.last_within(text, least, most)
        if not found[0] and least > fresh + 1:
            found = self._rule.last_within(text, fresh + 1, most)
        return found

    def _filled(self, fresh: int, most: int, percent: int) -> int:
        """From where on a chunk is filled to a share of the room that it has; more than `fresh`, at most `most`."""
        begin = self._state.start.byte
        units = (self._sizes[len(self._outer)] - self._state.overlap_units) * percent // 100
        fitted = self._sizer.fit(self._data, begin + fresh, begin + most, units) if units else 0
        return min(fresh + max(fitted, 1), most)

    def _last_of_best(self, text: bytes, least: int, most: int) -> Tuple[int, int]:
        """The last of the strongest boundaries that structure gives in [least, most]."""
        begin = self._state.start.byte
        best, best_level = 0, CHARACTER
        for i in range(bisect_right(self._offsets, begin + most) - 1, -1, -1):
            offset, level = self._offsets[i] - begin, self._levels[i]
            if offset < least:
                break
            if (best == 0 or level > best_level) and is_cluster_break(text, offset):
                best, best_level = offset, level
        return best, best_level

    def _first_above(self, text: bytes, least: int, most: int) -> Tuple[int, int]:
        """The first boundary in [least, most] that is stronger than a sentence's, and unless divided than the one at which the chunk
        began."""
        begin = self._state.start.byte
        above = max(self._state.level, SENTENCE) if self._options.packing == "coherent" else SENTENCE
        for i in range(bisect_right(self._offsets, begin + least - 1), len(self._offsets)):
            offset, level = self._offsets[i] - begin, self._levels[i]
            if offset > most:
                break
            if level > above and is_cluster_break(text, offset):
                return offset, level
        return 0, CHARACTER

    def _one_cluster(self, begin: int, end: int) -> Tuple[int, int]:
        """A grapheme cluster that does not fit is a chunk by itself."""
        seen = self._data[begin:min(end, begin + 2 * _LONGEST_CLUSTER)]
        size = next_cluster(seen, 0)
        if size > _LONGEST_CLUSTER:
            size = character_start(seen, _LONGEST_CLUSTER)
        return size, TEXT_END if begin + size == end else CHARACTER

    def _finish(self, end: int, chunk_bytes: int, level: int) -> None:
        """Writes the chunk and goes on behind it."""
        start, fresh, _, _ = before = self._state
        chunk = self._data[start.byte:start.byte + chunk_bytes]
        repeated = chunk_bytes
        if self._options.overlap and not self._outer and start.byte + chunk_bytes != end:
            repeated = self._repeat_from(chunk)
        next_start = start.behind(chunk[:repeated])
        behind = next_start.behind(chunk[repeated:])
        overlap_units = 0
        if repeated < chunk_bytes:
            overlap_units = self._sizer.measure(chunk[repeated:], behind.character - next_start.character)
            if overlap_units > self._options.overlap:
                next_start, overlap_units = behind, 0

        is_given = self._write(chunk, start, behind, level)
        self._state = _State(next_start, behind.byte, level, overlap_units)
        if len(self._outer) + 1 < len(self._sizes) and is_given:
            # The chunks that this one is cut into begin where it is fresh.
            self._outer.append(self._state)
            self._state = _State(start.behind(chunk[:fresh - start.byte]), fresh, before.level)
        while self._outer and self._state.fresh == self._outer[-1].fresh:
            self._state = self._outer.pop()

    def _write(self, chunk: bytes, begin: _Position, end: _Position, level: int) -> bool:
        """Whether anything new is left of a chunk once it is trimmed; then it is given."""
        if self._options.trim:
            first, last = _trimmed(chunk)
            begin = begin.behind(chunk[:first])
            chunk = chunk[first:last]
            end = begin.behind(chunk)
        if not chunk or end.byte <= self._state.fresh:
            return False
        characters = end.character - begin.character
        self._rows.append((
            begin.byte, end.byte, max(self._state.fresh, begin.byte), begin.character, end.character, begin.line + 1,
            end.line + (0 if chunk[-1] in b"\r\n" else 1), begin.column + 1, self._sizer.measure(chunk, characters), level,
            len(self._outer), xxh3_128(chunk, self._rule.version)))
        return True

    def _repeat_from(self, chunk: bytes) -> int:
        """Where the next chunk begins that repeats the end of this one."""
        size = len(chunk)
        first = max(self._sizer.fit_back(chunk, self._options.overlap), 1)  # not the same start again
        while first < size and character_start(chunk, first) != first:
            first += 1
        if first >= size:
            return size
        middle = first + (size - first) // 2
        begin = self._state.start.byte
        for i in range(bisect_right(self._offsets, begin + first - 1), len(self._offsets)):
            offset = self._offsets[i] - begin
            if offset > middle:
                break
            if is_cluster_break(chunk, offset):
                return offset
        return self._rule.first_within(chunk, first, middle, size)


_RULES: Dict[str, Callable[[CutOptions], Rule]] = {
    "plain_text": lambda options: PlainText(), "fixed": lambda options: Fixed(),
    "sentence": lambda options: Sentences(), "uax29_sentence": lambda options: Uax29Sentences(),
    "external": lambda options: External(options.boundaries),
    "delimiter": lambda options: Delimiters(options.delimiters, options.delimiter_side)}


def cut(data: bytes, rule: str = "plain_text", sizer: str = "character", options: Optional[CutOptions] = None) -> "npt.NDArray[np.void]":
    """The chunks of a document, those of each depth behind the one that holds them.

    @param data   any bytes, read as UTF-8
    @param rule   "plain_text", "fixed", "sentence", "uax29_sentence", "external" or "delimiter"
    @param sizer  "byte", "character", "grapheme" or "word"
    @return       CHUNK [n]. Raises InvalidArgument for options that do not hold together, NativeRequired for what only the native library does
    """
    if rule in _NATIVE_RULES:
        raise needs_native(f"cutting by the rule {rule}")
    if sizer in _NATIVE_SIZERS:
        raise needs_native(f"sizes by the sizer {sizer}")
    if rule not in _RULES:
        raise refused(InvalidArgument, "rule", ", ".join((*_RULES, *_NATIVE_RULES)), rule)
    if sizer not in SIZERS:
        raise refused(InvalidArgument, "sizer", ", ".join((*SIZERS, *_NATIVE_SIZERS)), sizer)
    options = options or CutOptions()
    options.check()
    return np.array(_Cutter(data, _RULES[rule](options), SIZERS[sizer], options).rows(), dtype=CHUNK)
