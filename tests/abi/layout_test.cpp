// SPDX-License-Identifier: Apache-2.0
// tests/abi/layout_test.cpp -- sizes and offsets of every struct of atlas.h, as release 0.1 has them.
//
// Lines are added for new fields, at a struct's end, and never changed but for the size. A struct of fixed size never grows.
#include <atlas.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <type_traits>

#define SIZE(type, bytes) \
  static_assert(sizeof(type) == (bytes) && std::is_standard_layout_v<type> && std::is_trivial_v<type>)
#define AT(type, field, offset) static_assert(offsetof(type, field) == (offset))

SIZE(atlas_matrix, 32);
AT(atlas_matrix, data, 0);
AT(atlas_matrix, rows, 8);
AT(atlas_matrix, stride, 16);
AT(atlas_matrix, dimension, 24);
AT(atlas_matrix, scalar, 28);

SIZE(atlas_work_options, 24);
AT(atlas_work_options, struct_size, 0);
AT(atlas_work_options, threads, 4);
AT(atlas_work_options, progress, 8);
AT(atlas_work_options, progress_context, 16);

SIZE(atlas_kmeans_options, 72);
AT(atlas_kmeans_options, struct_size, 0);
AT(atlas_kmeans_options, threads, 4);
AT(atlas_kmeans_options, seed, 8);
AT(atlas_kmeans_options, sample_rows, 16);
AT(atlas_kmeans_options, batch_rows, 24);
AT(atlas_kmeans_options, iterations, 32);
AT(atlas_kmeans_options, start, 36);
AT(atlas_kmeans_options, balance, 40);
AT(atlas_kmeans_options, relaxation, 44);
AT(atlas_kmeans_options, tolerance, 48);
AT(atlas_kmeans_options, progress, 56);
AT(atlas_kmeans_options, progress_context, 64);

SIZE(atlas_kmeans_result, 16);
AT(atlas_kmeans_result, struct_size, 0);
AT(atlas_kmeans_result, iterations, 4);
AT(atlas_kmeans_result, error, 8);

SIZE(atlas_quantizer_options, 72);
AT(atlas_quantizer_options, struct_size, 0);
AT(atlas_quantizer_options, kind, 4);
AT(atlas_quantizer_options, code_bytes, 8);
AT(atlas_quantizer_options, seed, 16);
AT(atlas_quantizer_options, sample_rows, 24);
AT(atlas_quantizer_options, bits, 32);
AT(atlas_quantizer_options, iterations, 36);
AT(atlas_quantizer_options, beam, 40);
AT(atlas_quantizer_options, rounds, 44);
AT(atlas_quantizer_options, threads, 48);
AT(atlas_quantizer_options, reserved, 52);
AT(atlas_quantizer_options, progress, 56);
AT(atlas_quantizer_options, progress_context, 64);

SIZE(atlas_quantizer_info, 16);
AT(atlas_quantizer_info, struct_size, 0);
AT(atlas_quantizer_info, kind, 4);
AT(atlas_quantizer_info, dimension, 8);
AT(atlas_quantizer_info, code_bytes, 12);

SIZE(atlas_rotation_options, 56);
AT(atlas_rotation_options, struct_size, 0);
AT(atlas_rotation_options, threads, 4);
AT(atlas_rotation_options, seed, 8);
AT(atlas_rotation_options, sample_rows, 16);
AT(atlas_rotation_options, parts, 24);
AT(atlas_rotation_options, bits, 28);
AT(atlas_rotation_options, rounds, 32);
AT(atlas_rotation_options, reserved, 36);
AT(atlas_rotation_options, progress, 40);
AT(atlas_rotation_options, progress_context, 48);

SIZE(atlas_rotation_info, 16);
AT(atlas_rotation_info, struct_size, 0);
AT(atlas_rotation_info, kind, 4);
AT(atlas_rotation_info, dimension, 8);
AT(atlas_rotation_info, padded, 12);

