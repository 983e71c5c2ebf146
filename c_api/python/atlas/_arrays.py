# SPDX-License-Identifier: Apache-2.0
"""Checks of arrays that come in. Vectors are never copied or converted: a wrong one is refused and told apart."""

from __future__ import annotations

import operator
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._errors import DimensionMismatch, InvalidArgument, ScalarMismatch, refused

Floats = npt.NDArray[np.float32]
Keys = npt.NDArray[np.uint64]
KeysLike = Union[Keys, "npt.NDArray[np.integer[Any]]", Iterable[int]]

SCALARS = ("f32", "f16", "bf16", "i8", "u8", "b1")
"""By their numbers in the C ABI."""

Block = Tuple["npt.NDArray[Any]", int]
"""Vectors [rows, elements] in the caller's memory, and the number of their scalar."""

RESERVED_KEY = (1 << 64) - 1
"""Marks a result slot without an answer; no vector can have it."""


def checked_vectors(name: str, value: object, dimension: int, dimensions: str = "1 or 2") -> Floats:
    """A float32 block of shape [rows, dimension] over the caller's memory.

    @param dimensions  "2": [rows, dimension] only; "1 or 2": also one vector [dimension], seen as [1, dimension]
    """
    if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected a numpy.ndarray of float32, found {type(value).__qualname__}")
    if value.dtype != np.float32 or not value.dtype.isnative:
        found = value.dtype if value.dtype.isnative else value.dtype.str
        raise TypeError(f"{name}: expected dtype float32, found {found}")
    if value.ndim != 2 and not (value.ndim == 1 and dimensions == "1 or 2"):
        raise ValueError(f"{name}: expected {dimensions} dimensions, found shape {value.shape}")
    if not value.flags.c_contiguous:
        raise ValueError(
            f"{name}: expected a C-contiguous array, found strides {value.strides} for shape {value.shape}; "
            "numpy.ascontiguousarray makes one")
    if not value.flags.aligned:
        raise ValueError(f"{name}: expected an aligned array, found one that is not; value.copy() makes one")
    if value.shape[-1] != dimension:
        raise refused(DimensionMismatch, name, dimension, value.shape[-1])
    return value.reshape(-1, dimension) if value.ndim == 1 else value


def checked_vector(name: str, value: object, dimension: int) -> Floats:
    """One vector [dimension], or one in a block, as a block [1, dimension]."""
    block = checked_vectors(name, value, dimension)
    if block.shape[0] != 1:
        raise ValueError(f"{name}: expected one vector, found {block.shape[0]}")
    return block


_SCALAR_OF: Dict[Any, int] = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int8): 3,
                              np.dtype(np.uint8): 4}


def _scalar_of(name: str, dtype: "np.dtype[Any]", scalar: Optional[str], is_bits: bool) -> int:
    if scalar is not None and scalar != "bf16":
        raise refused(InvalidArgument, "scalar", "'bf16' or None", repr(scalar))
    found = _SCALAR_OF.get(dtype)
    if found is None and ((dtype == np.uint16 and dtype.isnative and scalar == "bf16") or dtype.name == "bfloat16"):
        found = 2
    if found is None:
        wanted = "float32, float16, int8, uint8, or uint16 with scalar='bf16'"
        raise refused(ScalarMismatch, f"{name}.dtype", wanted, dtype if dtype.isnative else dtype.str)
    return 5 if is_bits and found == 4 else found


