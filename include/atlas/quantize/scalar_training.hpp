// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/scalar_training.hpp -- the evenly spaced numbers that stand for many with least squared error.
//
// Room:      scalar_range, fit_range.
// Not here:  the quantiser (quantize/scalar_quantizer.hpp).
// Depends:   core.
// Threads:   pure.
#ifndef ATLAS_QUANTIZE_SCALAR_TRAINING_HPP
#define ATLAS_QUANTIZE_SCALAR_TRAINING_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Code c stands for lower + step * c.
struct scalar_range {
  float lower = 0.0F;
  float step = 0.0F;  ///< 0, or at least 2^-126, so that its inverse is finite
  float inverse = 0.0F;  ///< twice the step's, at most 2^127

  [[nodiscard]] static scalar_range of(double lower, double step) noexcept {
    scalar_range made;
    made.lower = static_cast<float>(lower);
    if (!(step > 0)) return made;
    made.step = step < 0x1P-126 ? 0x1P-126F : static_cast<float>(step);
    made.inverse = 2.0F / made.step;
    return made;
  }
  /// The nearest of 0 to `largest`; 0 for NaN. Halves of the largest floats may lie as far apart as they do. Adding
  /// 1.5 * 2^23 rounds to an integer.
  [[nodiscard]] float code(float number, float largest) const noexcept {
    float steps = (0.5F * number - 0.5F * lower) * inverse;
    steps = steps > 0.0F ? steps : 0.0F;
    steps = steps < largest ? steps : largest;
    return (steps + 12582912.0F) - 12582912.0F;
  }
};

/// Sums over numbers and their codes.
struct scalar_fit {
  double error = 0;  ///< of squared differences
  double codes = 0;
  double squares = 0;
  double products = 0;

  scalar_fit(const float* numbers, std::size_t count, const scalar_range& range, float largest) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = static_cast<double>(range.code(numbers[i], largest));
      const auto number = static_cast<double>(numbers[i]);
      const double difference = number - static_cast<double>(range.lower) - static_cast<double>(range.step) * code;
      error += difference * difference;
      codes += code;
      squares += code * code;
      products += code * number;
    }
  }
};

/// The range of least squared error that is found. An end comes nearer to the mean by halves, which is how outliers
/// are left out where they cost less than wide steps. Then lower and step are moved to where the codes want them, as
/// k-means does with centroids (the line through numbers and codes of least squares), until that helps no more.
///
/// @param numbers  finite, count >= 1
/// @param largest  the greatest code, 15 or 255
/// Cost: about 60 passes over the numbers.
[[nodiscard]] inline scalar_range fit_range(const float* numbers, std::size_t count, float largest) noexcept {
  constexpr int halvings = 20;
  constexpr int most_moves = 16;
  float ends[2] = {numbers[0], numbers[0]};
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    ends[0] = numbers[i] < ends[0] ? numbers[i] : ends[0];
    ends[1] = numbers[i] > ends[1] ? numbers[i] : ends[1];
    sum += static_cast<double>(numbers[i]);
  }
  const double mean = sum / static_cast<double>(count);
  double best_ends[2] = {static_cast<double>(ends[0]), static_cast<double>(ends[1])};
  const auto between = [&](double lower, double upper) {
    return scalar_range::of(lower, (upper - lower) / static_cast<double>(largest));
  };
  scalar_range best = between(best_ends[0], best_ends[1]);
  if (!(best.step > 0.0F)) return best;
  double error = scalar_fit(numbers, count, best, largest).error;
  for (std::size_t end = 0; end < 2; ++end) {
    double half = best_ends[end];
    for (int i = 0; i < halvings; ++i) {
      half = (half + mean) / 2;
      const scalar_range range = end == 0 ? between(half, best_ends[1]) : between(best_ends[0], half);
      const double found = scalar_fit(numbers, count, range, largest).error;
      if (!(found < error)) continue;
      error = found;
      best = range;
      best_ends[end] = half;
    }
  }
  scalar_range range = best;
  for (int move = 0; move < most_moves; ++move) {
    const scalar_fit fit(numbers, count, range, largest);
    if (move != 0 && !(fit.error < error)) break;
    error = fit.error;
    best = range;
    const auto n = static_cast<double>(count);
    const double spread = n * fit.squares - fit.codes * fit.codes;
    if (!(spread > 0)) break;
    const double step = (n * fit.products - fit.codes * sum) / spread;
    range = scalar_range::of((sum - step * fit.codes) / n, step);
  }
  return best;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_SCALAR_TRAINING_HPP