SIZE(atlas_index_options, 120);
AT(atlas_index_options, struct_size, 0);
AT(atlas_index_options, kind, 4);
AT(atlas_index_options, scalar, 8);
AT(atlas_index_options, metric, 12);
AT(atlas_index_options, dimension, 16);
AT(atlas_index_options, connectivity, 20);
AT(atlas_index_options, build_width, 24);
AT(atlas_index_options, search_width, 28);
AT(atlas_index_options, seed, 32);
AT(atlas_index_options, reserve_rows, 40);
AT(atlas_index_options, codes, 48);
AT(atlas_index_options, stored, 52);
AT(atlas_index_options, codes_from, 56);
AT(atlas_index_options, alpha, 60);
AT(atlas_index_options, lists, 64);
AT(atlas_index_options, train_from, 72);
AT(atlas_index_options, list_codes, 80);
AT(atlas_index_options, rotation, 84);
AT(atlas_index_options, parts, 88);
AT(atlas_index_options, iterations, 92);
AT(atlas_index_options, probes, 96);
AT(atlas_index_options, rerank, 100);
AT(atlas_index_options, rerank_codes, 104);
AT(atlas_index_options, recall_k, 108);
AT(atlas_index_options, recall, 112);

SIZE(atlas_open_options, 16);
AT(atlas_open_options, struct_size, 0);
AT(atlas_open_options, mode, 4);
AT(atlas_open_options, vectors, 8);
AT(atlas_open_options, load, 12);

SIZE(atlas_search_options, 80);
AT(atlas_search_options, struct_size, 0);
AT(atlas_search_options, threads, 4);
AT(atlas_search_options, width, 8);
AT(atlas_search_options, allowed, 16);
AT(atlas_search_options, allowed_bits, 24);
AT(atlas_search_options, first_pass, 32);
AT(atlas_search_options, reserved, 36);
AT(atlas_search_options, strategy, 40);
AT(atlas_search_options, starts, 44);
AT(atlas_search_options, patience, 48);
AT(atlas_search_options, reserved_2, 52);
AT(atlas_search_options, time_limit_ns, 56);
AT(atlas_search_options, probes, 64);
AT(atlas_search_options, rerank, 68);
AT(atlas_search_options, estimates_only, 72);
AT(atlas_search_options, reserved_3, 76);

SIZE(atlas_hits, 48);
AT(atlas_hits, struct_size, 0);
AT(atlas_hits, reserved, 4);
AT(atlas_hits, rows, 8);
AT(atlas_hits, k, 16);
AT(atlas_hits, keys, 24);
AT(atlas_hits, distances, 32);
AT(atlas_hits, counts, 40);

SIZE(atlas_nearest_options, 32);
AT(atlas_nearest_options, struct_size, 0);
AT(atlas_nearest_options, threads, 4);
AT(atlas_nearest_options, first_pass, 8);
AT(atlas_nearest_options, reserved, 12);
AT(atlas_nearest_options, progress, 16);
AT(atlas_nearest_options, progress_context, 24);

SIZE(atlas_save_options, 24);
AT(atlas_save_options, struct_size, 0);
AT(atlas_save_options, reserved, 4);
AT(atlas_save_options, progress, 8);
AT(atlas_save_options, progress_context, 16);

SIZE(atlas_index_info, 160);
AT(atlas_index_info, struct_size, 0);
AT(atlas_index_info, kind, 4);
AT(atlas_index_info, scalar, 8);
AT(atlas_index_info, metric, 12);
AT(atlas_index_info, dimension, 16);
AT(atlas_index_info, connectivity, 20);
AT(atlas_index_info, build_width, 24);
AT(atlas_index_info, search_width, 28);
AT(atlas_index_info, size, 32);
AT(atlas_index_info, is_read_only, 40);
AT(atlas_index_info, max_level, 44);
AT(atlas_index_info, memory_vectors, 48);
AT(atlas_index_info, memory_keys, 56);
AT(atlas_index_info, memory_graph, 64);
AT(atlas_index_info, memory_scratch, 72);
AT(atlas_index_info, stored, 80);
AT(atlas_index_info, codes, 84);
AT(atlas_index_info, codes_from, 88);
AT(atlas_index_info, alpha, 92);
AT(atlas_index_info, is_sealed, 96);
AT(atlas_index_info, reserved, 100);
AT(atlas_index_info, lists, 104);
AT(atlas_index_info, list_codes, 112);
AT(atlas_index_info, rotation, 116);
AT(atlas_index_info, parts, 120);
AT(atlas_index_info, code_bytes, 124);
AT(atlas_index_info, probes, 128);
AT(atlas_index_info, rerank, 132);
AT(atlas_index_info, rerank_codes, 136);
AT(atlas_index_info, reserved_2, 140);
AT(atlas_index_info, promised_recall, 144);
AT(atlas_index_info, promised_k, 152);

