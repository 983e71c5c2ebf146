# SPDX-License-Identifier: Apache-2.0
"""Bytes of any origin as str: which encoding they are in, the text, and where its characters lie in the bytes."""

from __future__ import annotations

import mmap
import threading
from dataclasses import dataclass, field
from typing import Iterable, NamedTuple, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import checked_keys, is_one_key
from ._closing import Closing
from ._errors import InvalidArgument, refused
from ._text_types import NOT_TOLD, DecodedFacts, Places, TextDecoderBackend

Bytes = Union[bytes, bytearray, memoryview, mmap.mmap, "npt.NDArray[np.uint8]"]
"""Whatever holds bytes side by side; read where they lie."""

_ERRORS = ("strict", "replace", "surrogateescape")
"""By the numbers of what becomes of bad bytes."""


class EncodingGuess(NamedTuple):
    """What bytes most likely are."""

    encoding: str
    """a name of the WHATWG Encoding Standard such as "UTF-8" or "windows-1252"; "unknown" for text in none of its encodings,
    "binary" for what is no text"""
    basis: str
    """what told it: "mark", "form" (well-formed UTF-8, the zeros of UTF-16), "statistics", which may be wrong, the more so the
    shorter the text, or "nothing" where it is unknown or binary"""
    mark_bytes: int
    """length of the byte-order mark; 0 if there is none"""


@dataclass(frozen=True)
class DecodedText:
    """A text that came as bytes; ``str()`` of it is the text too."""

    text: str
    """without byte-order mark"""
    encoding: str
    """of the bytes"""
    basis: str
    """what told it: as of ``EncodingGuess``, or "given" where the caller did"""
    mark_bytes: int
    """of a byte-order mark, which is left out of the text; 0 if there was none"""
    bad_count: int
    """times that bytes were no characters of the encoding"""
    first_bad: Optional[int]
    """offset of the first of them; None if there were none"""
    _places: Places = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<atlas.DecodedText {len(self.text)} characters of {self.encoding}, {self.bad_count} bad>"

    def source_offsets(self, characters: Union[int, Iterable[int]]) -> "npt.NDArray[np.int64]":
        """int64 [n]: where these characters begin in the bytes that were decoded, for ``len(text)`` their end. For this ``bytes``
        are kept, and of anything else a copy.

        @param characters  places in ``text``, 0 to len(text), in any order
        """
        wished = checked_keys("characters", [characters] if is_one_key(characters) else characters)
        for row in np.flatnonzero(wished > len(self.text))[:1]:
            raise refused(InvalidArgument, "characters", f"at most {len(self.text)}", int(wished[row]), int(row))
        return self._places(self.text, wished.astype(np.int64))


def checked_bytes(name: str, value: object) -> memoryview:
    try:
        view = memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected bytes, found {type(value).__qualname__}") from None
    if not view.c_contiguous:
        raise ValueError(f"{name}: expected contiguous bytes, found strides {view.strides}")
    return view.cast("B") if view.nbytes else memoryview(b"")


def _checked_errors(errors: object) -> int:
    if not isinstance(errors, str) or errors not in _ERRORS:
        raise refused(InvalidArgument, "errors", f"one of {', '.join(_ERRORS)}", repr(errors))
    return _ERRORS.index(errors)


def checked_label(encoding: object) -> Optional[str]:
    if encoding is not None and not isinstance(encoding, str):
        raise TypeError(f"encoding: expected str or None, found {type(encoding).__qualname__}")
    if encoding is not None and (not encoding.isascii() or "\0" in encoding):
        raise refused(InvalidArgument, "encoding label", "a label of the WHATWG Encoding Standard", "another name")
    return encoding


def detect_encoding(data: Bytes) -> EncodingGuess:
    """Which encoding bytes are in, and what told it: a byte-order mark, their form, or which of the legacy encodings makes
    the likeliest text.

    @param data  all bytes of a file; of a beginning alone the answer may differ
    """
    return EncodingGuess(*_backend.detect_encoding(checked_bytes("data", data)))


