// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/content_defined_options.hpp -- how large chunks are that their content alone divides.
//
// Room:      content_defined_options and what is refused of them.
// Not here:  the chunker (chunk/content_defined_chunker.hpp).
// Depends:   core only.
#ifndef ATLAS_CHUNK_CONTENT_DEFINED_OPTIONS_HPP
#define ATLAS_CHUNK_CONTENT_DEFINED_OPTIONS_HPP

#include <atlas/core/result.hpp>  // status

namespace atlas { inline namespace ATLAS_ABI {

/// Sizes are in bytes. The ones that stand here are those of the FastCDC paper.
struct content_defined_options {
  std::size_t least_bytes = 2048;    ///< no chunk is smaller but the last of a document; at least 64
  std::size_t average_bytes = 8192;  ///< mean size of the chunks of random bytes if the least is no more than three quarters of it; up to 2^24
  std::size_t most_bytes = 65536;    ///< no chunk is larger; at least 4 more than the least, up to 2^28
  bool is_binary = false;            ///< bytes are not text: cuts may lie anywhere, characters and lines are not counted
  std::uint64_t seed = 0;            ///< another one cuts elsewhere; what is to be compared must be cut with the same

  /// A quarter and eight times of an average size, which the other two are as a rule.
  [[nodiscard]] static constexpr content_defined_options around(std::size_t average_bytes) noexcept {
    return {.least_bytes = average_bytes / 4, .average_bytes = average_bytes, .most_bytes = average_bytes * 8};
  }
};

/// Whether the options hold together: errc::invalid_argument names the one that does not.
[[nodiscard]] inline status check(const content_defined_options& options) noexcept {
  if (options.least_bytes < 64) {
    return error{errc::invalid_argument, "content_defined_options.least_bytes", "64 or more", options.least_bytes};
  }
  if (options.average_bytes < options.least_bytes || options.average_bytes > (std::size_t{1} << 24)) {
    return error{errc::invalid_argument, "content_defined_options.average_bytes", "least_bytes to 16777216", options.average_bytes};
  }
  if (options.most_bytes < options.average_bytes || options.most_bytes - options.least_bytes < 4 || options.most_bytes > (std::size_t{1} << 28)) {
    return error{errc::invalid_argument, "content_defined_options.most_bytes", "average_bytes and least_bytes + 4 to 268435456", options.most_bytes};
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CONTENT_DEFINED_OPTIONS_HPP
