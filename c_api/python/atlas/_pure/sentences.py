# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/tailored_sentences.hpp in Python: sentence boundaries as a reader sees them. What the rules are is written there."""

from __future__ import annotations

import re
from typing import Tuple

from .break_properties import SENTENCE_BREAKS
from .sentence_words import (ABBREVIATIONS, EMPTY_WORD, NUMBER_WORDS, ORDINAL_ARTICLES, ROMAN_NUMBERS, SENTENCE_STARTERS, TITLES, UNITS,
                             is_era, word_with)

(_OTHER, _CR, _LF, _SEP, _EXTEND, _FORMAT, _SP, _LOWER, _UPPER, _OLETTER, _NUMERIC, ATERM, _SCONTINUE, STERM, _CLOSE) = range(15)
ELLIPSIS = 0x2026

# How much of terminator Close* Sp* there is.
_NONE, _TERM, _CLOSED, _SPACE = range(4)
# What a full stop behind a word may be.
_PLAIN, _ABBREVIATION, _BEFORE_NUMBER, _NEVER = range(4)
# What an open position waits for.
_NOTHING, _LETTER, _WORD, _BEHIND_QUOTE, _MARK = range(5)
# What stands behind the number or letter of an item.
_NO_MARK, _BRACKET, _STOP_BRACKET, _STOP, _COMPLETE = range(5)
_NO_NUMBER = 65535  # a word that numbers no item
_BEFORE_A = 10000   # "a" is the next, behind all numbers
# Of a word.
_HAS_LETTERS, _HAS_DIGITS, _HAS_STOP, _HAS_LONG_PART, _IS_FIRST, _IS_BEHIND_ARTICLE, _IS_UNIT, _IS_ERA = (1 << bit for bit in range(8))

_BULLETS = frozenset((0x2022, 0x2043, 0x25CF, 0x25AA))
_HYPHENS = frozenset((0x2D, 0x2010, 0x2011))
_OPENING = frozenset((0x300C, 0x300E, 0x300A, 0x3008, 0x3010))
_EITHER_BEHIND_SPACE = frozenset((0xBB, 0x203A))
_EITHER = frozenset((0x201C, 0xAB, 0x2039))

# What a character told that was fed.
BEFORE_OPEN = 1  # the position that had been left open is a boundary
BEFORE_THIS = 2  # there is a boundary before the character


def _is_line_end(value: int) -> bool:
    return _CR <= value <= _SEP


def _is_letter(value: int) -> bool:
    return _LOWER <= value <= _OLETTER


def _is_term(value: int) -> bool:
    return value in (ATERM, STERM)


STOP = re.compile(rb"[^\x0E-\x20\"-\x2D/->@-\x7F]")  # what is not ASCII, a terminator, and line ends


def _before_two_words(text: bytes, begin: int, end: int) -> int:
    """Where in ASCII text to begin so that the last two words before `end` are read whole: at a character before them that belongs to no
    word, or at `begin`."""
    at = end
    for _ in range(2):
        while at > begin and not text[at - 1:at].isalnum():
            at -= 1
        while at > begin and text[at - 1:at].isalnum():
            at -= 1
    return max(at - 1, begin)


