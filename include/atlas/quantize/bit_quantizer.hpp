// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/bit_quantizer.hpp -- vectors as one bit a component, with distances that are right on average and how
// far off they may be.
//
// Room:      bq_options, bit_quantizer: codes, a query's tables, estimates with their errors, as bytes and back.
// Not here:  the rotation (quantize/rotation.hpp), blocks of such codes beside a node or in a list (quantize/neighbour_bits.hpp,
//            quantize/list_block.hpp), which are estimated faster and say no error.
// Depends:   core, simd, distance.
// Threads:   encode uses as many as it is told; every const function may be called from any number.
//
// Source: Gao and Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound for approximate nearest
// neighbor search", SIGMOD 2024, section 3. With m the centre, P the rotation to D components, v = P(x - m), u = P(q - m) and
// s the signs of v, a = |v|_1 / (|v| sqrt(D)) is the cosine between v and s, about 0.8. Then <v, u> is estimated as
// |v| / (a sqrt(D)) * <s, u>, whose expectation over rotations it is, and |q - x|^2 = |u|^2 + |v|^2 - 2 <v, u>.
// The part of u at right angles to v meets s in a random direction (theorem 3.2): one standard deviation of the estimate of
// <v, u> is at most |v| |u| sqrt((1 - a^2) / a^2) / sqrt(D - 1).
#ifndef ATLAS_QUANTIZE_BIT_QUANTIZER_HPP
#define ATLAS_QUANTIZE_BIT_QUANTIZER_HPP

#include <atlas/core/thread_pool.hpp>             // thread_pool
#include <atlas/quantize/quantization_error.hpp>  // quantization_error
#include <atlas/quantize/quantizer_image.hpp>     // quantizer_image
#include <atlas/quantize/rotation.hpp>            // rotation

namespace atlas { inline namespace ATLAS_ABI {

/// Options of bit_quantizer::train.
struct bq_options {
  std::uint64_t seed = 42;  ///< of the rotation
};

/// A centre and a random rotation. A code is two float32, the length of the row relative to the centre and the cosine between
/// that and its signs, then a bit for each component after the rotation, the lowest of a byte first, set: above 0.
class bit_quantizer {
 public:
  /// A query's side of estimates.
  class query_tables {
   public:
    [[nodiscard]] double squares() const noexcept { return squares_; }  ///< |q - centre|^2

   private:
    friend class bit_quantizer;
    buffer<float> sums_;  ///< shape [padded / 8, 256]: of eight components, with the signs of a byte
    double squares_ = 0;
  };

  /// Of dimension 0: for one that is made later.
  bit_quantizer() noexcept = default;

  /// Takes the mean of the rows as the centre.
  /// @param rows  shape [rows, dimension], at least one, finite, lengths at most 1e18
  /// @return      errc::invalid_argument (no rows, null), dimension_mismatch (a stride below the dimension), limit_exceeded,
  ///              not_finite with the row, no_memory
  /// Cost: a pass over the rows.
  [[nodiscard]] static result<bit_quantizer> train(const matrix_view& rows, const bq_options& options = {}) noexcept {
    if (status checked = detail::check_training_lengths(rows); !checked.ok()) return checked.error();
    if (rows.rows == 0) return error{errc::invalid_argument, "rows.rows", "at least 1", std::uint64_t{0}};
    buffer<double> sums;
    if (status sized = sums.resize_zeroed(rows.dimension); !sized.ok()) return sized.error();
    for (std::size_t row = 0; row < rows.rows; ++row) kernels().add_to_f64(rows.row(row), sums.data(), rows.dimension);
    bit_quantizer made;
    if (status shaped = made.set_shape(rows.dimension, options.seed); !shaped.ok()) return shaped.error();
    for (std::size_t i = 0; i < rows.dimension; ++i) made.centre_[i] = static_cast<float>(sums[i] / static_cast<double>(rows.rows));
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return rotation_.dimension(); }
  /// Bits of a code: the dimension rounded up to a multiple of 8.
  [[nodiscard]] std::size_t padded() const noexcept { return rotation_.padded(); }
  /// Bytes of a vector's code.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return terms_bytes + padded() / 8; }
  /// Shape [dimension()].
  [[nodiscard]] const float* centre() const noexcept { return centre_.data(); }

