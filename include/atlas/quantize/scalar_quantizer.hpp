// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/scalar_quantizer.hpp -- vectors as 8 or 4 bits a component, with a range of each component.
//
// Room:      sq_options, scalar_quantizer: training, codes, as bytes and back.
// Not here:  the choice of a range (quantize/scalar_training.hpp), codes with a range for each vector, which need no
//            training and have fast distances (quantize/lvq.hpp).
// Depends:   core, simd, distance.
// Threads:   train and encode use as many as they are told; every const function may be called from any number.
#ifndef ATLAS_QUANTIZE_SCALAR_QUANTIZER_HPP
#define ATLAS_QUANTIZE_SCALAR_QUANTIZER_HPP

#include <atlas/core/progress.hpp>                // progress
#include <atlas/core/thread_pool.hpp>             // thread_pool
#include <atlas/quantize/product_training.hpp>    // training_sample
#include <atlas/quantize/quantization_error.hpp>  // quantization_error
#include <atlas/quantize/quantizer_image.hpp>     // quantizer_image
#include <atlas/quantize/scalar_training.hpp>     // fit_range

namespace atlas { inline namespace ATLAS_ABI {

/// Options of scalar_quantizer::train.
struct sq_options {
  unsigned bits = 8;                 ///< of a component's code: 4 or 8
  std::uint64_t seed = 42;           ///< of the choice of rows
  std::size_t sample_rows = 16'384;  ///< at most so many rows train, at least 1; and the ends of all rows
  unsigned threads = 1;              ///< 0: all that the process may use
  progress on_progress = {};         ///< called on the calling thread with components done
};

/// A lower bound and a step for each component, such that codes lose least of the rows that trained them.
class scalar_quantizer {
 public:
  /// Of dimension 0: for one that is made later.
  scalar_quantizer() noexcept = default;

  /// @param rows  shape [rows, dimension], at least one, finite
  /// @return      errc::invalid_argument (no rows, no sample, other bits, null), dimension_mismatch (a stride below the
  ///              dimension), limit_exceeded, not_finite with the row, no_memory, cancelled
  /// The same with any number of threads.
  /// Cost: 784 components 1.3 s on a core (Zen 4). Memory: the sample and four rows, 4 bytes a row of it.
  [[nodiscard]] static result<scalar_quantizer> train(const matrix_view& rows, const sq_options& options) noexcept {
    if (status checked = detail::check_training_rows(rows); !checked.ok()) return checked.error();
    if (options.bits != 4 && options.bits != 8) return error{errc::invalid_argument, "bits", "4 or 8", options.bits};
    if (rows.rows == 0) return error{errc::invalid_argument, "rows.rows", "at least 1", std::uint64_t{0}};
    if (options.sample_rows == 0) return error{errc::invalid_argument, "sample_rows", "at least 1", std::uint64_t{0}};
    const std::size_t count = options.sample_rows < rows.rows ? options.sample_rows : rows.rows;
    const std::size_t dimension = rows.dimension;
    scalar_quantizer made;
    made.bits_ = options.bits;
    buffer<std::uint32_t> sample;
    buffer<float> columns;
    status done = detail::training_sample(rows.rows, count, options.seed, sample);
    const std::size_t points = count + 2;
    if (done.ok()) done = columns.resize(dimension * points);
    if (done.ok()) done = made.ranges_.resize(dimension);
    if (!done.ok()) return done.error();
    for (std::size_t i = 0; i < count; ++i) {
      const float* const from = rows.row(sample.data()[i]);
      for (std::size_t at = 0; at < dimension; ++at) columns.data()[at * points + i] = from[at];
    }
    // The least and the greatest of all rows count too: a component that is seldom other than 0 may be 0 in the sample.
    buffer<float> ends;
    if (status sized = ends.resize(2 * dimension); !sized.ok()) return sized.error();
    float* const least = ends.data();
    float* const greatest = ends.data() + dimension;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      const float* const from = rows.row(row);
      for (std::size_t at = 0; at < dimension; ++at) {
        least[at] = row == 0 || from[at] < least[at] ? from[at] : least[at];
        greatest[at] = row == 0 || from[at] > greatest[at] ? from[at] : greatest[at];
      }
    }
    for (std::size_t at = 0; at < dimension; ++at) {
      columns.data()[at * points + count] = least[at];
      columns.data()[at * points + count + 1] = greatest[at];
    }
    atomic<std::size_t> fitted;
    atomic<std::uint32_t> is_cancelled;
    thread_pool pool(options.threads);
    done = pool.run(dimension, [&](std::size_t at, unsigned worker) {
      if (is_cancelled.load_relaxed() != 0) return;
      made.ranges_.data()[at] = detail::fit_range(columns.data() + at * points, points, made.largest());
      const std::size_t so_far = fitted.fetch_add_relaxed(1) + 1;
      if (worker == 0 && options.on_progress && !options.on_progress(so_far, dimension)) is_cancelled.store_relaxed(1);
    });
    if (!done.ok()) return done.error();
    if (is_cancelled.load_relaxed() != 0) return errc::cancelled;
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return ranges_.size(); }
  [[nodiscard]] unsigned bits() const noexcept { return bits_; }
  /// Bytes of a vector's codes: one a component, of 4 bits two components a byte, the even one in the lower half.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return bits_ == 8 ? dimension() : (dimension() + 1) / 2; }
  /// What code 0 of a component stands for, and the step to the next. @pre component < dimension()
  [[nodiscard]] float lower(std::size_t component) const noexcept { return ranges_[component].lower; }
  [[nodiscard]] float step(std::size_t component) const noexcept { return ranges_[component].step; }

