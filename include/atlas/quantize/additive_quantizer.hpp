// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/additive_quantizer.hpp -- vectors as sums of whole-vector centroids, one of each stage.
//
// Room:      aq_options, additive_quantizer: training, codes, a query's tables, as bytes and back.
// Not here:  the search for codes (quantize/additive_codebooks.hpp), rounds (quantize/additive_training.hpp).
// Depends:   core, simd, distance.
// Threads:   train and encode use as many as they are told; every const function may be called from any number.
//
// With 8 bytes and 16,384 rows that train it loses 1, 4 and 11 % less than product quantisation (mnist-784,
// sift-kodak-128, lsa-books-384; other rows than those), and takes far longer to encode. As a second stage it encodes
// what is left over: rows minus what a product quantiser's codes stand for. On sift-kodak-128 that is no better than a
// second product quantiser with 16,384 rows that train, and loses 5 % less with 58,000.
// Distances: |q - sum|^2 = |q|^2 - 2 * (sum of table entries) + squared_length(codes), which is kept beside the codes. Rows and
// queries are to be relative to their mean: far from the origin these terms cancel each other out.
#ifndef ATLAS_QUANTIZE_ADDITIVE_QUANTIZER_HPP
#define ATLAS_QUANTIZE_ADDITIVE_QUANTIZER_HPP

#include <atlas/core/progress.hpp>                // progress
#include <atlas/quantize/additive_training.hpp>   // additive_trainer
#include <atlas/quantize/packed_codes.hpp>        // pack_codes
#include <atlas/quantize/quantization_error.hpp>  // quantization_error
#include <atlas/quantize/quantizer_image.hpp>     // quantizer_image

namespace atlas { inline namespace ATLAS_ABI {

/// Options of additive_quantizer::train.
struct aq_options {
  std::size_t stages = 0;            ///< 1 to 16 with 8 bits, to 64 with 4, and what parts may be; no default
  unsigned bits = 8;                 ///< of a stage's code: 4 or 8
  std::size_t beam = 8;              ///< sums that go on from stage to stage, 1 to 64; also when encoding
  std::uint32_t iterations = 25;     ///< of the product quantiser that stages begin as, 0 to 10,000
  std::uint32_t rounds = 4;          ///< that move all stages' centroids, 0 to 1,000
  std::uint64_t seed = 42;           ///< of every random choice
  std::size_t sample_rows = 16'384;  ///< at most so many rows train; at least as many as there are centroids
  unsigned threads = 1;              ///< 0: all that the process may use
  progress on_progress = {};         ///< called with rounds done, of one more than asked for
};

/// Centroids of several stages; a code is a byte a stage.
class additive_quantizer {
 public:
  /// Of dimension 0: for one that is made later.
  additive_quantizer() noexcept = default;

