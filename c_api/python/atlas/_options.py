# SPDX-License-Identifier: Apache-2.0
"""What an index is created and searched with, checked once for both backends."""

from __future__ import annotations

import math
from numbers import Real
from typing import Union

from ._arrays import Allowed, checked_allowed, checked_count, checked_key, checked_name
from ._errors import InvalidArgument, ScalarMismatch, refused
from ._types import (CODES, FIRST_PASSES, KINDS, LIST_CODES, METRICS, RERANK_CODES, RESIDENCES, ROTATIONS, STORED,
                     STRATEGIES, IndexOptions, SearchOptions)

MOST_STARTS = 1024
MOST_LISTS = 1 << 20
MOST_RERANK = 65536
MOST_PROBES = (1 << 32) - 1  # of a search; more lists than there are means all
_LONGEST_LIMIT = 1e9  # seconds, of which the nanoseconds are a uint64

Seconds = Union[None, int, float]


def checked_number(name: str, value: object, expected: str) -> float:
    """A real number; not text that looks like one."""
    if not isinstance(value, Real):
        raise TypeError(f"{name}: expected {expected}, found {type(value).__qualname__}")
    return float(value)


def checked_time_limit(value: object) -> int:
    """Nanoseconds, at least one; 0 for None."""
    if value is None:
        return 0
    expected = "a number of seconds above 0, or None for no limit"
    seconds = checked_number("time_limit", value, expected)
    if not 0 < seconds < math.inf:  # nor NaN
        raise refused(InvalidArgument, "time_limit", expected, value)
    return max(int(min(seconds, _LONGEST_LIMIT) * 1e9), 1)


def checked_residence(vectors: object, change: bool) -> int:
    residence = checked_name("vectors", vectors, RESIDENCES)
    if residence != 0 and change:
        raise refused(InvalidArgument, "vectors", "'mapped' for mode='change'", repr(vectors))
    return residence


def checked_recall(value: object) -> float:
    recall = checked_number("recall", value, "a number above 0, to 1")
    if not 0.0 < recall <= 1.0:
        raise refused(InvalidArgument, "recall", "above 0, to 1", value)
    return recall


def checked_wanted_recall(value: object) -> float:
    recall = checked_number("recall", value, "a number from 0 to 1")
    if not 0.0 <= recall <= 1.0:
        raise refused(InvalidArgument, "recall", "0 to 1", value)
    return recall


def checked_alpha(value: object) -> float:
    alpha = checked_number("alpha", value, "a number from 1 to 2")
    if not 1.0 <= alpha <= 2.0:
        raise refused(InvalidArgument, "alpha", "1 to 2", value)
    return alpha


def checked_index_options(dimension: int, metric: str, kind: str, connectivity: int, build_width: int, search_width: int,
                          seed: int, reserve: int, codes: str, stored: str, codes_from: int, alpha: float, lists: int,
                          train_from: int, list_codes: str, rotation: str, parts: int, iterations: int, probes: int,
                          rerank: int, rerank_codes: str, recall: float, recall_k: int) -> IndexOptions:
    stored_as = checked_name("stored", stored, STORED)
    if KINDS[checked_name("kind", kind, KINDS)] == "flat" and stored_as != 0:
        raise refused(ScalarMismatch, "stored of flat", STORED[0], stored)
    checked_name("metric", metric, METRICS)
    return IndexOptions(
        checked_count("dimension", dimension, 0, (1 << 32) - 1), metric, kind,
        checked_count("connectivity", connectivity, 2, 512), checked_count("build_width", build_width, 1, 65536),
        checked_count("search_width", search_width, 1, 65536), checked_key("seed", seed), checked_count("reserve", reserve),
        checked_name("codes", codes, CODES), stored_as, checked_count("codes_from", codes_from, 1, (1 << 32) - 1),
        checked_alpha(alpha), checked_count("lists", lists, 0, MOST_LISTS), checked_count("train_from", train_from),
        checked_name("list_codes", list_codes, LIST_CODES), checked_name("rotation", rotation, ROTATIONS),
        checked_count("parts", parts, 0, 65535), checked_count("iterations", iterations, 1, 10000),
        checked_count("probes", probes, 0, MOST_LISTS), checked_count("rerank", rerank, 1, MOST_RERANK),
        checked_name("rerank_codes", rerank_codes, RERANK_CODES) + 1, checked_wanted_recall(recall),
        checked_count("recall_k", recall_k, 1, (1 << 32) - 2))


def checked_search_options(width: int, threads: int, allowed: Allowed, strategy: str, starts: int, patience: int,
                           time_limit: Seconds, first_pass: str = FIRST_PASSES[0], probes: int = 0, rerank: int = 0,
                           estimates_only: bool = False) -> SearchOptions:
    return SearchOptions(
        checked_count("width", width), checked_count("threads", threads, 0, 4096), checked_allowed(allowed),
        checked_name("strategy", strategy, STRATEGIES), checked_count("starts", starts, 0, MOST_STARTS),
        checked_count("patience", patience, 0, (1 << 32) - 1), checked_time_limit(time_limit),
        checked_name("first_pass", first_pass, FIRST_PASSES), checked_count("probes", probes, 0, MOST_PROBES),
        checked_count("rerank", rerank, 0, (1 << 32) - 1), bool(estimates_only))
