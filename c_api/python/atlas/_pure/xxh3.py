# SPDX-License-Identifier: Apache-2.0
"""XXH3, the hash of files, chunk ids and the hashing embedder, without the native library.

Follows the reference description in xxHash's doc/xxhash_spec.md; tests compare it with the native library.
Short inputs (up to 240 bytes) use Python integers, longer ones NumPy.
"""

from __future__ import annotations

import struct
from typing import Tuple

import numpy as np
import numpy.typing as npt

_MASK = (1 << 64) - 1
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_P32_1, _P32_2, _P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_P64_1, _P64_2, _P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P64_4, _P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MX1, _MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

_read64 = struct.Struct("<Q").unpack_from
_read32 = struct.Struct("<I").unpack_from
# Every aligned and unaligned word of the secret that short inputs use, read once.
_S = [_read64(_SECRET, at)[0] for at in range(185)]


def _fold(a: int, b: int) -> int:
    product = a * b
    return (product ^ (product >> 64)) & _MASK


def _avalanche(h: int) -> int:
    h = ((h ^ (h >> 37)) * _MX1) & _MASK
    return h ^ (h >> 32)


def _avalanche64(h: int) -> int:
    h = ((h ^ (h >> 33)) * _P64_2) & _MASK
    h = ((h ^ (h >> 29)) * _P64_3) & _MASK
    return h ^ (h >> 32)


def _swap64(x: int) -> int:
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def _swap32(x: int) -> int:
    return int.from_bytes(x.to_bytes(4, "little"), "big")


def _mix16(data: bytes, at: int, secret: int, seed: int) -> int:
    low, high = _read64(data, at)[0], _read64(data, at + 8)[0]
    return _fold(low ^ ((_S[secret] + seed) & _MASK), high ^ ((_S[secret + 8] - seed) & _MASK))


