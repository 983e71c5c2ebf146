# SPDX-License-Identifier: Apache-2.0
"""ATLAS: vector indexes in mapped files, text chunks, and vectors from texts.

    import atlas, numpy as np
    index = atlas.Index.create(768, metric="cosine")
    index.add(np.arange(1000, dtype=np.uint64), vectors)          # float32 [1000, 768], not copied on the way
    keys, distances, counts = index.search(queries, k=10)         # on all cores, the GIL released
    index.save("docs.atlas")
    rows, distances = atlas.nearest(queries, vectors, k=10)       # exact, without an index
    text = atlas.decode(open("old.txt", "rb").read()).text        # whatever its encoding
    queue = atlas.Queue(1000, overflow="drop_oldest")            # messages between threads and asyncio
    jobs = atlas.Queue.create("jobs")                            # and from other processes: atlas.Queue.attach("jobs")

With the native library (``atlas.native`` is True) everything runs in compiled code. Without it the same calls
run on NumPy, exactly and slower, and what they cannot do raises ``NativeRequired``. The library is loaded from
the file that the environment variable ATLAS_LIBRARY names, or from this package's folder;
ATLAS_DISABLE_NATIVE=1 leaves it out.
"""

from __future__ import annotations

from typing import Optional

from . import _backend
from ._arrays import RESERVED_KEY, Bitmap
from ._backend import library_path, native, native_problem
from ._boundaries import boundaries, sentences
from ._builder import IvfBuilder, build_ivf_pq
from ._channel import Claim, QueueReceiver, QueueSender
from ._chunker import Chunker, chunk, stream
from ._chunks import Chunks
from ._distance import (consecutive_cosine, distances, from_bf16, from_i8, mean, nearest, normalize, norms, to_bf16,
                        to_i8)
from ._encoding import DecodedText, EncodingGuess, TextDecoder, decode, detect_encoding, first_ill_formed
from ._errors import (AlreadyExists, AtlasError, BadEncoding, Busy, Cancelled, Closed, CorruptFile, DimensionMismatch, DuplicateKey,
                      InternalError, InvalidArgument, IoError, IsADirectory, KeyNotFound, KindMismatch, LimitExceeded,
                      MetricMismatch, NativeRequired, NoMemory, NoSpace, NotADirectory, NotAtlasFile, NotFinite,
                      NotFound, PermissionDenied, ReadOnly, ScalarMismatch, TimedOut, UnsupportedVersion,
                      WrongByteOrder, ZeroVector)
from ._folder import Folder
from ._index import Index, Path, checked_path
from ._quantize import Quantizer, Rotation, assign_to_centroids, kmeans
from ._queue import Queue
from ._queue_types import MessageBatch, QueueEmpty, QueueFull, QueueStatistics
from ._shard_types import ShardAnswer, ShardHits, ShardInfo, ShardsInfo
from ._shards import Shards
from ._texts import Embedder, checked_text
from ._tokenizer import Tokenizer
from ._types import (Chunk, ContentDefinedOptions, EmbedderOptions, FolderHit, FolderInfo, FolderProgress, FolderReport, Hits, IndexInfo, KMeansResult,
                     Progress, Promise, QuantizationError, SemanticOptions, Tuned)

__version__ = "0.1.0"

__all__ = [
    "AlreadyExists", "AtlasError", "BadEncoding", "Bitmap", "Busy", "Cancelled", "Chunk", "Chunker", "Chunks", "Claim", "Closed", "ContentDefinedOptions", "CorruptFile",
    "DecodedText", "DimensionMismatch", "DuplicateKey", "Embedder", "EmbedderOptions", "EncodingGuess", "Folder", "FolderHit",
    "FolderInfo", "FolderProgress", "FolderReport", "Hits", "Index", "IndexInfo", "InternalError", "InvalidArgument", "IoError",
    "IsADirectory", "IvfBuilder", "KMeansResult", "KeyNotFound", "KindMismatch", "LimitExceeded", "MessageBatch", "MetricMismatch", "NativeRequired",
    "NoMemory", "NoSpace", "NotADirectory", "NotAtlasFile", "NotFinite", "NotFound", "PermissionDenied", "Progress", "Promise",
    "QuantizationError", "Quantizer", "Queue", "QueueEmpty", "QueueFull", "QueueReceiver", "QueueSender", "QueueStatistics", "RESERVED_KEY", "ReadOnly", "Rotation", "ScalarMismatch", "SemanticOptions", "ShardAnswer",
    "ShardHits", "ShardInfo", "Shards", "ShardsInfo", "TextDecoder", "TimedOut", "Tokenizer", "Tuned", "UnsupportedVersion",
    "WrongByteOrder", "ZeroVector", "assign_to_centroids", "boundaries", "build_ivf_pq", "chunk", "consecutive_cosine", "decode",
    "detect_encoding", "distances", "first_ill_formed", "force_simd_target", "from_bf16", "from_i8", "kmeans", "library_path", "mean", "native",
    "native_problem", "nearest", "normalize", "norms", "sentences", "simd_target", "stream", "to_bf16", "to_i8", "verify",
]


def verify(path: Path, *, progress: Optional[Progress] = None) -> None:
    """Reads an index file from end to end and checks every checksum; CorruptFile names the section."""
    _backend.verify(checked_path("path", path), progress)


def simd_target() -> str:
    """The instruction set in use, such as "avx512", "avx2", "neon" or "scalar"; "numpy" without the native library."""
    return _backend.simd_target()


def force_simd_target(name: str) -> None:
    """Uses another instruction set from now on, in this process; for tests."""
    if b"\0" in checked_text("name", name):
        raise InvalidArgument(f"invalid argument: name: expected no NUL, found {name!r}")
    _backend.force_simd_target(name)