  /// @param rows   shape [rows, dimension()]
  /// @param codes  shape [rows.rows, code_bytes()]
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded, or with some codes written no_memory. Of rows
  ///               that are not finite or longer than 1e18 estimates may be any number, NaN too
  /// Cost: about 2 ns a component (Zen 4).
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    constexpr std::size_t task_rows = 256;
    thread_pool pool(threads);
    atomic<bool> has_failed{false};  // for want of memory
    const status ran = pool.run((rows.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned) {
      buffer<float> turned;
      if (!turned.resize(padded()).ok()) return has_failed.store_release(true);
      const std::size_t end = (task + 1) * task_rows < rows.rows ? (task + 1) * task_rows : rows.rows;
      for (std::size_t row = task * task_rows; row < end; ++row) encode(rows.row(row), turned.data(), codes + row * code_bytes());
    });
    if (!ran.ok()) return ran;
    return has_failed.load_acquire() ? status{error{errc::no_memory, "rotated row"}} : status{};
  }
  /// @param code  shape [code_bytes()], any bytes
  /// @param row   shape [padded()], of which the first dimension() become the vector that is nearest to the row of all in the
  ///              direction of its signs
  /// Cost: about 10 ns a component.
  void decode(const std::uint8_t* code, float* row) const noexcept {
    const float along = length_of(code) * cosine_of(code) / __builtin_sqrtf(static_cast<float>(padded()));
    for (std::size_t i = 0; i < padded(); ++i) row[i] = (code[terms_bytes + i / 8] >> (i % 8)) % 2 != 0 ? along : -along;
    rotation_.apply_inverse(row);
    for (std::size_t i = 0; i < dimension(); ++i) row[i] += centre_.data()[i];
  }
  /// Of what decode gives. Estimates are better than that: they are of the row itself, and only their spread is the code's.
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows) const noexcept {
    buffer<std::uint8_t> code;
    buffer<float> turned;
    buffer<float> decoded;
    status sized = code.resize(code_bytes());
    if (sized.ok()) sized = turned.resize(padded());
    if (sized.ok()) sized = decoded.resize(padded());
    if (!sized.ok()) return sized.error();
    return detail::measure_error(rows, dimension(), [&](const float* row, float* stands_for) {
      encode(row, turned.data(), code.data());
      decode(code.data(), decoded.data());
      std::memcpy(stands_for, decoded.data(), dimension() * sizeof(float));
    });
  }

