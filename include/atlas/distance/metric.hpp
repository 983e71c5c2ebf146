// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/metric.hpp -- what "near" means.
//
// Room:      the metrics and their names. The numbers are stored in files and cross the C ABI.
// Not here:  how each is computed (distance.hpp).
// Depends:   core only.
#ifndef ATLAS_DISTANCE_METRIC_HPP
#define ATLAS_DISTANCE_METRIC_HPP

#include <atlas/core/result.hpp>     // result, errc
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// A smaller distance is always nearer, for every metric. Values are never reused.
enum class metric : std::uint8_t {
  l2sq = 0,           ///< sum of squared differences; unit: the square of the input's; range [0, inf)
  inner_product = 1,  ///< 1 - <a, b>; range (-inf, inf); a distance in earnest for vectors of one length
  cosine = 2,         ///< 1 - <a, b> / (|a| |b|); range [0, 2]
  hamming = 3,        ///< bits that differ; b1 only; range [0, dimension]
  jaccard = 4,        ///< 1 - bits in both / bits in either; b1 only; range [0, 1]
};

/// The metric's name as written in the enum; "unknown" for a value outside it.
[[nodiscard]] constexpr const char* name(metric which) noexcept {
  switch (which) {
    case metric::l2sq: return "l2sq";
    case metric::inner_product: return "inner_product";
    case metric::cosine: return "cosine";
    case metric::hamming: return "hamming";
    case metric::jaccard: return "jaccard";
  }
  return "unknown";
}

/// Whether a stored number is a metric of this version.
[[nodiscard]] constexpr bool is_metric(std::uint8_t number) noexcept { return number <= 4; }

/// The metric of a name, exactly as `name` spells it.
/// @return  the metric, or errc::invalid_argument
[[nodiscard]] inline result<metric> parse_metric(text_view text) noexcept {
  for (std::uint8_t number = 0; is_metric(number); ++number) {
    if (text == text_view{name(static_cast<metric>(number))}) return static_cast<metric>(number);
  }
  return error{errc::invalid_argument, "metric", "l2sq, inner_product, cosine, hamming or jaccard", "another name"};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_METRIC_HPP
