# SPDX-License-Identifier: Apache-2.0
"""include/atlas/chunk/{chunk_sizer,segment_sizers}.hpp in Python: how large a text is, and how much of one fits into a size."""

from __future__ import annotations

import re
from itertools import islice
from typing import Dict, Protocol, Tuple

from .graphemes import next_cluster
from .utf8 import decode
from .words import word_pattern


class Sizer(Protocol):
    def most_bytes(self, limit: int) -> int:
        """A chunk of `limit` units is cut at so many bytes."""

    def fit(self, text: bytes, begin: int, end: int, limit: int) -> int:
        """Bytes of the longest prefix of text[begin:end] that measures at most `limit`."""

    def fit_back(self, text: bytes, limit: int) -> int:
        """Where the longest suffix that measures at most `limit` begins."""

    def measure(self, text: bytes, characters: int) -> int:
        """Units of a text, which has so many characters."""


def _encoded_size(characters: str) -> int:
    return len(characters) if characters.isascii() else len(characters.encode("utf-8", "surrogateescape"))


class _Bytes:
    def most_bytes(self, limit: int) -> int:
        return limit

    def fit(self, text: bytes, begin: int, end: int, limit: int) -> int:
        return min(limit, end - begin)

    def fit_back(self, text: bytes, limit: int) -> int:
        return max(len(text) - limit, 0)

    def measure(self, text: bytes, characters: int) -> int:
        return len(text)


class _Characters:
    def most_bytes(self, limit: int) -> int:
        return 4 * limit

    def fit(self, text: bytes, begin: int, end: int, limit: int) -> int:
        if end - begin <= limit:
            return end - begin
        if text[begin:begin + limit].isascii():
            return limit
        # Of more bytes than so many characters can have, the last of which may be cut.
        return _encoded_size(decode(text[begin:min(end, begin + 4 * limit + 4)])[:limit])

    def fit_back(self, text: bytes, limit: int) -> int:
        if len(text) <= limit:
            return 0
        if text[len(text) - limit:].isascii():
            return len(text) - limit
        characters = decode(text[max(len(text) - 4 * limit - 4, 0):])
        return len(text) - _encoded_size(characters[max(len(characters) - limit, 0):])

    def measure(self, text: bytes, characters: int) -> int:
        return characters


_PLAIN = re.compile(rb"[\x00-\x0C\x0E-\x7F]*")


class _Graphemes:
    def most_bytes(self, limit: int) -> int:
        return 32 * limit + 64

    def fit(self, text: bytes, begin: int, end: int, limit: int) -> int:
        return self._fit(text[begin:end], limit)[0]

    def fit_back(self, text: bytes, limit: int) -> int:
        units = self.measure(text, 0)
        return 0 if units <= limit else self._fit(text, units - limit)[0]

    def measure(self, text: bytes, characters: int) -> int:
        return self._fit(text, len(text))[1]

    @staticmethod
    def _fit(text: bytes, limit: int) -> Tuple[int, int]:
        """Bytes of the longest prefix of at most `limit` clusters, and how many they are."""
        at = units = 0
        while at < len(text) and units < limit:
            match = _PLAIN.match(text, at)
            assert match is not None
            plain = match.end() - at  # a cluster each, but for the last one, which marks may join
            if plain and match.end() < len(text) and text[match.end()] >= 0x80:
                plain -= 1
            if plain:
                plain = min(plain, limit - units)
                at += plain
                units += plain
            else:
                at = next_cluster(text, at)
                units += 1
        return at, units


class _Words:
    def most_bytes(self, limit: int) -> int:
        return 64 * limit + 256

    def fit(self, text: bytes, begin: int, end: int, limit: int) -> int:
        characters = decode(text[begin:end])
        beyond = next(islice(word_pattern().finditer(characters), limit, None), None)
        return end - begin if beyond is None else _encoded_size(characters[:beyond.start()])

    def fit_back(self, text: bytes, limit: int) -> int:
        before = self.measure(text, 0) - limit
        if before <= 0:
            return 0
        characters = decode(text)
        return _encoded_size(characters[:next(islice(word_pattern().finditer(characters), before - 1, None)).end()])

    def measure(self, text: bytes, characters: int) -> int:
        return sum(1 for _ in word_pattern().finditer(decode(text)))


SIZERS: Dict[str, Sizer] = {"byte": _Bytes(), "character": _Characters(), "grapheme": _Graphemes(), "word": _Words()}
