# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/grapheme_boundaries.hpp in Python, and those functions of include/atlas/chunk/prose_boundaries.hpp that ask for
clusters: rules GB1 to GB13 of UAX #29 as a table of transitions."""

from __future__ import annotations

from typing import Iterator, List

from .break_properties import GRAPHEME_BREAKS
from .utf8 import character_start, decode_one

(_, _CR, _LF, _CONTROL, _EXTEND, _ZWJ, _REGIONAL_INDICATOR, _PREPEND, _SPACING_MARK, _L, _V, _T, _LV, _LVT,
 _PICTOGRAPH) = range(15)
_VALUES = 15
# What the characters before are to the two rules that look further back than one.
_AT_START, _ELSE, _AFTER_PICTOGRAPH, _AFTER_PICTOGRAPH_ZWJ, _HALF_FLAG = range(5)


def _joins(before: int, run: int, value: int) -> bool:
    if before == _CR:
        return value == _LF  # GB3, GB4
    if before in (_LF, _CONTROL) or value in (_CR, _LF, _CONTROL):
        return False  # GB4, GB5
    if value in (_EXTEND, _ZWJ, _SPACING_MARK) or before == _PREPEND:
        return True  # GB9, GB9a, GB9b
    if before == _L and value in (_L, _V, _LV, _LVT):
        return True  # GB6
    if before in (_LV, _V) and value in (_V, _T):
        return True  # GB7
    if before in (_LVT, _T) and value == _T:
        return True  # GB8
    if run == _AFTER_PICTOGRAPH_ZWJ and value == _PICTOGRAPH:
        return True  # GB11
    return run == _HALF_FLAG and value == _REGIONAL_INDICATOR  # GB12, GB13, GB999


def _run_behind(run: int, value: int) -> int:
    if value == _PICTOGRAPH:
        return _AFTER_PICTOGRAPH
    if value == _EXTEND:
        return _AFTER_PICTOGRAPH if run == _AFTER_PICTOGRAPH else _ELSE
    if value == _ZWJ:
        return _AFTER_PICTOGRAPH_ZWJ if run == _AFTER_PICTOGRAPH else _ELSE
    if value == _REGIONAL_INDICATOR:
        return _ELSE if run == _HALF_FLAG else _HALF_FLAG
    return _ELSE


def _steps() -> List[int]:
    """At state * 15 + value: twice the state behind a character, and 1 if a cluster starts with it. A state is a run * 15 + the
    value before."""
    steps: List[int] = []
    for run in range(5):
        for before in range(_VALUES):
            for value in range(_VALUES):
                starts = run == _AT_START or not _joins(before, run, value)
                steps.append((_run_behind(run, value) * _VALUES + value) * 2 + starts)
    return steps


_STEPS = _steps()
_START = 0  # the state before the first character
_IS_ANCHOR = bytes(value not in (_EXTEND, _ZWJ, _REGIONAL_INDICATOR) for value in range(_VALUES))
_NO, _YES, _UNKNOWN = range(3)


def _anchor_before(text: bytes, offset: int) -> int:
    """The last character before an offset on which nothing before it has an influence; 0 if there is none."""
    while offset > 0:
        offset = character_start(text, offset - 1)
        if _IS_ANCHOR[GRAPHEME_BREAKS[decode_one(text, offset)[0]]]:
            break
    return offset


def _break_at(text: bytes, offset: int) -> int:
    """Whether a cluster begins at an offset, as far as the bytes beside it tell."""
    if offset in (0, len(text)):
        return _YES
    before, behind = text[offset - 1], text[offset]
    if before < 0x80 and behind < 0x80:
        return _NO if before == 0x0D and behind == 0x0A else _YES
    if before < 0x20:
        return _YES  # behind a control, GB4
    return _NO if behind & 0xC0 == 0x80 and character_start(text, offset) != offset else _UNKNOWN


def is_cluster_break(text: bytes, offset: int) -> bool:
    """Whether a grapheme cluster begins at an offset, or the text ends there."""
    seen = _break_at(text, offset)
    if seen != _UNKNOWN:
        return seen == _YES
    at, state, entry = _anchor_before(text, offset), _START, 0
    while at <= offset:
        code, size = decode_one(text, at)
        entry = _STEPS[state * _VALUES + GRAPHEME_BREAKS[code]]
        state = entry >> 1
        at += size
    return entry & 1 == 1


def last_cluster_break(text: bytes, most: int) -> int:
    """The last boundary at or before `most`; 0 if there is none behind the start."""
    if most >= len(text):
        return len(text)
    limit = character_start(text, most)
    if _break_at(text, limit) == _YES:
        return limit
    while limit:
        at = anchor = _anchor_before(text, limit)
        state = _START
        last = 0
        while at <= limit:
            code, size = decode_one(text, at)
            entry = _STEPS[state * _VALUES + GRAPHEME_BREAKS[code]]
            state = entry >> 1
            if entry & 1 and at > anchor:
                last = at
            at += size
        if last:
            return last
        limit = anchor
        if _break_at(text, limit) == _YES:
            return limit
    return 0


def cluster_breaks(text: bytes, first: int, last: int) -> Iterator[int]:
    """The boundaries in [first, last) in order. @pre 0 < first"""
    at = anchor = _anchor_before(text, first)
    state = _START
    while at < last:
        code, size = decode_one(text, at)
        entry = _STEPS[state * _VALUES + GRAPHEME_BREAKS[code]]
        state = entry >> 1
        if entry & 1 and at >= first and at > anchor:
            yield at
        at += size


def next_cluster(text: bytes, boundary: int) -> int:
    """The boundary that follows another one; the text's size where there is none."""
    at, state = boundary, _START
    while at < len(text):
        code, size = decode_one(text, at)
        entry = _STEPS[state * _VALUES + GRAPHEME_BREAKS[code]]
        if entry & 1 and at > boundary:
            break
        state = entry >> 1
        at += size
    return at