  /// @param query   shape [dimension()]
  /// @param tables  filled; may be used again
  /// @return        errc::no_memory
  /// Cost: 32 additions a component.
  [[nodiscard]] status prepare(const float* query, query_tables& tables) const noexcept {
    const std::size_t bytes = padded() / 8;
    buffer<float> turned;
    if (status sized = turned.resize(padded()); !sized.ok()) return sized;
    if (status sized = tables.sums_.resize(bytes * 256); !sized.ok()) return sized;
    rotation_.apply(query, 1.0F, centre_.data(), turned.data());
    tables.squares_ = 0;
    for (const float component : turned) tables.squares_ += static_cast<double>(component) * static_cast<double>(component);
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      const float* const eight = turned.data() + 8 * byte;
      float* const sums = tables.sums_.data() + 256 * byte;
      sums[0] = 0.0F;
      for (std::size_t i = 0; i < 8; ++i) sums[0] -= eight[i];
      for (unsigned bits = 1; bits < 256; ++bits) sums[bits] = sums[bits & (bits - 1)] + 2.0F * eight[__builtin_ctz(bits)];
    }
    return {};
  }
  /// Squared L2 distances of a query to rows by their codes. Under cosine they are twice the distances of vectors of length 1.
  /// @param codes       shape [count, code_bytes()], any bytes
  /// @param distances   shape [count]: on average over rotations the exact ones; of near rows some are below 0
  /// @param errors      shape [count], or null: a standard deviation of each, at most, so that an exact distance is within
  ///                    three of it but for 1 row in 300 or so
  /// Cost: about an addition for 8 components.
  void estimate(const query_tables& tables, const std::uint8_t* codes, std::size_t count, float* distances, float* errors = nullptr) const noexcept {
    kernels().pq8(tables.sums_.data(), codes + terms_bytes, code_bytes(), count, padded() / 8, distances);
    const double bits = static_cast<double>(padded());
    const double query_length = __builtin_sqrt(tables.squares_);
    for (std::size_t i = 0; i < count; ++i) {
      const auto length = static_cast<double>(length_of(codes + i * code_bytes()));
      const auto cosine = static_cast<double>(cosine_of(codes + i * code_bytes()));
      const double product = length / (cosine * __builtin_sqrt(bits)) * static_cast<double>(distances[i]);
      distances[i] = static_cast<float>(tables.squares_ + length * length - 2 * product);
      if (errors == nullptr) continue;
      const double tangent = __builtin_sqrt(cosine < 1 ? 1 - cosine * cosine : 0.0) / cosine;
      errors[i] = static_cast<float>(2 * length * query_length * tangent / __builtin_sqrt(bits - 1));
    }
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp; shape: dimension, seed, mix64(seed); numbers: the centre).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::bits;
    header.count = dimension();
    header.shape[0] = dimension();
    header.shape[1] = seed_;
    header.shape[2] = mix64(seed_);
    return detail::append_image(header, centre_.data(), out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<bit_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::bits);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || shape[2] != mix64(shape[1])) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, and a seed with its mix", "others"};
    }
    if (image.value().header.count != shape[0]) return error{errc::corrupt_file, "quantizer.count", shape[0], image.value().header.count};
    bit_quantizer made;
    if (status shaped = made.set_shape(shape[0], shape[1]); !shaped.ok()) return shaped.error();
    if (status copied = image.value().copy(made.centre_); !copied.ok()) return copied.error();
    return made;
  }

 private:
  static constexpr std::size_t terms_bytes = 2 * sizeof(float);

  [[nodiscard]] static float length_of(const std::uint8_t* code) noexcept { return load_unaligned<float>(code); }
  [[nodiscard]] static float cosine_of(const std::uint8_t* code) noexcept { return load_unaligned<float>(code + sizeof(float)); }

  [[nodiscard]] status set_shape(std::size_t dimension, std::uint64_t seed) noexcept {
    auto turned = rotation::create(dimension, seed);
    if (!turned.ok()) return turned.error();
    rotation_ = static_cast<rotation&&>(*turned);
    seed_ = seed;
    return centre_.resize(dimension);
  }
  /// @param turned  shape [padded()], to work in
  void encode(const float* row, float* turned, std::uint8_t* code) const noexcept {
    rotation_.apply(row, 1.0F, centre_.data(), turned);
    std::memset(code + terms_bytes, 0, padded() / 8);
    double squares = 0;
    double sizes = 0;
    for (std::size_t i = 0; i < padded(); ++i) {
      const auto component = static_cast<double>(turned[i]);
      squares += component * component;
      sizes += component > 0 ? component : -component;
      if (component > 0) code[terms_bytes + i / 8] = static_cast<std::uint8_t>(code[terms_bytes + i / 8] | 1U << (i % 8));
    }
    const double length = __builtin_sqrt(squares);
    // A row that is the centre is as far as that, whatever its signs.
    const double cosine = length > 0 ? sizes / (length * __builtin_sqrt(static_cast<double>(padded()))) : 1.0;
    store_unaligned(code, static_cast<float>(length));
    store_unaligned(code + sizeof(float), static_cast<float>(cosine));
  }

  rotation rotation_;
  std::uint64_t seed_ = 0;
  buffer<float> centre_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_BIT_QUANTIZER_HPP
