// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunker_options.hpp -- how large chunks are and how they are filled.
//
// Room:      chunker_options and what is refused of them.
// Not here:  in which unit (chunk/chunk_sizer.hpp), where a text may be cut (the rules).
// Depends:   core only.
#ifndef ATLAS_CHUNK_CHUNKER_OPTIONS_HPP
#define ATLAS_CHUNK_CHUNKER_OPTIONS_HPP

#include <atlas/core/result.hpp>  // status

namespace atlas { inline namespace ATLAS_ABI {

/// Which of the boundaries within the size a chunk ends at.
enum class chunk_packing : std::uint8_t {
  full = 0,      ///< the last of the strongest, once the chunk is filled to fill_percent: few chunks, evenly filled
  coherent = 1,  ///< the same, but a chunk that began inside of something ends where that ends, if it is filled to
                 ///< coherent_percent: more chunks, which seldom hold the end of one thing and the beginning of the next
  divided = 2,   ///< a chunk ends wherever more than a sentence ends, if it is filled to coherent_percent too: one thing a chunk
};

/// "full", "coherent" or "divided". @pre packing is one of them
[[nodiscard]] constexpr const char* name_of(chunk_packing packing) noexcept {
  constexpr const char* names[] = {"full", "coherent", "divided"};
  ATLAS_ASSERT(static_cast<std::size_t>(packing) < 3);
  return names[static_cast<std::size_t>(packing)];
}

inline constexpr std::uint64_t most_chunk_units = std::uint64_t{1} << 31;

/// All sizes are counted by the chunker's sizer.
struct chunker_options {
  std::uint64_t size = 1000;           ///< no chunk is larger, overlap included; 1 to 2^31
  std::uint64_t overlap = 0;           ///< a chunk repeats at most this much of the chunk before; less than size
  static constexpr std::uint32_t automatic_fill = 255;
  /// Of the room beside the overlap that a chunk fills if it can, 0 to 100; automatic_fill: 35, with chunk_packing::coherent 0.
  std::uint32_t fill_percent = automatic_fill;
  std::uint32_t coherent_percent = 30; ///< of the same, where a chunk may end early with chunk_packing::coherent; 0 to 100
  chunk_packing packing = chunk_packing::full;
  static constexpr std::size_t most_depths = 4;
  /// Each chunk is also cut into chunks of the first of these sizes, each of those into ones of the second, and so on; 0 ends the list. Each
  /// is less than the one before, and than `size`. A chunk comes before those that it is cut into (chunk_view::depth), which together are
  /// what is fresh of it and do not overlap.
  std::uint64_t inner_sizes[most_depths - 1] = {};
  bool trim = false;                   ///< leave white space at both ends of chunks out, and chunks that are nothing else

  /// Sizes that are asked for: 1 and those of inner_sizes.
  [[nodiscard]] constexpr std::uint32_t depth_count() const noexcept {
    std::uint32_t count = 1;
    while (count < most_depths && inner_sizes[count - 1] != 0) ++count;
    return count;
  }
  /// What fill_percent stands for. With at most 800 characters, chunking_evaluation's five corpora (472 questions) give for `full` a mean of
  /// 641, 1.8 % of the answers cut and a PrecisionOmega of 32.3; `coherent` 523, 1.7 % and 34.8.
  [[nodiscard]] constexpr std::uint32_t fill() const noexcept {
    if (fill_percent != automatic_fill) return fill_percent;
    return packing == chunk_packing::coherent ? 0 : 35;
  }
};

/// Whether the options hold together: errc::invalid_argument names the one that does not.
[[nodiscard]] inline status check(const chunker_options& options) noexcept {
  if (options.size == 0 || options.size > most_chunk_units) {
    return error{errc::invalid_argument, "chunker_options.size", "1 to 2147483648", options.size};
  }
  if (options.overlap >= options.size) {
    return error{errc::invalid_argument, "chunker_options.overlap", "less than the size,", options.size, options.overlap};
  }
  if (options.fill_percent > 100 && options.fill_percent != chunker_options::automatic_fill) {
    return error{errc::invalid_argument, "chunker_options.fill_percent", "0 to 100, or 255 for the usual", options.fill_percent};
  }
  if (options.coherent_percent > 100) {
    return error{errc::invalid_argument, "chunker_options.coherent_percent", "0 to 100", options.coherent_percent};
  }
  if (options.packing != chunk_packing::full && options.packing != chunk_packing::coherent && options.packing != chunk_packing::divided) {
    return error{errc::invalid_argument, "chunker_options.packing", "0 full, 1 coherent or 2 divided", static_cast<std::uint64_t>(options.packing)};
  }
  for (std::size_t i = 0; i + 1 < chunker_options::most_depths; ++i) {
    const std::uint64_t above = i == 0 ? options.size : options.inner_sizes[i - 1];
    const std::uint64_t own = options.inner_sizes[i];
    if (own != 0 && above == 0) return error{errc::invalid_argument, "chunker_options.inner_sizes", "0 behind a 0", own};
    if (own != 0 && own >= above) return error{errc::invalid_argument, "chunker_options.inner_sizes", "less than the size above,", above, own};
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNKER_OPTIONS_HPP