def checked_block(name: str, value: object, scalar: Optional[str], is_bits: bool, least_dimensions: int) -> Block:
    """Vectors of any scalar where they lie: components side by side, rows any distance apart.

    @param is_bits           uint8 holds bits
    @param least_dimensions  1: one vector [d] too, seen as [1, d]; 2: [rows, d] only
    """
    if type(value) is not np.ndarray and (not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray)):
        raise TypeError(f"{name}: expected a numpy.ndarray, found {type(value).__qualname__}")
    number = _SCALAR_OF.get(value.dtype)
    if number is None or is_bits or scalar is not None:
        number = _scalar_of(name, value.dtype, scalar, is_bits)
    array = value
    if value.ndim != 2:
        if value.ndim != 1 or least_dimensions != 1:
            wanted = "2 dimensions" if least_dimensions == 2 else "1 or 2 dimensions"
            raise ValueError(f"{name}: expected {wanted}, found shape {value.shape}")
        array = value[None, :]
    flags = array.flags
    if not flags.c_contiguous:
        rows, elements = array.shape
        far, near = array.strides
        size = array.itemsize
        if (near != size and elements > 1) or (rows > 1 and (far < elements * size or far % size != 0)):
            raise ValueError(f"{name}: expected components side by side and rows behind each other, found strides "
                             f"{value.strides} for shape {value.shape}; numpy.ascontiguousarray makes such an array")
    if not flags.aligned:
        raise ValueError(f"{name}: expected an aligned array, found one that is not; value.copy() makes one")
    return array, number


def checked_only(wanted: str, name: str, value: object, least_dimensions: int) -> Block:
    """Vectors of one scalar where they lie; as checked_block."""
    block = checked_block(name, value, "bf16" if wanted == "bf16" else None, False, least_dimensions)
    if SCALARS[block[1]] != wanted:
        raise refused(ScalarMismatch, f"{name}.scalar", wanted, SCALARS[block[1]])
    return block


def checked_floats_out(name: str, value: object, shape: Tuple[int, ...], is_written: bool = True) -> Floats:
    """float32 of one shape, components side by side: where results go, or scales."""
    if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected a numpy.ndarray of float32, found {type(value).__qualname__}")
    if value.dtype != np.float32 or not value.dtype.isnative:
        raise refused(ScalarMismatch, f"{name}.dtype", "float32", value.dtype.str)
    if value.shape != shape:
        raise refused(InvalidArgument, f"{name}.shape", shape, value.shape)
    checked_block(name, value, None, False, 1)
    if is_written and not value.flags.writeable:
        raise ValueError(f"{name}: expected an array that may be written, found a read-only one")
    return value


def checked_keys(name: str, value: object, count: Optional[int] = None) -> Keys:
    """uint64 keys of shape [n]. A contiguous uint64 array is used as it is; other integers are converted."""
    if isinstance(value, np.ndarray):
        array = value
    elif isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name}: expected integers, found {type(value).__qualname__}")
    else:
        array = np.array(list(value))
        if array.size == 0:
            array = array.astype(np.uint64)
    if array.ndim != 1:
        raise ValueError(f"{name}: expected 1 dimension, found shape {array.shape}")
    if array.dtype.kind not in "ui":
        raise TypeError(f"{name}: expected integers from 0 to 2**64 - 2, found dtype {array.dtype}")
    if array.dtype.kind == "i" and array.size and int(array.min()) < 0:
        raise ValueError(f"{name}: expected integers from 0 to 2**64 - 2, found {int(array.min())}")
    keys: Keys = np.ascontiguousarray(array, dtype=np.uint64)
    if count is not None and keys.shape[0] != count:
        raise ValueError(f"{name}: expected {count} keys, one for each vector, found {keys.shape[0]}")
    return keys


def checked_key(name: str, value: object) -> int:
    """One key as an int."""
    try:
        key = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected an integer, found {type(value).__qualname__}") from None
    if not 0 <= key <= RESERVED_KEY:
        raise ValueError(f"{name}: expected an integer from 0 to 2**64 - 2, found {key}")
    return key


def is_one_key(value: object) -> bool:
    return isinstance(value, (int, np.integer))


def checked_some_keys(value: object) -> Keys:
    """One key or several, as uint64 [n]."""
    return np.array([checked_key("key", value)], dtype=np.uint64) if is_one_key(value) else checked_keys("keys", value)


