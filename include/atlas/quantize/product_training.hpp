// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/product_training.hpp -- the centroids of one part: Lloyd's k-means on many short vectors.
//
// Room:      part_shape and what fits it, training_sample, part_trainer.
// Not here:  the quantiser (quantize/product_quantizer.hpp), whole vectors (quantize/kmeans.hpp).
// Depends:   core, simd, distance.
// Threads:   a trainer is one thread's.
//
// Sums are in double and in the order of the sample, and codes are the same on all instruction sets, so centroids are
// too. They begin at rows far apart: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA
// 2007, on 8 rows for each centroid; at random rows the error on sift-kodak-128 is a tenth higher, however often they
// move. Most moves see a part of the sample: a sixteenth first, which is doubled until the last fifth of the moves sees all
// of it, so that 25 moves cost as 10 on the whole sample do.
#ifndef ATLAS_QUANTIZE_PRODUCT_TRAINING_HPP
#define ATLAS_QUANTIZE_PRODUCT_TRAINING_HPP

#include <atlas/core/memory.hpp>             // buffer
#include <atlas/distance/matrix_view.hpp>    // matrix_view
#include <atlas/quantize/random_number.hpp>  // random_number
#include <atlas/simd/kernel_table.hpp>       // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// How vectors are cut: into `parts` of `width` components each, zeros behind the last.
struct part_shape {
  std::size_t dimension = 0;
  std::size_t parts = 0;
  std::size_t width = 0;
  std::size_t centroids = 0;

  /// @pre check_parts(dimension, parts, bits) is ok
  [[nodiscard]] static constexpr part_shape of(std::size_t dimension, std::size_t parts, unsigned bits) noexcept {
    return {dimension, parts, (dimension + parts - 1) / parts, std::size_t{1} << bits};
  }
  [[nodiscard]] constexpr std::size_t padded() const noexcept { return parts * width; }
  /// Components of the last part that are none of the padding.
  [[nodiscard]] constexpr std::size_t last_width() const noexcept { return dimension - (parts - 1) * width; }
  [[nodiscard]] constexpr std::size_t width_of(std::size_t part) const noexcept {
    return part + 1 == parts ? last_width() : width;
  }
  /// Floats of a part's centroids.
  [[nodiscard]] constexpr std::size_t part_floats() const noexcept { return width * centroids; }
};

[[nodiscard]] inline status check_parts(std::size_t dimension, std::uint64_t parts, std::uint64_t bits) noexcept {
  if (bits != 4 && bits != 8) return error{errc::invalid_argument, "bits", "4 or 8", bits};
  if (parts == 0) return error{errc::invalid_argument, "parts", "at least 1", parts};
  if (parts > dimension) return error{errc::invalid_argument, "parts", "at most the dimension", dimension, parts};
  const std::size_t width = (dimension + parts - 1) / parts;
  if ((parts - 1) * width < dimension) return {};
  return error{errc::invalid_argument, "parts", "none of padding alone, as of", (dimension + width - 1) / width, parts};
}

/// Numbers below `rows`, one of each of `count` equal stretches, in an order that the seed decides too.
[[nodiscard]] inline status training_sample(std::size_t rows, std::size_t count, std::uint64_t seed,
                                            buffer<std::uint32_t>& out) noexcept {
  if (status sized = out.resize(count); !sized.ok()) return sized;
  const auto random = [&](std::size_t i, std::size_t below) {
    return static_cast<std::size_t>(random_number(seed, i) % below);
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = rows * i / count;  // below 2^64: both are below 2^32
    out.data()[i] = static_cast<std::uint32_t>(first + random(i, rows * (i + 1) / count - first));
  }
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::size_t other = i + random(count + i, count - i);
    const std::uint32_t one = out.data()[i];
    out.data()[i] = out.data()[other];
    out.data()[other] = one;
  }
  return {};
}

/// Trains part after part, in the same memory.
class part_trainer {
 public:
  [[nodiscard]] status create(const part_shape& shape, std::size_t count) noexcept {
    shape_ = shape;
    count_ = count;
    status sized = numbers_.resize(count * shape.width);
    if (sized.ok()) sized = codes_.resize(count);
    if (sized.ok()) sized = nearest_.resize(shape.centroids * 8 < count ? shape.centroids * 8 : count);
    if (sized.ok()) sized = sums_.resize(shape.part_floats());
    if (sized.ok()) sized = sizes_.resize(shape.centroids);
    return sized;
  }

  /// @param rows      shape [*, shape.dimension]
  /// @param sample    shape [count]: the rows that train
  /// @param codebook  shape [shape.width, shape.centroids]: the part's, written
  /// @pre             count >= shape.centroids
  void train(const matrix_view& rows, const std::uint32_t* sample, std::size_t part, std::uint32_t moves,
             std::uint64_t seed, float* codebook) noexcept {
    copy_part(rows, sample, part);
    place_first(seed, codebook);
    for (std::uint32_t move = 0; move < moves; ++move) {
      const std::size_t seen = rows_of_move(move, moves);
      encode(seen, codebook);
      move_centroids(seen, codebook);
      place_unused(seen, random_number(seed, shape_.centroids + move), codebook);
    }
  }
  /// Moves centroids that are there once, as all rows say.
  /// @return  shape [count]: the rows' codes before the move
  const std::uint8_t* move(const matrix_view& rows, const std::uint32_t* sample, std::size_t part, std::uint64_t seed,
                           float* codebook) noexcept {
    copy_part(rows, sample, part);
    encode(count_, codebook);
    move_centroids(count_, codebook);
    place_unused(count_, seed, codebook);
    return codes_.data();
  }

