# SPDX-License-Identifier: Apache-2.0
"""What a stranger's Python does with the installed library and nothing else: consumer_ctypes.py LIBRARY."""
import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
library.atlas_version.restype = ctypes.c_char_p
library.atlas_last_error.restype = ctypes.c_char_p
library.atlas_abi_version.restype = ctypes.c_uint32
assert library.atlas_abi_version() == 1
assert library.atlas_version().count(b".") == 2


class Matrix(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("rows", ctypes.c_uint64), ("stride", ctypes.c_uint64),
                ("dimension", ctypes.c_uint32), ("scalar", ctypes.c_int32)]


def matrix(*rows):
    flat = (ctypes.c_float * (len(rows) * len(rows[0])))(*(value for row in rows for value in row))
    return flat, Matrix(ctypes.cast(flat, ctypes.c_void_p), len(rows), 0, len(rows[0]), 0)


keep_queries, queries = matrix((3.0, 4.0))
keep_rows, rows = matrix((0.0, 0.0), (3.0, 4.0), (6.0, 8.0))
out = (ctypes.c_float * 3)()
assert library.atlas_distances(out, ctypes.byref(queries), ctypes.byref(rows), 0) == 0
assert list(out) == [25.0, 0.0, 25.0], list(out)
rows.dimension = 1
assert library.atlas_distances(out, ctypes.byref(queries), ctypes.byref(rows), 0) == -2
assert b"dimension" in library.atlas_last_error(), library.atlas_last_error()
