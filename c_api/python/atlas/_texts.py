# SPDX-License-Identifier: Apache-2.0
"""Texts, and vectors from them."""

from __future__ import annotations

from typing import Iterable, List, Optional, Union

from . import _backend
from ._arrays import Floats, checked_count, checked_key
from ._calls import Handle
from ._closing import Closing
from ._errors import InvalidArgument, refused
from ._types import EmbedderBackend, EmbedderOptions, Progress

Text = Union[str, bytes]


def checked_text(name: str, value: object, row: Optional[int] = None) -> bytes:
    """A text as bytes. A str with a lone surrogate, which UTF-8 cannot hold, is refused."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        try:
            return value.encode("utf-8")
        except UnicodeEncodeError as problem:
            found = f"the lone surrogate U+{ord(value[problem.start]):04X} at {problem.start}"
            raise refused(InvalidArgument, name, "a str that UTF-8 can hold", found, row) from None
    raise TypeError(f"{name}: expected str or bytes, found {type(value).__qualname__}")


def checked_texts(value: object) -> List[bytes]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"texts: expected an iterable of str or bytes, found {type(value).__qualname__}")
    return [checked_text("texts", text, row) for row, text in enumerate(value)]


def checked_embedder_options(options: object) -> EmbedderOptions:
    if not isinstance(options, EmbedderOptions):
        raise TypeError(f"embedder: expected atlas.EmbedderOptions, found {type(options).__qualname__}")

    def weight(name: str, value: float) -> float:
        value = float(value)
        if not 0.0 <= value <= 1000.0:  # nor NaN
            raise refused(InvalidArgument, name, "0 to 1000", value)
        return value

    return EmbedderOptions(
        checked_count("dimension", options.dimension, 1, 65535),
        checked_count("frequency_buckets", options.frequency_buckets, 1 << 8, 1 << 24),
        checked_key("seed", options.seed),
        weight("word_weight", options.word_weight), weight("pair_weight", options.pair_weight),
        weight("gram_weight", options.gram_weight), checked_count("gram_length", options.gram_length, 1, 16))


class Embedder(Closing):
    """Texts to vectors of length 1, without a model: words, pairs of words and runs of characters are hashed into
    a vector and weighed by how rare they are among the texts it learned. For metric "cosine".

    Create, ``learn`` every text of the corpus, ``freeze``, ``embed``; frozen, a text has one vector for ever.
    Every method may be called by several threads at a time, but ``freeze`` not beside ``learn``.
    """

    def __init__(self, dimension: int = 1024, *, frequency_buckets: int = 1 << 18, seed: int = 0,
                 word_weight: float = 1.0, pair_weight: float = 0.3, gram_weight: float = 1.0,
                 gram_length: int = 4) -> None:
        """
        @param dimension          components, 1 to 65,535
        @param frequency_buckets  counters of text frequencies; a power of two, 2**8 to 2**24
        @param seed               of all hashes
        @param word_weight        0 to 1000: of a word, of two words in a row, of gram_length characters in a row
        @param gram_length        1 to 16
        """
        self._backend: EmbedderBackend = _backend.create_embedder(checked_embedder_options(EmbedderOptions(
            dimension, frequency_buckets, seed, word_weight, pair_weight, gram_weight, gram_length)))

    @classmethod
    def open_state(cls, state: bytes) -> "Embedder":
        """The frozen embedder that ``save_state`` gave."""
        if not isinstance(state, (bytes, bytearray, memoryview)):
            raise TypeError(f"state: expected bytes, found {type(state).__qualname__}")
        opened = cls.__new__(cls)
        opened._backend = _backend.open_embedder(bytes(state))
        return opened

    def learn(self, texts: Iterable[Text], *, threads: int = 0, progress: Optional[Progress] = None) -> None:
        """Counts in how many texts each feature occurs; ReadOnly once frozen."""
        self._backend.learn(checked_texts(texts), checked_count("threads", threads, 0, 4096), progress)

    def freeze(self) -> None:
        """Ends learning; ``embed`` works from here on."""
        self._backend.freeze()

    def embed(self, texts: Iterable[Text], *, threads: int = 0, progress: Optional[Progress] = None) -> Floats:
        """float32 [n, dimension]: the vector of each of n texts; ReadOnly unless frozen."""
        return self._backend.embed(checked_texts(texts), checked_count("threads", threads, 0, 4096), progress)

    def _chunk_embedder(self) -> Handle:
        """For chunkers, which hold the native embedder."""
        return self._backend.handle()

    def save_state(self) -> bytes:
        """The whole frozen embedder as bytes."""
        return self._backend.save_state()

    @property
    def dimension(self) -> int:
        return self._backend.dimension()

    @property
    def is_frozen(self) -> bool:
        return self._backend.is_frozen()

    @property
    def texts(self) -> int:
        """Texts learned."""
        return self._backend.texts()
