# SPDX-License-Identifier: Apache-2.0
"""include/atlas/chunk/prose_boundaries.hpp in Python: where running text may be cut when nothing divides it.

Offsets are bytes of a text that begins where it was cut. Marks are found by patterns of bytes, which is right since the first byte of a
UTF-8 sequence stands in no other one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Iterator, List, Tuple

from .break_properties import SENTENCE_BREAKS
from .graphemes import cluster_breaks, is_cluster_break, last_cluster_break
from .sentence_words import ABBREVIATIONS, EMPTY_WORD, NUMBER_WORDS, TITLES, word_with
from .sentences import ATERM, BEFORE_OPEN, BEFORE_THIS, ELLIPSIS, STERM, TailoredSentences
from .utf8 import REPLACEMENT, character_start, decode, decode_one
from .words import ALONE, JOINS, part_of

_part_of = lru_cache(maxsize=1 << 12)(part_of)

CHARACTER, WORD, CLAUSE, SENTENCE = range(4)  # levels

_LOOKAHEAD = 256        # what is behind a terminator is read so far
_MOST_BEHIND_STOP = 16  # between a terminator and the sentence behind it
_MOST_STOPS_ASKED = 16  # by one search, those before a letter or digit not counted
_MOST_CHARACTER = 4

_BREAK_SPACES = frozenset((*range(0x09, 0x0E), 0x20, 0x85, 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000))
_QUOTES = frozenset((0x22, 0x27, 0x2019, 0x201D, 0xBB))
# How well a clause ends with a character: 1 comma, colon, bracket, dash, 2 full stop of an abbreviation, 3 semicolon, 4 a mark that ends sentences.
_CLAUSE_RANKS = {
    **dict.fromkeys(map(ord, ",:)]}"), 1), **dict.fromkeys((0x2013, 0x2014, 0x060C, 0x3001, 0xFF0C, 0xFF1A, 0xFF09, 0x300D, 0x300F), 1),
    0x2E: 2, 0x3B: 3, 0x061B: 3, 0xFF1B: 3, 0x21: 4, 0x3F: 4, 0x2026: 4, 0x061F: 4, 0x3002: 4, 0xFF01: 4, 0xFF1F: 4}


def _pattern_of(code_points: List[int]) -> "re.Pattern[bytes]":
    """Of the well-formed sequences of some characters."""
    return re.compile(b"|".join(re.escape(chr(c).encode()) for c in code_points))


_TERMINATOR = _pattern_of([match.start() for match in re.finditer(b"[" + bytes((ATERM, STERM)) + b"]", SENTENCE_BREAKS)] + [ELLIPSIS])
_CLAUSE_MARK = _pattern_of(list(_CLAUSE_RANKS))


def is_break_space(c: int) -> bool:
    """White space between words: White_Space without the no-break spaces."""
    return c in _BREAK_SPACES


def _is_wide_mark(c: int) -> bool:
    """A mark of a script that puts no space behind it."""
    return 0x3001 <= c <= 0x300F or 0xFF01 <= c <= 0xFF1F


def _found(pattern: "re.Pattern[bytes]", text: bytes, begin: int, end: int) -> "Iterator[re.Match[bytes]]":
    """The characters of a pattern that begin in [begin, end)."""
    for match in pattern.finditer(text, begin, end + _MOST_CHARACTER):
        if match.start() >= end:
            return
        yield match


# --- sentences ---


def _three_words_before(text: bytes, offset: int) -> int:
    """Where to begin to read so that the three words before an offset are read whole; 64 bytes before it at most."""
    at, words = offset, 0
    while at and offset - at < 64:
        before = text[at - 1]
        if before in (0x0A, 0x0D):
            return at
        if before == 0x20 and at != offset and text[at] != 0x20:
            words += 1
            if words == 3:
                return at
        at -= 1
    return character_start(text, at) if at else 0


_USUAL_WORD = re.compile(rb" ([a-z]{4,16})\Z")
_INSIDE = re.compile(rb"[.!?][a-z]|\.[0-9]|(?<=[A-Za-z])\.[A-Z]")  # as in "www.site.org", "3.14"


def _usual_break_behind(text: bytes, stop: int) -> int:
    """What _sentence_break_behind says of the most common case; 0 if this is another."""
    if len(text) - stop < 3 or stop < 17 or text[stop] >= 0x80 or text[stop + 1] != 0x20 or not 0x41 <= text[stop + 2] <= 0x5A:
        return 0
    if text[stop] != 0x2E:
        return stop + 2 if 0x61 <= text[stop - 1] <= 0x7A else 0
    match = _USUAL_WORD.search(text, stop - 17, stop)
    if not match:
        return 0
    word = EMPTY_WORD
    for letter in match.group(1):
        word = word_with(word, letter)
    return 0 if word in TITLES or word in ABBREVIATIONS or word in NUMBER_WORDS else stop + 2


def _ends_nothing(text: bytes, stop: int) -> bool:
    """What _sentence_break_behind says of marks inside of words and numbers, and of rows of dots, which would be read for each dot."""
    return _INSIDE.match(text, stop) is not None or not text[stop:stop + _LOOKAHEAD].strip(b".!? ")


def _sentence_break_behind(text: bytes, stop: int) -> int:
    """The sentence boundary that a terminator at `stop` leads to, if it does; else 0."""
    usual = _usual_break_behind(text, stop)
    if usual or _ends_nothing(text, stop):
        return usual
    state = TailoredSentences()
    at = _three_words_before(text, stop)
    end = character_start(text, stop + _LOOKAHEAD) if len(text) - stop > _LOOKAHEAD else len(text)
    for character in decode(text[at:end]):
        here, c = at, ord(character)
        if c < 0x80:
            at += 1
        elif 0xDC80 <= c <= 0xDCFF:
            c = REPLACEMENT
            at += 1
        else:
            at += 2 if c < 0x800 else 3 if c < 0x10000 else 4
        told = state.feed(c, here)
        if told & BEFORE_OPEN and state.open_at > stop:
            return state.open_at
        if here <= stop:
            continue
        if told & BEFORE_THIS:
            return here
        if not state.may_end_sentence():
            return 0
    return 0


def _is_counted(text: bytes, stop: int) -> bool:
    """Whether a terminator counts as one that was asked: no letter or digit of ASCII is behind it."""
    behind = text[stop + 1] if stop + 1 < len(text) else 0x20
    return not (0x61 <= (behind | 0x20) <= 0x7A or 0x30 <= behind <= 0x39)


def _last_sentence_break(text: bytes, least: int, most: int) -> int:
    """The last sentence boundary in [least, most]; 0 if there is none."""
    begin = max(least - _MOST_BEHIND_STOP, 0)
    end, asked = most, 0
    for match in reversed(list(_found(_TERMINATOR, text, begin, most))):
        stop = match.start()
        if stop >= end:
            continue  # one of "....."
        found = _sentence_break_behind(text, stop)
        if least <= found <= most and is_cluster_break(text, found):
            return found
        asked += _is_counted(text, stop)
        if asked >= _MOST_STOPS_ASKED:
            return 0
        end = stop
        while end > begin and text[end - 1] in b".!?":
            end -= 1
    return 0


def _first_sentence_break(text: bytes, first: int, most: int) -> int:
    """The first sentence boundary in [first, most]; 0 if there is none."""
    begin = character_start(text, max(first - _MOST_BEHIND_STOP, 0))
    end, asked = begin, 0
    for match in _found(_TERMINATOR, text, begin, most):
        stop = match.start()
        if stop < end:
            continue  # one of "....."
        found = _sentence_break_behind(text, stop)
        if first <= found <= most and is_cluster_break(text, found):
            return found
        asked += _is_counted(text, stop)
        if asked >= _MOST_STOPS_ASKED:
            return 0
        end = stop + 1
        while text[stop] < 0x80 and end < most and text[end] in b".!?":
            end += 1
    return 0


# --- clauses ---


def _is_behind_title(text: bytes, begin: int, stop: int) -> bool:
    """Whether the full stop at `stop` is that of a title, which begins at or behind `begin`: "Dr. Jones" stays together."""
    most_bytes = 16
    first = start = at = stop  # of letters, digits and full stops; of the word, which begins with no full stop
    while at > begin and stop - at <= most_bytes:
        at = character_start(text, at - 1)
        c = decode_one(text, at)[0]
        joins = _part_of(c) == JOINS if c < 0x80 else c not in _BREAK_SPACES and c not in _CLAUSE_RANKS
        if not joins and c != 0x2E:
            break
        first = at
        if joins:
            start = at
    if start == stop or stop - first > most_bytes:
        return False
    word = EMPTY_WORD
    while start < stop:
        c, size = decode_one(text, start)
        word = word_with(word, c)
        start += size
    return word in TITLES


def _last_clause_break(text: bytes, least: int, most: int) -> int:
    """The last of the best ends of clauses in [least, most]; 0 if there is none."""
    best = found = 0
    begin = character_start(text, max(least - 16, 0))
    for match in _found(_CLAUSE_MARK, text, begin, most + 1):
        mark = decode_one(text, match.start())[0]
        rank = _CLAUSE_RANKS[mark]
        if rank == 2 and _is_behind_title(text, begin, match.start()):
            continue  # "Dr. Jones" stays together
        at, is_spaced, is_wide = match.end(), False, _is_wide_mark(mark)
        while at <= most and at < len(text):  # over white space and quotes, and what follows
            c, size = decode_one(text, at)
            if c in _BREAK_SPACES:
                is_spaced = True
            else:
                own = c in _CLAUSE_RANKS
                if at >= least and (is_spaced or (is_wide and not own)):
                    value = 4 if rank == 2 and 0x61 <= c <= 0x7A else rank  # a full stop before a small letter seldom is an abbreviation's
                    if value >= best and is_cluster_break(text, at):
                        best, found = value, at
                if own or c not in _QUOTES:
                    break
            at += size
    return found


# --- words, and all of them ---


def _is_word_break(text: bytes, offset: int) -> bool:
    """Whether a word begins at an offset. @pre 0 < offset < the text's size"""
    before = decode_one(text, character_start(text, offset - 1))[0]
    behind = decode_one(text, offset)[0]
    if behind in _BREAK_SPACES:
        return False
    if before in _BREAK_SPACES:
        return True
    return behind >= 0x80 and _part_of(before) == ALONE and _part_of(behind) == ALONE