SIZE(atlas_tune_options, 48);
AT(atlas_tune_options, struct_size, 0);
AT(atlas_tune_options, reserved, 4);
AT(atlas_tune_options, k, 8);
AT(atlas_tune_options, recall, 16);
AT(atlas_tune_options, progress, 24);
AT(atlas_tune_options, progress_context, 32);
AT(atlas_tune_options, threads, 40);
AT(atlas_tune_options, reserved_2, 44);

SIZE(atlas_tune_result, 56);
AT(atlas_tune_result, struct_size, 0);
AT(atlas_tune_result, reserved, 4);
AT(atlas_tune_result, width, 8);
AT(atlas_tune_result, prefetch_rows, 16);
AT(atlas_tune_result, recall, 24);
AT(atlas_tune_result, queries_per_second, 32);
AT(atlas_tune_result, probes, 40);
AT(atlas_tune_result, rerank, 48);

SIZE(atlas_seal_options, 40);
AT(atlas_seal_options, struct_size, 0);
AT(atlas_seal_options, degree, 4);
AT(atlas_seal_options, threads, 8);
AT(atlas_seal_options, reserved, 12);
AT(atlas_seal_options, seed, 16);
AT(atlas_seal_options, progress, 24);
AT(atlas_seal_options, progress_context, 32);

SIZE(atlas_shards_options, 16);
AT(atlas_shards_options, struct_size, 0);
AT(atlas_shards_options, vectors, 4);
AT(atlas_shards_options, load, 8);
AT(atlas_shards_options, allow_missing, 12);

SIZE(atlas_shards_info, 64);
AT(atlas_shards_info, struct_size, 0);
AT(atlas_shards_info, metric, 4);
AT(atlas_shards_info, dimension, 8);
AT(atlas_shards_info, shards, 12);
AT(atlas_shards_info, missing, 16);
AT(atlas_shards_info, reserved, 20);
AT(atlas_shards_info, size, 24);
AT(atlas_shards_info, memory_vectors, 32);
AT(atlas_shards_info, memory_keys, 40);
AT(atlas_shards_info, memory_graph, 48);
AT(atlas_shards_info, memory_scratch, 56);

SIZE(atlas_shard_info, 40);
AT(atlas_shard_info, struct_size, 0);
AT(atlas_shard_info, kind, 4);
AT(atlas_shard_info, status, 8);
AT(atlas_shard_info, reserved, 12);
AT(atlas_shard_info, size, 16);
AT(atlas_shard_info, path, 24);
AT(atlas_shard_info, problem, 32);

SIZE(atlas_shards_answer, 32);
AT(atlas_shards_answer, struct_size, 0);
AT(atlas_shards_answer, listed, 4);
AT(atlas_shards_answer, answered, 8);
AT(atlas_shards_answer, status, 12);
AT(atlas_shards_answer, failed_shard, 16);
AT(atlas_shards_answer, found, 24);

SIZE(atlas_ivf_build_options, 56);
AT(atlas_ivf_build_options, struct_size, 0);
AT(atlas_ivf_build_options, threads, 4);
AT(atlas_ivf_build_options, index, 8);
AT(atlas_ivf_build_options, temporary_folder, 16);
AT(atlas_ivf_build_options, memory_bytes, 24);
AT(atlas_ivf_build_options, train_rows, 32);
AT(atlas_ivf_build_options, progress, 40);
AT(atlas_ivf_build_options, progress_context, 48);

SIZE(atlas_ivf_builder_info, 32);
AT(atlas_ivf_builder_info, struct_size, 0);
AT(atlas_ivf_builder_info, dimension, 4);
AT(atlas_ivf_builder_info, size, 8);
AT(atlas_ivf_builder_info, lists, 16);
AT(atlas_ivf_builder_info, code_bytes, 24);
AT(atlas_ivf_builder_info, reserved, 28);

SIZE(atlas_encoding_guess, 16);
AT(atlas_encoding_guess, struct_size, 0);
AT(atlas_encoding_guess, encoding, 4);
AT(atlas_encoding_guess, basis, 8);
AT(atlas_encoding_guess, mark_bytes, 12);

