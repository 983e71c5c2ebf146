// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/product_quantizer.hpp -- vectors as the numbers of their parts' nearest centroids.
//
// Room:      pq_options, product_quantizer: training, codes, a query's tables, as bytes and back.
// Not here:  k-means of a part (quantize/product_training.hpp), the loops (quantize/product_kernels-inl.hpp), distances
//            of codes by tables (distance/code_distance.hpp), a rotation before it (quantize/learned_rotation.hpp).
// Depends:   core, simd, distance.
// Threads:   train and encode use options' threads; every const function may be called from any number of threads.
//
// Source: Jegou, Douze and Schmid, "Product quantization for nearest neighbor search", PAMI 2011.
#ifndef ATLAS_QUANTIZE_PRODUCT_QUANTIZER_HPP
#define ATLAS_QUANTIZE_PRODUCT_QUANTIZER_HPP

#include <atlas/core/progress.hpp>                // progress
#include <atlas/core/thread_pool.hpp>             // thread_pool
#include <atlas/quantize/packed_codes.hpp>        // pack_codes
#include <atlas/quantize/product_training.hpp>    // part_shape, part_trainer
#include <atlas/quantize/quantization_error.hpp>  // quantization_error
#include <atlas/quantize/quantizer_image.hpp>     // quantizer_image

#include <new>  // std::nothrow

namespace atlas { inline namespace ATLAS_ABI {

/// Options of product_quantizer::train.
struct pq_options {
  std::size_t parts = 0;            ///< 1 to the dimension; no default
  unsigned bits = 8;                ///< of a part's code: 4 or 8
  std::uint32_t iterations = 25;    ///< times the centroids move, 0 to 10,000
  std::uint64_t seed = 42;          ///< of every random choice
  std::size_t rows_a_centroid = 0;  ///< at most so many rows train for each; 0: 1,024 with 4 bits, 256 with 8
  unsigned threads = 1;             ///< 0: all that the process may use
  progress on_progress = {};        ///< called on the calling thread with parts done
};

/// Centroids of the parts of vectors. Vectors of `dimension` components are cut into parts of equal width, with zeros
/// behind the last; a code is a byte a part, the number of its nearest centroid.
class product_quantizer {
 public:
  /// Of dimension 0: for one that is made later.
  product_quantizer() noexcept = default;

