# SPDX-License-Identifier: Apache-2.0
"""atlas.h for ctypes: its structs and functions. tests/abi compares this file with the header."""

from __future__ import annotations

import ctypes as c
from typing import Any, Dict, List, Tuple, Type

ABI_VERSION = 1

Status = c.c_int32
# ctypes keeps a field of type c_void_p as an int or None, so that addresses of arrays go in without a cast.
Pointer = c.c_void_p
ProgressCallback = c.CFUNCTYPE(c.c_int32, c.c_uint64, c.c_uint64, c.c_void_p)
FolderProgressCallback = c.CFUNCTYPE(c.c_int32, c.c_int32, c.c_uint64, c.c_uint64, c.c_void_p)
SkipCallback = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_int32, c.c_void_p)
MeasureCallback = c.CFUNCTYPE(c.c_int64, c.c_void_p, c.c_uint64, c.c_void_p)
EmbedCallback = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_uint64, c.c_uint64, c.c_void_p)


class Matrix(c.Structure):
    _fields_ = [("data", Pointer), ("rows", c.c_uint64), ("stride", c.c_uint64), ("dimension", c.c_uint32),
                ("scalar", c.c_int32)]


class WorkOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("progress", ProgressCallback),
                ("progress_context", Pointer)]


class KmeansOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("seed", c.c_uint64), ("sample_rows", c.c_uint64),
                ("batch_rows", c.c_uint64), ("iterations", c.c_uint32), ("start", c.c_int32), ("balance", c.c_float),
                ("relaxation", c.c_float), ("tolerance", c.c_double), ("progress", ProgressCallback),
                ("progress_context", Pointer)]


class KmeansResult(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("iterations", c.c_uint32), ("error", c.c_double)]


class QuantizerOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("code_bytes", c.c_uint64), ("seed", c.c_uint64),
                ("sample_rows", c.c_uint64), ("bits", c.c_uint32), ("iterations", c.c_uint32), ("beam", c.c_uint32),
                ("rounds", c.c_uint32), ("threads", c.c_uint32), ("reserved", c.c_uint32), ("progress", ProgressCallback),
                ("progress_context", Pointer)]


class QuantizerInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("dimension", c.c_uint32), ("code_bytes", c.c_uint32)]


class RotationOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("seed", c.c_uint64), ("sample_rows", c.c_uint64),
                ("parts", c.c_uint32), ("bits", c.c_uint32), ("rounds", c.c_uint32), ("reserved", c.c_uint32),
                ("progress", ProgressCallback), ("progress_context", Pointer)]


class RotationInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("dimension", c.c_uint32), ("padded", c.c_uint32)]


class IndexOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("scalar", c.c_int32), ("metric", c.c_int32),
                ("dimension", c.c_uint32), ("connectivity", c.c_uint32), ("build_width", c.c_uint32),
                ("search_width", c.c_uint32), ("seed", c.c_uint64), ("reserve_rows", c.c_uint64),
                ("codes", c.c_int32), ("stored", c.c_int32), ("codes_from", c.c_uint32), ("alpha", c.c_float),
                ("lists", c.c_uint64), ("train_from", c.c_uint64), ("list_codes", c.c_int32), ("rotation", c.c_int32),
                ("parts", c.c_uint32), ("iterations", c.c_uint32), ("probes", c.c_uint32), ("rerank", c.c_uint32),
                ("rerank_codes", c.c_int32), ("recall_k", c.c_uint32), ("recall", c.c_double)]


class OpenOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("mode", c.c_int32), ("vectors", c.c_int32), ("load", c.c_int32)]


class SearchOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("width", c.c_uint64), ("allowed", Pointer),
                ("allowed_bits", c.c_uint64), ("first_pass", c.c_int32), ("reserved", c.c_uint32),
                ("strategy", c.c_int32), ("starts", c.c_uint32), ("patience", c.c_uint32), ("reserved_2", c.c_uint32),
                ("time_limit_ns", c.c_uint64), ("probes", c.c_uint32), ("rerank", c.c_uint32),
                ("estimates_only", c.c_uint32), ("reserved_3", c.c_uint32)]