def last_prose_boundary(text: bytes, least: int, most: int) -> Tuple[int, int]:
    """The last sentence, clause, word or grapheme cluster that begins in [least, most], of the best level that there is, and its level; an
    offset of 0 if not even a cluster begins there. @pre 0 < least <= most < the text's size"""
    found = _last_sentence_break(text, least, most)
    if found:
        return found, SENTENCE
    found = _last_clause_break(text, least, most)
    if found:
        return found, CLAUSE
    last = last_cluster_break(text, most)
    if last < least:
        return 0, CHARACTER
    at = last
    while at >= least:
        before, behind = text[at - 1], text[at]
        if before < 0x80 and behind < 0x80:
            if before in _BREAK_SPACES and behind not in _BREAK_SPACES:
                return at, WORD
            at -= 1
        elif not _is_word_break(text, at):
            at = character_start(text, at - 1)
        elif is_cluster_break(text, at):
            return at, WORD
        else:
            at = last_cluster_break(text, at)  # and not every character of a long cluster
            if at == 0:
                break
    return last, CHARACTER


def first_prose_boundary(text: bytes, first: int, middle: int, last: int) -> int:
    """The first sentence in [first, middle], else the first word in [first, last), else the first grapheme cluster there; `last` if there
    is none. @pre 0 < first <= middle <= last <= the text's size"""
    found = _first_sentence_break(text, first, middle)
    if found:
        return found
    cluster = last
    at = first
    while at < last:
        before, behind = text[at - 1], text[at]
        if before >= 0x80 or behind >= 0x80:
            break
        if before != 0x0D or behind != 0x0A:
            if before in _BREAK_SPACES and behind not in _BREAK_SPACES:
                return at
            if cluster == last:
                cluster = at
        at += 1
    else:
        return cluster
    for here in cluster_breaks(text, at, last):
        if _is_word_break(text, here):
            return here
        if cluster == last:
            cluster = here
    return cluster
