# SPDX-License-Identifier: Apache-2.0
"""Chooses the backend once, at import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._library import library, library_path, problem

native: bool = library is not None
native_problem: str = problem

if TYPE_CHECKING or native:
    from . import _native as _module
    from . import _native_builder as _builders
    from . import _native_channel as _channels
    from . import _native_chunker as _chunkers
    from . import _native_quantize as _quantizers
    from . import _native_queue as _queues
    from . import _native_shards as _shards
    from . import _native_text as _text
    from . import _native_vectors as _vectors
    index_class: Any = _module.NativeIndex
    folder_class: Any = _module.NativeFolder
    builder_class: Any = _builders.NativeIvfBuilder
    _shards_class: Any = _shards.NativeShards
else:
    from ._pure import backend as _module
    from ._pure import channel as _channels
    from ._pure import chunks as _chunkers
    from ._pure import quantize as _quantizers
    from ._pure import queue as _queues
    from ._pure import shards as _shards
    from ._pure import text as _text
    from ._pure import vectors as _vectors
    index_class = _module.PureIndex
    folder_class = _module.PureFolder
    builder_class = _module.PureIvfBuilder
    _shards_class = _shards.PureShards

create_chunker = _chunkers.create
verify = _module.verify
simd_target = _module.simd_target
force_simd_target = _module.force_simd_target
create_embedder = _module.create_embedder
open_embedder = _module.open_embedder
build_folder = _module.build_folder
open_shards = _shards_class.open
open_shard_files = _shards_class.open_files
write_shards = _shards.write
distances = _vectors.distances
nearest = _vectors.nearest
normalize = _vectors.normalize
norms = _vectors.norms
mean = _vectors.mean
consecutive_cosine = _vectors.consecutive_cosine
to_bf16 = _vectors.to_bf16
from_bf16 = _vectors.from_bf16
i8_scales = _vectors.i8_scales
to_i8 = _vectors.to_i8
from_i8 = _vectors.from_i8
kmeans = _quantizers.kmeans
assign_to_centroids = _quantizers.assign_to_centroids
train_quantizer = _quantizers.train_quantizer
open_quantizer = _quantizers.open_quantizer
random_rotation = _quantizers.random_rotation
train_rotation = _quantizers.train_rotation
open_rotation = _quantizers.open_rotation
detect_encoding = _text.detect_encoding
first_ill_formed = _text.first_ill_formed
decode = _text.decode
create_text_decoder = _text.create_text_decoder
boundaries = _text.boundaries
open_tokenizer = _text.open_tokenizer
tokenizer_of_ranks = _text.tokenizer_of_ranks
create_queue = _queues.create_queue
create_receiver = _channels.create_receiver
attach_receiver = _channels.attach_receiver
attach_sender = _channels.attach_sender
remove_channel = _channels.remove

__all__ = ["native", "native_problem", "library_path", "index_class", "folder_class", "builder_class", "create_chunker",
           "verify", "simd_target", "force_simd_target", "create_embedder", "open_embedder", "build_folder", "open_shards",
           "open_shard_files", "write_shards", "distances", "nearest", "normalize", "norms", "mean",
           "consecutive_cosine", "to_bf16", "from_bf16", "i8_scales", "to_i8", "from_i8",
           "kmeans", "assign_to_centroids", "train_quantizer", "open_quantizer", "random_rotation", "train_rotation", "open_rotation",
           "detect_encoding", "first_ill_formed", "decode", "create_text_decoder", "boundaries", "open_tokenizer", "tokenizer_of_ranks",
           "create_queue", "create_receiver", "attach_receiver",
           "attach_sender", "remove_channel"]
