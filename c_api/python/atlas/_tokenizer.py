# SPDX-License-Identifier: Apache-2.0
"""Tokens of byte-pair encodings."""

from __future__ import annotations

from typing import Any, Iterable, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _backend
from ._arrays import checked_count
from ._calls import Handle
from ._closing import Closing
from ._encoding import Bytes, checked_bytes
from ._errors import InvalidArgument, refused
from ._index import Path, checked_path
from ._text_types import PATTERNS, TokenizerBackend
from ._texts import Text, checked_text, checked_texts
from ._types import Progress

_PATTERN_OF = {"r50k_base": "gpt2", "p50k_base": "gpt2", "p50k_edit": "gpt2", "cl100k_base": "cl100k", "o200k_base": "o200k",
               **{name: name for name in PATTERNS}}


def _checked_pattern(pattern: object) -> int:
    if not isinstance(pattern, str) or pattern not in _PATTERN_OF:
        raise refused(InvalidArgument, "pattern", f"one of {', '.join(sorted(_PATTERN_OF))}", repr(pattern))
    return PATTERNS.index(_PATTERN_OF[pattern])


def _checked_tokens(tokens: object) -> "npt.NDArray[np.uint32]":
    if isinstance(tokens, (bytes, bytearray, memoryview)):
        raise TypeError(f"tokens: expected integers, found {type(tokens).__qualname__}")
    array = tokens if isinstance(tokens, np.ndarray) else np.array(list(tokens) if isinstance(tokens, Iterable) else tokens)
    if array.size == 0:
        array = array.astype(np.uint32)
    if array.ndim != 1 or array.dtype.kind not in "ui":
        raise TypeError(f"tokens: expected integers of 1 dimension, found {array.dtype} of shape {array.shape}")
    for row in np.flatnonzero((array < 0) | (array > 0xFFFFFFFF))[:1]:
        raise refused(InvalidArgument, "token", "a rank of the encoding", int(array[row]), int(row))
    return np.ascontiguousarray(array, dtype=np.uint32)


class Tokenizer(Closing):
    """The tokens of a text, exactly as the published encoder of a rank file gives them.

        tokenizer = atlas.Tokenizer("cl100k_base.tiktoken", "cl100k")
        tokenizer.count("How many?")
        tokenizer.decode(tokenizer.encode(text)) == text

    Special tokens such as <|endoftext|> are not looked for: their letters are text like any other. Every method may be called by
    several threads at a time.
    """

    def __init__(self, path: Path, pattern: str) -> None:
        """
        @param path     a rank file in the format of tiktoken, a token in base64 and its rank on each line; none comes with ATLAS
        @param pattern  which expression splits a text, as nothing in a rank file tells: "gpt2", "cl100k", "o200k", or the name of a
                        published encoding
        @raise          CorruptFile, whose line from 1 is ``.row``
        """
        self._backend: TokenizerBackend = _backend.open_tokenizer(checked_path("path", path), _checked_pattern(pattern))

    @classmethod
    def of_ranks(cls, ranks: Bytes, pattern: str) -> "Tokenizer":
        """The same of a rank file's bytes."""
        made = cls.__new__(cls)
        made._backend = _backend.tokenizer_of_ranks(checked_bytes("ranks", ranks), _checked_pattern(pattern))
        return made

    def count(self, text: Text) -> int:
        """How many tokens a text has."""
        return self._backend.count_one(checked_text("text", text))

    def count_many(self, texts: Iterable[Text], *, threads: int = 0, progress: Optional[Progress] = None) -> "npt.NDArray[np.int64]":
        """int64 [n]: how many tokens each of n texts has; on all cores."""
        return self._backend.count(checked_texts(texts), checked_count("threads", threads, 0, 4096), progress)

    def encode(self, text: Text) -> "npt.NDArray[np.uint32]":
        """uint32 [n]: the tokens of a text, by their ranks."""
        return self._backend.encode(checked_text("text", text))

    def decode(self, tokens: Union["npt.NDArray[np.integer[Any]]", Iterable[int]], errors: str = "replace") -> str:
        """The text of tokens. A character may lie in several of them, so those of a part of a text need not be UTF-8.

        @param errors  as of ``bytes.decode``
        """
        return self.decode_bytes(tokens).decode("utf-8", errors)

    def decode_bytes(self, tokens: Union["npt.NDArray[np.integer[Any]]", Iterable[int]]) -> bytes:
        """The bytes of tokens, one behind the other; InvalidArgument for a number that is none, ``.row`` says which."""
        return self._backend.decode(_checked_tokens(tokens))

    def _chunk_tokenizer(self) -> Handle:
        """For chunkers, which hold the native tokenizer."""
        return self._backend.handle()

    @property
    def pattern(self) -> str:
        return PATTERNS[self._backend.facts()[0]]

    @property
    def size(self) -> int:
        """Tokens in the rank file; special tokens are none of them."""
        return self._backend.facts()[1]
