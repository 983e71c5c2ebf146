# SPDX-License-Identifier: Apache-2.0
"""include/atlas/chunk/*.hpp in Python: the same chunks (rule version 1; the rule is written out in those headers)."""

from __future__ import annotations

from typing import List, Union

import numpy as np
import numpy.typing as npt

from .._types import LEVELS, Chunk
from .xxh3 import xxh3_128

_RULE_VERSION = 1
_SPACE, _LINE_FEED, _CARRIAGE_RETURN, _LOWER, _OTHER, _STOP, _MARK, _WIDE_MARK, _CLOSER = range(9)
_CHARACTER, _WORD, _SENTENCE, _LINE, _PARAGRAPH, _TEXT_END = 0, 1, 3, 4, 5, 255
_NO_BOUNDARY = -1


def _kind_table() -> "npt.NDArray[np.uint8]":
    """The kind of each code point of the first plane; those beyond are `other`."""
    table = np.full(0x10000, _OTHER, dtype=np.uint8)
    for kind, points in (
            (_LINE_FEED, (0x0A,)), (_CARRIAGE_RETURN, (0x0D,)),
            (_SPACE, (0x09, 0x0B, 0x0C, 0x20, 0x85, 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028,
                      0x2029, 0x205F, 0x3000)),
            (_STOP, (0x2E,)),
            (_MARK, (0x21, 0x3F, 0x61F, 0x6D4, 0x964, 0x965, 0x2026, 0x203C, 0x2047, 0x2048, 0x2049)),
            (_WIDE_MARK, (0x3002, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61)),
            (_CLOSER, (0x22, 0x27, 0x29, 0x5D, 0x7D, 0xBB, 0x2019, 0x201D, 0x203A, 0x3009, 0x300B, 0x300D, 0x300F,
                       0x3011, 0x3015, 0xFF09, 0xFF3D, 0xFF5D, 0xFF63)),
            (_LOWER, tuple(range(0x61, 0x7B)))):
        table[list(points)] = kind
    return table


# Sentence states, and where a character of each kind moves them: rule number 3.
_NONE, _STOPPED, _MARKED, _WIDE, _STOPPED_SPACE, _MARKED_SPACE = range(6)


def _moves() -> List[List[int]]:
    table: List[List[int]] = []
    for state in range(6):
        row = [_NONE] * 9
        row[_WIDE_MARK] = _WIDE
        row[_MARK] = _WIDE if state == _WIDE else _MARKED
        row[_STOP] = _WIDE if state == _WIDE else _STOPPED
        row[_CLOSER] = state if state in (_MARKED, _STOPPED, _WIDE) else _NONE
        after_white = {_STOPPED: _STOPPED_SPACE, _MARKED: _MARKED_SPACE, _WIDE: _MARKED_SPACE}.get(state, state)
        row[_SPACE] = row[_LINE_FEED] = row[_CARRIAGE_RETURN] = after_white
        table.append(row)
    return table


_KINDS = _kind_table()
_MOVES = _moves()


class _Boundaries:
    """Everything about the places between characters 0 .. n of a text: shape [n + 1] each."""

    def __init__(self, text: str) -> None:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        count = points.size
        kinds = np.where(points < 0x10000, _KINDS[np.minimum(points, 0xFFFF)], np.uint8(_OTHER)).astype(np.uint8)
        # A lone surrogate stands for one byte that is part of no well-formed sequence.
        escaped = (points >= 0xDC80) & (points <= 0xDCFF)
        sizes = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
        sizes[escaped] = 1
        self.bytes = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)

        next_is_feed = np.append(kinds[1:] == _LINE_FEED, False)
        ends_line = (kinds == _LINE_FEED) | ((kinds == _CARRIAGE_RETURN) & ~next_is_feed)
        self.line_ended = np.concatenate(([False], ends_line))
        self.lines = np.cumsum(self.line_ended)
        white = kinds <= _CARRIAGE_RETURN
        solid: "npt.NDArray[np.int64]" = np.zeros(count + 1, dtype=np.int64)
        solid[1:] = np.cumsum(~white)
        ends = np.flatnonzero(self.line_ended)
        is_blank = np.zeros(count + 1, dtype=np.bool_)
        is_blank[ends] = np.diff(solid[ends], prepend=np.int64(0)) == 0

        states = np.zeros(count + 1, dtype=np.uint8)
        state = _NONE
        moved: List[int] = []
        for kind in kinds.tolist():
            state = _MOVES[state][kind]
            moved.append(state)
        states[1:] = moved

        levels = np.full(count + 1, _CHARACTER, dtype=np.int16)
        if count:
            behind = np.append(kinds[:1], kinds)       # of the character before each place; meaningless at 0
            ahead = np.append(kinds, np.uint8(_OTHER))  # of the character behind each place
            before_white = np.append(white, False)
            levels[1:][(behind <= _CARRIAGE_RETURN)[1:] & ~before_white[1:]] = _WORD
            sentence = ((states == _MARKED_SPACE) | ((states == _STOPPED_SPACE) & (ahead != _LOWER))
                        | ((states == _WIDE) & (ahead < _STOP))) & ~before_white
            levels[sentence] = _SENTENCE
            levels[self.line_ended] = _LINE
            levels[is_blank] = _PARAGRAPH
            levels[1:][(behind[1:] == _CARRIAGE_RETURN) & (ahead[1:] == _LINE_FEED)] = _NO_BOUNDARY
            levels[count] = _TEXT_END
            levels[0] = _CHARACTER
        self.levels = levels

    def overlap_start(self, start: int, cut: int, overlap: int) -> int:
        first = max(start, cut - overlap)
        levels = self.levels[first:cut]
        strong = np.flatnonzero(levels[:overlap // 2 + 1] >= _SENTENCE)
        for found in (strong, np.flatnonzero(levels >= _WORD), np.flatnonzero(levels >= _CHARACTER)):
            if found.size:
                return first + int(found[0])
        return cut


def chunk(text: Union[str, bytes], size: int, overlap: int, fill_percent: int) -> List[Chunk]:
    data = text.encode("utf-8") if isinstance(text, str) else bytes(text)
    # One character for each byte that is part of no well-formed sequence, as text/utf8.hpp counts.
    characters = text if isinstance(text, str) else data.decode("utf-8", "surrogateescape")
    places = _Boundaries(characters)
    count = len(characters)
    chunks: List[Chunk] = []
    start = fresh = 0
    while fresh != count:
        limit = start + size
        room = limit - fresh
        least = fresh + max(1, min(room * fill_percent // 100, room - 1))
        if count <= limit:
            cut = count
        else:
            levels = places.levels[least:limit + 1]
            cut = least + levels.size - 1 - int(np.argmax(levels[::-1]))
        begin, end = int(places.bytes[start]), int(places.bytes[cut])
        low, high = xxh3_128(data[begin:end], _RULE_VERSION)
        chunks.append(Chunk(
            text[start:cut] if isinstance(text, str) else data[begin:end], begin, end, int(places.bytes[fresh]), start,
            cut, int(places.lines[start]) + 1, int(places.lines[cut]) + (0 if places.line_ended[cut] else 1),
            LEVELS[int(places.levels[cut])], f"{high:016x}{low:016x}"))
        fresh = cut
        start = places.overlap_start(start, cut, overlap) if overlap and cut != count else cut
    return chunks
