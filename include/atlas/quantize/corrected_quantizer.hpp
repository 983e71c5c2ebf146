// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/corrected_quantizer.hpp -- vectors in a few bytes, by which a query finds its nearest without the vectors.
//
// Room:      corrected_options, corrected_quantizer: training, codes, a query's tables, as bytes and back.
// Not here:  what the last byte is (quantize/code_correction.hpp), the rotation (quantize/learned_rotation.hpp), sums of table
//            entries by codes (distance/code_distance.hpp).
// Depends:   core, simd, distance.
// Threads:   train and encode use as many as they are told; every const function may be called from any number.
//
// A code of n bytes is that of n - 1 parts of the rotated vector, and a byte that is added to its distances. Which centroid of a
// part is the nearest is decided with components weighted by the eighth root of their variance, since neighbours differ more
// where all rows differ more; distances are without the weights. Recall@10 of codes alone, all rows, 1,000 queries:
//                            sift-kodak-128  words-ft100     lsa-books-384   mnist-784
//   bytes                    32      64      32      64      32      64      32      64
//   corrected_quantizer      0.831   0.942   0.801   0.947   0.450   0.651   0.824   0.907
//   n parts after OPQ        0.809   0.931   0.783   0.947   0.427   0.593   0.797   0.880
//   faiss 1.15, OPQ and PQ   0.783   0.904   0.750   0.890   0.411   0.617   0.810   0.875
// From 24 bytes on it finds more than product codes of as many bytes on all four; with 16 it does but for lsa-books-384, and
// with 8 or fewer a part more is worth more than the correction, but for words-ft100.
#ifndef ATLAS_QUANTIZE_CORRECTED_QUANTIZER_HPP
#define ATLAS_QUANTIZE_CORRECTED_QUANTIZER_HPP

#include <atlas/quantize/code_correction.hpp>   // code_correction
#include <atlas/quantize/learned_rotation.hpp>  // learned_rotation

namespace atlas { inline namespace ATLAS_ABI {

/// Options of corrected_quantizer::train.
struct corrected_options {
  std::size_t code_bytes = 0;        ///< of a code: 2 to the dimension and one more; no default
  std::uint32_t iterations = 25;     ///< times the centroids of parts move, 0 to 10,000
  std::uint64_t seed = 42;           ///< of every random choice
  std::size_t sample_rows = 65'536;  ///< at most so many rows train, at least 256
  unsigned threads = 1;              ///< 0: all that the process may use
  progress on_progress = {};         ///< called with steps done: the rotation, each part, the correction
};

/// A rotation, centroids of parts and a correction.
class corrected_quantizer {
 public:
  static constexpr std::size_t centroids = 256;

  /// Of dimension 0: for one that is made later.
  corrected_quantizer() noexcept = default;