  /// @param rows  shape [rows, dimension], finite, lengths at most 1e18
  /// @return      errc::invalid_argument (an option out of its range, fewer rows or a smaller sample than centroids,
  ///              null), dimension_mismatch (a stride below the dimension), limit_exceeded, not_finite with the row,
  ///              no_memory, cancelled
  /// The same for the same rows, options and SIMD target, with any number of threads.
  /// Cost: as encoding the sample once more than there are rounds: 8 stages of 8 bits, 128 components 6 s on one core
  /// of Zen 4 with AVX-512. Memory: twice the sample, a byte a stage for each of its rows, (stages *
  /// centroids)^2 floats.
  [[nodiscard]] static result<additive_quantizer> train(const matrix_view& rows, const aq_options& options) noexcept {
    if (status checked = detail::check_training_lengths(rows); !checked.ok()) return checked.error();
    if (status checked = check(options.stages, options.bits, options.beam); !checked.ok()) return checked.error();
    const pq_options start{.parts = options.stages,
                           .bits = options.bits,
                           .iterations = options.iterations,
                           .seed = options.seed,
                           .threads = options.threads};
    if (!detail::check_parts(rows.dimension, options.stages, options.bits).ok()) {
      return error{errc::invalid_argument, "stages", "what cuts into parts a dimension of", rows.dimension,
                   options.stages};
    }
    if (options.rounds > 1'000) return error{errc::invalid_argument, "rounds", "0 to 1000", options.rounds};
    additive_quantizer made;
    made.set_shape(rows.dimension, options.stages, options.bits, options.beam);
    const std::size_t centroids = made.centroids();
    if (rows.rows < centroids) return error{errc::invalid_argument, "rows.rows", "at least", centroids, rows.rows};
    if (options.sample_rows < centroids) {
      return error{errc::invalid_argument, "sample_rows", "at least", centroids, options.sample_rows};
    }
    const std::size_t count = options.sample_rows < rows.rows ? options.sample_rows : rows.rows;
    thread_pool pool(options.threads);
    buffer<std::uint32_t> sample;
    status done = detail::training_sample(rows.rows, count, options.seed, sample);
    detail::additive_trainer trainer(made.books_, options.beam, pool);
    if (done.ok()) done = trainer.create(rows, sample);
    const std::uint64_t steps = options.rounds + std::uint64_t{1};
    for (std::uint64_t step = 0; done.ok() && step < steps; ++step) {
      done = step == 0 ? trainer.begin(start) : trainer.refine();
      if (done.ok() && options.on_progress && !options.on_progress(step + 1, steps)) return errc::cancelled;
    }
    if (!done.ok()) return done.error();
    return made;
  }

  [[nodiscard]] std::size_t dimension() const noexcept { return books_.dimension; }
  [[nodiscard]] std::size_t stages() const noexcept { return books_.stages; }
  /// Of a stage: 16 or 256.
  [[nodiscard]] std::size_t centroids() const noexcept { return books_.centroids; }
  [[nodiscard]] unsigned bits() const noexcept { return books_.centroids == 16 ? 4 : 8; }
  [[nodiscard]] std::size_t beam() const noexcept { return beam_; }
  /// Bytes of a packed code.
  [[nodiscard]] std::size_t code_bytes() const noexcept { return detail::packed_bytes(stages(), bits()); }
  /// Shape [stages(), centroids(), dimension()], aligned to 64 bytes.
  [[nodiscard]] const float* codebook() const noexcept { return books_.numbers.data(); }

  /// @param rows   shape [rows, dimension()], finite
  /// @param codes  shape [rows.rows, stages()], a byte a stage
  /// @return       errc::invalid_argument, dimension_mismatch, limit_exceeded, or with some codes written no_memory
  /// Cost: a row beam * stages^2 / 2 * centroids additions, and products with all centroids: 8 stages of 8 bits with a
  /// beam of 8 60 us for 128 components, 85 us for 784 (Zen 4, AVX-512).
  [[nodiscard]] status encode(const matrix_view& rows, std::uint8_t* codes, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked;
    if (rows.rows == 0) return {};
    if (codes == nullptr) return error{errc::invalid_argument, "codes", "a pointer", "null"};
    thread_pool pool(threads);
    return detail::additive_codes(books_, rows, beam_, codes, pool);
  }
  /// @param codes  shape [stages()]; of 4-bit codes the upper bits count nothing
  /// @param row    shape [dimension()]: the sum of the codes' centroids
  void decode(const std::uint8_t* codes, float* row) const noexcept { books_.decode(codes, row); }
  /// @param codes  shape [stages()]
  /// @param bytes  shape [code_bytes()]: the codes, of 4 bits two a byte, the even stage's in the lower half
  void pack(const std::uint8_t* codes, std::uint8_t* bytes) const noexcept { detail::pack_codes(codes, stages(), bits(), bytes); }
  /// The other way.
  void unpack(const std::uint8_t* bytes, std::uint8_t* codes) const noexcept { detail::unpack_codes(bytes, stages(), bits(), codes); }
  /// What the squared length of decode's row is, by the table of products of centroids: stages()^2 / 2 additions.
  [[nodiscard]] float squared_length(const std::uint8_t* codes) const noexcept {
    double sum = 0;
    const auto place = [&](std::size_t stage) { return stage * centroids() + (codes[stage] & (centroids() - 1)); };
    for (std::size_t i = 0; i < stages(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const auto product = static_cast<double>(books_.products.data()[place(i) * books_.count() + place(j)]);
        sum += i == j ? product : 2 * product;
      }
    }
    return sum > 0 ? static_cast<float>(sum) : 0.0F;
  }
  /// @param query  shape [dimension()]
  /// @param out    shape [stages(), centroids()]: inner products of the query and each centroid
  void inner_product_tables(const float* query, float* out) const noexcept {
    kernels().dot[kernels_v1::f32_f32](query, books_.numbers.data(), dimension() * sizeof(float), nullptr,
                                       books_.count(), dimension(), out);
  }
  /// @return  errc::invalid_argument, dimension_mismatch, limit_exceeded, no_memory
  [[nodiscard]] result<quantization_error> error_of(const matrix_view& rows, unsigned threads = 1) const noexcept {
    if (status checked = detail::check_rows_of(rows, dimension()); !checked.ok()) return checked.error();
    buffer<std::uint8_t> codes;
    if (status sized = codes.resize(rows.rows * stages()); !sized.ok()) return sized.error();
    if (status done = encode(rows, codes.data(), threads); !done.ok()) return done.error();
    const std::uint8_t* next = codes.data();
    return detail::measure_error(rows, dimension(), [&](const float*, float* stands_for) {
      decode(next, stands_for);
      next += stages();
    });
  }

  /// Appends the quantiser as bytes (quantize/quantizer_image.hpp; shape: dimension, stages, bits * 256 + beam).
  /// @return  errc::no_memory; `out` is then as it was
  [[nodiscard]] status save(buffer<std::byte>& out) const noexcept {
    detail::quantizer_image_header header;
    header.kind = detail::image_kind::additive;
    header.count = books_.numbers.size();
    header.shape[0] = dimension();
    header.shape[1] = stages();
    header.shape[2] = bits() * std::uint64_t{256} + beam_;
    return detail::append_image(header, books_.numbers.data(), out);
  }
  /// From bytes that may be anything.
  /// @return  errc::corrupt_file, unsupported_version, no_memory
  /// Cost: computes the products of centroids with each other.
  [[nodiscard]] static result<additive_quantizer> load(span<const std::byte> bytes) noexcept {
    const auto image = detail::quantizer_image::read(bytes, detail::image_kind::additive);
    if (!image.ok()) return image.error();
    const std::uint64_t* const shape = image.value().header.shape;
    if (shape[0] == 0 || shape[0] > max_dimension || !check(shape[1], shape[2] / 256, shape[2] % 256).ok()) {
      return error{errc::corrupt_file, "quantizer.shape", "a dimension, stages, bits and a beam that fit", "others"};
    }
    additive_quantizer made;
    made.set_shape(shape[0], shape[1], shape[2] / 256, shape[2] % 256);
    const std::size_t floats = made.books_.count() * made.dimension();
    if (image.value().header.count != floats) {
      return error{errc::corrupt_file, "quantizer.count", floats, image.value().header.count};
    }
    if (status copied = image.value().copy(made.books_.numbers); !copied.ok()) return copied.error();
    thread_pool pool(1);
    if (status done = made.books_.multiply(pool); !done.ok()) return done.error();
    return made;
  }

 private:
  [[nodiscard]] static status check(std::uint64_t stages, std::uint64_t bits, std::uint64_t beam) noexcept {
    using books = detail::additive_codebooks;
    if (bits != 4 && bits != 8) return error{errc::invalid_argument, "bits", "4 or 8", bits};
    const std::uint64_t most = bits == 4 ? books::most_stages : books::most_centroids >> 8;
    if (stages == 0) return error{errc::invalid_argument, "stages", "at least 1", stages};
    if (stages > most) return error{errc::invalid_argument, "stages", "at most", most, stages};
    if (beam == 0 || beam > books::most_beam) return error{errc::invalid_argument, "beam", "1 to 64", beam};
    return {};
  }
  void set_shape(std::size_t dimension, std::size_t stages, std::uint64_t bits, std::size_t beam) noexcept {
    books_.dimension = dimension;
    books_.stages = stages;
    books_.centroids = std::size_t{1} << bits;
    beam_ = beam;
  }

  detail::additive_codebooks books_;
  std::size_t beam_ = 1;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_ADDITIVE_QUANTIZER_HPP