SIZE(atlas_decoded_text, 48);
AT(atlas_decoded_text, struct_size, 0);
AT(atlas_decoded_text, encoding, 4);
AT(atlas_decoded_text, bad_bytes, 8);
AT(atlas_decoded_text, mark_bytes, 12);
AT(atlas_decoded_text, text_bytes, 16);
AT(atlas_decoded_text, bad_count, 24);
AT(atlas_decoded_text, first_bad, 32);
AT(atlas_decoded_text, is_source, 40);
AT(atlas_decoded_text, basis, 44);

SIZE(atlas_tokenizer_info, 24);
AT(atlas_tokenizer_info, struct_size, 0);
AT(atlas_tokenizer_info, pattern, 4);
AT(atlas_tokenizer_info, tokens, 8);
AT(atlas_tokenizer_info, longest_bytes, 16);

SIZE(atlas_text_boundary, 16);
AT(atlas_text_boundary, offset, 0);
AT(atlas_text_boundary, level, 8);
AT(atlas_text_boundary, reserved, 12);

SIZE(atlas_semantic_options, 72);
AT(atlas_semantic_options, struct_size, 0);
AT(atlas_semantic_options, mode, 4);
AT(atlas_semantic_options, window, 8);
AT(atlas_semantic_options, most_sentences, 12);
AT(atlas_semantic_options, part_bytes, 16);
AT(atlas_semantic_options, quantile, 24);
AT(atlas_semantic_options, batch_texts, 32);
AT(atlas_semantic_options, batch_bytes, 36);
AT(atlas_semantic_options, embedder, 40);
AT(atlas_semantic_options, embed, 48);
AT(atlas_semantic_options, embed_context, 56);
AT(atlas_semantic_options, dimension, 64);

SIZE(atlas_content_defined_options, 40);
AT(atlas_content_defined_options, struct_size, 0);
AT(atlas_content_defined_options, is_binary, 4);
AT(atlas_content_defined_options, least_bytes, 8);
AT(atlas_content_defined_options, average_bytes, 16);
AT(atlas_content_defined_options, most_bytes, 24);
AT(atlas_content_defined_options, seed, 32);

SIZE(atlas_chunker_options, 168);
AT(atlas_chunker_options, struct_size, 0);
AT(atlas_chunker_options, rule, 4);
AT(atlas_chunker_options, sizer, 8);
AT(atlas_chunker_options, packing, 12);
AT(atlas_chunker_options, size, 16);
AT(atlas_chunker_options, overlap, 24);
AT(atlas_chunker_options, fill_percent, 32);
AT(atlas_chunker_options, coherent_percent, 36);
AT(atlas_chunker_options, inner_sizes, 40);
AT(atlas_chunker_options, trim, 64);
AT(atlas_chunker_options, threads, 68);
AT(atlas_chunker_options, delimiters, 72);
AT(atlas_chunker_options, delimiter_count, 80);
AT(atlas_chunker_options, boundaries, 88);
AT(atlas_chunker_options, boundary_count, 96);
AT(atlas_chunker_options, delimiters_begin_chunks, 104);
AT(atlas_chunker_options, bytes_a_unit, 108);
AT(atlas_chunker_options, tokenizer, 112);
AT(atlas_chunker_options, measure, 120);
AT(atlas_chunker_options, measure_context, 128);
AT(atlas_chunker_options, semantic, 136);
AT(atlas_chunker_options, content_defined, 144);
AT(atlas_chunker_options, progress, 152);
AT(atlas_chunker_options, progress_context, 160);

SIZE(atlas_text_chunk, 112);
AT(atlas_text_chunk, byte_begin, 0);
AT(atlas_text_chunk, byte_end, 8);
AT(atlas_text_chunk, byte_fresh, 16);
AT(atlas_text_chunk, char_begin, 24);
AT(atlas_text_chunk, char_end, 32);
AT(atlas_text_chunk, line_begin, 40);
AT(atlas_text_chunk, line_end, 48);
AT(atlas_text_chunk, column_begin, 56);
AT(atlas_text_chunk, units, 64);
AT(atlas_text_chunk, id_low, 72);
AT(atlas_text_chunk, id_high, 80);
AT(atlas_text_chunk, text_begin, 88);
AT(atlas_text_chunk, level, 96);
AT(atlas_text_chunk, depth, 100);
AT(atlas_text_chunk, heading, 104);
AT(atlas_text_chunk, reserved, 108);

SIZE(atlas_heading, 24);
AT(atlas_heading, title_begin, 0);
AT(atlas_heading, title_bytes, 8);
AT(atlas_heading, depth, 12);
AT(atlas_heading, parent, 16);
AT(atlas_heading, reserved, 20);