  /// @param rows  shape [rows, dimension], at least 256, finite, lengths at most 1e18
  /// @return      errc::invalid_argument (fewer than 2 or too many bytes, fewer rows or a smaller sample than centroids,
  ///              more than 10,000 iterations, null), dimension_mismatch (a stride below the dimension), limit_exceeded,
  ///              not_finite with the row, no_memory, cancelled
  /// The same for the same rows, options and SIMD target, with any number of threads.
  /// Cost: 65,536 rows of 128 components, 32 bytes, 1.8 s, of 784 components 9 s on one core of Zen 4 with AVX-512. Memory: twice
  /// the sample and a rotation's training, and 30 bytes and a code a row of it.
  [[nodiscard]] static result<corrected_quantizer> train(const matrix_view& rows, const corrected_options& options) noexcept {
    if (status checked = detail::check_training_lengths(rows); !checked.ok()) return checked.error();
    if (options.code_bytes < 2) return error{errc::invalid_argument, "code_bytes", "at least 2", options.code_bytes};
    if (options.code_bytes > rows.dimension + 1) {
      return error{errc::invalid_argument, "code_bytes", "at most", rows.dimension + 1, options.code_bytes};
    }
    if (options.iterations > 10'000) return error{errc::invalid_argument, "iterations", "0 to 10000", options.iterations};
    if (rows.rows < centroids) return error{errc::invalid_argument, "rows.rows", "at least", centroids, rows.rows};
    if (options.sample_rows < centroids) {
      return error{errc::invalid_argument, "sample_rows", "at least", centroids, options.sample_rows};
    }
    corrected_quantizer made;
    if (status trained = made.learn(rows, options); !trained.ok()) return trained.error();
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return rotation_.dimension(); }
  /// Bytes of a vector's code.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return parts_ + 1; }

  /// @param rows   shape [rows, dimension()], finite, lengths at most 1e18
  /// @param codes  shape [rows.rows, code_bytes()]
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded, or with some codes written no_memory
  /// A row has the same code in any block, with any number of threads. Cost: 784 components, 32 bytes 25 us a row (Zen 4, AVX-512).
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    thread_pool pool(threads);
    return each_block(rows, pool, [&](const matrix_view& turned, std::size_t first) {
      return encode_turned(turned, codes + first * code_bytes(), pool);
    });
  }
  /// @param codes  shape [code_bytes()]; the last says nothing about where the row was
  /// @param row    shape [dimension()]
  /// Cost: 784 components 0.4 ms.
  void decode(const std::uint8_t* codes, float* row) const noexcept {
    std::memcpy(row, mean_.data(), dimension() * sizeof(float));
    for (std::size_t i = 0; i < padded(); ++i) {
      const float component = centroids_.data()[i * centroids + codes[i / width_]];
      const float* const column = rotation_.columns() + i * dimension();
      for (std::size_t at = 0; at < dimension(); ++at) row[at] += component * column[at];
    }
  }
  /// @param codes  shape [rows, code_bytes()]
  /// @param rows   shape [codes.rows, dimension()]
  /// @return       errc::invalid_argument, dimension_mismatch, no_memory; then nothing is written
  /// As one matrix product: the last bits are others than those of one code at a time. Cost: 784 components 15 us a row (Zen 4,
  /// AVX-512), and half a millisecond.
  [[nodiscard]] status decode(const basic_matrix_view<std::uint8_t>& codes, float* rows, unsigned threads = 1) const noexcept {
    if (codes.rows == 0) return {};
    if (codes.data == nullptr || rows == nullptr) return error{errc::invalid_argument, "codes and rows", "pointers", "null"};
    if (codes.dimension != code_bytes()) return error{errc::dimension_mismatch, "codes.dimension", code_bytes(), codes.dimension};
    buffer<float> turned;
    if (status sized = turned.resize(codes.rows * padded()); !sized.ok()) return sized;
    for (std::size_t row = 0; row < codes.rows; ++row) decode_parts(codes.row(row), turned.data() + row * padded());
    if (status back = rotation_.apply_inverse(dense(turned.data(), codes.rows, padded()), rows, threads); !back.ok()) return back;
    for (std::size_t row = 0; row < codes.rows; ++row) {
      for (std::size_t i = 0; i < dimension(); ++i) rows[row * dimension() + i] += mean_.data()[i];
    }
    return {};
  }
  /// Of rows and what they are decoded as, measured after the rotation, which leaves lengths as they are.
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked.error();
    if (rows.rows == 0) return quantization_error{};
    thread_pool pool(threads);
    buffer<std::uint8_t> codes;
    buffer<float> decoded;
    double lost = 0;
    status done = decoded.resize(padded());
    if (done.ok()) {
      done = each_block(rows, pool, [&](const matrix_view& turned, std::size_t) -> status {
        if (status sized = codes.resize(turned.rows * code_bytes()); !sized.ok()) return sized;
        if (status encoded = encode_turned(turned, codes.data(), pool); !encoded.ok()) return encoded;
        for (std::size_t i = 0; i < turned.rows; ++i) {
          decode_parts(codes.data() + i * code_bytes(), decoded.data());
          lost += detail::row_loss::of(turned.row(i), decoded.data(), padded()).squared;
        }
        return {};
      });
    }
    if (!done.ok()) return done.error();
    double whole = 0;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (std::size_t i = 0; i < dimension(); ++i) {
        whole += static_cast<double>(rows.row(row)[i]) * static_cast<double>(rows.row(row)[i]);
      }
    }
    return quantization_error{lost / static_cast<double>(rows.rows), whole == 0 ? 0.0 : lost / whole};
  }

