// SPDX-License-Identifier: Apache-2.0
// c_api/index.cpp -- atlas_index: one handle over every kind of index.
#include "guard.hpp"
#include "handles.hpp"
#include "search_arguments.hpp"
#include "ivf_options.hpp"

#include <atlas/any_index.hpp>

using namespace atlas::c_api;
using atlas::any_index;
using atlas::errc;
using atlas::error;
using atlas::matrix_view;
using atlas::scalar;
using atlas::span;
using atlas::status;

static_assert(ATLAS_KIND_FLAT == static_cast<int>(atlas::file_kind::flat));
static_assert(ATLAS_KIND_HNSW == static_cast<int>(atlas::file_kind::hnsw));
static_assert(ATLAS_KIND_IVF_PQ == static_cast<int>(atlas::file_kind::ivf_pq));
static_assert(ATLAS_METRIC_L2SQ == static_cast<int>(atlas::metric::l2sq));
static_assert(ATLAS_METRIC_INNER_PRODUCT == static_cast<int>(atlas::metric::inner_product));
static_assert(ATLAS_METRIC_COSINE == static_cast<int>(atlas::metric::cosine));
static_assert(ATLAS_METRIC_HAMMING == static_cast<int>(atlas::metric::hamming));
static_assert(ATLAS_METRIC_JACCARD == static_cast<int>(atlas::metric::jaccard));
static_assert(ATLAS_SCALAR_F32 == static_cast<int>(atlas::scalar::f32));
static_assert(ATLAS_SCALAR_B1 == static_cast<int>(atlas::scalar::b1));
static_assert(ATLAS_OPEN_READ == static_cast<int>(atlas::open_mode::read));
static_assert(ATLAS_OPEN_CHANGE == static_cast<int>(atlas::open_mode::change));
static_assert(ATLAS_VECTORS_MAPPED == static_cast<int>(atlas::vector_residence::mapped));
static_assert(ATLAS_VECTORS_ON_DISK == static_cast<int>(atlas::vector_residence::on_disk));
static_assert(ATLAS_RESERVED_KEY == atlas::reserved_key);

