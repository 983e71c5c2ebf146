// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/callback_sizer.hpp -- sizes that the caller measures: a tokenizer of another library, a price.
//
// Room:      callback_sizer.
// Depends:   chunk/chunk_sizer.hpp, core/function_ref.hpp.
// Threads:   as the callable, which is borrowed.
#ifndef ATLAS_CHUNK_CALLBACK_SIZER_HPP
#define ATLAS_CHUNK_CALLBACK_SIZER_HPP

#include <atlas/chunk/chunk_sizer.hpp>    // chunk_sizer, fitted_text
#include <atlas/core/function_ref.hpp>    // function_ref

namespace atlas { inline namespace ATLAS_ABI {

/// The units of a text, or the error that ends the chunking. Asked again about the same bytes it must say the same.
using measure_text = function_ref<result<std::uint64_t>(text_view)>;

/// Sizes by a callable, which is asked about some 20 prefixes a chunk. Where a longer text measures less than a shorter one, chunks may
/// be smaller than they could be, but none is larger than the size.
class callback_sizer {
 public:
  [[nodiscard]] static constexpr bool is_additive() noexcept { return false; }
  /// What the callable measures is not known: whoever resumes gives the same.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return 5 + 100 * static_cast<std::uint64_t>(bytes_a_unit_); }

  /// @param measure        borrowed: must outlive the sizer
  /// @param bytes_a_unit   a chunk is cut at so many bytes for each unit, which bounds the memory of a stream; 1 to 4096
  explicit callback_sizer(measure_text measure, std::size_t bytes_a_unit = 32) noexcept
      : measure_(measure), bytes_a_unit_(bytes_a_unit == 0 ? 1 : bytes_a_unit > 4096 ? 4096 : bytes_a_unit) {}

  [[nodiscard]] result<fitted_text> fit(text_view text, std::uint64_t limit, bool is_whole) const {
    // Prefixes of lengths that do not depend on how much text there is: twice as long each, until one is too large.
    std::size_t fits = 0;
    std::uint64_t units = 0;
    std::size_t too_large = 0;
    for (std::size_t tried = 16;; tried *= 2) {
      if (tried >= text.size() && !is_whole) return fitted_text{fits, units, false};
      const std::size_t size = tried < text.size() ? character_start(text, tried) : text.size();
      const result<std::uint64_t> measured = measure_(text.subview(0, size));
      if (!measured.ok()) return measured.error();
      if (*measured > limit) {
        too_large = size;
        break;
      }
      fits = size;
      units = *measured;
      if (size == text.size()) return fitted_text{fits, units, true};
    }
    while (too_large - fits > 1) {
      std::size_t middle = character_start(text, fits + (too_large - fits) / 2);
      if (middle <= fits) middle = fits + decode_one(text, fits).length_bytes;
      if (middle >= too_large) break;
      const result<std::uint64_t> measured = measure_(text.subview(0, middle));
      if (!measured.ok()) return measured.error();
      if (*measured > limit) {
        too_large = middle;
      } else {
        fits = middle;
        units = *measured;
      }
    }
    return fitted_text{fits, units, true};
  }
  [[nodiscard]] result<std::size_t> fit_back(text_view text, std::uint64_t limit) const {
    std::size_t too_large = 0;
    std::size_t fits = text.size();
    while (fits - too_large > 1) {
      std::size_t middle = character_start(text, too_large + (fits - too_large) / 2);
      if (middle <= too_large) middle = too_large + decode_one(text, too_large).length_bytes;
      if (middle >= fits) break;
      const result<std::uint64_t> measured = measure_(text.subview(middle, text.size() - middle));
      if (!measured.ok()) return measured.error();
      (*measured > limit ? too_large : fits) = middle;
    }
    return fits;
  }
  [[nodiscard]] result<std::uint64_t> measure(text_view text, std::uint64_t /*characters*/) const { return measure_(text); }
  [[nodiscard]] std::size_t most_bytes(std::uint64_t limit) const noexcept { return static_cast<std::size_t>(limit) * bytes_a_unit_ + 64; }

 private:
  measure_text measure_;
  std::size_t bytes_a_unit_;
};
static_assert(chunk_sizer<callback_sizer>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CALLBACK_SIZER_HPP
