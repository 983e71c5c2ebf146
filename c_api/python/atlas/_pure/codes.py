# SPDX-License-Identifier: Apache-2.0
"""What a file says of the codes beside its rows, and a graph's of its blocks of neighbours, checked as
include/atlas/index/code_file.hpp and hnsw_engine.hpp do.
They are not read: every search here compares the vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._errors import ReadOnly, refused
from .file import File

CODES_SECTION, CENTRE_SECTION, _NEIGHBOURS = 0x114, 0x115, 0x116
SECTIONS = (CODES_SECTION, CENTRE_SECTION, _NEIGHBOURS)
_NONE, _F16, _BF16, _LVQ8, _LVQ4 = range(5)
_TERMS_BYTES, _LINE = 16, 64
_MOST_BLOCKS, _NEIGHBOURS_OF_BLOCK = 4, 32


class CodesInfo(NamedTuple):
    present: int
    """what the codes section holds, by traversal_codes' numbers; 0: there is none"""
    wanted: int
    """what begins at `first_rows` rows"""
    first_rows: int


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def stride_bytes(codes: int, dimension: int) -> int:
    """Bytes from one row's code to the next."""
    if codes in (_F16, _BF16):
        return _up(2 * dimension, _LINE)
    used = dimension if codes == _LVQ8 else dimension // 128 * 64 + min(dimension % 128, 64)
    return _up(_up(used, 16) + _TERMS_BYTES, _LINE)


def check(file: File, found: CodesInfo) -> None:
    header = file.header
    for field, number in (("parameters.codes", found.present), ("parameters.codes_wanted", found.wanted)):
        if number > _LVQ4:
            raise file.corrupt(field, "0 to 4", number)
    if found.wanted != _NONE and found.first_rows == 0:
        raise file.corrupt("parameters.codes_from", "1 or more", found.first_rows)
    if found.present == _NONE:
        if found.wanted != _NONE and header.rows >= found.first_rows:
            raise file.corrupt("parameters.codes_from", "more than there are rows without codes", found.first_rows)
        return
    if found.present != found.wanted:
        raise file.corrupt("parameters.codes", found.wanted, found.present)
    file.array(CODES_SECTION, np.dtype((np.void, stride_bytes(found.wanted, header.dimension))), header.rows)
    if not np.isfinite(file.array(CENTRE_SECTION, "<f4", header.dimension)).all():
        raise file.corrupt("code centre", "finite numbers", "NaN or infinity")


def check_neighbours(file: File, blocks: int, change: bool) -> None:
    """Of a sealed file: for each row blocks of numbers, sums and one bit a component, which is padded to 8."""
    if blocks == 0:
        return
    if blocks > _MOST_BLOCKS:
        raise file.corrupt("parameters.neighbour_blocks", "0 to 4", blocks)
    if change:
        raise refused(ReadOnly, "sealed index", "mode='r'", "mode='change'", path=file.path)
    block_bytes = 3 * 4 * _NEIGHBOURS_OF_BLOCK + _up(4 * _up(file.header.dimension, 8), _LINE)
    file.array(_NEIGHBOURS, np.dtype((np.void, blocks * block_bytes)), file.header.rows)
