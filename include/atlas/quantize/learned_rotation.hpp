// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/learned_rotation.hpp -- a rotation that is learned, so that product quantisation loses less.
//
// Room:      opq_options, learned_rotation: training, application and inverse, as bytes and back.
// Not here:  the rounds (quantize/rotation_training.hpp), a rotation without training (quantize/rotation.hpp), the
//            quantiser that follows (quantize/product_quantizer.hpp).
// Depends:   core, simd, distance.
// Threads:   train and apply use as many as they are told; every const function may be called from any number.
//
// Source: Ge, He, Ke and Sun, "Optimized product quantization for approximate nearest neighbor search", CVPR 2013.
#ifndef ATLAS_QUANTIZE_LEARNED_ROTATION_HPP
#define ATLAS_QUANTIZE_LEARNED_ROTATION_HPP

#include <atlas/core/progress.hpp>                // progress
#include <atlas/quantize/quantization_error.hpp>  // check_training_rows
#include <atlas/quantize/quantizer_image.hpp>     // quantizer_image
#include <atlas/quantize/rotation_training.hpp>   // rotation_trainer

namespace atlas { inline namespace ATLAS_ABI {

/// Options of learned_rotation::train.
struct opq_options {
  std::size_t parts = 0;             ///< of the product quantiser that follows; no default
  unsigned bits = 8;                 ///< of a part's code: 4 or 8
  std::uint32_t rounds = 0;          ///< times the rows are turned towards their codes, 0 to 1,000
  std::uint64_t seed = 42;           ///< of every random choice
  std::size_t sample_rows = 16'384;  ///< at most so many rows train; at least as many as there are centroids
  unsigned threads = 1;              ///< 0: all that the process may use
  progress on_progress = {};         ///< called with rounds done, of one more than asked for: the start is the first
};

/// An orthogonal map of vectors of `dimension` components to ones of `padded`, the dimension rounded up to a multiple
/// of the parts. Lengths and inner products stay. It begins at the principal directions, dealt out so that parts have
/// even variance, and rounds go on from there. Five to ten of them moved recall@10 by less than 1 %, up or down
/// (mnist-784 with 32 bytes, sift-kodak-128 and lsa-books-384 with 32 and 64), so that none are the default.
class learned_rotation {
 public:
  /// Of dimension 0: for one that is made later.
  learned_rotation() noexcept = default;

