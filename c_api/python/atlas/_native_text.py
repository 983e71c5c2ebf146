# SPDX-License-Identifier: Apache-2.0
"""The native backend's part for encodings, boundaries and tokens."""

from __future__ import annotations

import codecs
import ctypes as c
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._calls import Handle
from ._errors import BadEncoding
from ._native import _Texts, _check, _lib, _run_work, _sized
from ._text_types import BASES, NOT_TOLD, DecodedFacts, Places, utf8_offsets
from ._types import Progress

_UTF8, _UNKNOWN, _BINARY = 0, 254, 255
_STRICT, _ESCAPES = 0, 2
# Bytes of a segment, fewer than there are as a rule.
_SEGMENT_BYTES = (1, 3, 32, 32)


def _block(data: memoryview) -> Tuple["npt.NDArray[np.uint8]", int]:
    """Bytes where they lie, or one of an own array for none."""
    return (np.frombuffer(data, dtype=np.uint8) if data.nbytes else np.zeros(1, dtype=np.uint8)), data.nbytes


def _address(array: "npt.NDArray[Any]") -> int:
    return int(array.ctypes.data)


def _name(encoding: int) -> str:
    if encoding in (_UNKNOWN, _BINARY):
        return NOT_TOLD[encoding - _UNKNOWN]
    name: bytes = _lib.atlas_encoding_name(encoding)
    return name.decode()


def _number(label: Optional[str]) -> int:
    if label is None:
        return _UNKNOWN
    out = c.c_int32()
    _check(_lib.atlas_encoding_of_label(c.byref(out), label.encode()))
    return out.value


def _guess(block: "npt.NDArray[np.uint8]", size: int) -> Any:
    guess = _sized(_abi.EncodingGuess)
    _check(_lib.atlas_text_detect_encoding(c.byref(guess), _address(block), size))
    return guess


def detect_encoding(data: memoryview) -> Tuple[str, str, int]:
    guess = _guess(*_block(data))
    return _name(guess.encoding), BASES[guess.basis], int(guess.mark_bytes)


def _decode_into(out: "npt.NDArray[np.uint8]", facts: Any, block: "npt.NDArray[np.uint8]", size: int, encoding: int, errors: int) -> None:
    _check(_lib.atlas_text_decode(c.byref(facts), _address(out), _address(block), size, encoding, errors, out.size))


def first_ill_formed(data: memoryview) -> Optional[int]:
    block, size = _block(data)
    first_bad = c.c_uint64()
    _check(_lib.atlas_text_validate(c.byref(first_bad), None, _address(block), size))
    return first_bad.value if first_bad.value < size else None


def _policy(encoding: int, errors: int) -> int:
    """Of bytes that are bad in this encoding. Bytes that are passed can be told from the text beside them in UTF-8 alone."""
    return errors if errors != _ESCAPES or encoding in (_UTF8, _UNKNOWN) else _STRICT


def _facts(facts: Any) -> DecodedFacts:
    return DecodedFacts(_name(facts.encoding), BASES[facts.basis], int(facts.mark_bytes), int(facts.bad_count), int(facts.first_bad))


