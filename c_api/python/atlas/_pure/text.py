# SPDX-License-Identifier: Apache-2.0
"""What _native_text.py gives, without the native library: UTF-8, and UTF-16 and UTF-32 whose bytes are all good; grapheme clusters and
sentences. Tables of legacy encodings, words, and what tells encodings by statistics, are the native library's alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import List, NoReturn, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from .._errors import BadEncoding, InvalidArgument, needs_native, refused
from .._text_types import BASES, NOT_TOLD, SEGMENTS, DecodedFacts, Places, ends_of, utf8_lengths
from .encoding_labels import DECODED, OTHERS, REFUSED
from .graphemes import cluster_breaks
from .sentences import BEFORE_OPEN, BEFORE_THIS, TailoredSentences
from .standard_sentences import StandardSentences
from .utf8 import REPLACEMENT
from .utf8 import decode as characters_of

_MARKS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe\0\0", "UTF-32LE"), (b"\0\0\xfe\xff", "UTF-32BE"), (b"\xff\xfe", "UTF-16LE"),
          (b"\xfe\xff", "UTF-16BE"))
_STRICT, _REPLACE, _ESCAPES = range(3)
_SAMPLE_BYTES = 1 << 16
_BINARY_CONTROLS = re.compile(b"[\\0-\\x07\\x0e-\\x19\\x1c-\\x1f]")


def _mark_of(data: bytes) -> Tuple[Optional[str], int]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    return None, 0


def _told(data: bytes) -> Tuple[str, str, int]:
    encoding, mark_bytes = _mark_of(data)
    if encoding is not None:
        return encoding, "mark", mark_bytes
    if b"\0" in data:
        raise needs_native("telling UTF-16 and UTF-32 from binary data")
    if b"\x1b$" in data or b"\x1b(" in data:
        raise needs_native("telling ISO-2022-JP")
    try:
        data.decode("utf-8")
        return "UTF-8", "form", 0
    except UnicodeDecodeError:
        if _BINARY_CONTROLS.search(data, 0, _SAMPLE_BYTES):
            return NOT_TOLD[1], "nothing", 0
        raise needs_native("telling an encoding by statistics") from None


def detect_encoding(data: memoryview) -> Tuple[str, str, int]:
    return _told(bytes(data))


def _named(label: str) -> str:
    known = label.strip("\t\n\f\r ").lower()
    if known in DECODED:
        return DECODED[known]
    if known in OTHERS:
        raise needs_native(f"the encoding {label!r}")
    if known in REFUSED:
        raise refused(InvalidArgument, "encoding label", "an encoding that can be decoded", known)
    raise refused(InvalidArgument, "encoding label", "a label of the WHATWG Encoding Standard", "another name")


def first_ill_formed(data: memoryview) -> Optional[int]:
    try:
        str(data, "utf-8")
        return None
    except UnicodeDecodeError as problem:
        return problem.start


def _refusal(encoding: str, offset: int) -> BadEncoding:
    form = encoding[:-2] if encoding != "UTF-8" else encoding
    problem = refused(BadEncoding, f"text.{form.replace('-', '').lower()}_byte", f"well-formed {form}", offset)
    assert isinstance(problem, BadEncoding)
    problem.offset = offset
    return problem


@dataclass(frozen=True)
class _Places:
    encoding: str
    mark_bytes: int
    escaped: str
    """the text, bad bytes as surrogates"""

    def __call__(self, text: str, characters: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
        if self.encoding == "UTF-8":
            lengths = utf8_lengths(self.escaped)
        elif self.encoding.startswith("UTF-16"):
            lengths = 2 + 2 * (np.frombuffer(self.escaped.encode("utf-32-le"), dtype="<u4") >= 0x10000).astype(np.int64)
        else:
            lengths = np.full(len(self.escaped), 4, dtype=np.int64)
        found: "npt.NDArray[np.int64]" = self.mark_bytes + ends_of(lengths)[characters]
        return found


def decode(data: memoryview, label: Optional[str], errors: int) -> Tuple[str, DecodedFacts, Places]:
    source = bytes(data)
    if label is None:
        encoding, basis, mark_bytes = _told(source)
        if encoding in NOT_TOLD:
            found = "binary data" if encoding == "binary" else "unknown encoding"
            raise refused(BadEncoding, "text", "text in a known encoding", found)
    else:
        encoding, basis = _named(label), BASES[-1]
        mark_bytes = next((len(mark) for mark, marked in _MARKS if marked == encoding and source.startswith(mark)), 0)
    body = source[mark_bytes:]
    first_bad = -1
    try:
        escaped = body.decode(encoding)
    except UnicodeDecodeError as problem:
        first_bad = mark_bytes + problem.start
        if errors == _STRICT or (errors == _ESCAPES and encoding != "UTF-8"):
            raise _refusal(encoding, first_bad) from None
        if encoding != "UTF-8":
            raise needs_native(f"bad bytes of {encoding}") from None
        escaped = body.decode(encoding, "surrogateescape")
    bad_count = 0 if first_bad < 0 else len(re.findall("[\udc80-\udcff]", escaped))
    text = re.sub("[\udc80-\udcff]", "\ufffd", escaped) if bad_count and errors == _REPLACE else escaped
    return text, DecodedFacts(encoding, basis, mark_bytes, bad_count, max(first_bad, 0)), _Places(encoding, mark_bytes, escaped)


def create_text_decoder(label: Optional[str], errors: int) -> NoReturn:
    raise needs_native("decoding in pieces; atlas.decode takes a whole text")


def _sentence_ends(characters: str, state: Union[StandardSentences, TailoredSentences]) -> List[int]:
    """In characters, but for the last."""
    found: List[int] = []
    for at, character in enumerate(characters):
        code = ord(character)
        told = state.feed(REPLACEMENT if 0xDC80 <= code <= 0xDCFF else code, at)
        if told & BEFORE_OPEN:
            found.append(state.open_at)
        if told & BEFORE_THIS and at != 0:
            found.append(at)
    if state.finish():
        found.append(state.open_at)
    return found


def boundaries(text: bytes, kind: int, in_characters: bool) -> "npt.NDArray[np.int64]":
    if SEGMENTS[kind] == "word":
        raise needs_native(f"boundaries of kind {SEGMENTS[kind]!r}")
    if not text:
        return np.zeros(1, dtype=np.int64)
    if SEGMENTS[kind] == "grapheme":
        offsets = np.array([0, *cluster_breaks(text, 1, len(text)), len(text)], dtype=np.int64)
        if in_characters and not text.isascii():
            offsets = np.searchsorted(ends_of(utf8_lengths(characters_of(text))), offsets).astype(np.int64)
    else:
        characters = characters_of(text)
        state = TailoredSentences() if SEGMENTS[kind] == "sentence" else StandardSentences()
        offsets = np.array([0, *_sentence_ends(characters, state), len(characters)], dtype=np.int64)
        if not in_characters and len(characters) != len(text):
            offsets = ends_of(utf8_lengths(characters))[offsets]
    return offsets


def open_tokenizer(path: bytes, pattern: int) -> NoReturn:
    raise needs_native("tokens")


def tokenizer_of_ranks(ranks: memoryview, pattern: int) -> NoReturn:
    raise needs_native("tokens")