  /// @param query  shape [dimension()]
  /// @param out    shape [code_bytes(), 256]: what pq_distances adds up to estimates of squared distances. Of rows that are as far
  ///               as what stands for them they may be below 0.
  /// @return       errc::no_memory
  [[nodiscard]] status distance_tables(const float* query, float* out) const noexcept {
    ATLAS_ASSERT(parts_ != 0);
    buffer<float> memory;
    if (status sized = memory.resize(dimension() + padded()); !sized.ok()) return sized;
    float* const turned = memory.data() + dimension();
    for (std::size_t i = 0; i < dimension(); ++i) memory.data()[i] = query[i] - mean_.data()[i];
    rotation_.apply(memory.data(), turned);
    kernels().pq_differences(turned, centroids_.data(), parts_, width_, centroids, out);
    std::memcpy(out + parts_ * centroids, correction_.values, sizeof correction_.values);
    return {};
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp; shape: dimension, bytes, 0). Its numbers are the mean, the
  /// rotation's columns, the weights and the centroids of its components, the two factors of the correction and its values.
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::corrected;
    header.count = number_count(dimension(), padded());
    header.shape[0] = dimension();
    header.shape[1] = code_bytes();
    buffer<float> numbers;
    status done = numbers.reserve(header.count);
    if (done.ok()) done = numbers.append(mean_.data(), mean_.size());
    if (done.ok()) done = numbers.append(rotation_.columns(), padded() * dimension());
    if (done.ok()) done = numbers.append(weights_.data(), weights_.size());
    if (done.ok()) done = numbers.append(centroids_.data(), centroids_.size());
    if (done.ok()) done = numbers.push_back(correction_.along);
    if (done.ok()) done = numbers.push_back(correction_.squared);
    if (done.ok()) done = numbers.append(correction_.values, detail::code_correction::value_count);
    if (!done.ok()) return done;
    return detail::append_image(header, numbers.data(), out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<corrected_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::corrected);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || shape[1] < 2 || shape[1] > shape[0] + 1 || shape[2] != 0) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, and bytes that fit", "others"};
    }
    corrected_quantizer made;
    made.set_parts(shape[0], shape[1] - 1);
    const std::size_t padded = made.parts_ * made.width_;
    if (image.value().header.count != number_count(shape[0], padded)) {
      return error{errc::corrupt_file, "quantizer.count", number_count(shape[0], padded), image.value().header.count};
    }
    const std::byte* next = image.value().numbers;
    const auto take = [&](std::size_t count, buffer<float>& to) -> status {
      if (status sized = to.resize(count); !sized.ok()) return sized;
      std::memcpy(to.data(), next, count * sizeof(float));
      next += count * sizeof(float);
      return {};
    };
    buffer<float> columns;
    status taken = take(shape[0], made.mean_);
    if (taken.ok()) taken = take(padded * shape[0], columns);
    if (taken.ok()) taken = take(padded, made.weights_);
    if (taken.ok()) taken = take(padded * centroids, made.centroids_);
    if (!taken.ok()) return taken.error();
    made.correction_.along = load_unaligned<float>(next);
    made.correction_.squared = load_unaligned<float>(next + sizeof(float));
    std::memcpy(made.correction_.values, next + 2 * sizeof(float), sizeof made.correction_.values);
    for (std::size_t i = 1; i < detail::code_correction::value_count; ++i) {
      if (made.correction_.values[i] >= made.correction_.values[i - 1]) continue;
      return error{errc::corrupt_file, "quantizer.numbers", "corrections that ascend", "others"}.at_row(i);
    }
    auto rotation = learned_rotation::of_columns(shape[0], padded, static_cast<buffer<float>&&>(columns));
    if (!rotation.ok()) return rotation.error();
    made.rotation_ = static_cast<learned_rotation&&>(*rotation);
    if (status weighted = made.weigh_centroids(); !weighted.ok()) return weighted.error();
    return made;
  }

 private:
  static constexpr std::size_t block_rows = 1024;

  [[nodiscard]] std::size_t padded() const noexcept { return rotation_.padded(); }
  [[nodiscard]] static std::size_t number_count(std::size_t dimension, std::size_t padded) noexcept {
    return dimension + padded * (dimension + 1 + centroids) + 2 + detail::code_correction::value_count;
  }
  void set_parts(std::size_t dimension, std::size_t parts) noexcept {
    parts_ = parts;
    width_ = (dimension + parts - 1) / parts;
  }

  [[nodiscard]] status learn(const matrix_view& rows, const corrected_options& options) noexcept {
    const std::size_t count = options.sample_rows < rows.rows ? options.sample_rows : rows.rows;
    set_parts(rows.dimension, options.code_bytes - 1);
    const std::uint64_t steps = parts_ + std::uint64_t{2};
    const auto goes_on = [&](std::uint64_t done) { return !options.on_progress || options.on_progress(done, steps); };
    buffer<float> turned;
    if (status done = learn_rotation(rows, count, options, turned); !done.ok()) return done;
    if (!goes_on(1)) return errc::cancelled;
    if (status done = choose_weights(turned, count); !done.ok()) return done;

    if (status done = learn_centroids(turned, count, options, goes_on); !done.ok()) return done;
    thread_pool pool(options.threads);
    buffer<std::uint8_t> codes;
    const matrix_view sample = dense(turned.data(), count, padded());
    status done = codes.resize(count * code_bytes());
    if (done.ok()) done = encode_turned(sample, codes.data(), pool);
    const auto decode_row = [&](std::size_t row, float* stands_for) { decode_parts(codes.data() + row * code_bytes(), stands_for); };
    if (done.ok()) done = correction_.learn(sample, decode_row, options.seed, options.threads);
    if (done.ok() && !goes_on(steps)) return errc::cancelled;
    return done;
  }

  /// @param turned  shape [count, padded()]: the sample less its mean, rotated
  [[nodiscard]] status learn_rotation(const matrix_view& rows, std::size_t count, const corrected_options& options,
                                      buffer<float>& turned) noexcept {
    const std::size_t dimension = rows.dimension;
    buffer<std::uint32_t> sample;
    buffer<double> sums;
    buffer<float> centred;
    status done = detail::training_sample(rows.rows, count, options.seed, sample);
    if (done.ok()) done = sums.resize_zeroed(dimension);
    if (done.ok()) done = mean_.resize(dimension);
    if (done.ok()) done = centred.resize(count * dimension);
    if (!done.ok()) return done;
    for (const std::uint32_t row : sample) kernels().add_to_f64(rows.row(row), sums.data(), dimension);
    for (std::size_t i = 0; i < dimension; ++i) mean_.data()[i] = static_cast<float>(sums.data()[i] / static_cast<double>(count));
    for (std::size_t i = 0; i < count; ++i) centre(rows.row(sample.data()[i]), centred.data() + i * dimension);
    const matrix_view view = dense(centred.data(), count, dimension);
    auto rotation = learned_rotation::train(view, {.parts = parts_, .seed = options.seed, .threads = options.threads});
    if (!rotation.ok()) return rotation.error();
    rotation_ = static_cast<learned_rotation&&>(*rotation);
    if (status sized = turned.resize(count * padded()); !sized.ok()) return sized;
    return rotation_.apply(view, turned.data(), options.threads);
  }

  template <class GoesOn>
  [[nodiscard]] status learn_centroids(const buffer<float>& turned, std::size_t count, const corrected_options& options,
                                       const GoesOn& goes_on) noexcept {
    buffer<float> weighted;
    status done = weighted.resize(turned.size());
    if (done.ok()) done = centroids_.resize(padded() * centroids);
    if (!done.ok()) return done;
    weigh(turned.data(), count, weighted.data());
    const auto part_done = [&](std::uint64_t part, std::uint64_t) { return goes_on(part + 1); };
    const auto made = product_quantizer::train(dense(weighted.data(), count, padded()), {.parts = parts_,
                                                                                         .iterations = options.iterations,
                                                                                         .seed = options.seed,
                                                                                         .rows_a_centroid = count,
                                                                                         .threads = options.threads,
                                                                                         .on_progress = part_done});
    if (!made.ok()) return made.error();
    for (std::size_t i = 0; i < centroids_.size(); ++i) {
      centroids_.data()[i] = made.value().codebook()[i] / weights_.data()[i / centroids];
    }
    return weigh_centroids();
  }

  /// Weights also divide by the largest component, so that no square overflows or vanishes, wherever the rows lie.
  [[nodiscard]] status choose_weights(const buffer<float>& turned, std::size_t count) noexcept {
    constexpr double least_variance = 1e-7;  // of the largest
    constexpr double most_weight = 1e30;
    buffer<double> variances;
    status sized = variances.resize_zeroed(padded());
    if (sized.ok()) sized = weights_.resize(padded());
    if (!sized.ok()) return sized;
    const float largest = kernels().largest_f32(turned.data(), turned.size());
    double most = 0;
    for (std::size_t i = 0; i < turned.size(); ++i) {
      const double number = static_cast<double>(turned.data()[i]);
      variances.data()[i % padded()] += number * number / static_cast<double>(count);
    }
    for (const double variance : variances) most = variance > most ? variance : most;
    const double inverse = largest > 0.0F ? 1 / static_cast<double>(largest) : 1.0;
    for (std::size_t i = 0; i < padded(); ++i) {
      const double share = most > 0 ? variances.data()[i] / most : 1.0;
      const double root = __builtin_sqrt(__builtin_sqrt(__builtin_sqrt(share > least_variance ? share : least_variance)));
      const double weight = root * inverse;
      weights_.data()[i] = static_cast<float>(weight < most_weight ? weight : most_weight);
    }
    return {};
  }
  [[nodiscard]] status weigh_centroids() noexcept {
    if (status sized = weighted_centroids_.resize(centroids_.size()); !sized.ok()) return sized;
    for (std::size_t i = 0; i < centroids_.size(); ++i) {
      weighted_centroids_.data()[i] = centroids_.data()[i] * weights_.data()[i / centroids];
    }
    return {};
  }

  void centre(const float* row, float* out) const noexcept {
    for (std::size_t i = 0; i < mean_.size(); ++i) out[i] = row[i] - mean_.data()[i];
  }
  void weigh(const float* turned, std::size_t count, float* out) const noexcept {
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t i = 0; i < padded(); ++i) out[row * padded() + i] = turned[row * padded() + i] * weights_.data()[i];
    }
  }
  void decode_parts(const std::uint8_t* codes, float* turned) const noexcept {
    for (std::size_t i = 0; i < padded(); ++i) turned[i] = centroids_.data()[i * centroids + codes[i / width_]];
  }

  /// @param turned  shape [rows, padded()]
  [[nodiscard]] status encode_turned(const matrix_view& turned, std::uint8_t* codes, thread_pool& pool) const noexcept {
    constexpr std::size_t task_rows = 128;
    buffer<float> memory;
    if (status sized = memory.resize(turned.rows * padded()); !sized.ok()) return sized;
    return pool.run((turned.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned) {
      const std::size_t first = task * task_rows;
      const std::size_t count = turned.rows - first < task_rows ? turned.rows - first : task_rows;
      float* const weighted = memory.data() + first * padded();
      std::uint8_t* const of_task = codes + first * code_bytes();
      weigh(turned.row(first), count, weighted);
      kernels().pq_encode(weighted, padded() * sizeof(float), count, weighted_centroids_.data(), parts_, width_, centroids,
                          of_task, code_bytes());
      for (std::size_t i = 0; i < count; ++i) {
        decode_parts(of_task + i * code_bytes(), weighted);
        of_task[i * code_bytes() + parts_] = correction_.code(detail::row_loss::of(turned.row(first + i), weighted, padded()));
      }
    });
  }
  /// @param use  status(const matrix_view& turned, std::size_t first): rows less the mean, rotated, and the first one's number
  template <class Use>
  [[nodiscard]] status each_block(const matrix_view& rows, thread_pool& pool, Use use) const noexcept {
    const std::size_t most = rows.rows < block_rows ? rows.rows : block_rows;
    buffer<float> centred;
    buffer<float> turned;
    status done = centred.resize(most * dimension());
    if (done.ok()) done = turned.resize(most * padded());
    for (std::size_t first = 0; done.ok() && first < rows.rows; first += block_rows) {
      const std::size_t count = rows.rows - first < block_rows ? rows.rows - first : block_rows;
      for (std::size_t i = 0; i < count; ++i) centre(rows.row(first + i), centred.data() + i * dimension());
      done = detail::row_products(dense(centred.data(), count, dimension()),
                                  dense(rotation_.columns(), padded(), dimension()), turned.data(), pool);
      if (done.ok()) done = use(dense(turned.data(), count, padded()), first);
    }
    return done;
  }

  std::size_t parts_ = 0;
  std::size_t width_ = 0;  ///< components of a part
  buffer<float> mean_;
  learned_rotation rotation_;
  buffer<float> weights_;             ///< shape [padded()]
  buffer<float> centroids_;           ///< shape [parts, width, 256]
  buffer<float> weighted_centroids_;  ///< likewise, times the weights
  detail::code_correction correction_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_CORRECTED_QUANTIZER_HPP