namespace {

status create_ivf_pq(atlas_index** out, const atlas_index_options& wished) noexcept {
  const auto options = read_ivf_options(wished);
  if (!options.ok()) return options.error();
  auto made = atlas::ivf_pq<float>::create(*options);
  if (!made.ok()) return made.error();
  return hand_out(out, any_index(static_cast<atlas::ivf_pq<float>&&>(*made)));
}

status create(atlas_index** out, const atlas_index_options* options) noexcept {
  ATLAS_C_TRY(require(out, "out"));
  ATLAS_C_TRY(require(options, "options"));
  const auto wished = read_options(options, "index options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_f32(wished->scalar, "options.scalar"));
  const auto which = read_metric(wished->metric);
  if (!which.ok()) return which.error();
  const auto stored = read_scalar(wished->stored, "options.stored");
  if (!stored.ok()) return stored.error();
  const auto codes = read_codes(wished->codes, "options.codes");
  if (!codes.ok()) return codes.error();

  if (wished->kind == ATLAS_KIND_FLAT) {
    if (*stored != scalar::f32) return error{errc::scalar_mismatch, "options.stored of flat", "f32", name(*stored)};
    atlas::flat_options flat;
    flat.dimension = wished->dimension;
    flat.metric = *which;
    flat.reserve_rows = wished->reserve_rows;
    auto made = atlas::flat<float>::create(flat);
    if (!made.ok()) return made.error();
    return hand_out(out, any_index(static_cast<atlas::flat<float>&&>(*made)));
  }
  if (wished->kind == ATLAS_KIND_IVF_PQ) return create_ivf_pq(out, *wished);
  if (wished->kind != ATLAS_KIND_HNSW && wished->kind != ATLAS_KIND_DEFAULT) {
    return no_such("options.kind", "one of ATLAS_KIND_", wished->kind);
  }
  atlas::hnsw_options hnsw;
  hnsw.dimension = wished->dimension;
  hnsw.metric = *which;
  if (wished->connectivity != 0) hnsw.connectivity = wished->connectivity;
  if (wished->build_width != 0) hnsw.build_width = wished->build_width;
  if (wished->search_width != 0) hnsw.search_width = wished->search_width;
  if (wished->seed != 0) hnsw.seed = wished->seed;
  hnsw.reserve_rows = wished->reserve_rows;
  hnsw.codes = *codes;
  if (wished->codes_from != 0) hnsw.codes_from = wished->codes_from;
  hnsw.stored = *stored;
  if (wished->alpha != 0.0F) hnsw.alpha = wished->alpha;
  auto made = atlas::hnsw<float>::create(hnsw);
  if (!made.ok()) return made.error();
  return hand_out(out, any_index(static_cast<atlas::hnsw<float>&&>(*made)));
}

status describe_index(atlas_index_info* out, const any_index& index) noexcept {
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  info.kind = static_cast<std::int32_t>(index.kind());
  info.scalar = ATLAS_SCALAR_F32;
  info.stored = static_cast<std::int32_t>(index.element());
  info.metric = static_cast<std::int32_t>(index.metric());
  info.dimension = static_cast<std::uint32_t>(index.dimension());
  if (const auto* hnsw = index.as_hnsw(); hnsw != nullptr) {
    info.connectivity = static_cast<std::uint32_t>(hnsw->connectivity());
    info.build_width = static_cast<std::uint32_t>(hnsw->build_width());
    info.search_width = static_cast<std::uint32_t>(hnsw->search_width());
    info.max_level = static_cast<std::uint32_t>(hnsw->max_level());
    info.codes = codes_number(hnsw->codes());
    info.codes_from = hnsw->codes_from();
    info.alpha = hnsw->alpha();
    info.is_sealed = hnsw->is_sealed() ? 1 : 0;
  }
  if (const auto* lists = index.as_ivf_pq(); lists != nullptr) {
    info.lists = lists->lists();
    info.list_codes = list_codes_number(lists->codes());
    info.rotation = rotation_number(lists->rotation());
    info.parts = static_cast<std::uint32_t>(lists->parts());
    info.code_bytes = static_cast<std::uint32_t>(lists->code_bytes());
    info.probes = static_cast<std::uint32_t>(lists->probes());
    info.rerank = static_cast<std::uint32_t>(lists->rerank());
    info.rerank_codes = codes_number(lists->rerank_codes());
    const atlas::recall_promise promised = lists->promised();
    info.promised_recall = promised.recall;
    info.promised_k = promised.k;
  }
  info.size = index.size();
  info.is_read_only = index.is_read_only() ? 1 : 0;
  const atlas::memory_use memory = index.memory();
  info.memory_vectors = memory.vectors;
  info.memory_keys = memory.keys;
  info.memory_graph = memory.graph;
  info.memory_scratch = memory.scratch;
  return write_info(out, "out", info);
}

enum class on_stored { refuse, replace };

status change(atlas_index* index, const uint64_t* keys, const atlas_matrix* vectors, const atlas_work_options* options,
              on_stored what) noexcept {
  ATLAS_C_TRY(require(index, "index"));
  const auto rows = read_matrix(vectors, vectors_fields);
  if (!rows.ok()) return rows.error();
  ATLAS_C_TRY(require(keys, "keys", rows->rows));
  const auto wished = read_options(options, "work options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_dimension(rows->dimension, index->index.dimension(), "vectors.dimension"));

  const progress_call report(wished->progress, wished->progress_context);
  atlas::add_options how;
  how.threads = wished->threads;
  how.on_progress = report.view();
  const span<const std::uint64_t> key_span(keys, rows->rows);
  return what == on_stored::replace ? index->index.upsert(key_span, *rows, how)
                                    : index->index.add(key_span, *rows, how);
}

// Every check that a call over known keys can make before it writes.
status require_stored(const any_index& index, const uint64_t* keys, std::size_t key_count) noexcept {
  for (std::size_t i = 0; i < key_count; ++i) {
    if (!index.contains(keys[i])) return error{errc::key_not_found, "key", "a stored key", keys[i]}.at_row(i);
  }
  return {};
}

status require_removable(const atlas_index* index, const uint64_t* keys, std::size_t key_count) noexcept {
  ATLAS_C_TRY(require(index, "index"));
  ATLAS_C_TRY(require(keys, "keys", key_count));
  if (index->index.is_read_only()) return error{errc::read_only, "index", "ATLAS_OPEN_CHANGE", "ATLAS_OPEN_READ"};
  return {};
}

error not_hnsw(const any_index& index) noexcept {
  return {errc::kind_mismatch, "index", "hnsw", index.kind_name()};
}

status tune(atlas_tune_result* out, atlas_index* index, const atlas_matrix* queries,
            const atlas_tune_options* options) noexcept {
  if (out != nullptr) ATLAS_C_TRY(require_info(out, "tune result"));
  ATLAS_C_TRY(require(index, "index"));
  auto* hnsw = index->index.as_hnsw();
  auto* lists = index->index.as_ivf_pq();
  matrix_view rows;
  if (queries != nullptr || lists == nullptr) {
    const auto given = read_matrix(queries, queries_fields);
    if (!given.ok()) return given.error();
    ATLAS_C_TRY(require_dimension(given->dimension, index->index.dimension(), "queries.dimension"));
    rows = *given;
  }
  const auto wished = read_options(options, "tune options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
  ATLAS_C_TRY(require_zero(wished->reserved_2, "options.reserved_2"));
  if (hnsw == nullptr && lists == nullptr) {
    return error{errc::kind_mismatch, "index", "hnsw or ivf_pq", index->index.kind_name()};
  }
  const progress_call report(wished->progress, wished->progress_context);
  atlas::tune_options how;
  if (wished->k != 0) how.k = wished->k;
  if (wished->recall != 0) how.recall = wished->recall;
  how.on_progress = report.view();
  how.threads = wished->threads;
  const auto tuned = hnsw != nullptr ? hnsw->tune(rows, how) : queries != nullptr ? lists->tune(rows, how) : lists->tune(how);
  if (!tuned.ok()) return tuned.error();
  if (out == nullptr) return {};
  atlas_tune_result found = ATLAS_TUNE_RESULT_INIT;
  found.width = tuned->width;
  found.prefetch_rows = tuned->prefetch_rows;
  found.recall = tuned->recall;
  found.queries_per_second = tuned->queries_per_second;
  found.probes = tuned->probes;
  found.rerank = tuned->rerank;
  return write_info(out, "tune result", found);
}

/// Trains on a sample; or, without one, on the vectors that are stored.
status train(atlas_index* index, const matrix_view* sample, const atlas_work_options* options) noexcept {
  const auto wished = read_options(options, "work options");
  if (!wished.ok()) return wished.error();
  auto* lists = index->index.as_ivf_pq();
  if (lists == nullptr) return error{errc::kind_mismatch, "index", "ivf_pq", index->index.kind_name()};
  const progress_call report(wished->progress, wished->progress_context);
  atlas::add_options how;
  how.threads = wished->threads;
  how.on_progress = report.view();
  return sample != nullptr ? lists->train(*sample, how) : lists->retrain(how);
}

atlas::result<std::uint64_t> remove_stored(any_index& index, const uint64_t* keys, std::size_t key_count) noexcept {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < key_count; ++i) {
    const status removed = index.remove(keys[i]);
    if (!removed.ok() && removed.error().code != errc::key_not_found) return removed.error().at_row(i);
    count += removed.ok() ? 1U : 0U;
  }
  return count;
}

}  // namespace

extern "C" atlas_status atlas_index_create(atlas_index** out, const atlas_index_options* options) {
  return guard([&] { return create(out, options); });
}

extern "C" atlas_status atlas_index_open(atlas_index** out, const char* path, const atlas_open_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(out, "out"));
    ATLAS_C_TRY(require(path, "path"));
    const auto how = read_open_options(options);
    if (!how.ok()) return how.error();
    auto opened = any_index::open(path, *how);
    if (!opened.ok()) return opened.error();
    return hand_out(out, static_cast<any_index&&>(*opened));
  });
}

