// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/input_checks.hpp -- what every index asks of its callers' arguments.
//
// Room:      matrices, searches and creation options, refused with what was expected and what was found.
// Not here:  the values inside vectors (index/row_distance.hpp).
// Depends:   core, distance.
#ifndef ATLAS_INDEX_INPUT_CHECKS_HPP
#define ATLAS_INDEX_INPUT_CHECKS_HPP

#include <atlas/core/result.hpp>           // status
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/distance/metric.hpp>       // metric
#include <atlas/index/options.hpp>         // hits_view

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The scalars an index can hold today. The file names the scalar from the start, so others can follow.
template <class Scalar>
inline constexpr bool is_index_scalar = false;
template <>
inline constexpr bool is_index_scalar<float> = true;

/// Rows that a search may begin from.
inline constexpr std::uint32_t most_starts = 1024;

[[nodiscard]] inline status check_matrix(const matrix_view& matrix, std::size_t dimension, const char* field) noexcept {
  if (matrix.rows == 0) return {};
  if (matrix.data == nullptr) return error{errc::invalid_argument, field, "a pointer", "null"};
  if (matrix.dimension != dimension) return error{errc::dimension_mismatch, field, dimension, matrix.dimension};
  if (matrix.stride < matrix.dimension) return error{errc::invalid_argument, "stride", matrix.dimension, matrix.stride};
  return {};
}

[[nodiscard]] inline status check_vector(span<const float> vector, std::size_t dimension, const char* field) noexcept {
  return check_matrix({vector.data(), 1, vector.size(), vector.size()}, dimension, field);
}

[[nodiscard]] inline status check_search(const matrix_view& queries, std::size_t dimension, const search_options& options,
                                         const hits_view& hits) noexcept {
  if (options.k == 0) return error{errc::invalid_argument, "k", "1 or more", options.k};
  if (!is_first_pass(static_cast<std::uint8_t>(options.first_pass))) {
    return error{errc::invalid_argument, "first_pass", "0 f32, 1 bf16 or 2 i8",
                 static_cast<std::uint64_t>(options.first_pass)};
  }
  if (static_cast<std::uint8_t>(options.strategy) > static_cast<std::uint8_t>(filter_strategy::scan)) {
    return error{errc::invalid_argument, "strategy", "0 automatic, 1 walk, 2 two_hop or 3 scan",
                 static_cast<std::uint64_t>(options.strategy)};
  }
  if (options.starts > most_starts) return error{errc::limit_exceeded, "starts", most_starts, options.starts};
  if (queries.rows == 0) return {};
  if (queries.rows > ~std::size_t{0} / sizeof(std::uint64_t) / options.k) {
    return error{errc::limit_exceeded, "queries * k", "below 2^61", options.k};
  }
  if (hits.keys == nullptr) return error{errc::invalid_argument, "hits.keys", "a pointer", "null"};
  if (hits.distances == nullptr) return error{errc::invalid_argument, "hits.distances", "a pointer", "null"};
  return check_matrix(queries, dimension, "queries");
}

[[nodiscard]] inline status check_range(span<const float> query, std::size_t dimension, float radius,
                                        span<std::uint64_t> keys, span<float> distances) noexcept {
  if (status fits = check_vector(query, dimension, "query"); !fits.ok()) return fits;
  if (!(radius == radius)) return error{errc::invalid_argument, "radius", "a number", "NaN"};
  if (keys.size() != distances.size()) return error{errc::invalid_argument, "distances.size", keys.size(), distances.size()};
  if (!keys.empty() && (keys.data() == nullptr || distances.data() == nullptr)) {
    return error{errc::invalid_argument, "keys, distances", "pointers", "null"};
  }
  return {};
}

/// dimension and metric of an index of float vectors.
[[nodiscard]] inline status check_shape(std::size_t dimension, metric which, std::size_t reserve_rows) noexcept {
  if (dimension == 0) return error{errc::invalid_argument, "dimension", "1 to 65535", dimension};
  if (dimension > max_dimension) return error{errc::limit_exceeded, "dimension", max_dimension, dimension};
  if (which != metric::l2sq && which != metric::inner_product && which != metric::cosine) {
    return error{errc::metric_mismatch, "metric of float vectors", "l2sq, inner_product or cosine",
                 static_cast<std::uint64_t>(which)};
  }
  if (reserve_rows > max_rows) return error{errc::limit_exceeded, "reserve_rows", max_rows, reserve_rows};
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_INPUT_CHECKS_HPP
