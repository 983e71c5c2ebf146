# SPDX-License-Identifier: Apache-2.0
"""Shards in compiled code: atlas_shards through ctypes."""

from __future__ import annotations

import ctypes as c
import os
from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._arrays import RESERVED_KEY, Floats, Keys
from ._calls import Handle
from ._errors import error_of
from ._native import _NO_ROW, _SEARCH_BATCH, _address, _check, _lib, _matrix, _search_options, _sized
from ._shard_types import ShardAnswer, ShardHits, ShardInfo, ShardsInfo, joined_answer
from ._types import KINDS, METRICS, SearchOptions

# Errors of one query, whose row is its place in the batch; others name a shard by it.
_QUERY_ERRORS = (-10, -11)


def _paths(paths: List[bytes]) -> Any:
    return (c.c_char_p * len(paths))(*paths)


def write(path: bytes, shards: List[bytes]) -> None:
    _check(_lib.atlas_shards_write(path, _paths(shards), len(shards)))


def _answer(said: Any) -> ShardAnswer:
    words: bytes = b"" if said.status == 0 else _lib.atlas_status_name(said.status)
    return ShardAnswer(said.listed, said.answered, None if said.status == 0 else said.failed_shard, words.decode())


class NativeShards:
    def __init__(self, pointer: int) -> None:
        self._handle = Handle(pointer, _lib.atlas_shards_close, "shards")
        info = self._describe()
        self._dimension = info.dimension
        self._size = info.size  # they are opened to be read: it stays

    @classmethod
    def open(cls, path: bytes, residence: int, load: bool, allow_missing: bool) -> "NativeShards":
        options = _sized(_abi.ShardsOptions, vectors=residence, load=int(load), allow_missing=int(allow_missing))
        out = c.c_void_p()
        _check(_lib.atlas_shards_open(c.byref(out), path, c.byref(options)))
        return cls(out.value or 0)

    @classmethod
    def open_files(cls, paths: List[bytes], residence: int, load: bool, allow_missing: bool) -> "NativeShards":
        options = _sized(_abi.ShardsOptions, vectors=residence, load=int(load), allow_missing=int(allow_missing))
        out = c.c_void_p()
        _check(_lib.atlas_shards_open_files(c.byref(out), _paths(paths), len(paths), c.byref(options)))
        return cls(out.value or 0)

    def _describe(self) -> Any:
        info = _sized(_abi.ShardsInfo)
        with self._handle.use() as shards:
            _check(_lib.atlas_shards_describe(c.byref(info), shards))
        return info

    def info(self) -> ShardsInfo:
        each: List[ShardInfo] = []
        with self._handle.use() as shards:
            info = self._describe()
            for place in range(info.shards):
                one = _sized(_abi.ShardInfo)
                _check(_lib.atlas_shards_describe_shard(c.byref(one), shards, place))
                # The texts belong to the shards: they are copied before these could be closed.
                each.append(ShardInfo(os.fsdecode(one.path), KINDS[one.kind] if one.kind else None, one.size,
                                      one.problem.decode("utf-8", "replace")))
        return ShardsInfo(METRICS[info.metric], info.dimension, info.size, each,
                          {part: getattr(info, "memory_" + part) for part in ("vectors", "keys", "graph", "scratch")})

    def search(self, queries: Floats, k: int, wished: SearchOptions) -> ShardHits:
        rows = queries.shape[0]
        wanted, k = k, max(1, min(k, self._size))  # more than there are cannot be found
        keys = np.empty((rows, k), dtype=np.uint64)
        distances = np.empty((rows, k), dtype=np.float32)
        counts = np.empty(rows, dtype=np.uint32)
        options = _search_options(wished)
        answers: List[ShardAnswer] = []
        with self._handle.use() as shards:
            for first in range(0, max(rows, 1), _SEARCH_BATCH):
                part = queries[first:first + _SEARCH_BATCH]
                matrix, said = _matrix(part), _sized(_abi.ShardsAnswer)
                hits = _sized(_abi.Hits, rows=part.shape[0], k=k, keys=_address(keys[first:]),
                              distances=_address(distances[first:]), counts=_address(counts[first:]))
                status = _lib.atlas_shards_search(c.byref(hits), c.byref(said), shards, c.byref(matrix), c.byref(options))
                if status != 0:
                    row = int(_lib.atlas_last_error_row())
                    text: bytes = _lib.atlas_last_error()
                    place = None if row == _NO_ROW else row + first if status in _QUERY_ERRORS else row
                    raise error_of(status, text.decode("utf-8", "replace"), place)
                answers.append(_answer(said))
        answer = joined_answer(answers)
        if wanted == k:
            return ShardHits(keys, distances, counts, answer)
        wide = ShardHits(np.full((rows, wanted), RESERVED_KEY, dtype=np.uint64),
                         np.full((rows, wanted), np.inf, dtype=np.float32), counts, answer)
        wide.keys[:, :k] = keys
        wide.distances[:, :k] = distances
        return wide

    def range(self, query: Floats, radius: float, limit: Optional[int],
              wished: SearchOptions) -> Tuple[Keys, Floats, ShardAnswer]:
        options, matrix, said = _search_options(wished), _matrix(query), _sized(_abi.ShardsAnswer)
        room = 1024 if limit is None else limit
        with self._handle.use() as shards:
            while True:
                keys = np.empty(room, dtype=np.uint64)
                distances = np.empty(room, dtype=np.float32)
                _check(_lib.atlas_shards_range(c.byref(said), _address(keys), _address(distances), shards,
                                               c.byref(matrix), radius, room, c.byref(options)))
                if limit is not None or said.found <= room:
                    break
                room = said.found  # more than there was room for; once more
        count = min(int(said.found), room)
        return keys[:count], distances[:count], _answer(said)

    def find(self, keys: Keys) -> "npt.NDArray[np.int64]":
        out = np.empty(keys.size, dtype=np.int64)  # in which UINT64_MAX is -1
        with self._handle.use() as shards:
            _check(_lib.atlas_shards_find(_address(out), shards, _address(keys), keys.size))
        return out

    def get(self, keys: Keys) -> Floats:
        out = np.empty((keys.size, self._dimension), dtype=np.float32)
        with self._handle.use() as shards:
            _check(_lib.atlas_shards_get(_address(out), shards, _address(keys), keys.size, 0, self._dimension))
        return out

    def distances(self, queries: Floats, keys: Keys) -> Floats:
        out = np.empty((queries.shape[0], keys.size), dtype=np.float32)
        matrix = _matrix(queries)
        with self._handle.use() as shards:
            _check(_lib.atlas_shards_distances(_address(out), shards, c.byref(matrix), _address(keys), keys.size))
        return out

    def keys(self) -> Keys:
        parts: List[Keys] = [np.empty(0, dtype=np.uint64)]
        cursor, written = c.c_uint64(), c.c_uint64()
        with self._handle.use() as shards:
            room = max(self._size, 1)
            while True:
                part = np.empty(room, dtype=np.uint64)
                _check(_lib.atlas_shards_list_keys(c.byref(written), _address(part), c.byref(cursor), shards, room))
                if written.value == 0:
                    break
                parts.append(part[:written.value])
                room = 1024
        return np.concatenate(parts)

    def close(self) -> None:
        self._handle.close()