def xxh3_64(data: bytes, seed: int = 0) -> int:
    """XXH3-64 of some bytes."""
    size = len(data)
    if size > 240:
        secret = _secret_of(seed)
        return _merge(_accumulate(data, secret), secret, 11, (size * _P64_1) & _MASK)
    if size > 128:
        total = size * _P64_1
        for i in range(8):
            total += _mix16(data, 16 * i, 16 * i, seed)
        total = _avalanche(total & _MASK)
        for i in range(8, size // 16):
            total += _mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
        return _avalanche((total + _mix16(data, size - 16, 136 - 17, seed)) & _MASK)
    if size > 16:
        total = size * _P64_1
        for i in range((size - 1) // 32, -1, -1):
            total += _mix16(data, 16 * i, 32 * i, seed) + _mix16(data, size - 16 * (i + 1), 32 * i + 16, seed)
        return _avalanche(total & _MASK)
    if size > 8:
        low = _read64(data, 0)[0] ^ (((_S[24] ^ _S[32]) + seed) & _MASK)
        high = _read64(data, size - 8)[0] ^ (((_S[40] ^ _S[48]) - seed) & _MASK)
        return _avalanche((size + _swap64(low) + high + _fold(low, high)) & _MASK)
    if size >= 4:
        seed ^= _swap32(seed & 0xFFFFFFFF) << 32
        word = _read32(data, size - 4)[0] + (_read32(data, 0)[0] << 32)
        h: int = word ^ (((_S[8] ^ _S[16]) - seed) & _MASK)
        h ^= ((h << 49 | h >> 15) ^ (h << 24 | h >> 40)) & _MASK
        h = (h * _MX2) & _MASK
        h = ((h ^ ((h >> 35) + size)) * _MX2) & _MASK
        return h ^ (h >> 28)
    if size:
        word = (data[0] << 16) | (data[size >> 1] << 24) | data[size - 1] | (size << 8)
        return _avalanche64(word ^ (((_S[0] & 0xFFFFFFFF ^ _S[0] >> 32) + seed) & _MASK))
    return _avalanche64(seed ^ _S[56] ^ _S[64])


def xxh3_128(data: bytes, seed: int = 0) -> Tuple[int, int]:
    """XXH3-128 of some bytes, as (low, high) words."""
    size = len(data)
    if size > 240:
        secret = _secret_of(seed)
        lanes = _accumulate(data, secret)
        return (_merge(lanes, secret, 11, (size * _P64_1) & _MASK),
                _merge(lanes, secret, 192 - 64 - 11, ~(size * _P64_2) & _MASK))
    if size > 16:
        low, high = (size * _P64_1) & _MASK, 0

        def mix32(one: int, two: int, secret: int, seed: int) -> None:
            nonlocal low, high
            low = (low + _mix16(data, one, secret, seed)) & _MASK
            low ^= (_read64(data, two)[0] + _read64(data, two + 8)[0]) & _MASK
            high = (high + _mix16(data, two, secret + 16, seed)) & _MASK
            high ^= (_read64(data, one)[0] + _read64(data, one + 8)[0]) & _MASK

        if size > 128:
            for i in range(4):
                mix32(32 * i, 32 * i + 16, 32 * i, seed)
            low, high = _avalanche(low), _avalanche(high)
            for i in range(4, size // 32):
                mix32(32 * i, 32 * i + 16, 3 + 32 * (i - 4), seed)
            mix32(size - 16, size - 32, 136 - 17 - 16, -seed & _MASK)
        else:
            for i in range((size - 1) // 32, -1, -1):
                mix32(16 * i, size - 16 * (i + 1), 32 * i, seed)
        last = (low * _P64_1 + high * _P64_4 + (size - seed) * _P64_2) & _MASK
        return _avalanche((low + high) & _MASK), -_avalanche(last) & _MASK
    if size > 8:
        low, high = _read64(data, 0)[0], _read64(data, size - 8)[0]
        product = (low ^ high ^ (((_S[32] ^ _S[40]) - seed) & _MASK)) * _P64_1
        m_low = ((product & _MASK) + ((size - 1) << 54)) & _MASK
        high ^= ((_S[48] ^ _S[56]) + seed) & _MASK
        m_high = ((product >> 64) + high + (high & 0xFFFFFFFF) * (_P32_2 - 1)) & _MASK
        product = (m_low ^ _swap64(m_high)) * _P64_2
        return _avalanche(product & _MASK), _avalanche(((product >> 64) + m_high * _P64_2) & _MASK)
    if size >= 4:
        seed ^= _swap32(seed & 0xFFFFFFFF) << 32
        word = _read32(data, 0)[0] + (_read32(data, size - 4)[0] << 32)
        product = (word ^ (((_S[16] ^ _S[24]) + seed) & _MASK)) * ((_P64_1 + (size << 2)) & _MASK)
        m_low = product & _MASK
        m_high = ((product >> 64) + (m_low << 1)) & _MASK
        m_low ^= m_high >> 3
        m_low = ((m_low ^ (m_low >> 35)) * _MX2) & _MASK
        return m_low ^ (m_low >> 28), _avalanche(m_high)
    if size:
        word = (data[0] << 16) | (data[size >> 1] << 24) | data[size - 1] | (size << 8)
        turned = _swap32(word)
        turned = (turned << 13 | turned >> 19) & 0xFFFFFFFF
        return (_avalanche64(word ^ (((_S[0] & 0xFFFFFFFF ^ _S[0] >> 32) + seed) & _MASK)),
                _avalanche64(turned ^ (((_S[8] & 0xFFFFFFFF ^ _S[8] >> 32) - seed) & _MASK)))
    return _avalanche64(seed ^ _S[64] ^ _S[72]), _avalanche64(seed ^ _S[80] ^ _S[88])


# --- inputs of more than 240 bytes -----------------------------------------------------------------------

_Words = npt.NDArray[np.uint64]
_STEP_BLOCKS = 4096  # blocks of 1 KiB that are worked on at once
_SWAPPED = np.arange(8) ^ 1


def _secret_of(seed: int) -> bytes:
    if seed == 0:
        return _SECRET
    words = np.frombuffer(_SECRET, "<u8").copy()
    words[0::2] += np.uint64(seed)
    words[1::2] -= np.uint64(seed)
    return words.tobytes()


def _contributions(stripes: _Words, keys: _Words) -> _Words:
    """What each stripe of 64 bytes adds to the eight lanes. Shapes [..., 8] -> [..., 8]."""
    mixed = stripes ^ keys
    product = (mixed & np.uint64(0xFFFFFFFF)) * (mixed >> np.uint64(32))
    added: _Words = product + stripes[..., _SWAPPED]
    return added


def _accumulate(data: bytes, secret: bytes) -> _Words:
    size = len(data)
    blocks = (size - 1) // 1024
    keys = np.stack([np.frombuffer(secret, "<u8", 8, 8 * n) for n in range(16)])
    scramble = np.frombuffer(secret, "<u8", 8, 192 - 64)
    lanes = np.array([_P32_3, _P64_1, _P64_2, _P64_3, _P64_4, _P32_2, _P64_5, _P32_1], dtype=np.uint64)
    for first in range(0, blocks, _STEP_BLOCKS):
        count = min(_STEP_BLOCKS, blocks - first)
        words = np.frombuffer(data, "<u8", count * 128, first * 1024).reshape(count, 16, 8)
        for added in _contributions(words, keys).sum(axis=1, dtype=np.uint64):
            lanes += added
            lanes ^= lanes >> np.uint64(47)
            lanes ^= scramble
            lanes *= np.uint64(_P32_1)
    stripes = (size - 1 - blocks * 1024) // 64
    if stripes:
        words = np.frombuffer(data, "<u8", stripes * 8, blocks * 1024).reshape(stripes, 8)
        lanes += _contributions(words, keys[:stripes]).sum(axis=0, dtype=np.uint64)
    last = np.frombuffer(data, "<u8", 8, size - 64)
    lanes += _contributions(last, np.frombuffer(secret, "<u8", 8, 192 - 64 - 7))
    return lanes


def _merge(lanes: _Words, secret: bytes, at: int, start: int) -> int:
    total = start
    for i in range(4):
        total += _fold(int(lanes[2 * i]) ^ _read64(secret, at + 16 * i)[0],
                       int(lanes[2 * i + 1]) ^ _read64(secret, at + 16 * i + 8)[0])
    return _avalanche(total & _MASK)
