// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/rotation.hpp -- a random rotation that spreads a vector evenly over its components.
//
// Room:      the signs that choose one rotation, its application and inverse, as bytes and back.
// Not here:  the loops (quantize/rotation_kernels-inl.hpp), codes of what is rotated (quantize/neighbour_bits.hpp).
// Depends:   core, simd.
// Threads:   apply may be called from any number of threads.
//
// Source: random signs and Hadamard transforms: Ailon and Chazelle, "The fast Johnson-Lindenstrauss transform and
// approximate nearest neighbors", SIAM J. Comput. 39, 2009. Four rounds on overlapping powers of two, joined by sums and
// differences of halves: what the library of RaBitQ's authors calls Hadamard transforms and Kac's walk.
#ifndef ATLAS_QUANTIZE_ROTATION_HPP
#define ATLAS_QUANTIZE_ROTATION_HPP

#include <atlas/core/bits.hpp>                 // mix64, round_up
#include <atlas/core/memory.hpp>               // buffer
#include <atlas/quantize/quantizer_image.hpp>  // quantizer_image
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI {

/// An orthogonal map of vectors of `dimension` components, with zeros behind them, to ones of `padded` components:
/// lengths and inner products stay. The same for the same dimension and seed, but for rounding, on all instruction
/// sets.
class rotation {
 public:
  /// Of dimension 0: for one that is made later.
  rotation() noexcept = default;
  /// @param dimension  1 to max_dimension
  /// @return           errc::invalid_argument for dimension 0, errc::limit_exceeded above max_dimension,
  ///                   errc::no_memory
  /// Cost: O(dimension); keeps padded_dimension / 2 bytes.
  [[nodiscard]] static result<rotation> create(std::size_t dimension, std::uint64_t seed) noexcept {
    if (dimension == 0) return error{errc::invalid_argument, "dimension", "1 to 65535", dimension};
    if (dimension > max_dimension) return error{errc::limit_exceeded, "dimension", max_dimension, dimension};
    rotation made;
    made.dimension_ = dimension;
    made.seed_ = seed;
    const std::size_t words = round_up(made.padded() / 2, sizeof(std::uint64_t)) / sizeof(std::uint64_t);
    if (status sized = made.signs_.resize(words * sizeof(std::uint64_t)); !sized.ok()) return sized.error();
    for (std::size_t word = 0; word < words; ++word) {
      store_unaligned(made.signs_.data() + word * sizeof(std::uint64_t),
                      mix64(seed + (word + 1) * 0x9E3779B97F4A7C15U));
    }
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  /// The dimension rounded up to a multiple of 8.
  [[nodiscard]] std::size_t padded() const noexcept { return round_up(dimension_, 8); }

  /// Rotates vector * scale - centre.
  ///
  /// @param vector  shape [dimension()]
  /// @param centre  shape [dimension()]
  /// @param out     shape [padded()]; overlaps no input; aligned to 64 bytes it is written faster
  /// Accuracy: absolute error of each component <= 4 * (log2(padded()) + 4) * 2^-24 of the length of the difference,
  /// and the rounding of the difference itself. A sum beyond the largest float is an infinity or NaN.
  /// Cost: about 0.8 ns a component with AVX-512 (Zen 4), no allocation, never throws.
  void apply(const float* vector, float scale, const float* centre, float* out) const noexcept {
    kernels().rotate(vector, scale, centre, dimension_, padded(), signs_.data(), out);
  }
  /// Turns back what apply gave: the first dimension() components are the vector, the others 0 but for rounding; of any
  /// numbers the first are those of the vector whose rotation is nearest to them.
  /// @param numbers  shape [padded()], in place
  /// Accuracy: as apply. Cost: about 8 ns a component, one at a time.
  void apply_inverse(float* numbers) const noexcept {
    const std::size_t all = padded();
    if (all == 0) return;
    const std::size_t power = std::size_t{1} << (63 - __builtin_clzll(all));
    const float share = static_cast<float>(1.0 / __builtin_sqrt(static_cast<double>(power)));
    constexpr float half_share = 0.70710678118654752440F;
    // Each step of a round is its own inverse: they are done again from the last to the first.
    for (std::size_t round = 4; round-- > 0;) {
      for (std::size_t i = 0; power != all && i < all / 2; ++i) add_and_subtract(numbers[i], numbers[i + all / 2], half_share);
      float* const transformed = numbers + (round % 2 == 0 ? 0 : all - power);
      for (std::size_t step = 1; step < power; step *= 2) {
        for (std::size_t block = 0; block < power; block += 2 * step) {
          for (std::size_t i = block; i < block + step; ++i) add_and_subtract(transformed[i], transformed[i + step], 1.0F);
        }
      }
      for (std::size_t i = 0; i < power; ++i) transformed[i] *= share;
      for (std::size_t i = 0; i < all; ++i) {
        const std::size_t bit = round * all + i;
        if ((signs_[bit / 8] >> (bit % 8)) % 2 != 0) numbers[i] = -numbers[i];
      }
    }
  }

  /// Appends the rotation as bytes (quantize/quantizer_image.hpp; shape: dimension, seed, a mix of both; no numbers).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::random_rotation;
    header.shape[0] = dimension_;
    header.shape[1] = seed_;
    header.shape[2] = mix_of(dimension_, seed_);
    return detail::append_image(header, nullptr, out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<rotation> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::random_rotation);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image->header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || shape[2] != mix_of(shape[0], shape[1])) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension and a seed with their mix", "others"};
    }
    if (image->header.count != 0) return error{errc::corrupt_file, "quantizer.count", std::uint64_t{0}, image->header.count};
    return create(shape[0], shape[1]);
  }

 private:
  [[nodiscard]] static std::uint64_t mix_of(std::uint64_t dimension, std::uint64_t seed) noexcept { return mix64(seed ^ mix64(dimension)); }
  static void add_and_subtract(float& first, float& second, float share) noexcept {
    const float sum = (first + second) * share;
    second = (first - second) * share;
    first = sum;
  }

  std::size_t dimension_ = 0;
  std::uint64_t seed_ = 0;
  buffer<std::uint8_t> signs_;  ///< of four rounds, a bit for each component
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_ROTATION_HPP