class Hits(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("rows", c.c_uint64), ("k", c.c_uint64),
                ("keys", Pointer), ("distances", Pointer), ("counts", Pointer)]


class NearestOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("first_pass", c.c_int32),
                ("reserved", c.c_uint32), ("progress", ProgressCallback), ("progress_context", Pointer)]


class SaveOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("progress", ProgressCallback),
                ("progress_context", Pointer)]


class TuneOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("k", c.c_uint64), ("recall", c.c_double),
                ("progress", ProgressCallback), ("progress_context", Pointer), ("threads", c.c_uint32),
                ("reserved_2", c.c_uint32)]


class TuneResult(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("width", c.c_uint64),
                ("prefetch_rows", c.c_uint64), ("recall", c.c_double), ("queries_per_second", c.c_double),
                ("probes", c.c_uint64), ("rerank", c.c_uint64)]


class SealOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("degree", c.c_uint32), ("threads", c.c_uint32), ("reserved", c.c_uint32),
                ("seed", c.c_uint64), ("progress", ProgressCallback), ("progress_context", Pointer)]


class IndexInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("scalar", c.c_int32), ("metric", c.c_int32),
                ("dimension", c.c_uint32), ("connectivity", c.c_uint32), ("build_width", c.c_uint32),
                ("search_width", c.c_uint32), ("size", c.c_uint64), ("is_read_only", c.c_uint32),
                ("max_level", c.c_uint32), ("memory_vectors", c.c_uint64), ("memory_keys", c.c_uint64),
                ("memory_graph", c.c_uint64), ("memory_scratch", c.c_uint64), ("stored", c.c_int32),
                ("codes", c.c_int32), ("codes_from", c.c_uint32), ("alpha", c.c_float), ("is_sealed", c.c_uint32),
                ("reserved", c.c_uint32), ("lists", c.c_uint64), ("list_codes", c.c_int32), ("rotation", c.c_int32),
                ("parts", c.c_uint32), ("code_bytes", c.c_uint32), ("probes", c.c_uint32), ("rerank", c.c_uint32),
                ("rerank_codes", c.c_int32), ("reserved_2", c.c_uint32),
                ("promised_recall", c.c_double), ("promised_k", c.c_uint64)]


class ShardsOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("vectors", c.c_int32), ("load", c.c_int32), ("allow_missing", c.c_int32)]


class ShardsInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("metric", c.c_int32), ("dimension", c.c_uint32), ("shards", c.c_uint32),
                ("missing", c.c_uint32), ("reserved", c.c_uint32), ("size", c.c_uint64), ("memory_vectors", c.c_uint64),
                ("memory_keys", c.c_uint64), ("memory_graph", c.c_uint64), ("memory_scratch", c.c_uint64)]


class ShardInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("status", Status), ("reserved", c.c_uint32),
                ("size", c.c_uint64), ("path", c.c_char_p), ("problem", c.c_char_p)]


class ShardsAnswer(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("listed", c.c_uint32), ("answered", c.c_uint32), ("status", Status),
                ("failed_shard", c.c_uint64), ("found", c.c_uint64)]


class IvfBuildOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("index", c.POINTER(IndexOptions)),
                ("temporary_folder", c.c_char_p), ("memory_bytes", c.c_uint64), ("train_rows", c.c_uint64),
                ("progress", ProgressCallback), ("progress_context", Pointer)]


class IvfBuilderInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dimension", c.c_uint32), ("size", c.c_uint64), ("lists", c.c_uint64),
                ("code_bytes", c.c_uint32), ("reserved", c.c_uint32)]


class EncodingGuess(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("encoding", c.c_int32), ("basis", c.c_int32), ("mark_bytes", c.c_uint32)]