  /// @param rows  shape [rows, dimension], finite
  /// @return      errc::invalid_argument (no or more parts than components, other bits, fewer rows or a smaller sample
  ///              than centroids, more than 1,000 rounds, null), dimension_mismatch (a stride below the dimension),
  ///              limit_exceeded, not_finite with the row, no_memory, cancelled
  /// The same for the same rows, options and SIMD target, with any number of threads.
  /// Cost: O(dimension^3), and for each round O(sample_rows * padded * (dimension + centroids)): 784 components for 32
  /// parts of 8 bits 1.3 s, and 1 s a round, on one core of Zen 4 with AVX-512. Memory: twice the sample and a
  /// part of it, 9 bytes a row of it, six matrices, and 12 bytes for each component of as many rows as there are centroids.
  [[nodiscard]] static result<learned_rotation> train(const matrix_view& rows, const opq_options& options) noexcept {
    if (status checked = detail::check_training_rows(rows); !checked.ok()) return checked.error();
    if (status checked = detail::check_parts(options.parts, options.parts, options.bits); !checked.ok()) {
      return checked.error();
    }
    if (options.parts > rows.dimension) {
      return error{errc::invalid_argument, "parts", "at most the dimension", rows.dimension, options.parts};
    }
    if (options.rounds > 1'000) return error{errc::invalid_argument, "rounds", "0 to 1000", options.rounds};
    const detail::part_shape shape = detail::part_shape::of(rows.dimension, options.parts, options.bits);
    if (rows.rows < shape.centroids) {
      return error{errc::invalid_argument, "rows.rows", "at least", shape.centroids, rows.rows};
    }
    if (options.sample_rows < shape.centroids) {
      return error{errc::invalid_argument, "sample_rows", "at least", shape.centroids, options.sample_rows};
    }
    const std::size_t count = options.sample_rows < rows.rows ? options.sample_rows : rows.rows;
    const auto goes_on = [&](std::uint64_t done) {
      return !options.on_progress || options.on_progress(done, options.rounds + std::uint64_t{1});
    };
    thread_pool pool(options.threads);
    buffer<std::uint32_t> sample;
    status done = detail::training_sample(rows.rows, count, options.seed, sample);
    detail::rotation_trainer trainer(shape, options.seed, pool);
    if (done.ok()) done = trainer.create(rows, sample);
    if (!done.ok()) return done.error();
    result<float> error = trainer.straighten();
    if (error.ok() && !goes_on(1)) return errc::cancelled;
    if (error.ok() && options.rounds != 0) done = trainer.begin(8);
    for (std::uint32_t round = 0; done.ok() && error.ok() && round < options.rounds; ++round) {
      error = trainer.round(round);
      if (error.ok() && !goes_on(round + std::uint64_t{2})) return errc::cancelled;
    }
    if (!done.ok()) return done.error();
    if (!error.ok()) return error.error();
    learned_rotation made;
    made.dimension_ = shape.dimension;
    made.padded_ = shape.padded();
    made.columns_ = static_cast<buffer<float>&&>(trainer.matrix());
    if (status ended = made.set_ends(); !ended.ok()) return ended.error();
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  [[nodiscard]] std::size_t padded() const noexcept { return padded_; }
  /// Shape [padded(), dimension()], aligned to 64 bytes: the columns of R, a row each. A vector x becomes x R.
  [[nodiscard]] const float* columns() const noexcept { return columns_.data(); }
  /// max |R R' - I|: below 10^-5 after training; what was loaded may be anything to about 1.002.
  /// @return  errc::no_memory
  /// Cost: dimension()^2 * padded().
  [[nodiscard]] result<float> orthogonality_error(unsigned threads = 1) const noexcept {
    thread_pool pool(threads);
    buffer<float> matrix;
    if (status sized = matrix.resize(columns_.size()); !sized.ok()) return sized.error();
    detail::transpose(columns_.data(), padded_, dimension_, matrix.data());
    return detail::orthogonality_error(matrix.data(), dimension_, padded_, pool);
  }

  /// @param row  shape [dimension()]
  /// @param out  shape [padded()], apart from `row`
  /// Accuracy: absolute error of each component <= (dimension() + 3) * 2^-24 of the row's length. The same bits on all
  /// instruction sets.
  /// Cost: reads the matrix: 784 components 33 us with AVX-512 (Zen 4). No allocation.
  void apply(const float* row, float* out) const noexcept {
    const std::size_t whole = dimension_ & ~std::size_t{15};
    kernels().steady_dot(row, columns_.data(), dimension_ * sizeof(float), nullptr, padded_, whole, out);
    if (whole == dimension_) return;
    float rest[16] = {};
    std::memcpy(rest, row + whole, (dimension_ - whole) * sizeof(float));
    constexpr std::size_t at_once = 64;
    float sums[at_once];
    for (std::size_t first = 0; first < padded_; first += at_once) {
      const std::size_t count = padded_ - first < at_once ? padded_ - first : at_once;
      kernels().steady_dot(rest, ends_.data() + first * 16, sizeof rest, nullptr, count, 16, sums);
      for (std::size_t i = 0; i < count; ++i) out[first + i] += sums[i];
    }
  }
  /// As one matrix product. The last bits are others than those of one row at a time.
  /// @param rows  shape [rows, dimension()]
  /// @param out   shape [rows.rows, padded()], apart from `rows`
  /// @return      errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory; then nothing is written
  /// Cost: 784 components 14 us a row with AVX-512 (Zen 4).
  [[nodiscard]] status apply(const matrix_view& rows, float* out, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension_); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
    if (status apart = detail::check_apart(out, rows.rows * padded_ * sizeof(float), "out", any_matrix_view::of(rows),
                                           detail::rows_block);
        !apart.ok()) {
      return apart;
    }
    thread_pool pool(threads);
    return detail::row_products(rows, dense(columns_.data(), padded_, dimension_), out, pool);
  }

  /// Turns back what apply gave; of any numbers, gives the vector whose rotation is nearest to them.
  /// @param numbers  shape [padded()]
  /// @param out      shape [dimension()], apart from `numbers`
  /// Accuracy: as apply. Cost: reads the matrix. No allocation.
  void apply_inverse(const float* numbers, float* out) const noexcept {
    std::memset(out, 0, dimension_ * sizeof(float));
    for (std::size_t i = 0; i < padded_; ++i) {
      const float* const column = columns_.data() + i * dimension_;
      for (std::size_t at = 0; at < dimension_; ++at) out[at] += numbers[i] * column[at];
    }
  }
  /// As one matrix product. The last bits are others than those of one row at a time.
  /// @param numbers  shape [rows, padded()]
  /// @param out      shape [numbers.rows, dimension()], apart from `numbers`
  /// @return         errc::invalid_argument, dimension_mismatch, no_memory; then nothing is written
  /// Cost: as apply, and half a millisecond for 784 components.
  [[nodiscard]] status apply_inverse(const matrix_view& numbers, float* out, unsigned threads = 1) const noexcept {
    if (numbers.rows == 0) return {};
    if (numbers.data == nullptr || out == nullptr) return error{errc::invalid_argument, "numbers and out", "pointers", "null"};
    if (numbers.dimension != padded_) return error{errc::dimension_mismatch, "numbers.dimension", padded_, numbers.dimension};
    if (numbers.stride < padded_) return error{errc::dimension_mismatch, "numbers.stride", padded_, numbers.stride};
    thread_pool pool(threads);
    buffer<float> matrix;
    if (status sized = matrix.resize(columns_.size()); !sized.ok()) return sized;
    detail::transpose(columns_.data(), padded_, dimension_, matrix.data());
    return detail::row_products(numbers, dense(matrix.data(), dimension_, padded_), out, pool);
  }

  /// Appends the rotation as bytes (quantize/quantizer_image.hpp; shape: dimension, padded, 0).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::rotation;
    header.count = columns_.size();
    header.shape[0] = dimension_;
    header.shape[1] = padded_;
    return detail::append_image(header, columns_.data(), out);
  }
  /// From bytes that may be anything. What a component becomes has its length to 10^-3, so that no row becomes longer
  /// than sqrt(dimension()) times as long. That these are orthogonal is not checked, which would cost more than reading
  /// them: orthogonality_error says it.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<learned_rotation> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::rotation);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || shape[1] < shape[0] || shape[1] >= 2 * shape[0] || shape[2] != 0) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, and a little more or as much", "others"};
    }
    if (image.value().header.count != shape[0] * shape[1]) {
      return error{errc::corrupt_file, "quantizer.count", shape[0] * shape[1], image.value().header.count};
    }
    buffer<float> columns;
    if (status copied = image.value().copy(columns); !copied.ok()) return copied.error();
    return of_columns(shape[0], shape[1], static_cast<buffer<float>&&>(columns));
  }
  /// The rotation with these columns.
  /// @param columns  shape [padded, dimension], finite, padded >= dimension
  /// @return         errc::corrupt_file for what load refuses, no_memory
  [[nodiscard]] static result<learned_rotation> of_columns(std::size_t dimension, std::size_t padded, buffer<float>&& columns) noexcept {
    ATLAS_ASSERT(padded >= dimension && columns.size() == dimension * padded);
    learned_rotation made;
    made.dimension_ = dimension;
    made.padded_ = padded;
    made.columns_ = static_cast<buffer<float>&&>(columns);
    if (status checked = made.check_lengths(); !checked.ok()) return checked.error();
    if (status ended = made.set_ends(); !ended.ok()) return ended.error();
    return made;
  }

