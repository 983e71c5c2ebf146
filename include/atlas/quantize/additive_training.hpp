// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/additive_training.hpp -- centroids of stage after stage, each of what the ones before leave over.
//
// Room:      additive_trainer.
// Not here:  the search for codes (quantize/additive_codebooks.hpp).
// Depends:   core, simd, distance.
// Threads:   those of the pool that is given.
//
// Source: stages by k-means of residuals and beam search: Liu, Lu and Shao, "Improved residual vector quantization for
// high-dimensional approximate nearest neighbor search", 2015. Rounds behind them move each stage's centroids to the mean
// of what all other stages leave over, and choose codes anew.
#ifndef ATLAS_QUANTIZE_ADDITIVE_TRAINING_HPP
#define ATLAS_QUANTIZE_ADDITIVE_TRAINING_HPP

#include <atlas/quantize/additive_codebooks.hpp>  // additive_codebooks
#include <atlas/quantize/kmeans.hpp>              // kmeans
#include <atlas/quantize/product_training.hpp>    // random_number

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Codes of many rows, a batch at a time.
/// @param codes  shape [rows.rows, books.stages]
/// @return       errc::no_memory
[[nodiscard]] inline status additive_codes(const additive_codebooks& books, const matrix_view& rows, std::size_t used,
                                           std::size_t beam, std::uint8_t* codes, thread_pool& pool) noexcept {
  constexpr std::size_t batch = 1024;
  constexpr std::size_t task_rows = 32;
  const std::size_t some = rows.rows < batch ? rows.rows : batch;
  const std::size_t count = used * books.centroids;
  buffer<float> products;
  buffer<float> scratch;
  status sized = products.resize(some * count);
  if (sized.ok()) sized = scratch.resize(pool.thread_count() * books.centroids);
  if (!sized.ok()) return sized;
  for (std::size_t first = 0; first < rows.rows; first += batch) {
    const matrix_view block = rows.subrows(first, rows.rows - first < batch ? rows.rows - first : batch);
    const matrix_view centroids = books.view().subrows(0, count);
    if (status done = row_products(block, centroids, products.data(), pool); !done.ok()) return done;
    const status searched = pool.run((block.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned worker) {
      const std::size_t end = (task + 1) * task_rows < block.rows ? (task + 1) * task_rows : block.rows;
      for (std::size_t row = task * task_rows; row < end; ++row) {
        books.search(products.data() + row * count, used, beam, scratch.data() + worker * books.centroids,
                     codes + (first + row) * books.stages);
      }
    });
    if (!searched.ok()) return searched;
  }
  return {};
}

class additive_trainer {
 public:
  additive_trainer(additive_codebooks& books, std::size_t beam, unsigned threads, std::uint64_t seed,
                   thread_pool& pool) noexcept
      : books_(books), beam_(beam), threads_(threads), seed_(seed), pool_(pool) {}

  /// @param sample  shape [count]: the rows that train, at least as many as a stage has centroids
  [[nodiscard]] status create(const matrix_view& rows, const buffer<std::uint32_t>& sample) noexcept {
    count_ = sample.size();
    status sized = rows_.resize(count_ * books_.dimension);
    if (sized.ok()) sized = left_over_.resize(count_ * books_.dimension);
    if (sized.ok()) sized = codes_.resize_zeroed(count_ * books_.stages);
    if (sized.ok()) sized = sums_.resize(books_.centroids * books_.dimension);
    if (sized.ok()) sized = sizes_.resize(books_.centroids);
    if (sized.ok()) sized = books_.numbers.resize_zeroed(books_.count() * books_.dimension);
    if (!sized.ok()) return sized;
    for (std::size_t i = 0; i < count_; ++i) {
      std::memcpy(rows_.data() + i * books_.dimension, rows.row(sample.data()[i]), books_.dimension * sizeof(float));
    }
    std::memcpy(left_over_.data(), rows_.data(), rows_.size() * sizeof(float));
    return {};
  }

  /// Centroids of the next stage, by k-means of what is left over.
  [[nodiscard]] status add_stage(std::size_t stage, std::uint32_t iterations) noexcept {
    const kmeans_options options{.clusters = books_.centroids,
                                 .iterations = iterations,
                                 .seed = random_number(seed_, stage),
                                 .threads = threads_};
    const result<kmeans_result> found = kmeans(dense(left_over_.data(), count_, books_.dimension), options);
    if (!found.ok()) return found.error();
    std::memcpy(books_.centroid(stage, 0), found.value().centroids.data(),
                books_.centroids * books_.dimension * sizeof(float));
    return encode(stage + 1);
  }

  /// Moves the centroids of each stage to where they leave least over, and chooses codes anew.
  [[nodiscard]] status refine() noexcept {
    for (std::size_t stage = 0; stage < books_.stages; ++stage) move_stage(stage);
    return encode(books_.stages);
  }

 private:
  [[nodiscard]] status encode(std::size_t used) noexcept {
    if (status done = books_.multiply(pool_); !done.ok()) return done;
    const matrix_view rows = dense(rows_.data(), count_, books_.dimension);
    if (status done = additive_codes(books_, rows, used, beam_, codes_.data(), pool_); !done.ok()) return done;
    for (std::size_t i = 0; i < count_; ++i) {
      float* const left = left_over_.data() + i * books_.dimension;
      books_.decode(codes_.data() + i * books_.stages, used, left);
      const float* const row = rows_.data() + i * books_.dimension;
      for (std::size_t at = 0; at < books_.dimension; ++at) left[at] = row[at] - left[at];
    }
    return {};
  }

  void move_stage(std::size_t stage) noexcept {
    const std::size_t dimension = books_.dimension;
    std::memset(sums_.data(), 0, sums_.size() * sizeof(double));
    std::memset(sizes_.data(), 0, sizes_.size() * sizeof(std::uint32_t));
    const auto code_of = [&](std::size_t row) { return codes_.data()[row * books_.stages + stage]; };
    for (std::size_t i = 0; i < count_; ++i) {
      ++sizes_.data()[code_of(i)];
      kernels().add_to_f64(left_over_.data() + i * dimension, sums_.data() + code_of(i) * dimension, dimension);
    }
    // The mean of (what is left over + the centroid) is the centroid + the mean of what is left over.
    for (std::size_t code = 0; code < books_.centroids; ++code) {
      const auto size = static_cast<double>(sizes_.data()[code] == 0 ? 1U : sizes_.data()[code]);
      float* const centroid = books_.centroid(stage, code);
      for (std::size_t at = 0; at < dimension; ++at) {
        double& moved = sums_.data()[code * dimension + at];
        moved /= size;
        centroid[at] = static_cast<float>(static_cast<double>(centroid[at]) + moved);
      }
    }
    for (std::size_t i = 0; i < count_; ++i) {
      float* const left = left_over_.data() + i * dimension;
      const double* const moved = sums_.data() + code_of(i) * dimension;
      for (std::size_t at = 0; at < dimension; ++at) left[at] -= static_cast<float>(moved[at]);
    }
  }

  additive_codebooks& books_;
  std::size_t beam_;
  unsigned threads_;
  std::uint64_t seed_;
  thread_pool& pool_;
  std::size_t count_ = 0;
  buffer<float> rows_;       ///< shape [count, dimension]
  buffer<float> left_over_;  ///< likewise
  buffer<std::uint8_t> codes_;
  buffer<double> sums_;
  buffer<std::uint32_t> sizes_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_ADDITIVE_TRAINING_HPP