class DecodedText(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("encoding", c.c_int32), ("bad_bytes", c.c_int32), ("mark_bytes", c.c_uint32),
                ("text_bytes", c.c_uint64), ("bad_count", c.c_uint64), ("first_bad", c.c_uint64),
                ("is_source", c.c_uint32), ("basis", c.c_int32)]


class TokenizerInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("pattern", c.c_int32), ("tokens", c.c_uint64), ("longest_bytes", c.c_uint64)]


class TextBoundary(c.Structure):
    _fields_ = [("offset", c.c_uint64), ("level", c.c_uint32), ("reserved", c.c_uint32)]


class SemanticOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("mode", c.c_int32), ("window", c.c_uint32),
                ("most_sentences", c.c_uint32), ("part_bytes", c.c_uint64), ("quantile", c.c_double),
                ("batch_texts", c.c_uint32), ("batch_bytes", c.c_uint32), ("embedder", Pointer),
                ("embed", EmbedCallback), ("embed_context", Pointer), ("dimension", c.c_uint64)]


class ContentDefinedOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("is_binary", c.c_uint32), ("least_bytes", c.c_uint64),
                ("average_bytes", c.c_uint64), ("most_bytes", c.c_uint64), ("seed", c.c_uint64)]


class ChunkerOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("rule", c.c_int32), ("sizer", c.c_int32), ("packing", c.c_int32),
                ("size", c.c_uint64), ("overlap", c.c_uint64), ("fill_percent", c.c_uint32),
                ("coherent_percent", c.c_uint32), ("inner_sizes", c.c_uint64 * 3), ("trim", c.c_uint32),
                ("threads", c.c_uint32), ("delimiters", Pointer), ("delimiter_count", c.c_uint64),
                ("boundaries", Pointer), ("boundary_count", c.c_uint64), ("delimiters_begin_chunks", c.c_int32),
                ("bytes_a_unit", c.c_uint32), ("tokenizer", Pointer), ("measure", MeasureCallback),
                ("measure_context", Pointer), ("semantic", Pointer), ("content_defined", Pointer),
                ("progress", ProgressCallback), ("progress_context", Pointer)]


class TextChunk(c.Structure):
    _fields_ = [("byte_begin", c.c_uint64), ("byte_end", c.c_uint64), ("byte_fresh", c.c_uint64),
                ("char_begin", c.c_uint64), ("char_end", c.c_uint64), ("line_begin", c.c_uint64),
                ("line_end", c.c_uint64), ("column_begin", c.c_uint64), ("units", c.c_uint64),
                ("id_low", c.c_uint64), ("id_high", c.c_uint64), ("text_begin", c.c_uint64), ("level", c.c_uint32),
                ("depth", c.c_uint32), ("heading", c.c_uint32), ("reserved", c.c_uint32)]


class Heading(c.Structure):
    _fields_ = [("title_begin", c.c_uint64), ("title_bytes", c.c_uint32), ("depth", c.c_uint32),
                ("parent", c.c_uint32), ("reserved", c.c_uint32)]


class Chunks(c.Structure):
    _fields_ = [("chunks", Pointer), ("count", c.c_uint64), ("text", Pointer), ("text_bytes", c.c_uint64),
                ("headings", Pointer), ("heading_count", c.c_uint64), ("titles", Pointer),
                ("titles_bytes", c.c_uint64)]


class ChunkOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("fill_percent", c.c_uint32), ("size", c.c_uint64),
                ("overlap", c.c_uint64)]


class Chunk(c.Structure):
    _fields_ = [("byte_begin", c.c_uint64), ("byte_end", c.c_uint64), ("byte_fresh", c.c_uint64),
                ("char_begin", c.c_uint64), ("char_end", c.c_uint64), ("line_begin", c.c_uint64),
                ("line_end", c.c_uint64), ("id_low", c.c_uint64), ("id_high", c.c_uint64), ("level", c.c_uint32),
                ("reserved", c.c_uint32)]


