# SPDX-License-Identifier: Apache-2.0
"""What the backends give about texts."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ._calls import Handle
from ._types import Progress


class DecodedFacts(NamedTuple):
    encoding: str
    basis: str
    mark_bytes: int
    bad_count: int
    first_bad: int
    """0 if there are no bad bytes"""


Places = Callable[[str, "npt.NDArray[np.int64]"], "npt.NDArray[np.int64]"]
"""(text, characters in it) -> where they begin in the source. Can be pickled, and holds nothing of the caller's but bytes."""

NOT_TOLD = ("unknown", "binary")
"""What stands for an encoding where there is none."""

BASES = ("mark", "form", "statistics", "nothing", "given")
"""What told an encoding, by their numbers in the C ABI."""

SEGMENTS = ("grapheme", "word", "sentence", "uax29_sentence")
"""By their numbers in the C ABI."""

PATTERNS = ("gpt2", "cl100k", "o200k")
"""By their numbers in the C ABI."""


def utf8_lengths(text: str) -> "npt.NDArray[np.int64]":
    """int64 [n]: bytes of each character of a text in UTF-8; of an escaped byte, one."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    escaped = (codes >= 0xDC80) & (codes <= 0xDCFF)
    lengths: "npt.NDArray[np.int64]" = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000) - 2 * escaped.astype(np.int64)
    return lengths


def ends_of(lengths: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    """int64 [n + 1]: where pieces of these lengths begin, and the end of the last."""
    ends: "npt.NDArray[np.int64]" = np.zeros(lengths.size + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    return ends


# Characters for each place from which on a table of all costs more than to encode what lies between the places.
_FAR = 64


def utf8_offsets(text: str, characters: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    """int64 [n]: where characters of a text begin in it as UTF-8."""
    if characters.size > len(text) // _FAR:
        return ends_of(utf8_lengths(text))[characters]
    wished = np.unique(characters)
    lengths = np.empty(wished.size, dtype=np.int64)
    before = 0
    for i, place in enumerate(wished.tolist()):
        lengths[i] = len(text[before:place].encode("utf-8", "surrogateescape"))
        before = place
    return np.cumsum(lengths)[np.searchsorted(wished, characters)]


class TextDecoderBackend(Protocol):
    def feed(self, data: memoryview) -> str: ...
    def finish(self) -> str: ...
    def feed_bytes(self, data: memoryview) -> bytes:
        """The text as UTF-8."""
    def finish_bytes(self) -> bytes: ...
    def keep_source(self, text_byte: int) -> None:
        """Before the first feed, and then to forget what lies before a place of the text."""
    def source_offsets(self, text_bytes: "npt.NDArray[np.uint64]") -> "npt.NDArray[np.uint64]": ...
    def facts(self) -> DecodedFacts: ...
    def close(self) -> None: ...


class TokenizerBackend(Protocol):
    def handle(self) -> Handle: ...
    def facts(self) -> Tuple[int, int]:
        """Pattern, tokens."""
    def count_one(self, text: bytes) -> int: ...
    def count(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> "npt.NDArray[np.int64]": ...
    def encode(self, text: bytes) -> "npt.NDArray[np.uint32]": ...
    def decode(self, tokens: "npt.NDArray[np.uint32]") -> bytes: ...
    def close(self) -> None: ...