extern "C" void atlas_index_close(atlas_index* index) { delete index; }

extern "C" atlas_status atlas_index_describe(atlas_index_info* out, const atlas_index* index) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    return describe_index(out, index->index);
  });
}

extern "C" atlas_status atlas_index_add(atlas_index* index, const uint64_t* keys, const atlas_matrix* vectors,
                                        const atlas_work_options* options) {
  return guard([&] { return change(index, keys, vectors, options, on_stored::refuse); });
}

extern "C" atlas_status atlas_index_upsert(atlas_index* index, const uint64_t* keys, const atlas_matrix* vectors,
                                           const atlas_work_options* options) {
  return guard([&] { return change(index, keys, vectors, options, on_stored::replace); });
}

extern "C" atlas_status atlas_index_remove(atlas_index* index, const uint64_t* keys, size_t key_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require_removable(index, keys, key_count));
    ATLAS_C_TRY(require_stored(index->index, keys, key_count));
    // Not found by now: it stands in the batch twice, or another thread was faster. It is gone either way.
    const auto removed = remove_stored(index->index, keys, key_count);
    return removed.ok() ? status() : status(removed.error());
  });
}

extern "C" atlas_status atlas_index_remove_stored(uint64_t* removed, atlas_index* index, const uint64_t* keys,
                                                  size_t key_count) {
  return guard([&]() -> status {
    if (removed != nullptr) ATLAS_C_TRY(require(removed, "removed"));
    ATLAS_C_TRY(require_removable(index, keys, key_count));
    const auto count = remove_stored(index->index, keys, key_count);
    if (!count.ok()) return count.error();
    if (removed != nullptr) *removed = *count;
    return {};
  });
}