class Text(c.Structure):
    _fields_ = [("data", Pointer), ("size_bytes", c.c_uint64)]


class EmbedderOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dimension", c.c_uint32), ("frequency_buckets", c.c_uint64),
                ("seed", c.c_uint64), ("word_weight", c.c_float), ("pair_weight", c.c_float),
                ("gram_weight", c.c_float), ("gram_length", c.c_uint32)]


class EmbedderInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dimension", c.c_uint32), ("is_frozen", c.c_uint32),
                ("gram_length", c.c_uint32), ("texts", c.c_uint64)]


class FolderOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("threads", c.c_uint32), ("chunk_size", c.c_uint64),
                ("chunk_overlap", c.c_uint64), ("chunk_fill_percent", c.c_uint32), ("include_hidden", c.c_uint32),
                ("max_file_bytes", c.c_uint64), ("connectivity", c.c_uint32), ("build_width", c.c_uint32),
                ("search_width", c.c_uint32), ("reserved", c.c_uint32), ("seed", c.c_uint64),
                ("embedder", c.POINTER(EmbedderOptions)), ("progress", FolderProgressCallback),
                ("on_skip", SkipCallback), ("context", Pointer), ("chunk_packing", c.c_int32), ("reserved_too", c.c_uint32)]


class FolderReport(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("files", c.c_uint64), ("chunks", c.c_uint64),
                ("source_bytes", c.c_uint64), ("skipped_unreadable", c.c_uint64), ("skipped_too_large", c.c_uint64),
                ("skipped_empty", c.c_uint64), ("skipped_binary", c.c_uint64), ("skipped_bad_encoding", c.c_uint64),
                ("folders", c.c_uint64), ("unreadable_folders", c.c_uint64), ("unreadable_files", c.c_uint64),
                ("ignored_folders", c.c_uint64), ("hidden", c.c_uint64), ("linked_files", c.c_uint64),
                ("linked_folders", c.c_uint64), ("broken_links", c.c_uint64), ("special_files", c.c_uint64),
                ("too_deep_folders", c.c_uint64), ("embedded", c.c_uint64), ("taken_over", c.c_uint64), ("gone", c.c_uint64)]


class FolderHit(c.Structure):
    _fields_ = [("path", Pointer), ("path_bytes", c.c_uint64), ("text", Pointer), ("text_bytes", c.c_uint64),
                ("line_begin", c.c_uint64), ("line_end", c.c_uint64), ("byte_begin", c.c_uint64),
                ("byte_end", c.c_uint64), ("key", c.c_uint64), ("id_low", c.c_uint64), ("id_high", c.c_uint64),
                ("score", c.c_float), ("reserved", c.c_uint32)]


MOST_HEADINGS = 6
ZERO_PERCENT = 255


class FolderHeading(c.Structure):
    _fields_ = [("title", Pointer), ("title_bytes", c.c_uint32), ("depth", c.c_uint32)]


class FolderInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("dimension", c.c_uint32), ("files", c.c_uint64),
                ("chunks", c.c_uint64), ("chunk_size", c.c_uint64), ("chunk_overlap", c.c_uint64),
                ("chunk_fill_percent", c.c_uint32), ("is_read_only", c.c_uint32), ("has_embedder", c.c_uint32),
                ("reserved", c.c_uint32), ("chunk_packing", c.c_int32), ("reserved_too", c.c_uint32)]


class QueueOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("overflow", c.c_int32), ("otherwise", c.c_int32), ("coalesce", c.c_int32),
                ("capacity_messages", c.c_uint64), ("capacity_bytes", c.c_uint64)]


class QueueInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("is_closed", c.c_uint32), ("capacity_messages", c.c_uint64),
                ("capacity_bytes", c.c_uint64), ("waiting", c.c_uint64), ("waiting_bytes", c.c_uint64),
                ("pushed", c.c_uint64), ("popped", c.c_uint64), ("dropped_newest", c.c_uint64),
                ("dropped_oldest", c.c_uint64), ("coalesced", c.c_uint64), ("refused", c.c_uint64)]


