// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/quantizer_options.hpp -- which quantiser any_quantizer trains, and how.
//
// Room:      quantizer_kind, quantizer_options, and the options that are refused.
// Not here:  what a kind is good for (the header of each quantiser), the call (quantize/any_quantizer.hpp).
// Depends:   core, quantize/{product_training,quantization_error,quantizer_image}.hpp.
#ifndef ATLAS_QUANTIZE_QUANTIZER_OPTIONS_HPP
#define ATLAS_QUANTIZE_QUANTIZER_OPTIONS_HPP

#include <atlas/core/progress.hpp>                // progress
#include <atlas/quantize/product_training.hpp>    // check_parts
#include <atlas/quantize/quantization_error.hpp>  // check_training_lengths
#include <atlas/quantize/quantizer_image.hpp>     // image_kind

namespace atlas { inline namespace ATLAS_ABI {

/// Numbers are those of saved quantisers and of the C ABI, and are never used again.
enum class quantizer_kind : std::uint8_t {
  product = static_cast<std::uint8_t>(detail::image_kind::product),
  scalar = static_cast<std::uint8_t>(detail::image_kind::scalar),
  additive = static_cast<std::uint8_t>(detail::image_kind::additive),
  corrected = static_cast<std::uint8_t>(detail::image_kind::corrected),
  bits = static_cast<std::uint8_t>(detail::image_kind::bits),
};

/// Options of any_quantizer::train. Iterations, beam and rounds of a kind that has none are not looked at.
struct quantizer_options {
  quantizer_kind kind = quantizer_kind::corrected;
  /// Of a code. Of product, additive and corrected no default; those of scalar and bits follow from the dimension: 0. Parts and
  /// stages are as many, with 4 bits twice as many, or one fewer where that is the dimension.
  std::size_t code_bytes = 0;
  unsigned bits = 8;              ///< of product, scalar, additive: of a part's, component's or stage's code, 4 or 8
  std::uint32_t iterations = 25;  ///< of product, additive, corrected: times the centroids of parts move, 0 to 10,000
  std::size_t beam = 8;           ///< of additive: sums that go on from stage to stage, 1 to 64; also when encoding
  std::uint32_t rounds = 4;       ///< of additive: those that move all stages' centroids, 0 to 1,000
  std::uint64_t seed = 42;        ///< of every random choice
  /// At most so many rows train, of product rounded down to a multiple of its centroids; all of bits. 0: as the kind's own.
  std::size_t sample_rows = 0;
  unsigned threads = 1;       ///< 0: all that the process may use; bits uses one
  progress on_progress = {};  ///< called with steps done: as the kind's own says; bits has none
};

namespace detail {

inline constexpr const char* quantizer_kinds = "1 product, 3 scalar, 4 additive, 5 corrected or 6 bits";

/// Parts of product codes, stages of additive ones.
[[nodiscard]] inline std::size_t parts_of(const quantizer_options& options, std::size_t dimension) noexcept {
  if (options.bits != 4 || options.code_bytes > max_dimension) return options.code_bytes;
  const std::size_t parts = 2 * options.code_bytes;
  return parts == dimension + 1 ? dimension : parts;
}

/// What the kind's own train does not look at, or calls by another name.
[[nodiscard]] inline status check_quantizer(const matrix_view& rows, const quantizer_options& options) noexcept {
  const bool is_product = options.kind == quantizer_kind::product;
  const bool is_in_parts = is_product || options.kind == quantizer_kind::additive;
  const bool is_scalar = options.kind == quantizer_kind::scalar;
  const bool is_corrected = options.kind == quantizer_kind::corrected;
  const bool has_bits = is_in_parts || is_scalar;
  if (!has_bits && !is_corrected && options.kind != quantizer_kind::bits) {
    return error{errc::invalid_argument, "kind", quantizer_kinds, static_cast<std::uint64_t>(options.kind)};
  }
  if (has_bits && options.bits != 4 && options.bits != 8) return error{errc::invalid_argument, "bits", "4 or 8", options.bits};
  if (!has_bits && options.bits != 8) {
    return error{errc::invalid_argument, "bits", "8, the default, as this kind has no choice", options.bits};
  }
  if (!is_in_parts && !is_corrected && options.code_bytes != 0) {
    return error{errc::invalid_argument, "code_bytes", "0, since they follow from the dimension", options.code_bytes};
  }
  if (is_in_parts && options.code_bytes == 0) return error{errc::invalid_argument, "code_bytes", "at least 1", std::uint64_t{0}};
  if (is_in_parts && !check_parts(rows.dimension, parts_of(options, rows.dimension), options.bits).ok()) {
    return error{errc::invalid_argument, "code_bytes", "what cuts into parts a dimension of", rows.dimension, options.code_bytes};
  }
  const std::size_t centroids = std::size_t{1} << options.bits;
  if (is_product && options.sample_rows != 0 && options.sample_rows < centroids) {
    return error{errc::invalid_argument, "sample_rows", "0, or at least", centroids, options.sample_rows};
  }
  return is_scalar ? check_training_lengths(rows) : status{};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_QUANTIZER_OPTIONS_HPP
