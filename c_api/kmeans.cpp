// SPDX-License-Identifier: Apache-2.0
// c_api/kmeans.cpp -- k-means, and which centroid rows are nearest to.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/quantize.hpp>

using namespace atlas::c_api;
using atlas::error;
using atlas::status;

static_assert(ATLAS_KMEANS_SAMPLED == static_cast<int>(atlas::kmeans_start::sampled));
static_assert(ATLAS_KMEANS_PLUS_PLUS == static_cast<int>(atlas::kmeans_start::plus_plus));

namespace {

/// @return  the errors of a number that names nothing; ranges are the C++ call's to check
atlas::result<atlas::kmeans_options> read_kmeans_options(const atlas_kmeans_options& wished, std::size_t clusters) noexcept {
  if (wished.start < ATLAS_KMEANS_SAMPLED || wished.start > ATLAS_KMEANS_PLUS_PLUS) {
    return no_such("options.start", "one of ATLAS_KMEANS_", wished.start);
  }
  atlas::kmeans_options how;
  how.clusters = clusters;
  if (wished.iterations != 0) how.iterations = wished.iterations;
  if (wished.seed != 0) how.seed = wished.seed;
  how.start = static_cast<atlas::kmeans_start>(wished.start);
  how.sample_rows = wished.sample_rows;
  how.batch_rows = wished.batch_rows;
  how.balance = wished.balance;
  if (wished.relaxation != 0.0F) how.relaxation = wished.relaxation;
  how.tolerance = wished.tolerance;
  how.threads = wished.threads;
  return how;
}

status cluster(float* centroids, std::uint32_t* assigned, std::uint32_t* sizes, atlas_kmeans_result* result, const atlas_matrix* rows,
               std::size_t clusters, const atlas_kmeans_options* options) noexcept {
  const auto from = read_matrix(rows, rows_fields);
  if (!from.ok()) return from.error();
  const auto wished = read_options(options, "k-means options");
  if (!wished.ok()) return wished.error();
  auto how = read_kmeans_options(*wished, clusters);
  if (!how.ok()) return how.error();
  ATLAS_C_TRY(atlas::detail::check_kmeans(*how, from->rows));  // so no more centroids than rows, which are in memory
  ATLAS_C_TRY(require(centroids, "centroids", clusters * from->dimension));
  if (assigned != nullptr) ATLAS_C_TRY(require(assigned, "assigned", from->rows));
  if (sizes != nullptr) ATLAS_C_TRY(require(sizes, "sizes", clusters));
  if (result != nullptr) ATLAS_C_TRY(require_info(result, "result"));
  const progress_call report(wished->progress, wished->progress_context);
  how->on_progress = report.view();
  const auto found = atlas::kmeans(*from, *how);
  if (!found.ok()) return found.error();
  std::memcpy(centroids, found->centroids.data(), found->centroids.size() * sizeof(float));
  if (assigned != nullptr) std::memcpy(assigned, found->assigned.data(), found->assigned.size() * sizeof *assigned);
  if (sizes != nullptr) std::memcpy(sizes, found->sizes.data(), found->sizes.size() * sizeof *sizes);
  if (result == nullptr) return {};
  atlas_kmeans_result told = ATLAS_KMEANS_RESULT_INIT;
  told.iterations = found->iterations;
  told.error = found->error;
  return write_info(result, "result", told);
}

}  // namespace

extern "C" atlas_status atlas_kmeans(float* centroids, uint32_t* assigned, uint32_t* sizes, atlas_kmeans_result* result,
                                     const atlas_matrix* rows, size_t clusters, const atlas_kmeans_options* options) {
  return guard([&] { return cluster(centroids, assigned, sizes, result, rows, clusters, options); });
}

extern "C" atlas_status atlas_assign_to_centroids(uint32_t* ids, float* distances, const atlas_matrix* rows,
                                                  const atlas_matrix* centroids, const atlas_work_options* options) {
  return guard([&]() -> status {
    const auto from = read_matrix(rows, rows_fields);
    if (!from.ok()) return from.error();
    const auto to = read_matrix(centroids, centroids_fields);
    if (!to.ok()) return to.error();
    const auto wished = read_options(options, "work options");
    if (!wished.ok()) return wished.error();
    ATLAS_C_TRY(require(ids, "ids", from->rows));
    if (distances != nullptr) ATLAS_C_TRY(require(distances, "distances", from->rows));
    const progress_call report(wished->progress, wished->progress_context);
    const auto assigned = atlas::assign_to_centroids(*from, *to, {.threads = wished->threads, .on_progress = report.view()}, ids, distances);
    return assigned.ok() ? status{} : status{assigned.error()};
  });
}
