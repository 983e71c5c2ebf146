// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_bounds.hpp -- between which two numbers a distance lies, given a rounded product.
//
// Room:      the error of panel products, so that rows may be ruled out by them and the answer still be exact.
// Not here:  the products (simd/kernel_entries.hpp), what is done with the bounds (distance/nearest_panels.hpp).
// Depends:   core, distance/metric.hpp.
//
// Let q and r be a query and a row, |q - q'| <= e_q and |r - r'| <= e_r what their prepared forms lost, u = 2^-24 and
// g = (dimension + 8) u. But for underflow a panel gives p with |p - <q', r'>| <= g |q'| |r'| (Higham, Accuracy and
// Stability of Numerical Algorithms, 2nd ed., section 3.1), and by Cauchy and Schwarz
//     |p - <q, r>| <= g (|q| + e_q) (|r| + e_r) + e_q |r| + (|q| + e_q) e_r.
// The score v = p * factor + term is, but for its own two roundings, an affine function of the distance:
//     l2sq           factor -2          term |r|^2   distance = |q|^2 + v
//     inner_product  factor -1          term 0       distance = 1 + v
//     cosine         factor -1 / |r|    term 0       distance = 1 + v / |q|
// With a = |factor| |r| and b = |factor| e_r the error is at most (per_length a + per_residual b + c + fixed), where
// the coefficients belong to the query and c to the row. The kernel whose distances count errs as well: by a factor of
// 1 +- g for l2sq, by g |q| |r| + u (1 + |q| |r|) for inner_product and by 2 g for cosine, as its contract says.
// Each bound below is a little larger than these sums, which covers terms of second order and its own rounding.
#ifndef ATLAS_DISTANCE_NEAREST_BOUNDS_HPP
#define ATLAS_DISTANCE_NEAREST_BOUNDS_HPP

#include <atlas/distance/metric.hpp>  // metric

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

inline constexpr double float_unit = 0x1p-24;

/// Squared lengths that the bounds hold for. Above, sums of float could overflow; under cosine, below the other,
/// they could underflow. Vectors outside take no part in panels.
inline constexpr double longest_squared = 1e36;
inline constexpr double shortest_squared_cosine = 1e-30;
inline constexpr double largest_weight = 1e15;  ///< of a row with a scale of its own

/// The float next to `value` or one further up: never below it.
[[nodiscard]] inline float rounded_up(double value) noexcept {
  return static_cast<float>(value + (value < 0 ? -value : value) * 0x1p-22 + 1e-37);
}
[[nodiscard]] inline float rounded_down(double value) noexcept { return -rounded_up(-value); }

/// What rounding costs in one dimension.
struct rounding {
  double gamma;      ///< relative error of a float sum of squares, and of products against |q| |r|
  double underflow;  ///< absolute error of a sum whose terms may underflow to zero

  explicit rounding(std::size_t dimension) noexcept
      : gamma((static_cast<double>(dimension) + 8) * float_unit), underflow((static_cast<double>(dimension) + 8) * 0x1p-124) {}
};

/// A row's part. `factor` and `term` make its scores.
struct row_bound {
  float factor;
  float term;
  float length;    ///< a
  float residual;  ///< b
  float fixed;     ///< c
};

/// @param squared   the row's sum of squares, as the dot kernel gives it, <= longest_squared
/// @param residual  |row - prepared row| or more
/// @param scale     what a product with the prepared row must be multiplied with
/// @param weight    what the row's product counts; 1 but for rows with a scale of their own
[[nodiscard]] inline row_bound bound_of_row(const rounding& by, metric which, double squared, double residual, double scale,
                                            double weight) noexcept {
  const double slack = 1 + 4 * by.gamma;
  const double length = __builtin_sqrt(squared * slack + by.underflow);
  double factor = -weight;
  row_bound bound{};
  if (which == metric::l2sq) {
    factor = -2;
    bound.term = static_cast<float>(squared);
    bound.fixed = rounded_up((by.gamma + 8 * float_unit) * squared * slack + by.underflow);
  } else if (which == metric::cosine) {
    factor = -1 / __builtin_sqrt(squared);
  }
  const double size = (factor < 0 ? -factor : factor) * slack;
  bound.factor = static_cast<float>(factor * scale);
  bound.length = rounded_up(size * length);
  bound.residual = rounded_up(size * residual);
  return bound;
}

/// Where a distance lies.
struct interval {
  float lower;
  float upper;
};

/// A query's part.
struct query_bound {
  double offset = 0;        ///< distance = offset + multiplier * score
  double multiplier = 1;
  double inverse = 1;       ///< 1 / multiplier
  double per_length = 0;
  double per_residual = 0;
  double fixed = 0;
  double relative = 0;      ///< the kernel's error as a part of the distance

  query_bound() noexcept = default;
  /// @param squared   |query|^2, in double, <= longest_squared
  /// @param residual  |query - query in the panel| or more
  query_bound(const rounding& by, metric which, double squared, double residual) noexcept {
    const double length = __builtin_sqrt(squared) * (1 + 1e-9);
    const double held = length + residual;
    const double slack = 1 + 4 * by.gamma;
    per_length = ((by.gamma + 8 * float_unit) * held + residual + by.underflow) * slack;
    per_residual = held * slack;
    // What underflows is multiplied with the row's factor: at most 2, or 1 / |row| <= 1e15.
    fixed = by.underflow * (1 + held) * (which == metric::l2sq ? 4 : 1e16);
    if (which == metric::l2sq) {
      offset = squared;
      relative = by.gamma * slack;
      fixed += squared * 1e-9;
    } else if (which == metric::inner_product) {
      offset = 1;
      per_length += (by.gamma + 4 * float_unit) * length * slack;  // the kernel's
      fixed += 4 * float_unit;
    } else {
      offset = 1;
      multiplier = 1 / length;
      inverse = length;
      per_length += (by.gamma + 8 * float_unit) * held * slack;  // the factor's, of the dot product's |row|^2
      fixed += (2 * by.gamma + 8 * float_unit) * slack * length;
    }
  }

  /// Where the distance of a row lies, given its score.
  [[nodiscard]] interval around(double score, const row_bound& row) const noexcept {
    const double error = error_of(row.length, row.residual, row.fixed) * multiplier;
    const double middle = offset + score * multiplier;
    double lower = middle - error;
    double upper = middle + error;
    if (relative != 0) {
      lower = lower < 0 ? 0 : lower * (1 - relative);
      upper = upper < 0 ? 0 : upper * (1 + 2 * relative);
    }
    return {rounded_down(lower), rounded_up(upper)};
  }
  /// The largest score of a row that may be as near as `distance`, among rows whose parts are at most these.
  [[nodiscard]] float score_limit(float distance, double length, double residual, double row_fixed) const noexcept {
    const double furthest = static_cast<double>(distance) * (distance > 0 ? 1 + 2 * relative : 1);
    return rounded_up((furthest - offset) * inverse + error_of(length, residual, row_fixed));
  }

 private:
  [[nodiscard]] double error_of(double length, double residual, double row_fixed) const noexcept {
    return per_length * length + per_residual * residual + row_fixed + fixed;
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_BOUNDS_HPP
