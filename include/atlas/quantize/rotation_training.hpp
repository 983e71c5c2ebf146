// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/rotation_training.hpp -- a rotation after which product quantisation loses less.
//
// Room:      rotation_trainer: rounds of moving centroids and of turning the rows towards them.
// Not here:  what a caller uses (quantize/learned_rotation.hpp), the polar factor (quantize/orthogonal_factor.hpp).
// Depends:   core, simd, distance.
// Threads:   those of the pool that is given.
//
// Rounds begin at the principal directions, dealt out so that parts have even variance (section 3.2 of the source).
//
// Source: Ge, He, Ke and Sun, "Optimized product quantization for approximate nearest neighbor search", CVPR 2013,
// section 3.1. With rows x and the centroids y that stand for them after the rotation R, the R for which the squared
// distances of x R and y add up to least is the polar factor of the sum of x' y. That sum is one over centroids, of the
// sums of the rows of each, which is as many additions as there are rows, parts and components.
#ifndef ATLAS_QUANTIZE_ROTATION_TRAINING_HPP
#define ATLAS_QUANTIZE_ROTATION_TRAINING_HPP

#include <atlas/quantize/orthogonal_factor.hpp>     // orthogonal_factor
#include <atlas/quantize/principal_directions.hpp>  // eigenvectors
#include <atlas/quantize/product_training.hpp>      // part_shape, part_trainer

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class rotation_trainer {
 public:
  rotation_trainer(const part_shape& shape, std::uint64_t seed, thread_pool& pool) noexcept
      : shape_(shape),
        turned_shape_{shape.padded(), shape.parts, shape.width, shape.centroids},
        seed_(seed),
        pool_(pool) {}

  /// Takes rows over, less their mean and then divided by the largest component: a rotation does not depend on either, and
  /// no sum overflows or vanishes, wherever the rows lie.
  [[nodiscard]] status create(const matrix_view& rows, const buffer<std::uint32_t>& sample) noexcept {
    count_ = sample.size();
    const std::size_t dimension = shape_.dimension;
    status sized = rows_.resize(count_ * dimension);
    if (sized.ok()) sized = turned_.resize(count_ * shape_.padded());
    if (sized.ok()) sized = codebook_.resize(shape_.parts * shape_.part_floats());
    if (sized.ok()) sized = order_.resize(count_);
    if (sized.ok()) sized = matrix_.resize(shape_.padded() * dimension);
    if (sized.ok()) sized = products_.resize(shape_.padded() * dimension);
    if (sized.ok()) sized = sums_.resize(shape_.centroids * dimension);
    if (sized.ok()) sized = turned_sums_.resize(shape_.centroids * dimension);
    buffer<double> mean;
    if (sized.ok()) sized = mean.resize_zeroed(dimension);
    if (!sized.ok()) return sized;
    for (const std::uint32_t row : sample) kernels().add_to_f64(rows.row(row), mean.data(), dimension);
    for (double& each : mean) each /= static_cast<double>(count_);
    double largest = 0;
    for (const std::uint32_t row : sample) {
      for (std::size_t at = 0; at < dimension; ++at) {
        const double difference = __builtin_fabs(static_cast<double>(rows.row(row)[at]) - mean.data()[at]);
        largest = difference > largest ? difference : largest;
      }
    }
    const double scale = largest > 0 ? 1 / largest : 1.0;
    for (std::size_t i = 0; i < count_; ++i) {
      order_.data()[i] = static_cast<std::uint32_t>(i);
      const float* const from = rows.row(sample.data()[i]);
      for (std::size_t at = 0; at < dimension; ++at) {
        const double difference = static_cast<double>(from[at]) - mean.data()[at];
        rows_.data()[i * dimension + at] = static_cast<float>(difference * scale);
      }
    }
    if (status spread = spread_evenly(); !spread.ok()) return spread;
    return trainer_.create(turned_shape_, count_);
  }

  /// The rotation there is, exactly orthogonal but for rounding.
  /// @return  max |R R' - I|
  [[nodiscard]] result<float> straighten() noexcept {
    std::memcpy(products_.data(), matrix_.data(), matrix_.size() * sizeof(float));
    return turn_towards();
  }
  /// Centroids for the rotation there is.
  [[nodiscard]] status begin(std::uint32_t moves) noexcept {
    if (status done = turn(); !done.ok()) return done;
    for (std::size_t part = 0; part < shape_.parts; ++part) {
      trainer_.train(turned(), order_.data(), part, moves, random_number(seed_, part),
                     codebook_.data() + part * shape_.part_floats());
    }
    return {};
  }

  /// Moves the centroids once, and turns the rows towards them.
  /// @return  max |R R' - I|
  [[nodiscard]] result<float> round(std::uint32_t number) noexcept {
    if (status done = turn(); !done.ok()) return done.error();
    for (std::size_t part = 0; part < shape_.parts; ++part) {
      float* const centroids = codebook_.data() + part * shape_.part_floats();
      const std::uint8_t* const codes =
          trainer_.move(turned(), order_.data(), part, random_number(seed_, number * shape_.parts + part), centroids);
      sum_rows(codes);
      const matrix_view of_part = dense(centroids, shape_.width, shape_.centroids);
      const matrix_view sums = dense(turned_sums_.data(), shape_.dimension, shape_.centroids);
      float* const to = products_.data() + part * shape_.width * shape_.dimension;
      if (status done = row_products(of_part, sums, to, pool_); !done.ok()) return done.error();
    }
    return turn_towards();
  }

  /// Shape [padded, dimension]: the rotation's columns.
  [[nodiscard]] buffer<float>& matrix() noexcept { return matrix_; }
  [[nodiscard]] matrix_view turned() const noexcept { return dense(turned_.data(), count_, shape_.padded()); }

 private:
  /// Principal directions, such that parts have even variance.
  [[nodiscard]] status spread_evenly() noexcept {
    const std::size_t dimension = shape_.dimension;
    buffer<float> covariance;
    buffer<float> some;
    buffer<float> directions;
    buffer<double> numbers;
    buffer<std::size_t> used;
    status sized = covariance.resize_zeroed(dimension * dimension);
    if (sized.ok()) sized = some.resize(dimension * dimension);
    if (sized.ok()) sized = directions.resize(dimension * dimension);
    if (sized.ok()) sized = numbers.resize(dimension + shape_.parts);
    if (sized.ok()) sized = used.resize(shape_.parts);
    if (!sized.ok()) return sized;
    constexpr std::size_t batch = 32'768;  // of rows, which are components here
    for (std::size_t first = 0; first < count_; first += batch) {
      const std::size_t count = count_ - first < batch ? count_ - first : batch;
      transpose(rows_.data() + first * dimension, count, dimension, turned_.data());
      const matrix_view view = dense(turned_.data(), dimension, count);
      if (status done = row_products(view, view, some.data(), pool_); !done.ok()) return done;
      const float share = 1.0F / static_cast<float>(count_);
      for (std::size_t i = 0; i < some.size(); ++i) covariance.data()[i] += some.data()[i] * share;
    }
    eigenvectors(covariance.data(), dimension, directions.data(), numbers.data());
    parts_of_even_variance(shape_, directions.data(), numbers.data(), numbers.data() + dimension, used.data(),
                           matrix_.data());
    return {};
  }

  [[nodiscard]] status turn() noexcept {
    return row_products(dense(rows_.data(), count_, shape_.dimension),
                        dense(matrix_.data(), shape_.padded(), shape_.dimension), turned_.data(), pool_);
  }

  /// Sums of the rows of each centroid, a centroid a column.
  void sum_rows(const std::uint8_t* codes) noexcept {
    const std::size_t dimension = shape_.dimension;
    std::memset(sums_.data(), 0, sums_.size() * sizeof(double));
    for (std::size_t i = 0; i < count_; ++i) {
      kernels().add_to_f64(rows_.data() + i * dimension, sums_.data() + codes[i] * dimension, dimension);
    }
    for (std::size_t i = 0; i < dimension; ++i) {
      for (std::size_t each = 0; each < shape_.centroids; ++each) {
        turned_sums_.data()[i * shape_.centroids + each] = static_cast<float>(sums_.data()[each * dimension + i]);
      }
    }
  }

  /// The polar factor, of the sum with a little of the rotation there was: directions without variance stay as they
  /// are, and no singular value is so small that it takes long.
  [[nodiscard]] result<float> turn_towards() noexcept {
    double squares = 0;
    for (const float each : products_) squares += static_cast<double>(each) * static_cast<double>(each);
    const float little = squares > 0 ? static_cast<float>(2e-4 * __builtin_sqrt(squares)) : 1.0F;
    for (std::size_t i = 0; i < products_.size(); ++i) products_.data()[i] += little * matrix_.data()[i];
    buffer<float>& rows_first = matrix_;  // shape [dimension, padded]
    transpose(products_.data(), shape_.padded(), shape_.dimension, rows_first.data());
    const result<float> error = orthogonal_factor(rows_first.data(), shape_.dimension, shape_.padded(), pool_);
    if (!error.ok()) return error.error();
    transpose(rows_first.data(), shape_.dimension, shape_.padded(), products_.data());
    std::memcpy(matrix_.data(), products_.data(), products_.size() * sizeof(float));
    return *error;
  }

  part_shape shape_;
  part_shape turned_shape_;  ///< the same after the rotation, where padding is components like others
  std::uint64_t seed_;
  thread_pool& pool_;
  std::size_t count_ = 0;
  buffer<float> rows_;    ///< shape [count, dimension]
  buffer<float> turned_;  ///< shape [count, padded]
  buffer<float> codebook_;
  buffer<std::uint32_t> order_;
  buffer<float> matrix_;
  buffer<float> products_;     ///< shape [padded, dimension]
  buffer<double> sums_;        ///< shape [centroids, dimension]
  buffer<float> turned_sums_;  ///< shape [dimension, centroids]
  part_trainer trainer_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_ROTATION_TRAINING_HPP
