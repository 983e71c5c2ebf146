# SPDX-License-Identifier: Apache-2.0
"""What an inverted file's file says of its lists, checked as include/atlas/index/ivf_file.hpp does. Lists, codes and what
was learned are not read: every search here compares the vectors."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple, Optional

import numpy as np

from .._errors import InvalidArgument, refused
from .._types import CODES, LIST_CODES, ROTATIONS, Promise
from . import codes as row_codes
from .file import GROWABLE, File

_LISTS, _BLOCKS, _CENTROIDS, _CENTROID_CODES, _CENTROID_TERMS, _CENTRE = range(0x120, 0x126)
_QUANTIZER, _ROTATION, _GRAPH, _SPREADS = 0x126, 0x127, 0x128, 0x129
SECTIONS = (row_codes.CODES_SECTION, row_codes.CENTRE_SECTION, _LISTS, _BLOCKS, _CENTROIDS, _CENTROID_CODES, _CENTROID_TERMS, _CENTRE, _QUANTIZER, _ROTATION, _GRAPH, _SPREADS)
# row stride, lists, codes, rotation, rerank codes, those wanted, parts, seed, lists wanted, train from, iterations, probes, rerank, blocks, promised
# recall and its k, rows it was measured with, wanted recall and its k, measured probes
_PARAMETERS = struct.Struct("<IIBBBBIQQQIIIIfIQdII")
_FLAT, _PQ4, _PQ8, _RABITQ, _SQ8 = range(5)
_NONE, _RANDOM, _LEARNED = range(3)
_MOST_LISTS, _MOST_RERANK, _USUAL_RERANK, _MOST_ROWS, _MOST_DIMENSION = 1 << 20, 65536, 8, 0xFFFFFFFE, 65535
_RERANK_CODES_FROM = 256  # rows
_MOST_COMPARED = 4096  # lists, above which there is a graph of their centroids
_BLOCK_ROWS, _TERMS_BYTES, _LIST_BYTES = 32, 384, 32


class ListsInfo(NamedTuple):
    """What IndexInfo says of lists; of an index that has none as it stands."""

    lists: int = 0
    list_codes: str = "none"
    rotation: str = "none"
    parts: int = 0
    code_bytes: int = 0
    probes: int = 0
    rerank: int = 0
    rerank_codes: str = "none"
    promised: Optional[Promise] = None


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _turned(rotation: int, dimension: int, parts: int) -> int:
    """Components of a vector once it is rotated."""
    if rotation == _RANDOM:
        return _up(dimension, 8)
    return _up(dimension, parts) if rotation == _LEARNED else dimension


def _check_parts(file: File, codes: int, rotation: int, parts: int) -> None:
    dimension = file.header.dimension
    if codes not in (_PQ4, _PQ8):
        if parts != 0 or rotation == _LEARNED:
            raise file.corrupt("parameters.parts", "0, and no learned rotation, of codes without parts", parts)
        return
    if parts == 0:
        raise file.corrupt("parts", "at least 1", parts)
    if parts > dimension:
        raise file.corrupt("parts", f"at most the dimension {dimension}", parts)
    turned = _turned(rotation, dimension, parts)
    if turned > _MOST_DIMENSION:
        raise file.corrupt("dimension as it is turned", _MOST_DIMENSION, turned)
    needed = -(-turned // -(-turned // parts))
    if needed != parts:
        raise file.corrupt("parts", f"as many as leave none empty, such as {needed}", parts)


def _code_bytes(codes: int, turned: int, parts: int) -> int:
    """Of a row. index/ivf_coder.hpp."""
    return {_FLAT: 0, _PQ4: _up(parts, 4) // 2, _PQ8: _up(parts, 2), _RABITQ: _up(turned, 16) // 8, _SQ8: _up(turned, 2)}[codes]


def _promise(file: File, lists: int, recall: float, k: int, rows: int) -> Optional[Promise]:
    """As far as it still holds. index/ivf_promise.hpp."""
    if not 0.0 <= recall <= 1.0:
        raise file.corrupt("parameters.promised_recall", "0 to 1", "another number")
    if recall != 0 and lists == 0:
        raise file.corrupt("parameters.promised_recall", "0, as there are no lists", "more")
    for field, value in (("promised_k", k), ("promised_rows", rows)):
        if (recall != 0) != (value != 0):
            raise file.corrupt("parameters." + field, "0" if recall == 0 else "1 or more", value)
        if value > _MOST_ROWS:
            raise file.corrupt("parameters." + field, "at most 2^32 - 2", value)
    return Promise(recall, k) if rows < 2 * file.header.live < 4 * rows else None


def check(file: File, on_disk: bool) -> ListsInfo:
    dimension = file.header.dimension
    (_, lists, codes, rotation, rerank_present, rerank_wanted, parts, _, lists_wanted, train_from, iterations, probes, rerank,
     blocks, promised, promised_k, promised_rows, wanted, wanted_k, measured_probes) = _PARAMETERS.unpack_from(file.header.parameters)
    for field, value, least, most, expected in (
            ("codes", codes, 0, _SQ8, "0 to 4"), ("rotation", rotation, 0, _LEARNED, "0 to 2"),
            ("rerank_codes_wanted", rerank_wanted, 0, 4, "0 to 4"),
            ("lists_wanted", lists_wanted, 0, _MOST_LISTS, "at most 2^20"), ("list_count", lists, 0, _MOST_LISTS, "at most 2^20"),
            ("probes", probes, 0, _MOST_LISTS, "at most 2^20"), ("rerank", rerank, 0, _MOST_RERANK, "at most 65536"),
            ("usual_probes", measured_probes, 0, _MOST_LISTS, "at most 2^20"),
            ("train_from", train_from, 0, _MOST_ROWS, "at most 2^32 - 2"), ("iterations", iterations, 1, 10000, "1 to 10000")):
        if not least <= value <= most:
            raise file.corrupt("parameters." + field, expected, value)
    if rerank_present not in (0, rerank_wanted):
        raise file.corrupt("parameters.rerank_codes", "0 or as rerank_codes_wanted", rerank_present)
    if rerank_wanted and codes == _FLAT:
        raise file.corrupt("parameters.rerank_codes_wanted", "0, as flat lists compare vectors", rerank_wanted)
    promise = _promise(file, lists, promised, promised_k, promised_rows)
    if not 0.0 <= wanted <= 1.0:
        raise file.corrupt("parameters.wanted_recall", "0 to 1", "another number")
    if wanted != 0 and wanted_k == 0:
        raise file.corrupt("parameters.wanted_k", "1 or more", wanted_k)
    _check_parts(file, codes, rotation, parts)
    row_codes.check(file, row_codes.CodesInfo(rerank_present, rerank_wanted, _RERANK_CODES_FROM))
    usual_probes = (measured_probes if lists else 0) or max(1, math.isqrt(max(lists, 1) - 1) + 1)
    info = ListsInfo(lists, LIST_CODES[codes + 1], ROTATIONS[rotation + 1], parts, 0, probes or usual_probes,
                     rerank or _USUAL_RERANK, CODES[rerank_wanted + 1], promise)  # in all tuples 0 is "automatic", which no file holds
    if lists == 0:
        if on_disk:
            raise refused(InvalidArgument, "vectors", "mapped, as nothing is trained and every search reads all", "on_disk",
                          path=file.path)
        return info
    code_bytes = _code_bytes(codes, _turned(rotation, dimension, parts), parts)
    padded = _up(dimension, 16)
    for id_, element, count in ((_CENTROIDS, 4 * padded, lists), (_CENTROID_CODES, padded, lists), (_CENTROID_TERMS, 8, lists),
                                (_CENTRE, 4, padded)):
        file.array(id_, np.dtype((np.void, element)), count)
    if file.find(_SPREADS) is not None:
        file.array(_SPREADS, np.dtype("<f4"), lists)
    for id_, is_needed in ((_QUANTIZER, codes in (_PQ4, _PQ8)), (_ROTATION, rotation == _LEARNED), (_GRAPH, lists > _MOST_COMPARED)):
        found = file.find(id_)
        if is_needed and found is None:
            raise file.corrupt("section.id", id_, "no such section")
        if is_needed and id_ == _GRAPH and found is not None and not found.flags & GROWABLE:
            raise file.corrupt("section.flags", "growable, to be mapped by itself", found.flags)
    file.array(_LISTS, np.dtype((np.void, _LIST_BYTES)), lists)
    file.array(_BLOCKS, np.dtype((np.void, _TERMS_BYTES + _BLOCK_ROWS * code_bytes)), blocks)
    return info._replace(code_bytes=code_bytes)
