# SPDX-License-Identifier: Apache-2.0
"""Shards in compiled code: atlas_shards through ctypes."""

from __future__ import annotations

import ctypes as c
import os
from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from . import _abi
from ._arrays import Floats, Keys
from ._calls import Handle
from ._native import (_address, _all_keys, _all_within, _check, _lib, _matrix, _search_in_batches, _search_options,
                      _sized)
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
        options = _search_options(wished)
        answers: List[ShardAnswer] = []

        def ask(hits: Any, part: Any, first: int) -> None:
            said = _sized(_abi.ShardsAnswer)
            status = _lib.atlas_shards_search(hits, c.byref(said), shards, part, c.byref(options))
            _check(status, first if status in _QUERY_ERRORS else 0)
            answers.append(_answer(said))

        with self._handle.use() as shards:
            found = _search_in_batches(queries, k, self._size, ask)
        return ShardHits(*found, joined_answer(answers))

    def range(self, query: Floats, radius: float, limit: Optional[int],
              wished: SearchOptions) -> Tuple[Keys, Floats, ShardAnswer]:
        options, matrix, said = _search_options(wished), _matrix(query), _sized(_abi.ShardsAnswer)

        def ask(keys: int, distances: int, room: int) -> int:
            _check(_lib.atlas_shards_range(c.byref(said), keys, distances, shards, c.byref(matrix), radius, room, c.byref(options)))
            return int(said.found)

        with self._handle.use() as shards:
            keys, distances = _all_within(limit, ask)
        return keys, distances, _answer(said)

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
        with self._handle.use() as shards:
            return _all_keys(self._size, lambda written, keys, cursor, room: int(
                _lib.atlas_shards_list_keys(written, keys, cursor, shards, room)))

    def close(self) -> None:
        self._handle.close()
