# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/sentence_boundaries.hpp in Python: sentence boundaries as the standard has them, rules SB1 to SB998 of UAX #29."""

from __future__ import annotations

from .break_properties import SENTENCE_BREAKS
from .sentences import BEFORE_OPEN, BEFORE_THIS, STOP

(_OTHER, _CR, _LF, _SEP, _EXTEND, _FORMAT, _SP, _LOWER, _UPPER, _OLETTER, _NUMERIC, _ATERM, _SCONTINUE, _STERM, _CLOSE) = range(15)
_LINE_ENDS = frozenset((_CR, _LF, _SEP))
_TERMS = frozenset((_ATERM, _STERM))
_SETTLES = frozenset((_LOWER, _UPPER, _OLETTER)) | _LINE_ENDS | _TERMS  # what SB8 looks for
# How much of SATerm Close* Sp* there is.
_NONE, _TERM, _CLOSED, _SPACE = range(4)


class StandardSentences:
    """Finds boundaries in characters that are fed to it."""

    __slots__ = ("open_at", "_base", "_terminator", "_ending", "_after_case", "_open", "_at_start")

    def __init__(self) -> None:
        self.open_at = 0
        self._base = _OTHER        # of the last character that is neither Extend nor Format
        self._terminator = _ATERM
        self._ending = _NONE
        self._after_case = False   # whether Upper or Lower stands before it
        self._open = False
        self._at_start = True

    def finish(self) -> bool:
        """Whether a position is open that is a boundary if the text ends here."""
        return self._open

    def skip(self, text: bytes, offset: int) -> int:
        """Passes ASCII that ends no sentence, and returns how many bytes that is."""
        if self._at_start or self._open or self._ending != _NONE or self._base in _LINE_ENDS:
            return 0
        match = STOP.search(text, offset)
        end = match.start() if match else len(text)
        if end != offset:
            self._base = SENTENCE_BREAKS[text[end - 1]]
        return end - offset

    def feed(self, c: int, offset: int) -> int:
        """What a character settles."""
        value = SENTENCE_BREAKS[c]
        if self._at_start or self._base in _LINE_ENDS:
            inside = not self._at_start and self._base == _CR and value == _LF  # SB3
            self._at_start = False
            self._ending = _NONE
            self._advance(value)
            return 0 if inside else BEFORE_THIS  # SB1, SB4
        if value in (_EXTEND, _FORMAT):
            return 0  # SB5
        told = 0
        if self._open and value in _SETTLES:  # SB8
            self._open = False
            told = BEFORE_OPEN if value != _LOWER else 0
        if self._ending != _NONE and not self._continues(value):
            if self._terminator == _ATERM and value not in _SETTLES:
                self._open = True
                self.open_at = offset
            else:
                told |= BEFORE_THIS  # SB11
        self._advance(value)
        return told

    def _continues(self, value: int) -> bool:
        """Whether the sentence goes on with `value` behind what may be its end."""
        if self._terminator == _ATERM:
            if value == _LOWER or (self._ending == _TERM and value == _NUMERIC):
                return True  # SB8, SB6
            if self._base == _ATERM and self._after_case and value == _UPPER:
                return True  # SB7
        if value == _SCONTINUE or value in _TERMS:
            return True  # SB8a
        return (value == _CLOSE and self._ending != _SPACE) or value == _SP or value in _LINE_ENDS  # SB9, SB10

    def _advance(self, value: int) -> None:
        if value in _TERMS:
            self._after_case = self._base in (_UPPER, _LOWER)
            self._terminator = value
            self._ending = _TERM
        elif value == _CLOSE and self._ending in (_TERM, _CLOSED):
            self._ending = _CLOSED
        elif value == _SP and self._ending != _NONE:
            self._ending = _SPACE
        else:
            self._ending = _NONE
        self._base = value
