// SPDX-License-Identifier: Apache-2.0
// c_api/distance.cpp -- distances of queries to rows that the caller holds, and the nearest of them.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/distance.hpp>

using namespace atlas::c_api;
using atlas::any_matrix_view;
using atlas::errc;
using atlas::error;
using atlas::neighbour;
using atlas::span;
using atlas::status;
using atlas::detail::check_apart;
using atlas::detail::check_block;
using atlas::detail::queries_block;
using atlas::detail::rows_block;

static_assert(ATLAS_FIRST_PASS_F32 == static_cast<int>(atlas::first_pass::f32));
static_assert(ATLAS_FIRST_PASS_BF16 == static_cast<int>(atlas::first_pass::bf16));
static_assert(ATLAS_FIRST_PASS_I8 == static_cast<int>(atlas::first_pass::i8));

namespace {

/// What two matrices are compared with.
struct comparison {
  any_matrix_view queries;
  any_matrix_view rows;
  atlas::metric which;
};

atlas::result<comparison> read_comparison(const atlas_matrix* queries, const atlas_matrix* rows,
                                          std::int32_t metric) noexcept {
  const auto from = read_any_matrix(queries, queries_fields);
  if (!from.ok()) return from.error();
  const auto to = read_any_matrix(rows, rows_fields);
  if (!to.ok()) return to.error();
  const auto which = read_metric(metric);
  if (!which.ok()) return which.error();
  ATLAS_C_TRY(atlas::detail::check_metric(from->element, to->element, *which));
  ATLAS_C_TRY(require_dimension(to->dimension, from->dimension, "rows.dimension"));
  return comparison{*from, *to, *which};
}

status distances(float* out, const atlas_matrix* queries, const atlas_matrix* rows, std::int32_t metric) noexcept {
  const auto given = read_comparison(queries, rows, metric);
  if (!given.ok()) return given.error();
  const auto slots = count_slots(given->queries.rows, given->rows.rows, "rows.rows");
  if (!slots.ok()) return slots.error();
  ATLAS_C_TRY(require(out, "out", *slots));
  const auto written = atlas::distances_of_any(given->queries, given->rows, given->which, out);
  if (!written.ok()) return written.error();
  return {};
}

status distances_of_rows(float* out, const atlas_matrix* queries, const atlas_matrix* rows, const std::uint64_t* ids,
                         std::size_t id_count, std::int32_t metric) noexcept {
  const auto given = read_comparison(queries, rows, metric);
  if (!given.ok()) return given.error();
  const auto slots = count_slots(given->queries.rows, id_count, "id_count");
  if (!slots.ok()) return slots.error();
  ATLAS_C_TRY(require(ids, "ids", id_count));
  ATLAS_C_TRY(require(out, "out", *slots));
  ATLAS_C_TRY(check_block(given->queries, queries_block));
  ATLAS_C_TRY(check_block(given->rows, rows_block));
  const std::size_t most = given->rows.rows < atlas::max_rows ? given->rows.rows : atlas::max_rows;
  for (std::size_t i = 0; i < id_count; ++i) {
    if (ids[i] >= most) return error{errc::limit_exceeded, "id", "below", most, ids[i]}.at_row(i);
  }
  const any_matrix_view id_block{ids, id_count == 0 ? 0U : 1U, 2 * id_count, 2 * id_count, atlas::scalar::f32};
  const std::size_t bytes = *slots * sizeof(float);
  ATLAS_C_TRY(check_apart(out, bytes, "out", given->queries, queries_block));
  ATLAS_C_TRY(check_apart(out, bytes, "out", given->rows, rows_block));
  ATLAS_C_TRY(check_apart(out, bytes, "out", id_block, {"ids", "", "", "", ""}));

  // As the kernels want them, a stretch at a time; all queries meet a stretch while its rows are in a cache.
  constexpr std::size_t batch = 1024;
  std::uint32_t ids_of_batch[batch];
  for (std::size_t first = 0; first < id_count; first += batch) {
    const std::size_t count = id_count - first < batch ? id_count - first : batch;
    for (std::size_t i = 0; i < count; ++i) ids_of_batch[i] = static_cast<std::uint32_t>(ids[first + i]);
    for (std::size_t row = 0; row < given->queries.rows; ++row) {
      any_matrix_view query = given->queries;
      query.data = given->queries.row(row);
      query.rows = 1;
      const auto written = atlas::distances_of_any(query, given->rows, span<const std::uint32_t>(ids_of_batch, count),
                                                   given->which, out + row * id_count + first);
      if (!written.ok()) return written.error();
    }
  }
  return {};
}

status nearest(atlas_hits* hits, const atlas_matrix* queries, const atlas_matrix* rows, std::int32_t metric,
               const atlas_nearest_options* options) noexcept {
  ATLAS_C_TRY(require(hits, "hits"));
  const auto into = read_options(hits, "hits");
  if (!into.ok()) return into.error();
  ATLAS_C_TRY(require_zero(into->reserved, "hits.reserved"));
  const auto given = read_comparison(queries, rows, metric);
  if (!given.ok()) return given.error();
  const auto wished = read_options(options, "nearest options");
  if (!wished.ok()) return wished.error();
  ATLAS_C_TRY(require_zero(wished->reserved, "options.reserved"));
  const auto first_pass = read_first_pass(wished->first_pass);
  if (!first_pass.ok()) return first_pass.error();
  if (into->k == 0) return error{errc::invalid_argument, "hits.k", "at least", 1, std::uint64_t{0}};
  if (into->k > given->rows.rows) {
    return error{errc::invalid_argument, "hits.k", "at most rows.rows =", given->rows.rows, into->k};
  }
  if (into->rows < given->queries.rows) {
    return error{errc::invalid_argument, "hits.rows", "at least", given->queries.rows, into->rows};
  }
  const auto slots = count_slots(into->rows, into->k, "hits.k");
  if (!slots.ok()) return slots.error();
  ATLAS_C_TRY(require(into->keys, "hits.keys", *slots));
  ATLAS_C_TRY(require(into->distances, "hits.distances", *slots));
  if (into->counts != nullptr) ATLAS_C_TRY(require(into->counts, "hits.counts", into->rows));

  // Room for a key is room for a neighbour: they are found there, and then told apart from the first slot on.
  static_assert(sizeof(neighbour) == sizeof(std::uint64_t) && alignof(neighbour) <= alignof(std::uint64_t));
  const std::size_t used = given->queries.rows * into->k;
  const std::size_t bytes = used * sizeof(float);
  const any_matrix_view key_block{into->keys, used == 0 ? 0U : 1U, 2 * used, 2 * used, atlas::scalar::f32};
  const any_matrix_view count_block{into->counts, used == 0 || into->counts == nullptr ? 0U : 1U, given->queries.rows,
                                    given->queries.rows, atlas::scalar::f32};
  constexpr atlas::detail::block_fields of_keys{"hits.keys", "", "", "", ""};
  constexpr atlas::detail::block_fields of_counts{"hits.counts", "", "", "", ""};
  const std::size_t key_bytes = used * sizeof *into->keys;
  const std::size_t count_bytes = into->counts == nullptr ? 0 : given->queries.rows * sizeof *into->counts;
  ATLAS_C_TRY(check_apart(into->keys, key_bytes, "hits.keys", given->queries, queries_block));
  ATLAS_C_TRY(check_apart(into->keys, key_bytes, "hits.keys", given->rows, rows_block));
  ATLAS_C_TRY(check_apart(into->keys, key_bytes, "hits.keys", count_block, of_counts));
  ATLAS_C_TRY(check_apart(into->counts, count_bytes, "hits.counts", given->queries, queries_block));
  ATLAS_C_TRY(check_apart(into->counts, count_bytes, "hits.counts", given->rows, rows_block));
  ATLAS_C_TRY(check_apart(into->distances, bytes, "hits.distances", given->queries, queries_block));
  ATLAS_C_TRY(check_apart(into->distances, bytes, "hits.distances", given->rows, rows_block));
  ATLAS_C_TRY(check_apart(into->distances, bytes, "hits.distances", key_block, of_keys));
  ATLAS_C_TRY(check_apart(into->distances, bytes, "hits.distances", count_block, of_counts));
  const progress_call report(wished->progress, wished->progress_context);
  atlas::nearest_options how;
  how.k = into->k;
  how.threads = wished->threads;
  how.first_pass = *first_pass;
  how.on_progress = report.view();
  const auto found = atlas::nearest_of_any(given->queries, given->rows, given->which, how,
                                           reinterpret_cast<neighbour*>(into->keys), into->counts);
  if (!found.ok()) return found.error();
  for (std::size_t slot = 0; slot < used; ++slot) {
    neighbour one;
    std::memcpy(&one, into->keys + slot, sizeof one);
    into->distances[slot] = one.distance;
    into->keys[slot] = one.id == ~std::uint32_t{0} ? ATLAS_RESERVED_KEY : one.id;
  }
  return {};
}

}  // namespace

extern "C" atlas_status atlas_distances(float* out, const atlas_matrix* queries, const atlas_matrix* rows,
                                        int32_t metric) {
  return guard([&] { return distances(out, queries, rows, metric); });
}

extern "C" atlas_status atlas_distances_of_rows(float* out, const atlas_matrix* queries, const atlas_matrix* rows,
                                                const uint64_t* ids, size_t id_count, int32_t metric) {
  return guard([&] { return distances_of_rows(out, queries, rows, ids, id_count, metric); });
}

extern "C" atlas_status atlas_nearest(atlas_hits* hits, const atlas_matrix* queries, const atlas_matrix* rows,
                                      int32_t metric, const atlas_nearest_options* options) {
  return guard([&] { return nearest(hits, queries, rows, metric, options); });
}