  /// @param row    shape [dimension()]
  /// @param codes  shape [code_bytes()]: of each component the nearest code; of NaN 0
  /// Cost: about 1 ns a component, no allocation.
  void encode(const float* row, std::uint8_t* codes) const noexcept {
    const detail::scalar_range* const ranges = ranges_.data();
    const float most = largest();
    if (bits_ == 8) {
      for (std::size_t i = 0; i < dimension(); ++i) codes[i] = static_cast<std::uint8_t>(ranges[i].code(row[i], most));
      return;
    }
    for (std::size_t i = 0; i < dimension(); i += 2) {
      const auto even = static_cast<unsigned>(ranges[i].code(row[i], most));
      const auto odd = i + 1 < dimension() ? static_cast<unsigned>(ranges[i + 1].code(row[i + 1], most)) : 0U;
      codes[i / 2] = static_cast<std::uint8_t>(even | (odd << 4));
    }
  }
  /// @param rows   shape [rows, dimension()]
  /// @param codes  shape [rows.rows, code_bytes()]
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded; then nothing is written
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    constexpr std::size_t task_rows = 1024;
    thread_pool pool(threads);
    return pool.run((rows.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned) {
      const std::size_t end = (task + 1) * task_rows < rows.rows ? (task + 1) * task_rows : rows.rows;
      for (std::size_t row = task * task_rows; row < end; ++row) encode(rows.row(row), codes + row * code_bytes());
    });
  }
  /// @param codes  shape [code_bytes()], any bytes
  /// @param row    shape [dimension()]: lower + step * code
  void decode(const std::uint8_t* codes, float* row) const noexcept {
    for (std::size_t i = 0; i < dimension(); ++i) {
      const unsigned code = bits_ == 8 ? codes[i] : (codes[i / 2] >> (i % 2 * 4)) & 15U;
      const double step = static_cast<double>(ranges_.data()[i].step);  // of the largest floats, 255 of them overflow
      row[i] = static_cast<float>(static_cast<double>(ranges_.data()[i].lower) + step * code);
    }
  }
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows) const noexcept {
    buffer<std::uint8_t> codes;
    if (status sized = codes.resize(code_bytes()); !sized.ok()) return sized.error();
    return detail::measure_error(rows, dimension(), [&](const float* row, float* stands_for) {
      encode(row, codes.data());
      decode(codes.data(), stands_for);
    });
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp; shape: dimension, bits, 0; numbers: a lower bound
  /// and a step of each component).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    buffer<float> numbers;
    if (status sized = numbers.resize(2 * dimension()); !sized.ok()) return sized;
    for (std::size_t i = 0; i < dimension(); ++i) {
      numbers.data()[2 * i] = ranges_.data()[i].lower;
      numbers.data()[2 * i + 1] = ranges_.data()[i].step;
    }
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::scalar;
    header.count = numbers.size();
    header.shape[0] = dimension();
    header.shape[1] = bits_;
    return detail::append_image(header, numbers.data(), out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<scalar_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::scalar);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || (shape[1] != 4 && shape[1] != 8) || shape[2] != 0) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, and 4 or 8 bits", "others"};
    }
    if (image.value().header.count != 2 * shape[0]) {
      return error{errc::corrupt_file, "quantizer.count", 2 * shape[0], image.value().header.count};
    }
    scalar_quantizer made;
    made.bits_ = static_cast<unsigned>(shape[1]);
    if (status sized = made.ranges_.resize(shape[0]); !sized.ok()) return sized.error();
    for (std::size_t i = 0; i < made.dimension(); ++i) {
      const auto lower = load_unaligned<float>(image.value().numbers + 2 * i * sizeof(float));
      const auto step = load_unaligned<float>(image.value().numbers + (2 * i + 1) * sizeof(float));
      if (__builtin_signbit(step) || (step != 0.0F && step < 0x1P-126F)) {
        return error{errc::corrupt_file, "quantizer.numbers", "steps of 0, or of 2^-126 and more", "another"}.at_row(i);
      }
      made.ranges_.data()[i] = detail::scalar_range::of(static_cast<double>(lower), static_cast<double>(step));
    }
    return made;
  }

 private:
  [[nodiscard]] float largest() const noexcept { return bits_ == 8 ? 255.0F : 15.0F; }

  unsigned bits_ = 8;
  buffer<detail::scalar_range> ranges_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_SCALAR_QUANTIZER_HPP
