// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/streaming_quantile.hpp -- a quantile of numbers that are seen once and not kept.
//
// Room:      streaming_quantile: five markers, 96 bytes.
// Depends:   core only.
// Threads:   a plain value, trivially copyable.
//
// Source: Jain and Chlamtac, "The P2 algorithm for dynamic calculation of quantiles and histograms without storing observations",
// Communications of the ACM 28, 1985.
#ifndef ATLAS_CHUNK_STREAMING_QUANTILE_HPP
#define ATLAS_CHUNK_STREAMING_QUANTILE_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// Estimates the number below which a share of all numbers lies. The same numbers in the same order give the same estimate.
class streaming_quantile {
 public:
  streaming_quantile() noexcept = default;
  /// @param share  0 to 1
  explicit constexpr streaming_quantile(double share) noexcept : share_(share) {}

  [[nodiscard]] constexpr std::uint64_t count() const noexcept { return count_; }

  /// Takes one more number. @pre it is finite. Cost: constant.
  constexpr void add(double number) noexcept {
    if (count_ < 5) {
      std::size_t at = count_++;
      for (; at > 0 && heights_[at - 1] > number; --at) heights_[at] = heights_[at - 1];
      heights_[at] = number;
      return;
    }
    ++count_;
    if (number < heights_[0]) heights_[0] = number;
    if (number > heights_[4]) heights_[4] = number;
    for (std::size_t i = 1; i < 4; ++i) places_[i] += number < heights_[i] ? 1 : 0;
    places_[4] += 1;
    for (std::size_t i = 1; i < 4; ++i) {
      const double wanted = 1 + static_cast<double>(count_ - 1) * (i == 1 ? share_ / 2 : i == 2 ? share_ : (1 + share_) / 2);
      const double off = wanted - places_[i];
      if ((off >= 1 && places_[i + 1] - places_[i] > 1) || (off <= -1 && places_[i - 1] - places_[i] < -1)) move(i, off < 0 ? -1 : 1);
    }
  }
  /// The estimate; of up to five numbers the one of that rank; 0 if there are none. It lies between the least and the greatest number.
  [[nodiscard]] constexpr double value() const noexcept {
    if (count_ > 5) return heights_[2];
    if (count_ == 0) return 0;
    const double rank = share_ * static_cast<double>(count_ - 1) + 0.5;
    return heights_[rank >= 0 && rank < static_cast<double>(count_) ? static_cast<std::size_t>(rank) : 0];
  }

 private:
  /// Moves a marker by one place, its height along a parabola through it and its neighbours, or a line if that would pass one of them.
  constexpr void move(std::size_t i, double by) noexcept {
    const double before = places_[i] - places_[i - 1];
    const double behind = places_[i + 1] - places_[i];
    const double rise = (heights_[i + 1] - heights_[i]) / behind;
    const double fall = (heights_[i] - heights_[i - 1]) / before;
    double height = heights_[i] + by / (before + behind) * ((before + by) * rise + (behind - by) * fall);
    if (!(heights_[i - 1] < height && height < heights_[i + 1])) height = heights_[i] + by * (by < 0 ? fall : rise);
    heights_[i] = height;
    places_[i] += by;
  }

  double share_ = 0.5;
  double heights_[5] = {};                 ///< in order; the first count_ of them until there are five
  double places_[5] = {1, 2, 3, 4, 5};     ///< how many numbers are no greater than each
  std::uint64_t count_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_STREAMING_QUANTILE_HPP
