# SPDX-License-Identifier: Apache-2.0
"""include/atlas/text/{utf8,normalise,words}.hpp in Python: one spelling for texts that mean the same, and its words.

Normalising follows utf8proc character by character, with Python's Unicode database in place of its own. For
characters that this database does not know, the two could differ: they raise NativeRequired.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache
from typing import Iterator, List

from .._errors import NativeRequired

_REPLACEMENT = "\ufffd"
_PIECE = 128  # characters that utf8proc gets at once


def _within(*ranges: int) -> "frozenset[int]":
    found: List[int] = []
    for first, last in zip(ranges[::2], ranges[1::2]):
        found.extend(range(first, last + 1))
    return frozenset(found)


# Default_Ignorable_Code_Point (Unicode Character Database, DerivedCoreProperties.txt), which shows nothing.
_IGNORABLE = _within(
    0x00AD, 0x00AD, 0x034F, 0x034F, 0x061C, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x200B, 0x200F,
    0x202A, 0x202E, 0x2060, 0x206F, 0x3164, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0, 0xFFF0, 0xFFF8,
    0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0xE0FFF)


def decode(data: bytes) -> str:
    """UTF-8 with each ill-formed byte as U+FFFD."""
    text = data.decode("utf-8", "surrogateescape")
    return text if text.isascii() else re.sub("[\udc80-\udcff]", _REPLACEMENT, text)


@lru_cache(maxsize=1 << 16)
def _decomposed(character: str) -> str:
    code = ord(character)
    if 0xAC00 <= code < 0xAC00 + 11172:
        return unicodedata.normalize("NFD", character)
    if unicodedata.category(character) == "Cn" and not (0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE):
        raise NativeRequired(
            f"needs the native library: normalising U+{code:04X}, which Unicode {unicodedata.unidata_version} of "
            "this Python does not know")
    if code in _IGNORABLE:
        return ""
    folded = character.casefold()
    if folded != character:
        return "".join(map(_decomposed, folded))
    mapping = unicodedata.decomposition(character)
    if mapping:
        return "".join(_decomposed(chr(int(part, 16))) for part in mapping.split() if part[0] != "<")
    return character


@lru_cache(maxsize=1 << 16)
def _starts_anew(character: str) -> bool:
    code = ord(character)
    if (0x1100 <= code < 0x1200 or 0x3130 <= code < 0x3190 or 0xA960 <= code < 0xA980 or 0xD7B0 <= code < 0xD800
            or 0xFF66 <= code < 0x10000):
        return False
    return unicodedata.category(character) in ("Lu", "Ll", "Lo")


def _pieces(text: str) -> Iterator[str]:
    """The parts that are normalised by themselves, as text/normalise.hpp cuts them."""
    at, size = 0, len(text)
    while at < size:
        ascii_end = at
        while ascii_end < size and text[ascii_end] < "\x80":
            ascii_end += 1
        plain = ascii_end - 1 if at < ascii_end < size else ascii_end
        if plain > at:
            yield text[at:plain]
            at = plain
        if at == size:
            return
        end = at
        while end < size and end - at < _PIECE:
            if end > at and (text[end] < "\x80" or (end - at >= _PIECE // 2 and _starts_anew(text[end]))):
                break
            end += 1
        yield text[at:end]
        at = end


def normalised(text: str) -> str:
    """NFKC with case folding; what shows nothing is left out."""
    if text.isascii():
        return text.lower()
    return "".join(piece.lower() if piece.isascii() else unicodedata.normalize("NFC", "".join(map(_decomposed, piece)))
                   for piece in _pieces(text))


NONE, JOINS, ALONE = 0, 1, 2


def part_of(c: int) -> int:  # word_part_of in text/words.hpp, line for line
    def within(first: int, last: int) -> bool:
        return first <= c <= last

    if c < 0x80:
        return JOINS if within(0x61, 0x7A) or within(0x41, 0x5A) or within(0x30, 0x39) else NONE
    if c < 0x0250:
        if c < 0xC0:
            return JOINS if c in (0xAA, 0xB5, 0xBA) else NONE
        return NONE if c in (0xD7, 0xF7) else JOINS
    if c < 0x0E00:
        punctuation = (c in (0x037E, 0x0387) or within(0x055A, 0x055F) or within(0x0589, 0x058F)
                       or c in (0x05BE, 0x05C0, 0x05C3, 0x05C6) or within(0x05F3, 0x05F4) or within(0x0606, 0x060F)
                       or within(0x061B, 0x061F) or within(0x066A, 0x066D) or c == 0x06D4 or within(0x0700, 0x070D)
                       or within(0x07F7, 0x07F9) or within(0x0964, 0x0965) or c in (0x0970, 0x0DF4))
        return NONE if punctuation else JOINS
    if c < 0x1100:
        if (within(0x0E4F, 0x0E5B) or c == 0x0E3F or within(0x0F01, 0x0F17) or within(0x0F3A, 0x0F3D)
                or within(0x104A, 0x104F) or c == 0x10FB):
            return NONE
        return ALONE if c < 0x0F00 or within(0x1000, 0x109F) else JOINS
    if c < 0x2000:
        if (within(0x1360, 0x1368) or c == 0x1680 or within(0x16EB, 0x16ED) or within(0x17D4, 0x17DB)
                or within(0x1800, 0x180A)):
            return NONE
        return ALONE if within(0x1780, 0x17FF) else JOINS
    if c < 0x2E80:
        return JOINS if within(0x2070, 0x209F) or within(0x2100, 0x218F) or within(0x2C00, 0x2DFF) else NONE
    if c < 0x3040:
        return ALONE if c < 0x2FE0 or within(0x3005, 0x3007) or within(0x3021, 0x302F) else NONE
    if c < 0x30A0:
        return ALONE
    if c < 0x3400:
        return NONE if c in (0x30A0, 0x30FB) else JOINS
    if c < 0xA000:
        return NONE if within(0x4DC0, 0x4DFF) else ALONE
    if c < 0xE000:
        return JOINS
    if c < 0xF900:
        return NONE
    if c < 0xFB00:
        return ALONE
    if c < 0x10000:
        if within(0xFD3E, 0xFD3F) or within(0xFE10, 0xFE1F) or within(0xFE30, 0xFE6F) or c >= 0xFFE0:
            return NONE
        if within(0xFF00, 0xFF65):
            return JOINS if within(0xFF10, 0xFF19) or within(0xFF21, 0xFF3A) or within(0xFF41, 0xFF5A) else NONE
        return NONE if c == 0xFEFF else JOINS
    if c < 0x1F000:
        return JOINS
    if c < 0x20000:
        return ALONE if within(0x1F300, 0x1FAFF) else NONE
    return ALONE if c < 0x40000 else NONE


def _ranges(part: int) -> str:
    """The code points of a part as the inside of a regular expression's character class."""
    classes: List[str] = []
    first = -1
    for code in range(0x40001):
        # Surrogates stand for nothing in a decoded text.
        inside = code < 0x40000 and not 0xD800 <= code < 0xE000 and part_of(code) == part
        if inside and first < 0:
            first = code
        elif not inside and first >= 0:
            classes.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = -1
    return "".join(classes)


@lru_cache(maxsize=1)
def word_pattern() -> "re.Pattern[str]":
    return re.compile(f"[{_ranges(JOINS)}]+|[{_ranges(ALONE)}]")


_ASCII_WORD = re.compile("[0-9A-Za-z]+")


def words(text: str) -> List[str]:
    """The words of a normalised text, in order."""
    return (_ASCII_WORD if text.isascii() else word_pattern()).findall(text)


assert sys.maxunicode == 0x10FFFF