class ChannelOptions(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("lanes", c.c_uint32), ("lane_bytes", c.c_uint64),
                ("permissions", c.c_uint32), ("may_exist", c.c_uint32), ("folder", c.c_char_p)]


class ChannelMessage(c.Structure):
    _fields_ = [("bytes", Pointer), ("size_bytes", c.c_uint64), ("lane", c.c_uint32), ("reserved", c.c_uint32)]


class ChannelReceiverInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("is_closed", c.c_uint32), ("lanes", c.c_uint32), ("senders", c.c_uint32),
                ("lane_bytes", c.c_uint64)]


class ChannelSenderInfo(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("is_closed", c.c_uint32), ("lane", c.c_uint32),
                ("has_receiver", c.c_uint32), ("longest_message", c.c_uint64)]


STRUCTS: Dict[str, Type[c.Structure]] = {
    "atlas_matrix": Matrix, "atlas_work_options": WorkOptions, "atlas_index_options": IndexOptions,
    "atlas_open_options": OpenOptions, "atlas_search_options": SearchOptions, "atlas_hits": Hits,
    "atlas_nearest_options": NearestOptions, "atlas_kmeans_options": KmeansOptions,
    "atlas_kmeans_result": KmeansResult, "atlas_quantizer_options": QuantizerOptions,
    "atlas_quantizer_info": QuantizerInfo, "atlas_rotation_options": RotationOptions, "atlas_rotation_info": RotationInfo,
    "atlas_save_options": SaveOptions, "atlas_seal_options": SealOptions, "atlas_tune_options": TuneOptions,
    "atlas_tune_result": TuneResult, "atlas_index_info": IndexInfo, "atlas_shards_options": ShardsOptions,
    "atlas_shards_info": ShardsInfo, "atlas_shard_info": ShardInfo, "atlas_shards_answer": ShardsAnswer,
    "atlas_ivf_build_options": IvfBuildOptions, "atlas_ivf_builder_info": IvfBuilderInfo,
    "atlas_encoding_guess": EncodingGuess, "atlas_decoded_text": DecodedText, "atlas_tokenizer_info": TokenizerInfo,
    "atlas_text_boundary": TextBoundary, "atlas_semantic_options": SemanticOptions,
    "atlas_content_defined_options": ContentDefinedOptions, "atlas_chunker_options": ChunkerOptions,
    "atlas_text_chunk": TextChunk, "atlas_heading": Heading, "atlas_chunks": Chunks,
    "atlas_chunk_options": ChunkOptions,
    "atlas_chunk": Chunk, "atlas_text": Text, "atlas_embedder_options": EmbedderOptions,
    "atlas_embedder_info": EmbedderInfo, "atlas_folder_options": FolderOptions,
    "atlas_folder_report": FolderReport, "atlas_folder_hit": FolderHit, "atlas_folder_heading": FolderHeading, "atlas_folder_info": FolderInfo,
    "atlas_queue_options": QueueOptions, "atlas_queue_info": QueueInfo,
    "atlas_channel_options": ChannelOptions, "atlas_channel_message": ChannelMessage,
    "atlas_channel_receiver_info": ChannelReceiverInfo, "atlas_channel_sender_info": ChannelSenderInfo,
}

_p, _size, _text = Pointer, c.c_size_t, c.c_char_p

FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "atlas_last_error": (c.c_char_p, []),
    "atlas_last_error_row": (c.c_uint64, []),
    "atlas_status_name": (c.c_char_p, [Status]),
    "atlas_abi_version": (c.c_uint32, []),
    "atlas_version": (c.c_char_p, []),
    "atlas_simd_target": (c.c_char_p, []),
    "atlas_simd_force": (Status, [_text]),
    "atlas_distances": (Status, [_p, _p, _p, c.c_int32]),
    "atlas_distances_of_rows": (Status, [_p, _p, _p, _p, _size, c.c_int32]),
    "atlas_nearest": (Status, [_p, _p, _p, c.c_int32, _p]),
    "atlas_norms": (Status, [_p, _p]),
    "atlas_normalize": (Status, [_p, _p, _p, _size]),
    "atlas_mean": (Status, [_p, _p]),
    "atlas_consecutive_cosine": (Status, [_p, _p]),
    "atlas_i8_scales": (Status, [_p, _p, c.c_int32]),
    "atlas_convert": (Status, [_p, c.c_int32, _p, _size, _p, c.c_int32]),
    "atlas_pq_distances": (Status, [_p, _p, _p]),
    "atlas_kmeans": (Status, [_p, _p, _p, _p, _p, _size, _p]),
    "atlas_assign_to_centroids": (Status, [_p, _p, _p, _p, _p]),
    "atlas_quantizer_train": (Status, [_p, _p, _p]),
    "atlas_quantizer_open_state": (Status, [_p, _p, _size]),
    "atlas_quantizer_close": (None, [_p]),
    "atlas_quantizer_describe": (Status, [_p, _p]),
    "atlas_quantizer_encode": (Status, [_p, _p, _p, _p]),
    "atlas_quantizer_decode": (Status, [_p, _p, _p, _p]),
    "atlas_quantizer_error_of": (Status, [_p, _p, _p, _p, _p]),
    "atlas_quantizer_distances": (Status, [_p, _p, _p, _p, _p, _p]),
    "atlas_quantizer_save_state": (Status, [_p, _p, _p, _size]),
    "atlas_rotation_create": (Status, [_p, _size, c.c_uint64]),
    "atlas_rotation_train": (Status, [_p, _p, _p]),
    "atlas_rotation_open_state": (Status, [_p, _p, _size]),
    "atlas_rotation_close": (None, [_p]),
    "atlas_rotation_describe": (Status, [_p, _p]),
    "atlas_rotation_apply": (Status, [_p, _p, _p, _p]),
    "atlas_rotation_apply_inverse": (Status, [_p, _p, _p, _p]),
    "atlas_rotation_orthogonality_error": (Status, [_p, _p, c.c_uint32]),
    "atlas_rotation_save_state": (Status, [_p, _p, _p, _size]),
    "atlas_index_create": (Status, [_p, _p]),
    "atlas_index_open": (Status, [_p, _text, _p]),
    "atlas_index_close": (None, [_p]),
    "atlas_index_describe": (Status, [_p, _p]),
    "atlas_index_add": (Status, [_p, _p, _p, _p]),
    "atlas_index_upsert": (Status, [_p, _p, _p, _p]),
    "atlas_index_remove": (Status, [_p, _p, _size]),
    "atlas_index_remove_stored": (Status, [_p, _p, _p, _size]),
    "atlas_index_contains": (Status, [_p, _p, _p, _size]),
    "atlas_index_get": (Status, [_p, _p, _p, _size, c.c_int32, _size]),
    "atlas_index_search": (Status, [_p, _p, _p, _p]),
    "atlas_index_range": (Status, [_p, _p, _p, _p, _p, c.c_float, _size, _p]),
    "atlas_index_distances": (Status, [_p, _p, _p, _p, _size]),
    "atlas_index_list_keys": (Status, [_p, _p, _p, _p, _size]),
    "atlas_index_reserve": (Status, [_p, _size]),
    "atlas_index_compact": (Status, [_p]),
    "atlas_index_train": (Status, [_p, _p, _p]),
    "atlas_index_retrain": (Status, [_p, _p]),
    "atlas_index_tune": (Status, [_p, _p, _p, _p]),
    "atlas_index_save": (Status, [_p, _text, _p]),
    "atlas_index_seal": (Status, [_p, _text, _p]),
    "atlas_file_verify": (Status, [_text, _p]),
    "atlas_ivf_builder_create": (Status, [_p, _text, _p]),
    "atlas_ivf_builder_close": (None, [_p]),
    "atlas_ivf_builder_describe": (Status, [_p, _p]),
    "atlas_ivf_builder_train": (Status, [_p, _p, _p]),
    "atlas_ivf_builder_add": (Status, [_p, _p, _p, _p]),
    "atlas_ivf_builder_finish": (Status, [_p, _p]),
    "atlas_ivf_build_file": (Status, [_text, _text, _p, _size, _p]),
    "atlas_shards_write": (Status, [_text, _p, _size]),
    "atlas_shards_open": (Status, [_p, _text, _p]),
    "atlas_shards_open_files": (Status, [_p, _p, _size, _p]),
    "atlas_shards_close": (None, [_p]),
    "atlas_shards_describe": (Status, [_p, _p]),
    "atlas_shards_describe_shard": (Status, [_p, _p, _size]),
    "atlas_shards_search": (Status, [_p, _p, _p, _p, _p]),
    "atlas_shards_range": (Status, [_p, _p, _p, _p, _p, c.c_float, _size, _p]),
    "atlas_shards_find": (Status, [_p, _p, _p, _size]),
    "atlas_shards_get": (Status, [_p, _p, _p, _size, c.c_int32, _size]),
    "atlas_shards_distances": (Status, [_p, _p, _p, _p, _size]),
    "atlas_shards_list_keys": (Status, [_p, _p, _p, _p, _size]),
    "atlas_text_validate": (Status, [_p, _p, _p, _size]),
    "atlas_encoding_name": (c.c_char_p, [c.c_int32]),
    "atlas_encoding_of_label": (Status, [_p, _text]),
    "atlas_text_detect_encoding": (Status, [_p, _p, _size]),
    "atlas_text_decode": (Status, [_p, _p, _p, _size, c.c_int32, c.c_int32, _size]),
    "atlas_text_source_offsets": (Status, [_p, _p, _size, _p, _p, _size]),
    "atlas_text_decoder_create": (Status, [_p, c.c_int32, c.c_int32]),
    "atlas_text_decoder_close": (None, [_p]),
    "atlas_text_decoder_feed": (Status, [_p, _p, _p, _size]),
    "atlas_text_decoder_finish": (Status, [_p, _p]),
    "atlas_text_decoder_describe": (Status, [_p, _p]),
    "atlas_text_decoder_keep_source": (Status, [_p, c.c_uint64]),
    "atlas_text_decoder_source_offsets": (Status, [_p, _p, _size, _p]),
    "atlas_text_boundaries": (Status, [_p, _p, _p, _p, _size, c.c_int32, _size]),
    "atlas_tokenizer_open": (Status, [_p, _text, c.c_int32]),
    "atlas_tokenizer_open_ranks": (Status, [_p, _p, _size, c.c_int32]),
    "atlas_tokenizer_close": (None, [_p]),
    "atlas_tokenizer_describe": (Status, [_p, _p]),
    "atlas_tokenizer_count": (Status, [_p, _p, _p, _size, _p]),
    "atlas_tokenizer_encode": (Status, [_p, _p, _p, _p, _size, _size]),
    "atlas_tokenizer_decode": (Status, [_p, _p, _p, _p, _size, _size]),
    "atlas_embedder_create": (Status, [_p, _p]),
    "atlas_embedder_open_state": (Status, [_p, _p, _size]),
    "atlas_embedder_close": (None, [_p]),
    "atlas_embedder_describe": (Status, [_p, _p]),
    "atlas_embedder_learn": (Status, [_p, _p, _size, _p]),
    "atlas_embedder_freeze": (Status, [_p]),
    "atlas_embedder_embed": (Status, [_p, _p, _p, _size, _size, _p]),
    "atlas_embedder_save_state": (Status, [_p, _p, _p, _size]),
    "atlas_chunker_create": (Status, [_p, _p]),
    "atlas_chunker_close": (None, [_p]),
    "atlas_chunker_read": (Status, [_p, _p, _p, _size]),
    "atlas_chunker_read_many": (Status, [_p, _p, _p, _p, _size]),
    "atlas_chunker_feed": (Status, [_p, _p, _p, _size]),
    "atlas_chunker_finish": (Status, [_p, _p]),
    "atlas_chunker_taken": (Status, [_p, _p]),
    "atlas_chunker_kept_from": (Status, [_p, _p]),
    "atlas_chunker_restart": (Status, [_p]),
    "atlas_chunker_save_state": (Status, [_p, _p, _p, _size]),
    "atlas_chunker_open_state": (Status, [_p, _p, _size, _p]),
    "atlas_chunk_text": (Status, [_p, _p, _p, _size, _size, _p]),
    "atlas_folder_build": (Status, [_p, _text, _text, _p]),
    "atlas_folder_open": (Status, [_p, _text, _p]),
    "atlas_folder_close": (None, [_p]),
    "atlas_folder_describe": (Status, [_p, _p]),
    "atlas_folder_search": (Status, [_p, _p, _p, _p, _size, _size, _p]),
    "atlas_folder_headings": (Status, [_p, _p, _p, c.c_uint64]),
    "atlas_folder_add_document": (Status, [_p, _text, _p, _size]),
    "atlas_folder_remove_document": (Status, [_p, _text]),
    "atlas_folder_save": (Status, [_p, _text, _p]),
    "atlas_folder_update": (Status, [_p, _p, _text, _text, _p]),
    "atlas_folder_compact": (Status, [_p, _p, _text, _p]),
    "atlas_queue_create": (Status, [_p, _p]),
    "atlas_queue_free": (None, [_p]),
    "atlas_queue_push_n": (Status, [_p, _p, _p, _size, _p, _p, _size, c.c_uint64]),
    "atlas_queue_pop_n": (Status, [_p, _p, _p, _p, _p, _size, _size, c.c_uint64]),
    "atlas_queue_close": (Status, [_p]),
    "atlas_queue_is_closed": (Status, [_p, _p]),
    "atlas_queue_size": (Status, [_p, _p]),
    "atlas_queue_describe": (Status, [_p, _p]),
    "atlas_queue_event_fd": (Status, [_p, _p]),
    "atlas_queue_event_arm": (Status, [_p, _p]),
    "atlas_channel_receiver_create": (Status, [_p, _text, _p]),
    "atlas_channel_receiver_attach": (Status, [_p, _text, _text]),
    "atlas_channel_receiver_free": (None, [_p]),
    "atlas_channel_receiver_peek_n": (Status, [_p, _p, _p, _size, c.c_uint64]),
    "atlas_channel_receiver_release": (Status, [_p]),
    "atlas_channel_receiver_pop_n": (Status, [_p, _p, _p, _p, _p, _size, _size, c.c_uint64]),
    "atlas_channel_receiver_close": (Status, [_p]),
    "atlas_channel_receiver_describe": (Status, [_p, _p]),
    "atlas_channel_receiver_event_fd": (Status, [_p, _p]),
    "atlas_channel_receiver_event_arm": (Status, [_p, _p]),
    "atlas_channel_sender_attach": (Status, [_p, _text, _text]),
    "atlas_channel_sender_free": (None, [_p]),
    "atlas_channel_sender_push_n": (Status, [_p, _p, _p, _size, _p, _size, c.c_uint64]),
    "atlas_channel_sender_claim": (Status, [_p, _p, _size, c.c_uint64]),
    "atlas_channel_sender_commit": (Status, [_p, _size]),
    "atlas_channel_sender_abort": (Status, [_p]),
    "atlas_channel_sender_close": (Status, [_p]),
    "atlas_channel_sender_describe": (Status, [_p, _p]),
    "atlas_channel_remove": (Status, [_text, _text]),
}


def declare(library: c.CDLL) -> None:
    """Gives each function of a loaded library its types. AttributeError: it lacks one."""
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