def checked_count(name: str, value: object, least: int = 0, most: int = (1 << 63) - 1) -> int:
    """A whole number within bounds."""
    try:
        count = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected an integer, found {type(value).__qualname__}") from None
    if not least <= count <= most:
        powers = {1 << 62: "2^62", (1 << 64) - 1: "2^64 - 1"}
        said = f"{least} to {powers.get(most, most)}" if most <= 1 << 32 or most in powers else f"at least {least}"
        raise refused(InvalidArgument, name, said, count)
    return count


def checked_name(name: str, value: object, names: Sequence[str]) -> int:
    """The place of a name in a list."""
    if not isinstance(value, str) or value not in names:
        raise refused(InvalidArgument, name, f"one of {', '.join(names)}", repr(value))
    return names.index(value)


class Bitmap:
    """A set of allowed keys, one bit a key, for ``search(..., allowed=...)``.

    Making one costs memory for the largest key, not for their number: about ``max(keys) / 8`` bytes. Make it
    once and use it for many searches.
    """

    MOST_BITS = 1 << 36

    def __init__(self, words: Keys, bits: Optional[int] = None) -> None:
        """
        @param words  uint64 [n], C-contiguous; bit ``key % 64`` of word ``key // 64`` set: the key is allowed
        @param bits   bits that count; default: all of them
        """
        is_array = isinstance(words, np.ndarray) and words.dtype == np.uint64 and words.ndim == 1
        if not is_array or not words.flags.c_contiguous:
            raise TypeError("words: expected a C-contiguous uint64 array of 1 dimension")
        self.bits = words.size * 64 if bits is None else checked_count("bits", bits, 0, words.size * 64)
        self.words: Keys = words if words.size else np.zeros(1, dtype=np.uint64)

    @classmethod
    def of(cls, keys: KeysLike) -> "Bitmap":
        """The set of these keys."""
        array = checked_keys("keys", keys)
        if array.size == 0:
            return cls(np.zeros(0, dtype=np.uint64))
        bits = int(array.max()) + 1
        if bits > cls.MOST_BITS:
            raise ValueError(f"keys: expected keys below 2**36 in a bitmap, found {bits - 1}")
        words: Keys = np.zeros((bits + 63) // 64, dtype=np.uint64)
        np.bitwise_or.at(words, (array >> np.uint64(6)).astype(np.intp), np.uint64(1) << (array & np.uint64(63)))
        return cls(words, bits)

    @classmethod
    def from_mask(cls, mask: "npt.NDArray[np.bool_]") -> "Bitmap":
        """The set of the keys ``i`` with ``mask[i]``; mask: bool [n]."""
        if mask.dtype != np.bool_ or mask.ndim != 1:
            raise TypeError(f"mask: expected bool of 1 dimension, found {mask.dtype} of shape {mask.shape}")
        packed = np.zeros((mask.size + 63) // 64 * 8, dtype=np.uint8)
        bits = np.packbits(mask, bitorder="little")
        packed[: bits.size] = bits
        return cls(packed.view(np.uint64), mask.size)

    def allows(self, keys: Keys) -> "npt.NDArray[np.bool_]":
        """bool [n] for uint64 keys [n]: which are in the set."""
        inside = keys < np.uint64(self.bits)
        where = np.where(inside, keys, np.uint64(0))
        found = (self.words[(where >> np.uint64(6)).astype(np.intp)] >> (where & np.uint64(63))) & np.uint64(1)
        answer: "npt.NDArray[np.bool_]" = inside & (found != 0)
        return answer


Allowed = Union[None, Bitmap, "npt.NDArray[np.bool_]", KeysLike]


def checked_allowed(value: object) -> Optional[Bitmap]:
    """A filter from what a caller may give: None, a Bitmap, a bool mask, or keys."""
    if value is None or isinstance(value, Bitmap):
        return value
    if isinstance(value, np.ndarray) and value.dtype == np.bool_:
        if value.ndim != 1:
            raise ValueError(f"allowed: expected a mask of 1 dimension, found shape {value.shape}")
        return Bitmap.from_mask(value)
    return Bitmap.of(checked_keys("allowed", value))