SIZE(atlas_chunks, 64);
AT(atlas_chunks, chunks, 0);
AT(atlas_chunks, count, 8);
AT(atlas_chunks, text, 16);
AT(atlas_chunks, text_bytes, 24);
AT(atlas_chunks, headings, 32);
AT(atlas_chunks, heading_count, 40);
AT(atlas_chunks, titles, 48);
AT(atlas_chunks, titles_bytes, 56);

SIZE(atlas_chunk_options, 24);
AT(atlas_chunk_options, struct_size, 0);
AT(atlas_chunk_options, fill_percent, 4);
AT(atlas_chunk_options, size, 8);
AT(atlas_chunk_options, overlap, 16);

SIZE(atlas_chunk, 80);
AT(atlas_chunk, byte_begin, 0);
AT(atlas_chunk, byte_end, 8);
AT(atlas_chunk, byte_fresh, 16);
AT(atlas_chunk, char_begin, 24);
AT(atlas_chunk, char_end, 32);
AT(atlas_chunk, line_begin, 40);
AT(atlas_chunk, line_end, 48);
AT(atlas_chunk, id_low, 56);
AT(atlas_chunk, id_high, 64);
AT(atlas_chunk, level, 72);
AT(atlas_chunk, reserved, 76);

SIZE(atlas_text, 16);
AT(atlas_text, data, 0);
AT(atlas_text, size_bytes, 8);

SIZE(atlas_embedder_options, 40);
AT(atlas_embedder_options, struct_size, 0);
AT(atlas_embedder_options, dimension, 4);
AT(atlas_embedder_options, frequency_buckets, 8);
AT(atlas_embedder_options, seed, 16);
AT(atlas_embedder_options, word_weight, 24);
AT(atlas_embedder_options, pair_weight, 28);
AT(atlas_embedder_options, gram_weight, 32);
AT(atlas_embedder_options, gram_length, 36);

SIZE(atlas_embedder_info, 24);
AT(atlas_embedder_info, struct_size, 0);
AT(atlas_embedder_info, dimension, 4);
AT(atlas_embedder_info, is_frozen, 8);
AT(atlas_embedder_info, gram_length, 12);
AT(atlas_embedder_info, texts, 16);

SIZE(atlas_folder_options, 104);
AT(atlas_folder_options, struct_size, 0);
AT(atlas_folder_options, threads, 4);
AT(atlas_folder_options, chunk_size, 8);
AT(atlas_folder_options, chunk_overlap, 16);
AT(atlas_folder_options, chunk_fill_percent, 24);
AT(atlas_folder_options, include_hidden, 28);
AT(atlas_folder_options, max_file_bytes, 32);
AT(atlas_folder_options, connectivity, 40);
AT(atlas_folder_options, build_width, 44);
AT(atlas_folder_options, search_width, 48);
AT(atlas_folder_options, reserved, 52);
AT(atlas_folder_options, seed, 56);
AT(atlas_folder_options, embedder, 64);
AT(atlas_folder_options, progress, 72);
AT(atlas_folder_options, on_skip, 80);
AT(atlas_folder_options, context, 88);
AT(atlas_folder_options, chunk_packing, 96);
AT(atlas_folder_options, reserved_too, 100);

SIZE(atlas_folder_report, 176);
AT(atlas_folder_report, struct_size, 0);
AT(atlas_folder_report, reserved, 4);
AT(atlas_folder_report, files, 8);
AT(atlas_folder_report, chunks, 16);
AT(atlas_folder_report, source_bytes, 24);
AT(atlas_folder_report, skipped_unreadable, 32);
AT(atlas_folder_report, skipped_too_large, 40);
AT(atlas_folder_report, skipped_empty, 48);
AT(atlas_folder_report, skipped_binary, 56);
AT(atlas_folder_report, skipped_bad_encoding, 64);
AT(atlas_folder_report, folders, 72);
AT(atlas_folder_report, unreadable_folders, 80);
AT(atlas_folder_report, unreadable_files, 88);
AT(atlas_folder_report, ignored_folders, 96);
AT(atlas_folder_report, hidden, 104);
AT(atlas_folder_report, linked_files, 112);
AT(atlas_folder_report, linked_folders, 120);
AT(atlas_folder_report, broken_links, 128);
AT(atlas_folder_report, special_files, 136);
AT(atlas_folder_report, too_deep_folders, 144);
AT(atlas_folder_report, embedded, 152);
AT(atlas_folder_report, taken_over, 160);
AT(atlas_folder_report, gone, 168);

