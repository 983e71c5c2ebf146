# SPDX-License-Identifier: Apache-2.0
"""The same answers without the native library: NumPy and the standard library only.

What needs the graph to be changed or built raises NativeRequired; an hnsw file is searched exactly.
"""