extern "C" atlas_status atlas_index_contains(uint8_t* out, const atlas_index* index, const uint64_t* keys,
                                             size_t key_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    ATLAS_C_TRY(require(out, "out", key_count));
    ATLAS_C_TRY(require(keys, "keys", key_count));
    for (std::size_t i = 0; i < key_count; ++i) out[i] = index->index.contains(keys[i]) ? 1 : 0;
    return {};
  });
}

extern "C" atlas_status atlas_index_get(void* out, const atlas_index* index, const uint64_t* keys, size_t key_count,
                                        int32_t scalar, size_t dimension) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    return get_vectors(out, keys, key_count, scalar, dimension, index->index.dimension(),
                       [&](std::uint64_t key, float* row) noexcept { return index->index.get(key, row); });
  });
}

extern "C" atlas_status atlas_index_search(atlas_hits* hits, const atlas_index* index, const atlas_matrix* queries,
                                           const atlas_search_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(hits, "hits"));
    ATLAS_C_TRY(require(index, "index"));
    const auto call = read_nearest(hits, queries, options, index->index.dimension());
    if (!call.ok()) return call.error();
    return index->index.search(call->queries, call->options, call->hits);
  });
}

extern "C" atlas_status atlas_index_range(uint64_t* found, uint64_t* keys, float* distances, const atlas_index* index,
                                          const atlas_matrix* query, float radius, size_t capacity,
                                          const atlas_search_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(found, "found"));
    ATLAS_C_TRY(require(index, "index"));
    const auto call = read_range(keys, distances, query, capacity, options, index->index.dimension());
    if (!call.ok()) return call.error();
    atlas::range_options how;
    how.width = index->index.as_ivf_pq() != nullptr ? call->options.probes : call->options.width;
    how.allowed = call->options.allowed;
    const auto within = index->index.range(call->query, radius, how, span<std::uint64_t>(keys, capacity),
                                           span<float>(distances, capacity));
    if (!within.ok()) return within.error();
    *found = *within;
    return {};
  });
}