SIZE(atlas_folder_hit, 96);
AT(atlas_folder_hit, path, 0);
AT(atlas_folder_hit, path_bytes, 8);
AT(atlas_folder_hit, text, 16);
AT(atlas_folder_hit, text_bytes, 24);
AT(atlas_folder_hit, line_begin, 32);
AT(atlas_folder_hit, line_end, 40);
AT(atlas_folder_hit, byte_begin, 48);
AT(atlas_folder_hit, byte_end, 56);
AT(atlas_folder_hit, key, 64);
AT(atlas_folder_hit, id_low, 72);
AT(atlas_folder_hit, id_high, 80);
AT(atlas_folder_hit, score, 88);
AT(atlas_folder_hit, reserved, 92);

SIZE(atlas_folder_heading, 16);
AT(atlas_folder_heading, title, 0);
AT(atlas_folder_heading, title_bytes, 8);
AT(atlas_folder_heading, depth, 12);

SIZE(atlas_queue_options, 32);
AT(atlas_queue_options, struct_size, 0);
AT(atlas_queue_options, overflow, 4);
AT(atlas_queue_options, otherwise, 8);
AT(atlas_queue_options, coalesce, 12);
AT(atlas_queue_options, capacity_messages, 16);
AT(atlas_queue_options, capacity_bytes, 24);

SIZE(atlas_queue_info, 88);
AT(atlas_queue_info, struct_size, 0);
AT(atlas_queue_info, is_closed, 4);
AT(atlas_queue_info, capacity_messages, 8);
AT(atlas_queue_info, capacity_bytes, 16);
AT(atlas_queue_info, waiting, 24);
AT(atlas_queue_info, waiting_bytes, 32);
AT(atlas_queue_info, pushed, 40);
AT(atlas_queue_info, popped, 48);
AT(atlas_queue_info, dropped_newest, 56);
AT(atlas_queue_info, dropped_oldest, 64);
AT(atlas_queue_info, coalesced, 72);
AT(atlas_queue_info, refused, 80);

SIZE(atlas_channel_options, 32);
AT(atlas_channel_options, struct_size, 0);
AT(atlas_channel_options, lanes, 4);
AT(atlas_channel_options, lane_bytes, 8);
AT(atlas_channel_options, permissions, 16);
AT(atlas_channel_options, may_exist, 20);
AT(atlas_channel_options, folder, 24);

SIZE(atlas_channel_message, 24);
AT(atlas_channel_message, bytes, 0);
AT(atlas_channel_message, size_bytes, 8);
AT(atlas_channel_message, lane, 16);
AT(atlas_channel_message, reserved, 20);

SIZE(atlas_channel_receiver_info, 24);
AT(atlas_channel_receiver_info, struct_size, 0);
AT(atlas_channel_receiver_info, is_closed, 4);
AT(atlas_channel_receiver_info, lanes, 8);
AT(atlas_channel_receiver_info, senders, 12);
AT(atlas_channel_receiver_info, lane_bytes, 16);

SIZE(atlas_channel_sender_info, 24);
AT(atlas_channel_sender_info, struct_size, 0);
AT(atlas_channel_sender_info, is_closed, 4);
AT(atlas_channel_sender_info, lane, 8);
AT(atlas_channel_sender_info, has_receiver, 12);
AT(atlas_channel_sender_info, longest_message, 16);

SIZE(atlas_folder_info, 64);
AT(atlas_folder_info, struct_size, 0);
AT(atlas_folder_info, dimension, 4);
AT(atlas_folder_info, files, 8);
AT(atlas_folder_info, chunks, 16);
AT(atlas_folder_info, chunk_size, 24);
AT(atlas_folder_info, chunk_overlap, 32);
AT(atlas_folder_info, chunk_fill_percent, 40);
AT(atlas_folder_info, is_read_only, 44);
AT(atlas_folder_info, has_embedder, 48);
AT(atlas_folder_info, reserved, 52);
AT(atlas_folder_info, chunk_packing, 56);
AT(atlas_folder_info, reserved_too, 60);

SIZE(atlas_status, 4);

TEST_SUITE("abi") {
  TEST_CASE("the layout is checked by the compiler") { CHECK(atlas_abi_version() == 1); }
}
