# SPDX-License-Identifier: Apache-2.0
"""Where the characters, words and sentences of a text end."""

from __future__ import annotations

from typing import Iterator, TypeVar

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import checked_name
from ._text_types import SEGMENTS
from ._texts import Text, checked_text

_Text = TypeVar("_Text", str, bytes)


def boundaries(text: Text, kind: str = "sentence") -> "npt.NDArray[np.int64]":
    """int64 [n + 1]: 0, and where each of the text's n segments ends; they lie without gaps.

    Offsets are those of the text's type: characters of a str, bytes of bytes, so that ``text[a:b]`` is a segment for each two
    neighbours.

    @param kind  "grapheme": what a reader takes for one character; "word": words, and the spaces and signs between them;
                 "sentence": as a reader sees them, with the spaces behind; "uax29_sentence": exactly UAX #29's, which
                 know no abbreviations. The others are the standard's as well, of Unicode 15.0 whatever Python has. Without
                 the library "word" raises NativeRequired
    """
    number = checked_name("kind", kind, SEGMENTS)
    found: "npt.NDArray[np.int64]" = _backend.boundaries(checked_text("text", text), number, isinstance(text, str))
    return found


def sentences(text: _Text) -> Iterator[_Text]:
    """The sentences of a text one after the other, each with the spaces behind it; together they are the text.

    They are found at once, and cut out when they are asked for.
    """
    found = boundaries(text)
    return (text[begin:end] for begin, end in zip(found[:-1].tolist(), found[1:].tolist()))