 private:
  [[nodiscard]] status check_lengths() const noexcept {
    buffer<double> squares;
    if (status made = squares.resize_zeroed(dimension_); !made.ok()) return made;
    for (std::size_t column = 0; column < padded_; ++column) {
      for (std::size_t i = 0; i < dimension_; ++i) {
        const auto number = static_cast<double>(columns_.data()[column * dimension_ + i]);
        squares.data()[i] += number * number;
      }
    }
    for (std::size_t i = 0; i < dimension_; ++i) {
      if (squares.data()[i] >= 0.998 && squares.data()[i] <= 1.002) continue;
      return error{errc::corrupt_file, "quantizer.numbers", "rows of length 1", "another"}.at_row(i);
    }
    return {};
  }
  /// What is behind the last 16 components of each column, with zeros to 16: products of it are the same bits everywhere.
  [[nodiscard]] status set_ends() noexcept {
    const std::size_t whole = dimension_ & ~std::size_t{15};
    if (whole == dimension_) return {};
    if (status made = ends_.resize_zeroed(padded_ * 16); !made.ok()) return made;
    for (std::size_t column = 0; column < padded_; ++column) {
      std::memcpy(ends_.data() + column * 16, columns_.data() + column * dimension_ + whole, (dimension_ - whole) * sizeof(float));
    }
    return {};
  }

  std::size_t dimension_ = 0;
  std::size_t padded_ = 0;
  buffer<float> columns_;
  buffer<float> ends_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_LEARNED_ROTATION_HPP