extern "C" atlas_status atlas_index_distances(float* out, const atlas_index* index, const atlas_matrix* queries,
                                              const uint64_t* keys, size_t key_count) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    const auto rows = read_distances(out, queries, keys, key_count, index->index.dimension());
    if (!rows.ok()) return rows.error();
    ATLAS_C_TRY(require_stored(index->index, keys, key_count));
    for (std::size_t i = 0; i < rows->rows; ++i) {
      const span<const float> query(rows->row(i), rows->dimension);
      ATLAS_C_TRY(index->index.distances(query, span<const std::uint64_t>(keys, key_count), out + i * key_count));
    }
    return {};
  });
}

extern "C" atlas_status atlas_index_list_keys(uint64_t* written, uint64_t* keys, uint64_t* cursor,
                                              const atlas_index* index, size_t capacity) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(written, "written"));
    ATLAS_C_TRY(require(keys, "keys", capacity));
    ATLAS_C_TRY(require(cursor, "cursor"));
    ATLAS_C_TRY(require(index, "index"));
    *written = index->index.list_keys(*cursor, span<std::uint64_t>(keys, capacity));
    return {};
  });
}

extern "C" atlas_status atlas_index_reserve(atlas_index* index, size_t rows) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    return index->index.reserve(rows);
  });
}

extern "C" atlas_status atlas_index_compact(atlas_index* index) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    return index->index.compact();
  });
}

extern "C" atlas_status atlas_index_tune(atlas_tune_result* out, atlas_index* index, const atlas_matrix* queries,
                                         const atlas_tune_options* options) {
  return guard([&] { return tune(out, index, queries, options); });
}

extern "C" atlas_status atlas_index_train(atlas_index* index, const atlas_matrix* sample,
                                          const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    const auto rows = read_matrix(sample, sample_fields);
    if (!rows.ok()) return rows.error();
    ATLAS_C_TRY(require_dimension(rows->dimension, index->index.dimension(), "sample.dimension"));
    return train(index, &*rows, options);
  });
}

extern "C" atlas_status atlas_index_retrain(atlas_index* index, const atlas_work_options* options) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    return train(index, nullptr, options);
  });
}

extern "C" atlas_status atlas_index_save(const atlas_index* index, const char* path,
                                         const atlas_save_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    ATLAS_C_TRY(require(path, "path"));
    const auto wished = read_options(options, "save options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
    const progress_call report(wished->progress, wished->progress_context);
    atlas::save_options how;
    how.on_progress = report.view();
    return index->index.save(path, how);
  });
}

extern "C" atlas_status atlas_index_seal(const atlas_index* index, const char* path,
                                         const atlas_seal_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(index, "index"));
    ATLAS_C_TRY(require(path, "path"));
    const auto wished = read_options(options, "seal options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
    const auto* hnsw = index->index.as_hnsw();
    if (hnsw == nullptr) return not_hnsw(index->index);
    const progress_call report(wished->progress, wished->progress_context);
    atlas::seal_options how;
    if (wished->degree != 0) how.degree = wished->degree;
    how.threads = wished->threads;
    if (wished->seed != 0) how.seed = wished->seed;
    how.save.on_progress = report.view();
    return hnsw->seal(path, how);
  });
}

extern "C" atlas_status atlas_file_verify(const char* path, const atlas_save_options* options) {
  return guard({path}, [&]() -> status {
    ATLAS_C_TRY(require(path, "path"));
    const auto wished = read_options(options, "save options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
    const progress_call report(wished->progress, wished->progress_context);
    const auto opened = any_index::open(path);
    if (!opened.ok()) return opened.error();
    return opened->file()->verify(report.view());
  });
}
