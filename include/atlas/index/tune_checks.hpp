// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/tune_checks.hpp -- what tuning asks of its arguments, whatever is tuned.
//
// Room:      check_tune.
// Not here:  tuning a graph (index/hnsw_tune.hpp) or an inverted file (index/ivf_tune.hpp).
// Depends:   index/{input_checks,options,row_store}.hpp.
#ifndef ATLAS_INDEX_TUNE_CHECKS_HPP
#define ATLAS_INDEX_TUNE_CHECKS_HPP

#include <atlas/index/input_checks.hpp>  // check_matrix
#include <atlas/index/options.hpp>       // tune_options
#include <atlas/index/row_store.hpp>     // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What tune asks of its arguments.
[[nodiscard]] inline status check_tune(const row_store& rows, const matrix_view& queries, const tune_options& options) noexcept {
  if (options.k == 0) return error{errc::invalid_argument, "k", "1 or more", options.k};
  if (!(options.recall > 0 && options.recall <= 1)) return error{errc::invalid_argument, "recall", "above 0, to 1", "another number"};
  if (queries.rows == 0) return error{errc::invalid_argument, "queries.rows", "1 or more", queries.rows};
  const row_layout& layout = rows.layout();
  if (status fits = check_matrix(queries, layout.dimension, "queries"); !fits.ok()) return fits;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const auto norm = checked_inverse_norm(queries.row(i), layout.dimension, layout.metric);
    if (!norm.ok()) return norm.error().at_row(i);
  }
  if (rows.live_count() == 0) return error{errc::invalid_argument, "index.size", "1 or more", std::uint64_t{0}};
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_TUNE_CHECKS_HPP