@dataclass(frozen=True)
class _Places:
    source: bytes
    facts: Any

    def __call__(self, text: str, characters: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
        found = characters.copy() if text.isascii() else utf8_offsets(text, characters)
        block, size = _block(memoryview(self.source))
        _check(_lib.atlas_text_source_offsets(_address(found), _address(found), found.size, c.byref(self.facts), _address(block), size))
        return found


def decode(data: memoryview, label: Optional[str], errors: int) -> Tuple[str, DecodedFacts, Places]:
    block, size = _block(data)
    number = _number(label)
    guess = _guess(block, size) if number == _UNKNOWN else None
    if guess is not None:
        number = _UNKNOWN if guess.encoding == _BINARY else guess.encoding
    errors = _policy(number, errors)
    facts = _sized(_abi.DecodedText)
    # UTF-8 as it should be stands in the source already; what else there is grows to no more than this, of which the pages are taken
    # that are written.
    out = np.empty(0 if number == _UTF8 else 3 * size + 1, dtype=np.uint8)
    try:
        _decode_into(out, facts, block, size, number, errors)
        if facts.text_bytes > out.size and not facts.is_source:
            out = np.empty(facts.text_bytes, dtype=np.uint8)
            _decode_into(out, facts, block, size, number, errors)
    except BadEncoding as problem:
        problem.offset = int(facts.first_bad) if facts.bad_count else None
        raise
    if guess is not None:
        facts.basis = guess.basis
    whole = block[facts.mark_bytes:size] if facts.is_source else out[:facts.text_bytes]
    text = str(whole.data, "utf-8", "surrogateescape" if errors == _ESCAPES else "strict")
    # Bytes stay as they are; another's block is copied, which its owner may change or unmap.
    source = data.obj if isinstance(data.obj, bytes) and len(data.obj) == size else bytes(data)
    return text, _facts(facts), _Places(source, facts)


class NativeTextDecoder:
    def __init__(self, label: Optional[str], errors: int) -> None:
        out = c.c_void_p()
        number = _number(label)
        errors = _policy(number, errors)
        _check(_lib.atlas_text_decoder_create(c.byref(out), number, errors))
        self._handle = Handle(out.value or 0, _lib.atlas_text_decoder_close, "text decoder")
        # Bytes that are passed may be cut into pieces where a character seems to be.
        self._text = codecs.getincrementaldecoder("utf-8")("surrogateescape" if errors == _ESCAPES else "strict")

    def feed(self, data: memoryview) -> str:
        return self._text.decode(self.feed_bytes(data), False)

    def finish(self) -> str:
        return self._text.decode(self.finish_bytes(), True)

    def feed_bytes(self, data: memoryview) -> bytes:
        block, size = _block(data)
        text = _abi.Text()
        with self._handle.use() as decoder:
            return self._checked(decoder, text, _lib.atlas_text_decoder_feed(c.byref(text), decoder, _address(block), size))

    def finish_bytes(self) -> bytes:
        text = _abi.Text()
        with self._handle.use() as decoder:
            return self._checked(decoder, text, _lib.atlas_text_decoder_finish(c.byref(text), decoder))

    def _checked(self, decoder: Any, text: Any, status: int) -> bytes:
        try:
            _check(status)
        except BadEncoding as problem:
            facts = self._describe(decoder)
            problem.offset = int(facts.first_bad) if facts.bad_count else None
            problem.text = self._text.decode(self._bytes_of(text), False)
            raise
        return self._bytes_of(text)

    @staticmethod
    def _bytes_of(text: Any) -> bytes:
        return c.string_at(text.data, text.size_bytes) if text.size_bytes else b""

    def keep_source(self, text_byte: int) -> None:
        with self._handle.use() as decoder:
            _check(_lib.atlas_text_decoder_keep_source(decoder, text_byte))

    def source_offsets(self, text_bytes: "npt.NDArray[np.uint64]") -> "npt.NDArray[np.uint64]":
        found = np.ascontiguousarray(text_bytes, dtype=np.uint64).copy()
        with self._handle.use() as decoder:
            _check(_lib.atlas_text_decoder_source_offsets(_address(found), _address(found), found.size, decoder))
        return found

    @staticmethod
    def _describe(decoder: Any) -> Any:
        facts = _sized(_abi.DecodedText)
        _check(_lib.atlas_text_decoder_describe(c.byref(facts), decoder))
        return facts

    def facts(self) -> DecodedFacts:
        with self._handle.use() as decoder:
            return _facts(self._describe(decoder))

    def close(self) -> None:
        self._handle.close()


create_text_decoder = NativeTextDecoder


def boundaries(text: bytes, kind: int, in_characters: bool) -> "npt.NDArray[np.int64]":
    room = len(text) // _SEGMENT_BYTES[kind] + 64
    found = c.c_uint64()
    while True:
        out = np.empty(room + 1, dtype=np.int64)
        out[0] = 0
        ends = _address(out[1:])
        _check(_lib.atlas_text_boundaries(c.byref(found), None if in_characters else ends, ends if in_characters else None,
                                          text, len(text), kind, room))
        if found.value <= room:
            return out[:found.value + 1].copy()
        room = int(found.value)


class NativeTokenizer:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_tokenizer_close, "tokenizer")

    def handle(self) -> Handle:
        return self._handle

    def facts(self) -> Tuple[int, int]:
        info = _sized(_abi.TokenizerInfo)
        with self._handle.use() as tokenizer:
            _check(_lib.atlas_tokenizer_describe(c.byref(info), tokenizer))
        return int(info.pattern), int(info.tokens)

    def count_one(self, text: bytes) -> int:
        out = c.c_uint64()
        one = _abi.Text(c.cast(text, c.c_void_p), len(text))
        with self._handle.use() as tokenizer:
            _check(_lib.atlas_tokenizer_count(c.byref(out), tokenizer, c.byref(one), 1, None))
        return out.value

    def count(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> "npt.NDArray[np.int64]":
        block = _Texts(texts)
        counts = np.empty(len(texts), dtype=np.int64)
        _run_work(self._handle, lambda tokenizer, options: int(
            _lib.atlas_tokenizer_count(_address(counts), tokenizer, _address(block.views), len(texts), options)),
            threads, progress, len(texts))
        return counts

    def encode(self, text: bytes) -> "npt.NDArray[np.uint32]":
        found = c.c_uint64()
        tokens = np.empty(len(text), dtype=np.uint32)  # of which the pages are taken that are written
        with self._handle.use() as tokenizer:
            _check(_lib.atlas_tokenizer_encode(c.byref(found), _address(tokens), tokenizer, text, len(text), tokens.size))
        return tokens[:found.value].copy()

    def decode(self, tokens: "npt.NDArray[np.uint32]") -> bytes:
        needed = c.c_uint64()
        room = 8 * tokens.size + 64  # nearly always enough; else once more
        with self._handle.use() as tokenizer:
            while True:
                out = np.empty(room, dtype=np.uint8)
                _check(_lib.atlas_tokenizer_decode(c.byref(needed), _address(out), tokenizer, _address(tokens), tokens.size, room))
                if needed.value <= room:
                    return out[:needed.value].tobytes()
                room = int(needed.value)

    def close(self) -> None:
        self._handle.close()


def open_tokenizer(path: bytes, pattern: int) -> NativeTokenizer:
    out = c.c_void_p()
    _check(_lib.atlas_tokenizer_open(c.byref(out), path, pattern))
    return NativeTokenizer(out.value or 0)


def tokenizer_of_ranks(ranks: memoryview, pattern: int) -> NativeTokenizer:
    out = c.c_void_p()
    block, size = _block(ranks)
    _check(_lib.atlas_tokenizer_open_ranks(c.byref(out), _address(block), size, pattern))
    return NativeTokenizer(out.value or 0)
