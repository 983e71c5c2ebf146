# SPDX-License-Identifier: Apache-2.0
"""include/atlas/embed/*.hpp in Python: the same features, weights and state, to the last rounding."""

from __future__ import annotations

import math
import struct
import threading
from functools import lru_cache
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .._arrays import Floats
from .._errors import AtlasError, Cancelled, CorruptFile, InvalidArgument, ReadOnly, UnsupportedVersion, needs_native, refused
from .._types import EmbedderOptions, Progress
from .words import decode, normalised, words
from .xxh3 import xxh3_64

_MASK = (1 << 64) - 1
_MAGIC = 0x45484C41
_HEADER = struct.Struct("<IHHQQQQIIfffI")  # embedder_state_header; the checksum is the fourth field
_WORD, _PAIR, _GRAM = 0, 1, 2


def mix64(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=1 << 16)
def _word_hashes(word: str, gram_length: int, seed: int) -> Tuple[int, Tuple[int, ...]]:
    """The hash of a word and of its grams: runs of characters of "<word>", none if that is the whole."""
    grams: Tuple[int, ...] = ()
    if gram_length:
        padded = f"<{word}>"
        gram_seed = (seed + 2) & _MASK
        if len(padded) > gram_length:
            grams = tuple(xxh3_64(padded[i:i + gram_length].encode(), gram_seed)
                          for i in range(len(padded) - gram_length + 1))
    return xxh3_64(word.encode(), seed), grams


def features(text: bytes, gram_length: int, seed: int) -> Dict[int, List[int]]:
    """{hash: [count, kind]} in the order of first occurrence."""
    found: Dict[int, List[int]] = {}

    def add(hash_: int, kind: int) -> None:
        entry = found.get(hash_)
        if entry is None:
            found[hash_] = [1, kind]
        else:
            entry[0] += 1

    before = -1
    for word in words(normalised(decode(text))):
        hash_, grams = _word_hashes(word, gram_length, seed)
        add(hash_, _WORD)
        if before >= 0:
            add(mix64((before * 3 + hash_ + 1) & _MASK), _PAIR)
        for gram in grams:
            add(gram, _GRAM)
        before = hash_
    return found


def _check(options: EmbedderOptions) -> None:
    def refuse(field: str, expected: str, found: object) -> AtlasError:
        return refused(InvalidArgument, f"hashing_options.{field}", expected, found)

    if not 1 <= options.dimension <= 65535:
        raise refuse("dimension", "1 to 65535", options.dimension)
    buckets = options.frequency_buckets
    if not (256 <= buckets <= 1 << 24) or buckets & (buckets - 1):
        raise refuse("frequency_buckets", "a power of two, 256 to 16777216", buckets)
    weights = (options.word_weight, options.pair_weight, options.gram_weight)
    if not all(0 <= weight <= 1000 for weight in weights) or sum(weights) <= 0:
        raise refused(InvalidArgument, "hashing_options weights", "0 to 1000, not all 0", weights)
    if not 1 <= options.gram_length <= 16:
        raise refuse("gram_length", "1 to 16", options.gram_length)


