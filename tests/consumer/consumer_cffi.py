# SPDX-License-Identifier: Apache-2.0
"""The installed header as CFFI reads it, and the installed library: consumer_cffi.py HEADER LIBRARY."""
import pathlib
import re
import sys

import cffi


def whole(path):
    """A header with the parts of ours that it includes in their places."""
    return re.sub(r'^#include "(atlas_\w+\.h)".*$', lambda part: whole(path.parent / part[1]), path.read_text("utf-8"), flags=re.M)


header = whole(pathlib.Path(sys.argv[1]))
header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
header = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.S)
header = re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", header, flags=re.M)
header = header.replace("ATLAS_C_EXPORT ", "")
ffi = cffi.FFI()
ffi.cdef(header)
library = ffi.dlopen(sys.argv[2])
assert library.atlas_abi_version() == 1

rows = ffi.new("float[]", [0.0, 0.0, 3.0, 4.0, 6.0, 8.0])
vectors = ffi.new("atlas_matrix*", {"data": rows, "rows": 3, "dimension": 2, "scalar": library.ATLAS_SCALAR_F32})
options = ffi.new("atlas_index_options*", {"struct_size": ffi.sizeof("atlas_index_options"), "dimension": 2})
handle = ffi.new("atlas_index**")
assert library.atlas_index_create(handle, options) == 0, ffi.string(library.atlas_last_error())
assert library.atlas_index_add(handle[0], [10, 11, 12], vectors, ffi.NULL) == 0
keys, distances, counts = ffi.new("uint64_t[1]"), ffi.new("float[1]"), ffi.new("uint32_t[1]")
hits = ffi.new("atlas_hits*", {"struct_size": ffi.sizeof("atlas_hits"), "rows": 1, "k": 1, "keys": keys,
                               "distances": distances, "counts": counts})
query = ffi.new("atlas_matrix*", {"data": rows + 2, "rows": 1, "dimension": 2})
assert library.atlas_index_search(hits, handle[0], query, ffi.NULL) == 0, ffi.string(library.atlas_last_error())
assert (keys[0], distances[0], counts[0]) == (11, 0.0, 1)
library.atlas_index_close(handle[0])