  /// @param rows  shape [rows, dimension], finite, lengths at most 1e18; parts whose squared distances are below 2^-149
  ///              count as equal
  /// @return      errc::invalid_argument (no or more parts than components, a part of padding alone, other bits, fewer
  ///              rows than centroids, more than 10,000 iterations, null), dimension_mismatch (a stride below the
  ///              dimension), limit_exceeded, not_finite with the row, no_memory, cancelled
  /// The same centroids for the same rows and options, with any number of threads and on all SIMD targets of a build.
  /// Cost: 60,000 rows of 784 components, one core of Zen 4 with AVX-512: 98 parts of 8 bits 5 s, 196 parts of 4 bits
  /// 0.3 s. Memory beside the result: 4 bytes a row of the sample, and for each thread a part of it and a byte a row,
  /// at most 8 KiB more for each component of a part.
  [[nodiscard]] static result<product_quantizer> train(const matrix_view& rows, const pq_options& options) noexcept {
    if (status checked = detail::check_training_lengths(rows); !checked.ok()) return checked.error();
    if (status checked = detail::check_parts(rows.dimension, options.parts, options.bits); !checked.ok())
      return checked.error();
    if (options.iterations > 10'000)
      return error{errc::invalid_argument, "iterations", "0 to 10000", options.iterations};
    product_quantizer made;
    made.shape_ = detail::part_shape::of(rows.dimension, options.parts, options.bits);
    const detail::part_shape& shape = made.shape_;
    if (rows.rows < shape.centroids) {
      return error{errc::invalid_argument, "rows.rows", "at least", shape.centroids, rows.rows};
    }
    const std::size_t by_default = options.bits == 4 ? 1024 : 256;
    const std::size_t of_each = options.rows_a_centroid == 0 ? by_default : options.rows_a_centroid;
    const bool is_sampled = of_each <= rows.rows / shape.centroids;
    const std::size_t count = is_sampled ? of_each * shape.centroids : rows.rows;
    buffer<std::uint32_t> sample;
    if (status sized = detail::training_sample(rows.rows, count, options.seed, sample); !sized.ok())
      return sized.error();
    if (status sized = made.codebook_.resize(shape.parts * shape.part_floats()); !sized.ok()) return sized.error();
    if (status trained = made.train_parts(rows, options, sample); !trained.ok()) return trained.error();
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return shape_.dimension; }
  [[nodiscard]] std::size_t parts() const noexcept { return shape_.parts; }
  [[nodiscard]] unsigned bits() const noexcept { return shape_.centroids == 16 ? 4 : 8; }
  /// Components of a part.
  [[nodiscard]] std::size_t width() const noexcept { return shape_.width; }
  /// Components of all parts: the dimension, and the zeros behind it.
  [[nodiscard]] std::size_t padded() const noexcept { return shape_.padded(); }
  /// Of a part: 16 or 256.
  [[nodiscard]] std::size_t centroids() const noexcept { return shape_.centroids; }
  /// Bytes of a packed code.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return detail::packed_bytes(parts(), bits()); }
  /// Shape [parts, width, centroids], aligned to 64 bytes: component i of all centroids of a part lie side by side.
  /// Components of the padding are 0.
  [[nodiscard]] const float* codebook() const noexcept { return codebook_.data(); }

  /// @param row    shape [dimension()]
  /// @param codes  shape [parts()], one byte a part
  /// Finite rows have the same codes on all instruction sets; of equally near centroids it is the lowest.
  /// Cost: no allocation; with AVX-512 (Zen 4) 196 parts of 4 components 0.8 us with 4 bits, 98 of 8 8 us with 8 bits.
  void encode(const float* row, std::uint8_t* codes) const noexcept { encode_rows(dense(row, 1, dimension()), codes); }
  /// @param rows   shape [rows, dimension()]
  /// @param codes  shape [rows.rows, parts()]
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded; then nothing is written
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    constexpr std::size_t task_rows = 1024;
    thread_pool pool(threads);
    return pool.run((rows.rows + task_rows - 1) / task_rows, [&](std::size_t task, unsigned) {
      const std::size_t first = task * task_rows;
      const std::size_t count = rows.rows - first < task_rows ? rows.rows - first : task_rows;
      encode_rows(rows.subrows(first, count), codes + first * parts());
    });
  }
  /// @param codes  shape [parts()]; of 4-bit codes the upper bits count nothing
  /// @param row    shape [dimension()]: the centroids of the codes
  void decode(const std::uint8_t* codes, float* row) const noexcept {
    for (std::size_t i = 0; i < dimension(); ++i) {
      const std::size_t code = codes[i / width()] & (centroids() - 1);
      row[i] = codebook_.data()[i * centroids() + code];
    }
  }
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows) const noexcept {
    buffer<std::uint8_t> codes;
    if (status sized = codes.resize(parts()); !sized.ok()) return sized.error();
    return detail::measure_error(rows, dimension(), [&](const float* row, float* stands_for) {
      encode(row, codes.data());
      decode(codes.data(), stands_for);
    });
  }

  /// @param codes  shape [parts()]
  /// @param bytes  shape [code_bytes()]: the codes, of 4 bits two a byte, the even part's in the lower half
  void pack(const std::uint8_t* codes, std::uint8_t* bytes) const noexcept { detail::pack_codes(codes, parts(), bits(), bytes); }
  /// The other way.
  void unpack(const std::uint8_t* bytes, std::uint8_t* codes) const noexcept { detail::unpack_codes(bytes, parts(), bits(), codes); }

