# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/utf8.hpp in Python: a character is a well-formed sequence, and each byte that is part of none is one of its
own, read as U+FFFD."""

from __future__ import annotations

from typing import Tuple

REPLACEMENT = 0xFFFD


def decode_one(text: bytes, offset: int) -> Tuple[int, int]:
    """The code point of the character that begins at a byte, and its bytes."""
    first = text[offset]
    if first < 0x80:
        return first, 1
    if 0xC2 <= first < 0xF5:
        size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        try:
            return ord(text[offset:offset + size].decode()), size
        except UnicodeDecodeError:
            pass
    return REPLACEMENT, 1


def character_start(text: bytes, offset: int) -> int:
    """Where the character begins that holds a byte."""
    for start in range(offset, max(offset - 4, -1), -1):
        if text[start] & 0xC0 != 0x80:
            return start if decode_one(text, start)[1] > offset - start else offset
    return offset


def decode(data: bytes) -> str:
    """As many characters as there are; a byte that is part of none is a surrogate."""
    return data.decode("utf-8", "surrogateescape")


def count_characters(data: bytes) -> int:
    return len(data) if data.isascii() else len(decode(data))