 private:
  void copy_part(const matrix_view& rows, const std::uint32_t* sample, std::size_t part) noexcept {
    const std::size_t width = shape_.width_of(part);
    for (std::size_t i = 0; i < count_; ++i) {
      float* const to = numbers_.data() + i * shape_.width;
      std::memcpy(to, rows.row(sample[i]) + part * shape_.width, width * sizeof(float));
      for (std::size_t at = width; at < shape_.width; ++at) to[at] = 0.0F;
    }
  }

  /// Each centroid after the first is a row chosen with a probability that grows with its squared distance to the
  /// nearest before it.
  void place_first(std::uint64_t seed, float* codebook) noexcept {
    const std::size_t seen = nearest_.size();
    for (double& distance : nearest_) distance = __builtin_inf();
    std::size_t row = 0;
    for (std::size_t each = 0;; ++each) {
      place(each, row, codebook);
      if (each + 1 == shape_.centroids) return;
      double sum = 0;
      for (std::size_t i = 0; i < seen; ++i) {
        const double distance = squared_distance(i, codebook + each);
        if (distance < nearest_.data()[i]) nearest_.data()[i] = distance;
        sum += nearest_.data()[i];
      }
      double left = sum * random_share(seed, each);
      for (row = 0; row + 1 < seen; ++row) {
        left -= nearest_.data()[row];
        if (left < 0) break;
      }
    }
  }

  [[nodiscard]] std::size_t rows_of_move(std::uint32_t move, std::uint32_t moves) const noexcept {
    const std::size_t seen = count_ >> (4 - move * std::uint64_t{5} / moves);
    const std::size_t least = shape_.centroids * 16 < count_ ? shape_.centroids * 16 : count_;
    return seen < least ? least : seen;
  }

  void encode(std::size_t seen, const float* codebook) noexcept {
    kernels().pq_encode(numbers_.data(), shape_.width * sizeof(float), seen, codebook, 1, shape_.width,
                        shape_.centroids, codes_.data(), 1);
  }
  void move_centroids(std::size_t seen, float* codebook) noexcept {
    const std::size_t width = shape_.width;
    std::memset(sums_.data(), 0, shape_.part_floats() * sizeof(double));
    std::memset(sizes_.data(), 0, shape_.centroids * sizeof(std::uint32_t));
    for (std::size_t row = 0; row < seen; ++row) {
      const std::size_t code = codes_.data()[row];
      const float* const from = numbers_.data() + row * width;
      double* const sums = sums_.data() + code * width;
      ++sizes_.data()[code];
      for (std::size_t i = 0; i < width; ++i) sums[i] += static_cast<double>(from[i]);
    }
    for (std::size_t each = 0; each < shape_.centroids; ++each) {
      if (sizes_.data()[each] == 0) continue;
      const auto size = static_cast<double>(sizes_.data()[each]);
      for (std::size_t i = 0; i < width; ++i) {
        codebook[i * shape_.centroids + each] = static_cast<float>(sums_.data()[each * width + i] / size);
      }
    }
  }

  /// A centroid that no row is near goes to a row that is far from its own: the farthest of a few.
  void place_unused(std::size_t seen, std::uint64_t seed, float* codebook) noexcept {
    constexpr std::size_t tries = 32;
    for (std::size_t each = 0; each < shape_.centroids; ++each) {
      if (sizes_.data()[each] != 0) continue;
      double farthest = 0;
      std::size_t row = 0;
      for (std::size_t i = 0; i < tries; ++i) {
        const auto other = static_cast<std::size_t>(random_number(seed, each * tries + i) % seen);
        const double distance = squared_distance(other, codebook + codes_.data()[other]);
        if (!(distance > farthest)) continue;
        farthest = distance;
        row = other;
      }
      if (farthest > 0) place(each, row, codebook);
    }
  }
  [[nodiscard]] double squared_distance(std::size_t row, const float* centroid) const noexcept {
    const float* const from = numbers_.data() + row * shape_.width;
    double sum = 0;
    for (std::size_t i = 0; i < shape_.width; ++i) {
      const double difference = static_cast<double>(from[i]) - static_cast<double>(centroid[i * shape_.centroids]);
      const double square = difference * difference;
      sum += square;
    }
    return sum;
  }
  void place(std::size_t centroid, std::size_t row, float* codebook) const noexcept {
    for (std::size_t i = 0; i < shape_.width; ++i) {
      codebook[i * shape_.centroids + centroid] = numbers_.data()[row * shape_.width + i];
    }
  }

  part_shape shape_;
  std::size_t count_ = 0;
  buffer<float> numbers_;  ///< shape [count, width]
  buffer<std::uint8_t> codes_;
  buffer<double> nearest_;  ///< of the first rows: squared distance to the nearest centroid so far
  buffer<double> sums_;     ///< shape [centroids, width]
  buffer<std::uint32_t> sizes_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_PRODUCT_TRAINING_HPP