  /// @param query  shape [dimension()]
  /// @param out    shape [parts(), centroids()]: inner products of the query's parts with their centroids, of which
  ///               pq_distances makes those with rows of 8-bit codes, and pq4_byte_tables the bytes that pq4_distances
  ///               adds up
  /// The same on all instruction sets.
  void inner_product_tables(const float* query, float* out) const noexcept {
    tables(kernels().pq_products, query, out);
  }
  /// The same of squared distances.
  void distance_tables(const float* query, float* out) const noexcept { tables(kernels().pq_differences, query, out); }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp; shape: dimension, parts, bits).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::product;
    header.count = codebook_.size();
    header.shape[0] = dimension();
    header.shape[1] = parts();
    header.shape[2] = bits();
    return detail::append_image(header, codebook_.data(), out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  [[nodiscard]] static result<product_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::product);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || !detail::check_parts(shape[0], shape[1], shape[2]).ok()) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, parts and bits that fit", "others"};
    }
    product_quantizer made;
    made.shape_ = detail::part_shape::of(shape[0], shape[1], static_cast<unsigned>(shape[2]));
    const std::size_t floats = made.shape_.parts * made.shape_.part_floats();
    if (image.value().header.count != floats) {
      return error{errc::corrupt_file, "quantizer.count", floats, image.value().header.count};
    }
    if (status copied = image.value().copy(made.codebook_); !copied.ok()) return copied.error();
    for (std::size_t i = made.dimension() * made.centroids(); i < floats; ++i) {
      if (made.codebook_.data()[i] != 0.0F) {
        return error{errc::corrupt_file, "quantizer.numbers", "zeros for the padding", "others"};
      }
    }
    return made;
  }

 private:
  [[nodiscard]] status train_parts(const matrix_view& rows, const pq_options& options,
                                   const buffer<std::uint32_t>& sample) noexcept {
    thread_pool pool(options.threads);
    const std::size_t workers = pool.thread_count() < parts() ? pool.thread_count() : parts();
    buffer<detail::part_trainer*> trainers;
    status made = trainers.resize_zeroed(workers);
    for (std::size_t i = 0; made.ok() && i < workers; ++i) {
      trainers.data()[i] = new (std::nothrow) detail::part_trainer;
      made = trainers.data()[i] == nullptr ? errc::no_memory : trainers.data()[i]->create(shape_, sample.size());
    }
    atomic<std::size_t> done;
    atomic<std::uint32_t> is_cancelled;
    if (made.ok()) {
      made = pool.run(parts(), [&](std::size_t part, unsigned worker) {
        if (is_cancelled.load_relaxed() != 0) return;
        trainers.data()[worker]->train(rows, sample.data(), part, options.iterations, mix64(options.seed + part),
                                       codebook_.data() + part * shape_.part_floats());
        const std::size_t so_far = done.fetch_add_relaxed(1) + 1;
        if (worker == 0 && options.on_progress && !options.on_progress(so_far, parts())) is_cancelled.store_relaxed(1);
      });
    }
    for (detail::part_trainer* const trainer : trainers) delete trainer;
    if (made.ok() && is_cancelled.load_relaxed() != 0) return errc::cancelled;
    return made;
  }

  // The padding of the last part adds nothing and is not read.
  void encode_rows(const matrix_view& rows, std::uint8_t* codes) const noexcept {
    const kernel_table& table = kernels();
    const std::size_t stride_bytes = rows.stride * sizeof(float);
    const std::size_t whole = padded() == dimension() ? parts() : parts() - 1;
    table.pq_encode(rows.data, stride_bytes, rows.rows, codebook_.data(), whole, width(), centroids(), codes, parts());
    if (whole == parts()) return;
    table.pq_encode(rows.data + whole * width(), stride_bytes, rows.rows,
                    codebook_.data() + whole * shape_.part_floats(), 1, shape_.last_width(), centroids(), codes + whole,
                    parts());
  }
  void tables(kernels_v1::pq_tables_kernel kernel, const float* query, float* out) const noexcept {
    ATLAS_ASSERT(parts() != 0);
    const std::size_t whole = parts() - 1;
    kernel(query, codebook_.data(), whole, width(), centroids(), out);
    kernel(query + whole * width(), codebook_.data() + whole * shape_.part_floats(), 1, shape_.last_width(),
           centroids(), out + whole * centroids());
  }

  detail::part_shape shape_;
  buffer<float> codebook_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_PRODUCT_QUANTIZER_HPP
