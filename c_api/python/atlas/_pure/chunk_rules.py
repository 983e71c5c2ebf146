# SPDX-License-Identifier: Apache-2.0
"""include/atlas/chunk/{plain_text,fixed,sentence,external,delimiter}_rule.hpp in Python: where a text may be cut.

A rule tells all boundaries of its structure at once, as offsets and levels in order, and where to cut inside of the text when none lies
within a chunk's size.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Protocol, Sequence, Tuple, Union

import numpy as np

from .._errors import InvalidArgument, refused
from .graphemes import cluster_breaks, last_cluster_break
from .prose_boundaries import CHARACTER, CLAUSE, SENTENCE, WORD, first_prose_boundary, last_prose_boundary
from .sentences import BEFORE_OPEN, BEFORE_THIS, TailoredSentences
from .standard_sentences import StandardSentences
from .utf8 import decode_one

LINE, PARAGRAPH, SECTION, TEXT_END = 4, 5, 6, 255  # levels above those of prose_boundaries.py

_MOST_DELIMITERS, _MOST_DELIMITER_BYTES = 16, 64
_LONGEST_OPEN = 4096  # bytes; a sentence's begin that is settled later is none


class Structure(NamedTuple):
    """Boundaries in the order of the document."""

    offsets: List[int]
    levels: List[int]


class Rule(Protocol):
    version: int
    """seeds the ids of chunks"""

    def structure(self, text: bytes) -> Structure: ...

    def last_within(self, text: bytes, least: int, most: int) -> Tuple[int, int]: ...

    def first_within(self, text: bytes, first: int, middle: int, last: int) -> int: ...


class _Prose:
    """Inside of its structure's parts a text is cut as running text."""

    last_within = staticmethod(last_prose_boundary)
    first_within = staticmethod(first_prose_boundary)


class PlainText(_Prose):
    version = 0xA0001

    def structure(self, text: bytes) -> Structure:
        data = np.frombuffer(text, dtype=np.uint8)
        is_end = data == 0x0A
        returns = data == 0x0D
        if returns.any():
            returns[:-1] &= ~is_end[1:]
            is_end |= returns
        ends = np.flatnonzero(is_end) + 1
        if not ends.size:
            return Structure([], [])
        has_text = ~((data == 0x20) | ((data >= 0x09) & (data <= 0x0D)))
        is_blank = ~np.logical_or.reduceat(has_text[:ends[-1]], np.concatenate(([0], ends[:-1])))
        levels = np.where(is_blank, PARAGRAPH, LINE)
        levels[1:][is_blank[1:] & is_blank[:-1]] = SECTION
        return Structure(ends.tolist(), levels.tolist())


class Fixed:
    version = 0x10001

    def structure(self, text: bytes) -> Structure:
        return Structure([], [])

    def last_within(self, text: bytes, least: int, most: int) -> Tuple[int, int]:
        last = last_cluster_break(text, most)
        return 0 if last < least else last, CHARACTER

    def first_within(self, text: bytes, first: int, middle: int, last: int) -> int:
        return next(cluster_breaks(text, first, last), last)


def _sentence_starts(state: Union[TailoredSentences, StandardSentences], text: bytes) -> List[int]:
    starts: List[int] = []
    at = 0
    while True:
        at += state.skip(text, at)
        if at == len(text):
            break
        c, size = decode_one(text, at)
        opened = state.open_at
        told = state.feed(c, at)
        if told & BEFORE_OPEN and at - opened <= _LONGEST_OPEN:
            starts.append(opened)
        if told & BEFORE_THIS:
            starts.append(at)
        at += size
    if state.finish() and at - state.open_at <= _LONGEST_OPEN:
        starts.append(state.open_at)
    return starts[1:]  # the first is the text's own begin


class Sentences(_Prose):
    version = 0x20001

    def structure(self, text: bytes) -> Structure:
        starts = _sentence_starts(TailoredSentences(), text)
        return Structure(starts, [SENTENCE] * len(starts))


class Uax29Sentences(_Prose):
    version = 0x30001

    def structure(self, text: bytes) -> Structure:
        starts = _sentence_starts(StandardSentences(), text)
        return Structure(starts, [SENTENCE] * len(starts))


class External(_Prose):
    version = 0x50001

    def __init__(self, boundaries: Sequence[Tuple[int, int]]) -> None:
        """@param boundaries  offset and level of each, behind the one before"""
        before = -1
        for row, (offset, level) in enumerate(boundaries):
            if offset <= before:
                raise refused(InvalidArgument, "boundary.offset", f"more than {before}", offset, row)
            if not 0 <= level <= TEXT_END:
                raise refused(InvalidArgument, "boundary.level", f"0 to {TEXT_END}", level, row)
            before = offset
        self._boundaries = boundaries

    def structure(self, text: bytes) -> Structure:
        inside = [(int(offset), int(level)) for offset, level in self._boundaries if 0 < offset < len(text)]
        return Structure([offset for offset, _ in inside], [level for _, level in inside])


class Delimiters(_Prose):
    version = 0x40001

    def __init__(self, delimiters: Sequence[bytes], side: str = "before") -> None:
        """@param side  of a cut on which a delimiter stays: "before" or "behind\""""
        if not 1 <= len(delimiters) <= _MOST_DELIMITERS:
            raise refused(InvalidArgument, "delimiters", "1 to 16", len(delimiters))
        if side not in ("before", "behind"):
            raise refused(InvalidArgument, "delimiter_side", "before or behind", side)
        for row, one in enumerate(delimiters):
            if not 1 <= len(one) <= _MOST_DELIMITER_BYTES:
                raise refused(InvalidArgument, "delimiter", "1 to 64 bytes", len(one), row)
        # The first level that a delimiter is named for counts: what stands first in the pattern is tried first.
        levels = (PARAGRAPH, LINE, SENTENCE, CLAUSE) + (WORD,) * _MOST_DELIMITERS
        self._levels = dict(reversed(list(zip(delimiters, levels))))
        self._pattern = re.compile(b"|".join(map(re.escape, delimiters)))
        self._is_before = side == "before"

    def structure(self, text: bytes) -> Structure:
        offsets: List[int] = []
        levels: List[int] = []
        for match in self._pattern.finditer(text):
            offset = match.end() if self._is_before else match.start()
            if offset:
                offsets.append(offset)
                levels.append(self._levels[match.group()])
        return Structure(offsets, levels)