class PureEmbedder:
    def __init__(self, options: EmbedderOptions) -> None:
        _check(options)
        self._options = options
        weights = (options.word_weight, options.pair_weight, options.gram_weight)
        self._weights = tuple(float(np.float32(weight)) for weight in weights)
        self._gram_length = options.gram_length if self._weights[_GRAM] > 0 else 0
        self._seed = options.seed & _MASK
        self._counts: npt.NDArray[np.uint32] = np.zeros(options.frequency_buckets, dtype=np.uint32)
        self._texts = 0
        self._frozen = False
        self._lock = threading.Lock()

    def handle(self) -> Any:
        raise needs_native("chunks by meaning")

    def dimension(self) -> int:
        return self._options.dimension

    def is_frozen(self) -> bool:
        return self._frozen

    def texts(self) -> int:
        return self._texts

    def learn(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> None:
        if self._frozen:
            raise refused(ReadOnly, "hashing_embedder", "one that still learns", "a frozen one")
        for i, text in enumerate(texts):
            if progress is not None and progress(i, len(texts)) is False:
                raise Cancelled("cancelled")
            hashes = features(text, self._gram_length, self._seed)
            buckets = np.array([self._bucket(hash_) for hash_ in hashes], dtype=np.intp)
            with self._lock:
                self._texts += 1
                np.add.at(self._counts, buckets, np.uint32(1))
        if progress is not None and progress(len(texts), len(texts)) is False:
            raise Cancelled("cancelled")

    def freeze(self) -> None:
        self._frozen = True

    def embed(self, texts: Sequence[bytes], threads: int, progress: Optional[Progress]) -> Floats:
        if not self._frozen:
            raise refused(ReadOnly, "hashing_embedder", "a frozen one", "one that still learns")
        out: Floats = np.zeros((len(texts), self._options.dimension), dtype=np.float32)
        for i, text in enumerate(texts):
            if progress is not None and progress(i, len(texts)) is False:
                raise Cancelled("cancelled")
            self._write(features(text, self._gram_length, self._seed), out[i])
        if progress is not None and progress(len(texts), len(texts)) is False:
            raise Cancelled("cancelled")
        return out

    def _bucket(self, hash_: int) -> int:
        return (mix64(hash_) >> 32) & (self._counts.size - 1)

    def _rarity(self, hash_: int) -> float:
        """idf ** 0.7"""
        if self._texts == 0:
            return 1.0
        frequency = float(min(int(self._counts[self._bucket(hash_)]), self._texts))
        return math.pow(math.log(1.0 + (self._texts - frequency + 0.5) / (frequency + 0.5)), 0.7)

    def _place(self, hash_: int) -> Tuple[int, float]:
        mixed = mix64(hash_)
        return ((mixed >> 32) * self._options.dimension) >> 32, 1.0 if mixed & 1 else -1.0

    def _write(self, found: Dict[int, List[int]], out: Floats) -> None:
        places = np.empty(len(found), dtype=np.intp)
        values = np.empty(len(found), dtype=np.float64)
        for i, (hash_, (count, kind)) in enumerate(found.items()):
            places[i], sign = self._place(hash_)
            values[i] = sign * (self._weights[kind] * (1.0 + math.log(count)) * self._rarity(hash_))
        np.add.at(out, places, values.astype(np.float32))  # one after the other in float32, as the library adds
        squares = np.square(out, dtype=np.float64)
        square = float(np.cumsum(squares)[-1])
        if not square > 1e-30:
            out[:] = 0
            place, sign = self._place(self._seed)
            out[place] += np.float32(sign)
            return
        out[:] = (out.astype(np.float64) * (1.0 / math.sqrt(square))).astype(np.float32)

    def save_state(self) -> bytes:
        if not self._frozen:
            raise refused(ReadOnly, "hashing_embedder", "a frozen one", "one that still learns")
        used = np.flatnonzero(self._counts)
        sparse = used.size < self._counts.size // 2
        if sparse:
            entries = np.empty((used.size, 2), dtype="<u4")
            entries[:, 0] = used
            entries[:, 1] = self._counts[used]
        else:
            entries = self._counts.astype("<u4")
        options = self._options

        def header(checksum: int) -> bytes:
            return _HEADER.pack(_MAGIC, 1, int(sparse), checksum, self._seed, self._texts, len(entries),
                                options.dimension, options.frequency_buckets, *self._weights, options.gram_length)

        body = entries.tobytes()
        return header(xxh3_64(header(0) + body)) + body

    @classmethod
    def open_state(cls, state: bytes) -> "PureEmbedder":
        if len(state) < _HEADER.size:
            raise refused(CorruptFile, "embedder.size_bytes", _HEADER.size, len(state))
        (magic, version, sparse, checksum, seed, texts, entry_count, dimension, buckets, word, pair, gram,
         gram_length) = _HEADER.unpack_from(state)
        if magic != _MAGIC:
            raise refused(CorruptFile, "embedder.magic", _MAGIC, magic)
        if version != 1:
            raise refused(UnsupportedVersion, "embedder.version", 1, version)
        try:
            _check(EmbedderOptions(dimension, buckets, seed, word, pair, gram, gram_length))
        except InvalidArgument as problem:
            raise CorruptFile(str(problem).replace("invalid argument", "corrupt file")) from None
        if sparse > 1 or (entry_count > buckets if sparse else entry_count != buckets):
            raise refused(CorruptFile, "embedder.entry_count", buckets, entry_count)
        expected = _HEADER.size + entry_count * (8 if sparse else 4)
        if len(state) != expected:
            raise refused(CorruptFile, "embedder.size_bytes", expected, len(state))
        if xxh3_64(state[:8] + bytes(8) + state[16:]) != checksum:
            raise refused(CorruptFile, "embedder.checksum", "that of the bytes", "another")
        opened = cls(EmbedderOptions(dimension, buckets, seed, word, pair, gram, gram_length))
        body = np.frombuffer(state, dtype="<u4", offset=_HEADER.size)
        if sparse:
            places, counts = body[0::2], body[1::2]
            if places.size and (int(places[-1]) >= buckets or not bool(np.all(places[1:] > places[:-1]))):
                raise refused(CorruptFile, "embedder.bucket", "ascending buckets", "others")
            opened._counts[places] = counts
        else:
            opened._counts[:] = body
        opened._texts = texts
        opened._frozen = True
        return opened

    def close(self) -> None:
        pass
