# SPDX-License-Identifier: Apache-2.0
"""Finds and loads libatlas.so.0, by explicit path only: a bare name could find Debian's BLAS, which has a
libatlas.so too.

Looked for in this order: the file that ATLAS_LIBRARY names; libatlas.so.0 in this package's folder. With
ATLAS_DISABLE_NATIVE=1, or where neither is, the package runs on NumPy.
"""

from __future__ import annotations

import ctypes
import os
from typing import Optional, Tuple

from . import _abi


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    try:
        version = library.atlas_abi_version
    except AttributeError:
        raise ImportError(f"{path}: expected ATLAS, found a library without atlas_abi_version") from None
    version.restype = ctypes.c_uint32
    version.argtypes = []
    if version() != _abi.ABI_VERSION:
        raise ImportError(f"{path}: expected ABI version {_abi.ABI_VERSION}, found {version()}")
    try:
        _abi.declare(library)
    except AttributeError as missing:
        raise ImportError(f"{path}: older than this package: {missing}") from None
    return library


def find() -> Tuple[Optional[ctypes.CDLL], Optional[str], str]:
    """(library, its path, why there is none).

    A file that ATLAS_LIBRARY names and that cannot be used is an ImportError: who names one wants that one.
    """
    if os.environ.get("ATLAS_DISABLE_NATIVE", "") not in ("", "0"):
        return None, None, "ATLAS_DISABLE_NATIVE is set"
    named = os.environ.get("ATLAS_LIBRARY", "")
    if named:
        path = os.path.abspath(named)
        try:
            return _load(path), path, ""
        except OSError as problem:
            raise ImportError(f"ATLAS_LIBRARY={named}: {problem}") from None
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libatlas.so.0")
    if not os.path.exists(path):
        return None, None, f"no {path}, and ATLAS_LIBRARY is not set"
    try:
        return _load(path), path, ""
    except (OSError, ImportError) as problem:
        return None, None, str(problem)


library, library_path, problem = find()
