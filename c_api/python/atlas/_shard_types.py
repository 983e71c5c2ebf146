# SPDX-License-Identifier: Apache-2.0
"""Values that both backends give of shards, and what a backend of them must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Protocol, Tuple

import numpy as np
import numpy.typing as npt

from ._arrays import Floats, Keys
from ._types import SearchOptions


class ShardAnswer(NamedTuple):
    """Who answered a search."""

    listed: int
    """shards there are"""
    answered: int
    """those that answered every query; fewer only with ``allow_missing``"""
    failed_shard: Optional[int]
    """the first of the others"""
    problem: str
    """why it did not, in words such as "not found"; "" if all answered"""

    @property
    def is_whole(self) -> bool:
        return self.answered == self.listed


class ShardHits(NamedTuple):
    """What a search of shards found: for each query the nearest first."""

    keys: Keys
    """uint64 [queries, k]; slots without an answer hold ``atlas.RESERVED_KEY``"""
    distances: Floats
    """float32 [queries, k]; slots without an answer hold +inf"""
    counts: "npt.NDArray[np.uint32]"
    """uint32 [queries]: answers found, at most k"""
    answer: ShardAnswer


@dataclass(frozen=True)
class ShardInfo:
    """What one shard is."""

    path: str
    """what was opened as it"""
    kind: Optional[str]
    """None: it is missing"""
    size: int
    problem: str
    """why it is missing; "" for one that is there"""


@dataclass(frozen=True)
class ShardsInfo:
    """What shards are together."""

    metric: str
    dimension: int
    size: int
    """vectors of those that are there; a key that several store counts as often"""
    shards: List[ShardInfo]
    """in the order of the list, missing ones too"""
    memory: Dict[str, int]
    """bytes by part, as in IndexInfo"""


def joined_answer(parts: List[ShardAnswer]) -> ShardAnswer:
    """Of several searches of the same shards: one that failed once has failed."""
    worst = min(parts, key=lambda part: part.answered)
    failed = [part for part in parts if part.failed_shard is not None]
    if not failed:
        return worst
    first = min(failed, key=lambda part: part.failed_shard or 0)
    return ShardAnswer(worst.listed, worst.answered, first.failed_shard, first.problem)


class ShardsBackend(Protocol):
    """Arguments are checked already; see ``Shards`` for what they mean."""

    def info(self) -> ShardsInfo: ...
    def search(self, queries: Floats, k: int, options: SearchOptions) -> ShardHits: ...
    def range(self, query: Floats, radius: float, limit: Optional[int],
              options: SearchOptions) -> Tuple[Keys, Floats, ShardAnswer]: ...
    def find(self, keys: Keys) -> "npt.NDArray[np.int64]": ...
    def get(self, keys: Keys) -> Floats: ...
    def distances(self, queries: Floats, keys: Keys) -> Floats: ...
    def keys(self) -> Keys: ...
    def close(self) -> None: ...