class TailoredSentences:
    """Finds boundaries in characters that are fed to it."""

    __slots__ = ("open_at", "_word", "_number", "_next_item", "_flags", "_part_letters", "_in_word", "_begun", "_base", "_terminator",
                 "_ending", "_kind", "_open", "_dots", "_spaced", "_ellipsis", "_mark", "_item_style", "_behind_hyphen", "_at_start")

    def __init__(self) -> None:
        self.open_at = 0
        self._word = EMPTY_WORD      # that is read, or was read last, in this sentence
        self._number = _NO_NUMBER    # of an item that the word may be
        self._next_item = 0          # the number of the next item in a sentence that is one
        self._flags = 0
        self._part_letters = 0       # of the word, behind its last full stop
        self._in_word = 0            # 1: the last character belongs to it, 2: is a full stop behind it
        self._begun = False          # whether the sentence has a word
        self._base = _OTHER
        self._terminator = ATERM
        self._ending = _NONE
        self._kind = _PLAIN          # of the word before the terminator
        self._open = _NOTHING
        self._dots = 0
        self._spaced = False         # whether a space stands before the first of them
        self._ellipsis = False       # whether the last of them is U+2026
        self._mark = _NO_MARK
        self._item_style = _NO_MARK
        self._behind_hyphen = False
        self._at_start = True

    def finish(self) -> bool:
        """Whether a position is open that is a boundary if the text ends here."""
        if self._open == _LETTER:
            return self._kind == _PLAIN
        return self._open == _WORD and self._word in SENTENCE_STARTERS

    def skip(self, text: bytes, offset: int) -> int:
        """Passes what settles nothing, and returns how many bytes that is: inside a sentence only stops matter, and before one that is no
        line end's the last two words."""
        in_number = self._in_word == 1 and self._flags & _IS_FIRST and self._number != _NO_NUMBER
        if (self._at_start or self._open != _NOTHING or self._ending != _NONE or _is_line_end(self._base) or not self._begun or in_number
                or self._mark != _NO_MARK or self._next_item):
            return 0
        match = STOP.search(text, offset)
        end = match.start() if match else len(text)
        if end == offset:
            return 0
        begin = end - 1 if text[end:end + 1] in (b"\n", b"\r") else _before_two_words(text, offset, end)
        for c in text[begin:end]:
            self._advance(c, SENTENCE_BREAKS[c])
        return end - offset

    def may_end_sentence(self) -> bool:
        """Only then may there be a boundary before the next character that is no line end's."""
        return self._ending != _NONE or self._open != _NOTHING

    def finish(self) -> bool:
        """Whether the position that is left open is a boundary if the text ends here."""
        if self._open == _LETTER:
            return self._kind == _PLAIN
        return self._open == _WORD and self._word in SENTENCE_STARTERS

    def feed(self, c: int, offset: int) -> int:
        """What a character settles."""
        value = ATERM if c == ELLIPSIS else SENTENCE_BREAKS[c]
        if self._at_start or _is_line_end(self._base):
            inside = not self._at_start and self._base == _CR and value == _LF
            self._at_start = False
            self._ending = _NONE
            self._next_item = 0
            self._begin_sentence()
            self._advance(c, value)
            return 0 if inside else BEFORE_THIS
        if value in (_EXTEND, _FORMAT):
            return 0
        apart = c in _BULLETS and self._base == _SP
        numbered = value == _SP and self._mark not in (_NO_MARK, _COMPLETE)
        told = BEFORE_OPEN if self._settle(c, value, apart or numbered) else 0
        if self._open == _NOTHING:
            bullet = apart and self._begun
            wait, is_boundary = _NOTHING, False
            if self._ending == _NONE:
                if self._begins_next_item(c):
                    wait = _MARK
            elif not bullet:
                wait, is_boundary = self._decide(c, value)
            is_boundary = is_boundary or bullet
            if wait != _NOTHING:
                self._open = wait
                self.open_at = offset
            if is_boundary:
                told |= BEFORE_THIS
            if is_boundary or wait != _NOTHING:
                if wait != _MARK:
                    self._next_item = 0
                self._begin_sentence()
                self._ending = _NONE
        self._advance(c, value)
        return told

    def _begins_next_item(self, c: int) -> bool:
        """Whether the character, behind a space, may begin what numbers the next item of a list that the sentence began with."""
        if self._next_item == 0 or not self._begun or self._base != _SP:
            return False
        if 0x61 <= c <= 0x7A:
            return c - 0x60 + _BEFORE_A == self._next_item
        first = self._next_item
        while first >= 10:
            first //= 10
        return self._next_item <= _BEFORE_A and c == 0x30 + first

    def _begin_sentence(self) -> None:
        self._begun = False
        self._word = EMPTY_WORD
        self._flags = 0
        self._part_letters = 0
        self._in_word = 0
        self._number = _NO_NUMBER
        self._mark = _NO_MARK
        self._base = _OTHER
        self._behind_hyphen = False

    def _settle(self, c: int, value: int, item: bool) -> bool:
        """Settles the open position if `value` does, or an item begins; true if it is a boundary."""
        if self._open == _NOTHING:
            return False
        if self._open == _LETTER:
            if not _is_letter(value) and not _is_line_end(value) and not _is_term(value) and not item:
                return False
            if _is_letter(value) and value != _LOWER and self._kind == _ABBREVIATION:
                self._open = _WORD
                return False
            is_boundary = value != _LOWER and self._kind in (_PLAIN, _BEFORE_NUMBER)
        elif self._open == _WORD:
            if _is_letter(value) or value == _NUMERIC:
                return False
            is_boundary = self._word in SENTENCE_STARTERS and not (value == ATERM and self._part_letters == 1)  # another initial
        elif self._open == _BEHIND_QUOTE:
            is_boundary = _is_letter(value) or value == _NUMERIC
            if not is_boundary:
                self._ending = _CLOSED
        else:
            if (self._in_word == 1 and (_is_letter(value) or value == _NUMERIC)) or c in (0x2E, 0x29):
                return False
            is_boundary = value == _SP and self._number == self._next_item and self._mark == self._item_style
        self._open = _NOTHING
        if not is_boundary:
            self._begun = True
            self._flags &= ~_IS_FIRST
        return is_boundary

    def _decide(self, c: int, value: int) -> Tuple[int, bool]:
        """What `value` is behind a terminator: what to wait for, and whether there is a boundary before it."""
        if value in (_LOWER, _SCONTINUE, _SP) or _is_term(value) or _is_line_end(value):
            return _NOTHING, False
        stops = self._terminator == STERM or self._kind == _PLAIN
        spaced = self._ending == _SPACE
        if stops and c in (_EITHER_BEHIND_SPACE if spaced else _EITHER):
            return _BEHIND_QUOTE, False
        if value == _CLOSE and not spaced:
            return _NOTHING, self._terminator == STERM and c in _OPENING
        if self._ending == _CLOSED and 0xAC00 <= c <= 0xD7A3:
            return _NOTHING, False  # a particle behind a quotation
        if self._terminator == STERM:
            return _NOTHING, True
        if self._ending == _TERM:
            inside = (value == _NUMERIC or self._ellipsis or self._dots > 1
                      or (value == _UPPER and self._flags & _HAS_LETTERS != 0)
                      or (_is_letter(value) and (self._kind != _PLAIN or self._flags & _HAS_LONG_PART == 0)))
            is_boundary = not inside and _is_letter(value)
            return _NOTHING if inside or is_boundary else _LETTER, is_boundary
        if self._ellipsis and not spaced:
            return _NOTHING, False
        if self._kind == _ABBREVIATION:
            if _is_letter(value):
                return _NOTHING if is_era(self._word, c) else _WORD, False
            return _NOTHING if value == _NUMERIC else _LETTER, False
        if self._kind == _NEVER or (self._kind == _BEFORE_NUMBER and value == _NUMERIC):
            return _NOTHING, False
        mixed = self._flags & (_HAS_DIGITS | _HAS_LETTERS) == (_HAS_DIGITS | _HAS_LETTERS)  # "2s. 6d."
        is_boundary = _is_letter(value) or (value == _NUMERIC and not mixed)
        return _NOTHING if is_boundary else _LETTER, is_boundary

    def _kind_of_word(self) -> int:
        """What a full stop behind the word before it may be."""
        flags, word = self._flags, self._word
        if flags & (_HAS_DIGITS | _HAS_LETTERS | _HAS_STOP) == _HAS_DIGITS:
            ordinal = flags & _IS_FIRST or (flags & _IS_BEHIND_ARTICLE and self._part_letters <= 3)
            return _NEVER if ordinal else _PLAIN
        numbers_item = flags & _IS_FIRST and (self._part_letters == 1 or word in ROMAN_NUMBERS)
        if (numbers_item and not flags & _HAS_STOP) or word in TITLES:
            return _NEVER
        if word in ABBREVIATIONS:
            return _ABBREVIATION
        if word in NUMBER_WORDS:
            return _BEFORE_NUMBER
        if flags & (_HAS_DIGITS | _HAS_LONG_PART):
            return _PLAIN
        if flags & _HAS_STOP:
            return _ABBREVIATION
        initial = self._part_letters == 1 and not flags & (_IS_UNIT | _IS_ERA)
        return _ABBREVIATION if initial else _PLAIN

    def _advance_mark(self, c: int, value: int) -> None:
        """Follows the number or letter of an item that a sentence begins with."""
        if value == _SP:
            if self._mark not in (_NO_MARK, _COMPLETE):
                self._item_style = self._mark
                self._next_item = self._number + 1
                self._mark = _COMPLETE
            return
        if self._mark == _COMPLETE and value == _LOWER:
            self._next_item = 0  # "1. und 2. Klasse"
        behind_number = self._in_word == 1 and self._flags & _IS_FIRST and self._number != _NO_NUMBER
        if c == 0x2E and behind_number:
            self._mark = _STOP
        elif c == 0x29 and (self._mark == _STOP or behind_number):
            self._mark = _STOP_BRACKET if self._mark == _STOP else _BRACKET
        else:
            self._mark = _NO_MARK

    def _advance(self, c: int, value: int) -> None:
        self._advance_mark(c, value)
        if _is_letter(value) or value == _NUMERIC or c == 0xB0:
            self._add_to_word(c, value)
            self._ending = _NONE
        elif value == ATERM:
            if self._ending != _NONE and self._terminator == ATERM:
                self._dots = min(self._dots + 1, 5)
            else:
                self._dots = 1
                self._spaced = self._base == _SP
                self._kind = self._kind_of_word() if self._in_word else _PLAIN
            if self._dots > 1:
                self._kind = _PLAIN if self._dots != 3 else _NEVER if self._spaced else _ABBREVIATION
            self._ellipsis = c == ELLIPSIS
            self._in_word = 2 if self._in_word and self._dots == 1 and not self._ellipsis else 0
            self._terminator = ATERM
            self._ending = _TERM
        else:
            self._in_word = 0
            if value == STERM:
                self._terminator = STERM
                self._ending = _TERM
            elif value == _CLOSE and self._ending in (_TERM, _CLOSED):
                self._ending = _CLOSED
            elif value == _SP and self._ending != _NONE:
                self._ending = _SPACE
            else:
                self._ending = _NONE
        self._base = value
        self._behind_hyphen = c in _HYPHENS

    def _add_to_word(self, c: int, value: int) -> None:
        if self._in_word == 2:  # goes on behind a full stop
            self._word = word_with(self._word, 0x2E)
            self._flags |= _HAS_STOP
            self._part_letters = 0
        elif self._in_word == 0:
            self._flags = ((0 if self._begun else _IS_FIRST)
                           | (_IS_BEHIND_ARTICLE if value == _NUMERIC and self._begun and self._word in ORDINAL_ARTICLES else 0)
                           | (_IS_UNIT if self._flags & (_HAS_DIGITS | _HAS_LETTERS) == _HAS_DIGITS and c in UNITS else 0)
                           | (_IS_ERA if is_era(self._word, c) else 0)
                           | (_HAS_LONG_PART if self._behind_hyphen else 0))
            self._word = EMPTY_WORD
            self._part_letters = 0
            self._begun = True
            self._number = _NO_NUMBER if self._base == _CLOSE else 0  # "(1) and" is no item
        if 0x30 <= c <= 0x39 and self._number < 1000 and not self._flags & (_HAS_LETTERS | _HAS_STOP):
            self._number = self._number * 10 + (c - 0x30)
        elif 0x61 <= c <= 0x7A and self._part_letters == 0 and self._number == 0 and not self._flags & _HAS_STOP:
            self._number = _BEFORE_A + 1 + (c - 0x61)
        else:
            self._number = _NO_NUMBER
        self._in_word = 1
        self._word = word_with(self._word, c)
        if c != 0xB0:
            self._flags |= _HAS_DIGITS if value == _NUMERIC else _HAS_LETTERS
        self._part_letters = min(self._part_letters + 1, 9)
        if self._part_letters > 2 or 0x3040 <= c <= 0xD7A3:
            self._flags |= _HAS_LONG_PART