def first_ill_formed(data: Bytes) -> Optional[int]:
    """Offset of the first byte that is part of no well-formed sequence of UTF-8; None if all are."""
    found: Optional[int] = _backend.first_ill_formed(checked_bytes("data", data))
    return found


def decode(data: Bytes, encoding: Optional[str] = None, errors: str = "strict") -> DecodedText:
    """Bytes as text, without byte-order mark.

        text = atlas.decode(open(path, "rb").read()).text

    @param encoding  a label of the WHATWG Encoding Standard, such as "utf-8", "latin1" (which is windows-1252, as it has it) or
                     "sjis"; None: what ``detect_encoding`` says, and UTF-8 where it says nothing and errors is not "strict"
    @param errors    what becomes of bytes that are no characters of the encoding: "strict" refuses them; "replace" makes each
                     of them U+FFFD; "surrogateescape" keeps those of UTF-8 as Python does, U+DC80 to U+DCFF, and refuses others.
                     What else takes a str, such as ``sentences``, ``chunk`` and ``Tokenizer``, refuses one with such characters:
                     give it ``text.encode("utf-8", "surrogateescape")``
    @raise           BadEncoding for bytes that are refused, whose offset is ``.offset``, for binary data, and for an encoding that
                     cannot be told; NativeRequired without the library for all but UTF-8, UTF-16 and UTF-32
    """
    view = checked_bytes("data", data)
    return _decoded(*_backend.decode(view, checked_label(encoding), _checked_errors(errors)))


def _decoded(text: str, facts: DecodedFacts, places: Places) -> DecodedText:
    return DecodedText(text, facts.encoding, facts.basis, facts.mark_bytes, facts.bad_count, facts.first_bad if facts.bad_count else None,
                       places)


class TextDecoder(Closing):
    """Bytes that come in pieces, however they are cut, as text: what ``decode`` makes of them as a whole.

        with atlas.TextDecoder() as decoder, open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                use(decoder.feed(piece))
            use(decoder.finish())

    Of an encoding that is to be told the first MiB is looked at, and 64 KiB behind the first byte that tells anything.
    """

    def __init__(self, encoding: Optional[str] = None, errors: str = "strict") -> None:
        """Arguments as of ``decode``; "surrogateescape" needs an encoding that is given.

        BadEncoding has in ``.offset`` the bad byte's place in all that was fed, and in ``.text`` the text before it that ``feed`` or
        ``finish`` would have given.
        """
        if encoding is None and errors == _ERRORS[2]:
            raise refused(InvalidArgument, "errors", "strict or replace unless the encoding is given", repr(errors))
        self._backend: TextDecoderBackend = _backend.create_text_decoder(checked_label(encoding), _checked_errors(errors))
        self._one_at_a_time = threading.Lock()

    def feed(self, data: Bytes) -> str:
        """The part of the text that these bytes complete; may be empty."""
        view = checked_bytes("data", data)
        with self._one_at_a_time:
            return self._backend.feed(view)

    def finish(self) -> str:
        """Says that nothing follows, and gives the last part of the text; ``feed`` and ``finish`` raise Closed from then on."""
        with self._one_at_a_time:
            return self._backend.finish()

    def _facts(self) -> DecodedFacts:
        with self._one_at_a_time:
            return self._backend.facts()

    @property
    def encoding(self) -> Optional[str]:
        """None until it is told."""
        found = self._facts().encoding
        return None if found in NOT_TOLD else found

    @property
    def basis(self) -> Optional[str]:
        """As ``DecodedText.basis``; None until it is told."""
        facts = self._facts()
        return None if facts.encoding in NOT_TOLD else facts.basis

    @property
    def mark_bytes(self) -> int:
        """As ``DecodedText.mark_bytes``, so far, like those that follow."""
        return self._facts().mark_bytes

    @property
    def bad_count(self) -> int:
        return self._facts().bad_count

    @property
    def first_bad(self) -> Optional[int]:
        facts = self._facts()
        return facts.first_bad if facts.bad_count else None
